"""Scoring in shadow: what a candidate would have said about messages that the setup in force has scored.

Off the message path, and of no effect on any conversation. A sweep takes what has no shadow score yet, so that one
that ends half-way, or runs twice, loses and doubles nothing.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from riskmodel import RiskScore, Setup
from triage import assessing
from triage.models import Conversation, Message, RiskAssessment, ScoringSetup, SetupState, ShadowScore
from triage.rows import fetch
from triage.scoring import EARLIER, WITHOUT_MODEL, as_context, since_judged
from triage.sealing import Seal, Unreadable
from triage.switches import ScoringKind, scoring_in, setup_of
from triage.transcripts import message_place, tell_unreadable

logger = logging.getLogger(__name__)

# Messages that one sweep takes at most for each setup: a few seconds' work, or other tasks of the worker would wait.
BATCH = 300
# A message carries the time at which its turn began and is there when the turn is done; clocks differ a little.
_OVERLAP = timedelta(minutes=10)


class _Stopped(Exception):
    """This setup cannot be scored with now. What was not scored is taken up by a later sweep."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A message without its shadow score."""

    id: int
    conversation_id: UUID
    seq: int
    sealed_text: bytes
    message_key: bytes


def sweep(*, at: datetime, limit: int = BATCH) -> int:
    """Score what has no shadow score yet, for every setup in shadow; returns how many messages were scored.

    Only what the model in force scored is scored again: where scoring is off, by law or by a switch, nothing is.
    Erased conversations are passed over.
    """
    done = 0
    for setup in ScoringSetup.objects.filter(state=SetupState.SHADOW).order_by("shadow_from", "pk"):
        if scoring_in(setup.clinic_id).kind is not ScoringKind.MODEL:
            continue
        try:
            done += _sweep_one(setup, limit, at=at)
        except _Stopped as why:
            logger.error("shadow scoring stands still: %s", why, extra={"setup": setup.pk})
    return done


def _sweep_one(setup: ScoringSetup, limit: int, *, at: datetime) -> int:
    pending = _pending(setup, limit)
    for conversation_id, group in groupby(pending, key=lambda one: one.conversation_id):
        scores = list(_scores(setup, conversation_id, list(group), at=at))
        ShadowScore.objects.bulk_create(scores, ignore_conflicts=True)
    if len(pending) < limit:
        ScoringSetup.objects.filter(pk=setup.pk).update(shadow_until=at)
    return len(pending)


_MADE_BY_A_MODEL = " AND ".join(f"r.model_version NOT LIKE '{start}%%'" for start in WITHOUT_MODEL)
_PENDING = f"""
    SELECT id, conversation_id, seq, sealed_text, message_key FROM (
        SELECT m.id, m.conversation_id, m.seq, m.sealed_text, c.message_key
        FROM "{Conversation._meta.db_table}" AS c
        JOIN "{Message._meta.db_table}" AS m ON m.conversation_id = c.id
        JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
        WHERE c.clinic_id = %s AND c.changed_at >= %s AND c.message_key IS NOT NULL
            AND m.sender = 'client' AND m.sent_at >= %s AND {_MADE_BY_A_MODEL}
            AND NOT EXISTS (
                SELECT 1 FROM "{ShadowScore._meta.db_table}" AS s WHERE s.message_id = m.id AND s.setup_id = %s
            )
        ORDER BY m.id LIMIT %s
    ) AS oldest ORDER BY conversation_id, seq
"""  # noqa: S608 - table names and beginnings of our own


def _pending(setup: ScoringSetup, limit: int) -> list[_Pending]:
    assert setup.shadow_from is not None  # a constraint of the table
    since = setup.shadow_from
    if setup.shadow_until is not None:
        since = max(since, setup.shadow_until - _OVERLAP)
    return [_Pending(*row) for row in fetch(_PENDING, [setup.clinic_id, since, since, setup.pk, limit])]


_WRITTEN = f"""(SELECT n.sent_at FROM "{Message._meta.db_table}" AS n
    WHERE n.conversation_id = m.conversation_id AND n.seq = %s)"""  # noqa: S608 - table names of our own models
_EARLIER = f"""
    SELECT coalesce(s.level, r.level), coalesce(s.probability, r.probability) FROM "{Message._meta.db_table}" AS m
    JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
    LEFT JOIN "{ShadowScore._meta.db_table}" AS s ON s.message_id = m.id AND s.setup_id = %s
    WHERE m.conversation_id = %s AND m.seq < %s AND m.sender = 'client' AND coalesce(s.level, r.level) <> 'unscored'
        AND {since_judged(_WRITTEN)}
    ORDER BY m.seq DESC LIMIT {EARLIER}
"""  # noqa: S608 - table names of our own models


def _scores(
    setup: ScoringSetup, conversation_id: UUID, pending: list[_Pending], *, at: datetime
) -> Iterator[ShadowScore]:
    """The candidate remembers what it said itself, and before that what the setup in force said."""
    earlier = fetch(_EARLIER, [setup.pk, conversation_id, pending[0].seq, pending[0].seq])[::-1]
    with_setup = setup_of(setup.model_version, setup.levels)
    for message in pending:
        score = _score(message, earlier, with_setup)
        if score.level != "unscored":
            earlier.append((str(score.level), score.probability))
        yield ShadowScore(
            message_id=message.id, setup=setup, level=str(score.level), probability=score.probability, scored_at=at
        )


def _score(message: _Pending, earlier: list[tuple[str, float]], setup: Setup) -> RiskScore:
    place = message_place(message.seq)
    try:
        text = Seal(message.conversation_id, message.message_key).open(message.sealed_text, place=place)
    except Unreadable:
        tell_unreadable(message.conversation_id, place)
        return assessing.unscored("unreadable")
    score = assessing.assess_exactly(text, as_context(text, earlier), setup)
    if assessing.is_refused(score):
        raise _Stopped("the model version refused to load")
    if assessing.given_up():
        raise _Stopped("scoring was given up in this process")
    return score
