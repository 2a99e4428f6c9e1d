"""Whether clients write differently from when the model was made: a report a week and clinic, and who has seen it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction

from accounts.access import require
from accounts.models import Clinic, Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Agent, Event, clinic_stream, record
from riskmodel import ArtefactRefused, artefacts
from triage import drift_figures as counted
from triage.drift_figures import BINS, Counts, Reference
from triage.models import DriftReport

logger = logging.getLogger(__name__)

WEEK = timedelta(days=7)
# A worker that was away for longer than this leaves gaps in the reports, not a night of counting.
LOOK_BACK = 8
REFERENCE_WEEKS = 4
LEAST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Threshold:
    """Above which value of the figure `name` people are told, if the count `of` is at least `least`."""

    name: str
    above: float
    of: str
    least: int
    says: str
    why: str


THRESHOLDS = (
    Threshold(
        "psi", 0.2, "scored", LEAST_MESSAGES,
        "The scores are spread differently from before",
        "0.1 is a small shift and 0.2 one to act on by long custom; with 200 messages chance alone gives about 0.06",
    ),
    Threshold(
        "unknown_words_ratio", 1.5, "words", 2_000,
        "Many more words than before are unknown to the model",
        "half as many unknown words again: new slang, a new topic or another language reached the clinic",
    ),
    Threshold(
        "language_shift", 0.1, "messages", LEAST_MESSAGES,
        "Clients write in other languages than before",
        "one message in ten moved to another language, and only English is fully scored",
    ),
    Threshold(
        "unscored_share", 0.02, "messages", 50,
        "Many messages could not be scored",
        "each one calls a person, so more than one in fifty costs the attention that others need",
    ),
    Threshold(
        "override_rate", 0.5, "resolved", 20,
        "People saw no concern in most of what the model called them for",
        "where most calls are false, people learn to look late; below that a false call is the price of few misses",
    ),
    Threshold(
        "missed_share", 0.2, "judged_risky", 10,
        "People found risks that the model had not seen",
        "twice the share of misses that the shipped thresholds accept at a level of moderate or above",
    ),
)  # fmt: skip


class UnknownDriftReport(LookupError):
    """There is no such report in the member's clinic."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One threshold that a report has passed, for a person: what it says, the figure, and why that matters."""

    threshold: Threshold
    value: float


def week_of(clinic: Clinic, moment: datetime) -> date:
    """The Monday of the week in which `moment` lies, where the clinic is."""
    day = moment.astimezone(ZoneInfo(clinic.time_zone)).date()
    return day - timedelta(days=day.weekday())


def measure(clinic: Clinic, week_start: date) -> dict[str, Any]:
    """The figures of one week beside their reference, as JSON; None where something cannot be said."""
    since, until = _start(clinic, week_start), _start(clinic, week_start + WEEK)
    counts = counted.count(clinic.pk, since, until)
    reference = _reference(clinic, counts.version, week_start)
    resolved, without_concern = counted.overridden(clinic.pk, since, until)
    risky, unseen = counted.missed(clinic.pk, since, until)
    return {
        "messages": counts.messages,
        "scored": counts.scored,
        "without_model": counts.without_model,
        "version": counts.version,
        "versions": counted.shares(counts.versions),
        "levels": counted.shares(counts.levels),
        "histogram": counts.histogram,
        "words": counts.words,
        "unknown_words_rate": _rounded(counts.unknown_words_rate),
        "languages": counted.shares(counts.languages),
        "unscored_share": _share(counts.levels["unscored"], counts.messages),
        "resolved": resolved,
        "override_rate": _share(without_concern, resolved),
        "judged_risky": risky,
        "missed_share": _share(unseen, risky),
        "reference": counted.told_reference(reference),
        **_compared(counts, reference),
    }


def past_thresholds(figures: Mapping[str, Any]) -> list[str]:
    """The names of the thresholds that a week's figures pass."""
    return [one.name for one in THRESHOLDS if _is_past(one, figures)]


def sweep(*, at: datetime) -> int:
    """Make every report of the last full weeks that is missing; returns how many were made."""
    made = 0
    for clinic in Clinic.objects.order_by("pk"):
        try:
            made += _report(clinic, at=at)
        except DatabaseError:  # the other clinics have a right to theirs; the next sweep tries again
            logger.exception("no drift report", extra={"clinic": clinic.pk})
    return made


def _report(clinic: Clinic, *, at: datetime) -> int:
    """The missing reports of one clinic, with their entries on the trail, in one transaction."""
    with transaction.atomic(durable=True):
        # The row lock lets a second sweep wait and then find everything made.
        clinic = Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        missing = list(_missing_weeks(clinic, at=at))
        for week_start in missing:
            figures = measure(clinic, week_start)
            report = DriftReport.objects.create(
                clinic=clinic,
                week_start=week_start,
                figures=figures,
                past_thresholds=past_thresholds(figures),
                made_at=at,
            )
            if report.past_thresholds:
                _record(report, "model.drifted", Agent("system", "drift"), at=at, **_drifted(report))
    return len(missing)


def _missing_weeks(clinic: Clinic, *, at: datetime) -> Iterator[date]:
    current = week_of(clinic, at)
    there = set(DriftReport.objects.filter(clinic=clinic).values_list("week_start", flat=True))
    for back in range(LOOK_BACK, 0, -1):
        week_start = current - back * WEEK
        if week_start not in there and _start(clinic, week_start + WEEK) > clinic.created_at:
            yield week_start


def open_drift(clinic: Clinic) -> list[DriftReport]:
    """Reports of `clinic` that passed a threshold and that nobody has noted as seen, newest week first."""
    rows = DriftReport.objects.filter(clinic=clinic, seen_at=None).exclude(past_thresholds=[])
    return list(rows.order_by("-week_start"))


def passed(report: DriftReport) -> list[Passed]:
    """What a report passed, in the order of the table."""
    names = report.past_thresholds
    return [Passed(one, report.figures[one.name]) for one in THRESHOLDS if one.name in names]


def acknowledge_drift(*, member: Membership, report_id: UUID, at: datetime) -> DriftReport:
    """Note that `member` has seen a report; the first one stands. Raises UnknownDriftReport and NotPermitted.

    For those who could act on it by switching scoring off: an administrator reads it, yet must not clear it away.
    """
    require(member, Action.SWITCH_SCORING)
    with transaction.atomic(durable=True):
        rows = DriftReport.objects.select_for_update(of=("self",)).filter(clinic_id=member.clinic_id)
        report = rows.filter(pk=report_id).first()
        if report is None:
            raise UnknownDriftReport(str(report_id))
        if report.seen_at is None:
            report.seen_by, report.seen_at = member, at
            report.save(update_fields=["seen_by", "seen_at"])
            _record(report, "model.drift_seen", agent_of(member), at=at)
    return report


def _start(clinic: Clinic, day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(clinic.time_zone))


def _reference(clinic: Clinic, version: str, week_start: date) -> Reference | None:
    """What the model's artefact says it saw, or else the first weeks in which it scored here; None before these end."""
    weeks = _first_weeks(clinic, version, week_start) if version else None
    stored = _stored_reference(version) if version else None
    if stored is None:
        return weeks
    languages = weeks.languages if weeks else {}
    rate = stored.unknown_words_rate
    if rate is None and weeks:
        rate = weeks.unknown_words_rate
    return Reference(stored.source, stored.histogram, stored.size, rate, languages)


def _first_weeks(clinic: Clinic, version: str, week_start: date) -> Reference | None:
    first = counted.first_scored(clinic.pk, version)
    if first is None:
        return None
    begin = week_of(clinic, first)
    if first > _start(clinic, begin):
        begin += WEEK
    # A small clinic needs more weeks until there is something to compare with.
    end = begin + REFERENCE_WEEKS * WEEK
    while end <= week_start:
        counts = counted.count(clinic.pk, _start(clinic, begin), _start(clinic, end), version=version)
        if counts.scored >= LEAST_MESSAGES:
            return Reference(
                "weeks", tuple(counts.histogram), counts.scored, counts.unknown_words_rate, counts.languages,
                begin.isoformat(), end.isoformat(),
            )  # fmt: skip
        end += REFERENCE_WEEKS * WEEK
    return None


def _stored_reference(version: str) -> Reference | None:
    if version not in artefacts.versions():
        return None
    try:
        stored = artefacts.load(version).manifest.get("reference")
    except ArtefactRefused:
        return None
    histogram = stored.get("histogram") if isinstance(stored, Mapping) else stored
    if not isinstance(histogram, Sequence) or len(histogram) != BINS or not sum(histogram):
        return None
    more = stored if isinstance(stored, Mapping) else {}
    rate = more.get("unknown_words_rate")
    size = int(more.get("rows", LEAST_MESSAGES))
    return Reference("artefact", tuple(float(one) for one in histogram), size, None if rate is None else float(rate))


def _compared(counts: Counts, reference: Reference | None) -> dict[str, float | None]:
    psi = shift = ratio = None
    if reference is not None and counts.scored:
        psi = counted.stability_index(counts.histogram, reference.histogram)
        if reference.languages:
            shift = counted.mix_shift(counts.languages, reference.languages)
        if reference.unknown_words_rate and counts.unknown_words_rate is not None:
            ratio = counts.unknown_words_rate / reference.unknown_words_rate
    return {"psi": _rounded(psi), "language_shift": _rounded(shift), "unknown_words_ratio": _rounded(ratio)}


def _is_past(threshold: Threshold, figures: Mapping[str, Any]) -> bool:
    value = figures.get(threshold.name)
    return value is not None and value > threshold.above and figures[threshold.of] >= threshold.least


def _drifted(report: DriftReport) -> dict[str, Any]:
    return {
        "passed": {one.threshold.name: one.value for one in passed(report)},
        "version": report.figures["version"],
        "messages": report.figures["messages"],
    }


def _record(report: DriftReport, action: str, agent: Agent, *, at: datetime, **detail: Any) -> None:
    detail = {"week": report.week_start.isoformat()} | detail
    event = Event(action, agent, "drift_report", str(report.pk), detail=detail)
    record(clinic_stream(report.clinic_id), event, at=at)


def _share(part: int, whole: int) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
