"""A clinic is told when its clients write differently from when the model was made, and when people overrule it."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from accounts.access import NotPermitted
from accounts.models import Clinic
from audit.models import Entry
from counselling.takeovers import Disposition
from tests.people import make_clinic
from triage import drift, drift_figures
from triage.drift_figures import mix_shift, stability_index
from triage.models import (
    Alert,
    AlertState,
    Client,
    Conversation,
    DriftReport,
    Message,
    Resolution,
    RiskAssessment,
    Sender,
)
from triage.states import State

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 6, 1)
VERSION = "test-1"
WEEK = timedelta(days=7)


@pytest.fixture
def old_clinic(clinic: Clinic) -> Clinic:
    """Riverside, as if it had been there for long."""
    Clinic.objects.update(created_at=datetime(2026, 5, 1, tzinfo=UTC))
    clinic.refresh_from_db()
    return clinic


def moment(day: date, **more: float) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(**more)


def conversation_of(clinic: Clinic, at: datetime, **more: object) -> Conversation:
    is_rehearsal = bool(more.get("is_rehearsal"))
    key = uuid4().bytes + uuid4().bytes
    client = Client.objects.create(
        clinic=clinic, pseudonym="Somebody", return_key_digest=key, created_at=at, is_rehearsal=is_rehearsal
    )
    fields = {"state": State.CLOSED, "started_at": at, "changed_at": at, "last_message_at": at, "closed_at": at} | more
    return Conversation.objects.create(clinic=clinic, client=client, **fields)


def messages(
    clinic: Clinic,
    at: datetime,
    number: int,
    *,
    conversation: Conversation | None = None,
    level: str = "none",
    probability: float | None = None,
    language: str = "en",
    version: str = VERSION,
    words: int = 20,
    unknown_words: int = 2,
    **more: object,
) -> Conversation:
    """`number` assessed messages at `at`; without a probability they fall evenly into the lower half."""
    conversation = conversation or conversation_of(clinic, at, **more)
    lines = Message.objects.bulk_create(
        Message(conversation=conversation, seq=seq, sender=Sender.CLIENT, sealed_text=b"x", sent_at=at)
        for seq in range(1, number + 1)
    )
    RiskAssessment.objects.bulk_create(
        RiskAssessment(
            message=line,
            level=level,
            probability=(place % 5 + 0.5) / 10 if probability is None else probability,
            sealed_reasons=b"x",
            model_version=version,
            took_ms=1.0,
            language=language,
            words=words,
            unknown_words=unknown_words,
            assessed_at=at,
        )
        for place, line in enumerate(lines)
    )
    return conversation


def alert(conversation: Conversation, member, resolution: str, at: datetime, *, kind: str = "risk") -> Alert:
    return Alert.objects.create(
        conversation=conversation,
        clinic=conversation.clinic,
        kind=kind,
        level="high",
        urgency=30,
        state=AlertState.RESOLVED,
        message_seq=1,
        raised_at=at,
        resolved_by=member,
        resolved_at=at,
        resolution=resolution,
    )


@pytest.fixture
def usual(old_clinic: Clinic) -> date:
    """Four usual weeks with a model that was there before them; the Monday that follows."""
    messages(old_clinic, moment(MONDAY, days=-1), 1)
    for week in range(4):
        messages(old_clinic, moment(MONDAY + week * WEEK), 100)
    return MONDAY + 4 * WEEK


def past(clinic: Clinic, week_start: date) -> list[str]:
    return drift.past_thresholds(drift.measure(clinic, week_start))


# Comparing


def test_equal_distributions_have_no_drift_and_size_alone_makes_none():
    assert stability_index([10, 20, 30], [10, 20, 30]) == 0
    assert stability_index([10, 20, 30], [100, 200, 300]) == pytest.approx(0)


def test_the_stability_index_is_that_of_the_formula():
    expected = (0.6 - 0.5) * math.log(0.6 / 0.5) + (0.4 - 0.5) * math.log(0.4 / 0.5)
    assert stability_index([6, 4], [5, 5]) == pytest.approx(expected)


def test_a_bin_that_was_empty_is_a_large_difference_and_no_infinite_one():
    assert 0.2 < stability_index([50, 50], [100, 0]) < 10


@pytest.mark.parametrize(("found", "expected"), [([1, 2], [1, 2, 3]), ([0, 0], [1, 2]), ([1, 2], [0, 0])])
def test_what_cannot_be_compared_is_an_error_and_not_no_drift(found, expected):
    with pytest.raises(ValueError, match="both histograms"):
        stability_index(found, expected)


def test_the_shift_of_a_mix_is_the_share_that_moved():
    assert mix_shift({"en": 80, "es": 20}, {"en": 50}) == pytest.approx(0.2)
    assert mix_shift({"en": 8}, {"en": 50}) == 0


# A week


def test_a_week_like_those_before_passes_nothing(old_clinic, usual):
    messages(old_clinic, moment(usual), 250)
    figures = drift.measure(old_clinic, usual)
    assert drift.past_thresholds(figures) == []
    assert (figures["messages"], figures["scored"], figures["psi"]) == (250, 250, 0.0)
    assert figures["levels"] == {"none": 1.0}
    assert figures["unknown_words_rate"] == 0.1
    assert figures["reference"]["since"] == MONDAY.isoformat()
    assert figures["reference"]["messages"] == 400


def test_scores_that_are_spread_differently_are_told(old_clinic, usual):
    messages(old_clinic, moment(usual), 150)
    messages(old_clinic, moment(usual), 100, level="high", probability=0.95)
    assert past(old_clinic, usual) == ["psi"]


def test_a_week_with_few_messages_passes_nothing_by_chance(old_clinic, usual):
    messages(old_clinic, moment(usual), 20, level="high", probability=0.95)
    assert drift.measure(old_clinic, usual)["psi"] > 0.2
    assert past(old_clinic, usual) == []


def test_words_that_the_model_never_saw_are_told(old_clinic, usual):
    messages(old_clinic, moment(usual), 250, unknown_words=4)
    assert past(old_clinic, usual) == ["unknown_words_ratio"]


def test_another_mix_of_languages_is_told(old_clinic, usual):
    messages(old_clinic, moment(usual), 200)
    messages(old_clinic, moment(usual), 50, language="es")
    assert past(old_clinic, usual) == ["language_shift"]


def test_messages_that_could_not_be_scored_are_told_without_any_reference(old_clinic):
    messages(old_clinic, moment(MONDAY), 97)
    messages(old_clinic, moment(MONDAY), 3, level="unscored", version="none (time-out)", probability=0.0)
    figures = drift.measure(old_clinic, MONDAY)
    assert (figures["unscored_share"], figures["reference"]) == (0.03, None)
    assert drift.past_thresholds(figures) == ["unscored_share"]


def test_what_was_written_while_scoring_was_switched_off_is_no_drift(old_clinic, usual):
    messages(old_clinic, moment(usual), 250)
    for version in ("none (switched off)", "rules-abcdef"):
        messages(old_clinic, moment(usual), 60, level="unscored", version=version, probability=0.0)
    figures = drift.measure(old_clinic, usual)
    assert (figures["messages"], figures["without_model"]) == (250, 120)
    assert drift.past_thresholds(figures) == []


def test_rehearsals_and_other_clinics_count_nowhere(old_clinic, usual, other_clinic):
    messages(old_clinic, moment(usual), 250)
    messages(old_clinic, moment(usual), 300, level="high", probability=0.95, is_rehearsal=True)
    messages(other_clinic, moment(usual), 300, level="high", probability=0.95)
    assert drift.measure(old_clinic, usual)["messages"] == 250


def test_a_new_model_is_compared_with_its_own_first_weeks(old_clinic, usual):
    """It spreads its scores differently by design; that is a promotion and no drift."""
    messages(old_clinic, moment(usual, days=-1), 1, version="test-2")
    for week in range(5):
        messages(old_clinic, moment(usual + week * WEEK), 250, version="test-2", level="high", probability=0.75)
    assert drift.measure(old_clinic, usual)["reference"] is None
    figures = drift.measure(old_clinic, usual + 4 * WEEK)
    assert (figures["version"], figures["psi"]) == ("test-2", 0.0)
    assert figures["reference"]["since"] == usual.isoformat()


def test_the_weeks_of_the_reference_are_not_compared_with_themselves(old_clinic, usual):
    assert drift.measure(old_clinic, usual - WEEK)["psi"] is None


def test_a_small_clinics_reference_takes_more_weeks_until_it_says_something(old_clinic):
    messages(old_clinic, moment(MONDAY, days=-1), 1)
    for week in range(9):
        messages(old_clinic, moment(MONDAY + week * WEEK), 30)
    assert drift.measure(old_clinic, MONDAY + 7 * WEEK)["reference"] is None
    reference = drift.measure(old_clinic, MONDAY + 8 * WEEK)["reference"]
    assert (reference["messages"], reference["until"]) == (240, (MONDAY + 8 * WEEK).isoformat())


def test_a_week_begins_on_monday_where_the_clinic_is(old_clinic):
    old_clinic.time_zone = "Pacific/Auckland"
    sunday_evening = datetime(2026, 6, 7, 20, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert drift.week_of(old_clinic, sunday_evening) == MONDAY
    assert drift.week_of(old_clinic, sunday_evening + timedelta(hours=5)) == MONDAY + WEEK
    messages(old_clinic, sunday_evening, 3)
    messages(old_clinic, sunday_evening + timedelta(hours=5), 4)
    assert drift.measure(old_clinic, MONDAY)["messages"] == 3
    assert drift.measure(old_clinic, MONDAY + WEEK)["messages"] == 4


# What people made of it


def test_a_model_that_people_mostly_overrule_is_told(old_clinic, counsellor):
    for place in range(20):
        resolution = Resolution.NO_CONCERN if place < 11 else Resolution.TALKED
        alert(conversation_of(old_clinic, moment(MONDAY)), counsellor, resolution, moment(MONDAY))
    figures = drift.measure(old_clinic, MONDAY)
    assert (figures["resolved"], figures["override_rate"]) == (20, 0.55)
    assert drift.past_thresholds(figures) == ["override_rate"]


def test_what_people_found_and_the_model_had_not_seen_is_told(old_clinic, counsellor):
    at = moment(MONDAY)
    for place in range(10):
        found = conversation_of(old_clinic, at, disposition=Disposition.SAFETY_PLAN)
        level = "low" if place < 2 else "high"
        messages(old_clinic, at, 2, conversation=found, level=level)
    asked = messages(old_clinic, at, 1)
    alert(asked, counsellor, Resolution.PLAN, at, kind="person")
    messages(old_clinic, at, 1, disposition=Disposition.SUPPORTED)
    figures = drift.measure(old_clinic, MONDAY)
    assert (figures["judged_risky"], figures["missed_share"]) == (11, 0.2727)
    assert drift.past_thresholds(figures) == ["missed_share"]


def test_the_dispositions_and_resolutions_that_say_risk_are_ones_that_people_can_choose():
    assert set(drift_figures.RISK_DISPOSITIONS) <= set(Disposition.values)
    assert set(drift_figures.RISK_RESOLUTIONS) <= set(Resolution.values)


# Reports


def test_each_full_week_is_reported_once_however_often_the_clock_ticks(old_clinic, usual):
    messages(old_clinic, moment(usual), 250, unknown_words=4)
    at = moment(usual + WEEK)
    assert drift.sweep(at=at) == 8
    assert drift.sweep(at=at + timedelta(days=1)) == 0
    assert drift.sweep(at=at + WEEK) == 1
    [report] = DriftReport.objects.exclude(past_thresholds=[])
    assert (report.week_start, report.past_thresholds) == (usual, ["unknown_words_ratio"])
    assert report.made_at == at


def test_a_drift_is_on_the_clinics_trail_once_with_figures_and_no_words(old_clinic, usual):
    messages(old_clinic, moment(usual), 250, unknown_words=4)
    for _ in range(2):
        drift.sweep(at=moment(usual + WEEK))
    entry = Entry.objects.get(action="model.drifted")
    detail = json.loads(entry.detail)
    assert entry.clinic_id == old_clinic.pk
    assert detail["week"] == usual.isoformat()
    assert detail["passed"] == {"unknown_words_ratio": 2.0}


def test_a_week_is_reported_only_when_it_is_over_and_the_clinic_was_there(old_clinic):
    Clinic.objects.update(created_at=moment(MONDAY))
    assert drift.sweep(at=moment(MONDAY, days=6)) == 0
    assert drift.sweep(at=moment(MONDAY, days=7)) == 1


def test_two_reports_of_one_week_cannot_be(old_clinic):
    drift.sweep(at=moment(MONDAY))
    report = DriftReport.objects.order_by("-week_start").first()
    report.pk = uuid4()
    with pytest.raises(IntegrityError):
        report.save(force_insert=True)


# Who is told


@pytest.fixture
def drifted(old_clinic, usual) -> DriftReport:
    messages(old_clinic, moment(usual), 250, unknown_words=4)
    drift.sweep(at=moment(usual + WEEK))
    [report] = drift.open_drift(old_clinic)
    return report


def test_a_drift_is_open_until_somebody_who_can_act_has_seen_it(drifted, old_clinic, supervisor, clinician):
    at = drifted.made_at + timedelta(hours=1)
    seen = drift.acknowledge_drift(member=supervisor, report_id=drifted.pk, at=at)
    assert (seen.seen_by, seen.seen_at) == (supervisor, at)
    assert drift.open_drift(old_clinic) == []
    again = drift.acknowledge_drift(member=clinician, report_id=drifted.pk, at=at + timedelta(hours=1))
    assert (again.seen_by, again.seen_at) == (supervisor, at)
    [entry] = Entry.objects.filter(action="model.drift_seen")
    assert entry.agent_id == str(supervisor.pk)


def test_an_open_drift_says_what_it_means(drifted):
    [passed] = drift.passed(drifted)
    assert (passed.threshold.name, passed.value) == ("unknown_words_ratio", 2.0)
    assert passed.threshold.says == "Many more words than before are unknown to the model"


@pytest.mark.parametrize("role", ["counsellor", "administrator"])
def test_who_could_not_act_on_a_drift_cannot_clear_it_away(drifted, old_clinic, request, role):
    with pytest.raises(NotPermitted):
        drift.acknowledge_drift(member=request.getfixturevalue(role), report_id=drifted.pk, at=drifted.made_at)
    assert drift.open_drift(old_clinic) == [drifted]


def test_another_clinics_drift_is_not_there(drifted, other_clinic, supervisor):
    Clinic.objects.filter(pk=other_clinic.pk).update(created_at=drifted.made_at - 30 * WEEK)
    elsewhere = DriftReport.objects.create(
        clinic=make_clinic("Lakeside"), week_start=MONDAY, figures={}, past_thresholds=["psi"], made_at=drifted.made_at
    )
    assert drift.open_drift(other_clinic) == []
    with pytest.raises(drift.UnknownDriftReport):
        drift.acknowledge_drift(member=supervisor, report_id=elsewhere.pk, at=drifted.made_at)


# The command


def table(*more: str) -> str:
    said = StringIO()
    call_command("drift_report", "--clinic", "riverside", *more, stdout=said)
    return said.getvalue()


def test_the_command_shows_a_stored_report(drifted, usual):
    said = table("--week", (usual + timedelta(days=3)).isoformat())
    assert f"week of {usual} (report of" in said
    assert "unknown_words_ratio            2.0000  above 1.5    PAST" in said
    assert "psi                            0.0000  above 0.2    ok" in said
    assert "override_rate                       -  above 0.5    not enough to say" in said


def test_the_command_counts_a_week_without_a_report_and_stores_nothing(old_clinic):
    messages(old_clinic, moment(MONDAY), 10)
    assert "counted just now, not stored" in table("--week", MONDAY.isoformat())
    assert not DriftReport.objects.exists()


def test_a_week_that_has_not_begun_is_refused(old_clinic):
    with pytest.raises(CommandError, match="not begun"):
        table("--week", "2999-01-01")
