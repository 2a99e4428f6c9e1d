"""What the assessments of some weeks look like, in figures: counted in the database, compared here. No words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from typing import Any
from uuid import UUID

from triage.models import Alert, Conversation, Message, RiskAssessment
from triage.rows import fetch
from triage.scoring import WITHOUT_MODEL

BINS = 10
# A bin that nobody fell into counts as this much, so that one empty tenth is not an infinite difference.
_LEAST_SHARE = 0.0005
# How a conversation that a counsellor closed says that there was a risk.
RISK_DISPOSITIONS = ("safety_plan", "emergency")
RISK_RESOLUTIONS = ("plan", "emergency")


@dataclass(slots=True)
class Counts:
    """Clients' messages of some weeks, without rehearsals. `histogram` is of P(>= moderate) in tenths, scored ones."""

    messages: int = 0
    without_model: int = 0
    scored: int = 0
    words: int = 0
    unknown_words: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    histogram: list[int] = field(default_factory=lambda: [0] * BINS)

    @property
    def version(self) -> str:
        """The model version that scored most of them; empty when none did."""
        return max(sorted(self.versions), key=self.versions.__getitem__, default="")

    @property
    def unknown_words_rate(self) -> float | None:
        """The share of words that no training message held."""
        return self.unknown_words / self.words if self.words else None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a week is compared with. `source` says where it is from: `artefact` or `weeks`."""

    source: str
    histogram: tuple[float, ...]
    size: int
    unknown_words_rate: float | None = None
    languages: Mapping[str, int] = field(default_factory=dict)
    since: str = ""
    until: str = ""


_COUNTS = f"""
    SELECT r.model_version, r.level, r.language, least(width_bucket(r.probability, 0, 1, {BINS}), {BINS}) - 1 AS bin,
        count(*), sum(r.words)::bigint, sum(r.unknown_words)::bigint
    FROM "{Conversation._meta.db_table}" AS c
    JOIN "{Message._meta.db_table}" AS m ON m.conversation_id = c.id
    JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
    WHERE c.clinic_id = %s AND c.changed_at >= %s AND NOT c.is_rehearsal
        AND r.assessed_at >= %s AND r.assessed_at < %s AND (%s = '' OR r.model_version = %s)
    GROUP BY r.model_version, r.level, r.language, bin
"""  # noqa: S608 - table names of our own models


def count(clinic_id: UUID, since: datetime, until: datetime, *, version: str = "") -> Counts:
    """Count a clinic's assessments from `since` until before `until`; with `version` those of that model alone.

    What no model scored because scoring was switched off is counted by itself and nowhere else.
    """
    counts = Counts()
    for row in fetch(_COUNTS, [clinic_id, since, since, until, version, version]):
        model_version, level, language, place, number, words, unknown_words = row
        if model_version.startswith(WITHOUT_MODEL):
            counts.without_model += number
            continue
        counts.messages += number
        counts.levels[level] += number
        counts.languages[language or "unknown"] += number
        if level == "unscored":
            continue
        counts.scored += number
        counts.versions[model_version] += number
        counts.histogram[place] += number
        counts.words += words
        counts.unknown_words += unknown_words
    return counts


_FIRST = f"""
    SELECT min(r.assessed_at) FROM "{RiskAssessment._meta.db_table}" AS r
    JOIN "{Message._meta.db_table}" AS m ON m.id = r.message_id
    JOIN "{Conversation._meta.db_table}" AS c ON c.id = m.conversation_id
    WHERE c.clinic_id = %s AND r.model_version = %s AND NOT c.is_rehearsal
"""  # noqa: S608 - table names of our own models


def first_scored(clinic_id: UUID, version: str) -> datetime | None:
    """When the model `version` first scored a client of the clinic."""
    [(first,)] = fetch(_FIRST, [clinic_id, version])
    return first if isinstance(first, datetime) else None


_OVERRIDDEN = f"""
    SELECT count(*), count(*) FILTER (WHERE a.resolution = 'no_concern') FROM "{Alert._meta.db_table}" AS a
    JOIN "{Conversation._meta.db_table}" AS c ON c.id = a.conversation_id
    WHERE a.clinic_id = %s AND a.kind = 'risk' AND a.state = 'resolved' AND NOT c.is_rehearsal
        AND a.resolved_at >= %s AND a.resolved_at < %s
"""  # noqa: S608 - table names of our own models


def overridden(clinic_id: UUID, since: datetime, until: datetime) -> tuple[int, int]:
    """Alerts for a risk that people resolved, and at how many of these they saw no concern."""
    [(resolved, without_concern)] = fetch(_OVERRIDDEN, [clinic_id, since, until])
    return resolved, without_concern


_MISSED = f"""
    WITH risky AS (
        SELECT c.id FROM "{Conversation._meta.db_table}" AS c
        WHERE c.clinic_id = %s AND c.closed_at >= %s AND c.closed_at < %s AND c.disposition = ANY(%s)
            AND NOT c.is_rehearsal
        UNION
        SELECT c.id FROM "{Alert._meta.db_table}" AS a
        JOIN "{Conversation._meta.db_table}" AS c ON c.id = a.conversation_id
        WHERE a.clinic_id = %s AND a.resolved_at >= %s AND a.resolved_at < %s AND a.resolution = ANY(%s)
            AND a.kind = 'person' AND NOT c.is_rehearsal
    ), highest AS (
        SELECT risky.id, bool_or(r.level IN ('moderate', 'high', 'imminent')) AS seen FROM risky
        JOIN "{Message._meta.db_table}" AS m ON m.conversation_id = risky.id
        JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id AND r.level <> 'unscored'
        GROUP BY risky.id
    )
    SELECT count(*), count(*) FILTER (WHERE NOT seen) FROM highest
"""  # noqa: S608 - table names of our own models


def missed(clinic_id: UUID, since: datetime, until: datetime) -> tuple[int, int]:
    """Scored conversations in which people found a risk by themselves, and in how many the model had seen none.

    People say so by how they closed the conversation, or how they resolved a client's wish for a person.
    """
    place = [clinic_id, since, until]
    [(risky, unseen)] = fetch(_MISSED, [*place, list(RISK_DISPOSITIONS), *place, list(RISK_RESOLUTIONS)])
    return risky, unseen


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Each count as a share of all, to four decimals."""
    whole = sum(counts.values())
    return {name: round(number / whole, 4) for name, number in sorted(counts.items()) if number}


def stability_index(found: Sequence[float], expected: Sequence[float]) -> float:
    """The population stability index of two histograms with the same bins: 0 when equal, without an upper end.

    The sum over bins of (p - q) * ln(p / q). Raises ValueError for an empty histogram or different bins.
    """
    if len(found) != len(expected) or not sum(found) or not sum(expected):
        raise ValueError("both histograms need the same bins and something in them")
    pairs = zip(_smoothed(found), _smoothed(expected), strict=True)
    return sum((p - q) * log(p / q) for p, q in pairs)


def _smoothed(histogram: Sequence[float]) -> list[float]:
    whole = sum(histogram)
    lifted = [max(one / whole, _LEAST_SHARE) for one in histogram]
    return [one / sum(lifted) for one in lifted]


def mix_shift(found: Mapping[str, int], expected: Mapping[str, int]) -> float:
    """Half the sum of the differences between two mixes: the share that would have to move to make them equal."""
    whole, reference = sum(found.values()), sum(expected.values())
    names = found.keys() | expected.keys()
    return sum(abs(found.get(name, 0) / whole - expected.get(name, 0) / reference) for name in names) / 2


def told_reference(reference: Reference | None) -> dict[str, Any] | None:
    """The reference as a report keeps it."""
    if reference is None:
        return None
    return {
        "source": reference.source,
        "messages": reference.size,
        "histogram": list(reference.histogram),
        "since": reference.since,
        "until": reference.until,
    }
