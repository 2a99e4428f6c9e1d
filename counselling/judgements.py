"""What people made of messages: how an alert was resolved, and the level that a reviewer gave.

The verdict of a review is none of them: it is about the bot and the counsellor, never about the client's words.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from counselling.models import LevelJudgement
from triage.models import Alert, Conversation, LearningConsent, Message, Resolution, RiskAssessment
from triage.policy import URGENCY, AlertKind
from triage.rows import fetch

# The kind of a judgement that stands by itself, beside the kinds of alerts.
REVIEW = "review"
LANGUAGES = frozenset({"", "en"})


class LeftOut(StrEnum):
    """Why a judgement gives no label. The words are for whoever exports."""

    NO_CONSENT = "the client has not allowed it"
    WITHDRAWN = "the client took their consent back meanwhile"
    REHEARSAL = "it was a rehearsal"
    ERASED = "the text was erased"
    UNREADABLE = "the text cannot be read"
    SUPERSEDED = "the message was judged again later"
    NOT_JUDGED = "the resolution says nothing about the message"
    NOT_SCORED = "no assessed message of the client belongs to it"
    LANGUAGE = "the message is not in English"
    LATER = "the same words were judged again later"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's judgement of one message: at which level it stands."""

    assessment_id: int
    conversation_id: UUID
    client_id: UUID
    seq: int
    level: str
    categories: tuple[str, ...]
    judged_at: datetime


def judged_level(*, kind: str, level: str, resolution: str) -> str | None:
    """The level that resolving an alert of `kind` and `level` confirms or gives; None when it says nothing about it.
    A reviewer's is the level itself.

    "No concern" is said of the message itself, so it counts for every kind. That somebody was talked to confirms
    a risk that the model saw; after a mere wish for a person, or a message that nobody could score, it does not.
    """
    if kind == REVIEW:
        return level
    if resolution == Resolution.NO_CONCERN:
        return "low"
    if kind != AlertKind.RISK or resolution == Resolution.NOT_REACHED:
        return None
    if resolution == Resolution.EMERGENCY and URGENCY[level] >= URGENCY["high"]:
        return "imminent"
    return max(level, "moderate", key=URGENCY.__getitem__)


_JUDGED = f"""
    WITH judged AS (
        SELECT a.conversation_id, a.message_seq AS seq, a.kind, a.level, a.resolution, a.resolved_at AS at
        FROM "{Alert._meta.db_table}" AS a WHERE a.clinic_id = %s AND a.state = 'resolved'
        UNION ALL
        SELECT m.conversation_id, m.seq, '{REVIEW}', j.level, '', j.judged_at
        FROM "{LevelJudgement._meta.db_table}" AS j JOIN "{Message._meta.db_table}" AS m ON m.id = j.message_id
        JOIN "{Conversation._meta.db_table}" AS c ON c.id = m.conversation_id WHERE c.clinic_id = %s
    )
    SELECT judged.kind, judged.level, judged.resolution, judged.at, judged.seq, c.id, c.client_id, c.is_rehearsal,
        c.message_key IS NULL, r.id, r.categories::text, r.language,
        EXISTS (SELECT 1 FROM "{LearningConsent._meta.db_table}" AS l
            WHERE l.client_id = c.client_id AND l.withdrawn_at IS NULL)
    FROM judged JOIN "{Conversation._meta.db_table}" AS c ON c.id = judged.conversation_id
    LEFT JOIN "{Message._meta.db_table}" AS m
        ON m.conversation_id = c.id AND m.seq = judged.seq AND m.sender = 'client'
    LEFT JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
    WHERE %s::timestamptz IS NULL OR judged.at >= %s
    ORDER BY judged.at, c.id, judged.seq, judged.kind
"""  # noqa: S608 - table names of our own models


def judgements(clinic_id: UUID, *, since: datetime | None = None) -> tuple[list[Judgement], Mapping[LeftOut, int]]:
    """The judgements of a clinic that may be learned from, oldest first, and how many may not, by reason.

    Of two about one message the later one stands.
    """
    found: dict[int, Judgement] = {}
    left_out: Counter[LeftOut] = Counter()
    for row in fetch(_JUDGED, [clinic_id, clinic_id, since, since]):
        judgement = _judgement(*row)
        if isinstance(judgement, LeftOut):
            left_out[judgement] += 1
            continue
        left_out[LeftOut.SUPERSEDED] += found.pop(judgement.assessment_id, None) is not None
        found[judgement.assessment_id] = judgement
    return list(found.values()), +left_out


def _judgement(
    kind: str,
    level: str,
    resolution: str,
    judged_at: datetime,
    seq: int,
    conversation_id: UUID,
    client_id: UUID,
    is_rehearsal: bool,
    is_erased: bool,
    assessment_id: int | None,
    categories: str | None,
    language: str | None,
    has_consent: bool,
) -> Judgement | LeftOut:
    judged = judged_level(kind=kind, level=level, resolution=resolution)
    if is_rehearsal:
        return LeftOut.REHEARSAL
    if not has_consent:
        return LeftOut.NO_CONSENT
    if is_erased:
        return LeftOut.ERASED
    if judged is None:
        return LeftOut.NOT_JUDGED
    if assessment_id is None:
        return LeftOut.NOT_SCORED
    if language not in LANGUAGES:
        return LeftOut.LANGUAGE
    # The model's categories stand where a person agreed that there is a risk; where none is, there is no category.
    kept = () if judged in ("none", "low") else tuple(json.loads(categories or "[]"))
    return Judgement(assessment_id, conversation_id, client_id, seq, judged, kept, judged_at)
