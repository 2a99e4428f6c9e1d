"""Scoring a stored message again with the version that scored it then, to show that its reasons are no afterthought.

Whoever is affected by a score may ask for its reasons (EU-4). An explanation that cannot be reproduced is none.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.models import Entry
from audit.trail import Event
from riskmodel import ArtefactRefused, RiskScore, Setup, artefacts, score, score_rules_only
from triage.access import access_conversation
from triage.models import Conversation, Message, RiskAssessment
from triage.rows import fetch
from triage.scoring import EARLIER, as_context, since_judged
from triage.sealing import Seal
from triage.switches import setup_of
from triage.trail import record_in
from triage.transcripts import message_place, reasons_place

# Stored weights are rounded to this, and so is every comparison.
DECIMALS = 4
_UNSCORED, _RULES = "none (", "rules-"


class UnknownAssessment(LookupError):
    """There is no such assessment in the member's clinic."""


class _CannotScoreAgain(Exception):
    """The version that scored the message is not to be had; the text says exactly why."""


@dataclass(frozen=True, slots=True)
class Given:
    """One reason, of whatever kind: a rule that held, a phrase with its status, a word, the clause that decided."""

    kind: str
    text: str
    weight: float
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that a score says about a message, rounded as it is stored."""

    level: str
    probability: float
    floor: str
    categories: tuple[str, ...]
    language: str
    words: int
    unknown_words: int
    reasons: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was stored and what comes out now; `refusal` is the exact reason where nothing can be scored again."""

    conversation_id: UUID
    seq: int
    text: str
    model_version: str
    assessed_at: datetime
    stored: Figures
    again: Figures | None
    refusal: str = ""

    @property
    def differences(self) -> list[str]:
        """The names of the figures that do not agree."""
        if self.again is None:
            return []
        names = Figures.__dataclass_fields__
        return [name for name in names if getattr(self.stored, name) != getattr(self.again, name)]

    @property
    def agrees(self) -> bool:
        """Whether the message was scored again and every figure came out the same."""
        return self.again is not None and not self.differences


def clinic_of(assessment_id: int) -> UUID:
    """The clinic that an assessment belongs to; raises UnknownAssessment."""
    rows = RiskAssessment.objects.filter(pk=assessment_id)
    found = rows.values_list("message__conversation__clinic_id", flat=True).first()
    if found is None:
        raise UnknownAssessment(str(assessment_id))
    return found


def explain(*, member: Membership, assessment_id: int, at: datetime) -> Explanation:
    """Score the message of an assessment again as it was scored then: version, thresholds and what came before it.

    That its conversation was read is recorded. A message that was stored while this one was being scored counts as
    earlier here and did not then; the trail's order of the two shows it.
    Raises UnknownAssessment, sealing.Unreadable and accounts.access.NotPermitted.
    """
    with transaction.atomic(durable=True):
        assessment, conversation = _found(member, assessment_id)
        message = assessment.message
        seal = Seal(conversation.pk, conversation.message_key)
        text = seal.open(message.sealed_text, place=message_place(message.seq))
        stored = _stored(assessment, seal.open_json(assessment.sealed_reasons, place=reasons_place(message.seq)))
        detail = {"where": "explain", "from_seq": message.seq - 1, "to_seq": message.seq, "assessment": assessment.pk}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    again, refusal = None, ""
    try:
        again = _figures(_score_again(assessment, message, text))
    except _CannotScoreAgain as why:
        refusal = str(why)
    return Explanation(
        conversation_id=conversation.pk,
        seq=message.seq,
        text=text,
        model_version=assessment.model_version,
        assessed_at=assessment.assessed_at,
        stored=stored,
        again=again,
        refusal=refusal,
    )


def _found(member: Membership, assessment_id: int) -> tuple[RiskAssessment, Conversation]:
    rows = RiskAssessment.objects.select_related("message")
    assessment = rows.filter(pk=assessment_id, message__conversation__clinic_id=member.clinic_id).first()
    if assessment is None:
        raise UnknownAssessment(str(assessment_id))
    conversation = access_conversation(member, assessment.message.conversation_id, to=Action.VIEW_TRANSCRIPT)
    return assessment, conversation


def _score_again(assessment: RiskAssessment, message: Message, text: str) -> RiskScore:
    version = assessment.model_version
    if version.startswith(_UNSCORED):
        raise _CannotScoreAgain(f"no model scored this message then: {version}")
    if version.startswith(_RULES):
        return _by_rules(version, text)
    if version not in artefacts.versions():
        raise _CannotScoreAgain(f"model version {version} is no longer on this machine")
    try:
        artefacts.load(version)
    except ArtefactRefused as refused:
        raise _CannotScoreAgain(f"model version {version} refuses to load: {refused}") from refused
    return score(text, as_context(text, _earlier(message)), setup=_setup_then(message, version))


def _by_rules(version: str, text: str) -> RiskScore:
    result = score_rules_only(text)
    if result.model_version != version:
        raise _CannotScoreAgain(f"{version} scored this message, the rules are {result.model_version} now")
    return result


_WRITTEN = f"""(SELECT n.sent_at FROM "{Message._meta.db_table}" AS n
    WHERE n.conversation_id = m.conversation_id AND n.seq = %s)"""  # noqa: S608 - table names of our own models
_EARLIER = f"""
    SELECT r.level, r.probability FROM "{Message._meta.db_table}" AS m
    JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
    WHERE m.conversation_id = %s AND m.seq < %s AND m.sender = 'client' AND r.level <> 'unscored'
        AND {since_judged(_WRITTEN)}
    ORDER BY m.seq DESC LIMIT {EARLIER}
"""  # noqa: S608 - table names of our own models


def _earlier(message: Message) -> list[tuple[str, float]]:
    rows = fetch(_EARLIER, [message.conversation_id, message.seq, message.seq])[::-1]
    return [(level, probability) for level, probability in rows]


def _setup_then(message: Message, version: str) -> Setup:
    """The thresholds that decided then: the trail keeps a clinic's own with the score, else those of the artefact."""
    rows = Entry.objects.filter(conversation_id=message.conversation_id, action="risk.assessed")
    entry = rows.filter(entity_kind="message", entity_id=str(message.seq)).first()
    levels = json.loads(entry.detail).get("thresholds") if entry else None
    return setup_of(version, levels)


def _stored(assessment: RiskAssessment, reasons: list[dict[str, Any]]) -> Figures:
    return Figures(
        level=assessment.level,
        probability=round(assessment.probability, DECIMALS),
        floor=assessment.floor,
        categories=tuple(assessment.categories),
        language=assessment.language,
        words=assessment.words,
        unknown_words=assessment.unknown_words,
        reasons=tuple(Given(r["kind"], r["text"], r["weight"], r["start"], r["end"]) for r in reasons),
    )


def _figures(result: RiskScore) -> Figures:
    return Figures(
        level=str(result.level),
        probability=round(result.probability, DECIMALS),
        floor=str(result.floor) if result.floor else "",
        categories=tuple(result.categories),
        language=result.language,
        words=result.words,
        unknown_words=result.unknown_words,
        reasons=tuple(Given(r.kind, r.text, round(r.weight, DECIMALS), r.start, r.end) for r in result.reasons),
    )
