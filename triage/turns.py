"""One client message and everything it leads to, in one transaction: the heart of the service.

Scoring comes first and outside, because nothing slow may run under the conversation's lock. The state is read under
the lock, so a bot reply can never land after a takeover.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.trail import Agent, Event
from riskmodel import RiskScore
from triage import aftercare, alerts, locking, publishing, remembering, rows, talking
from triage.models import Alert, Conversation, Message, RiskAssessment, Sender
from triage.policy import URGENCY, AlertKind, BotPart, Decision, counted_level, decide, is_concern
from triage.scoring import Assessed, assess_message
from triage.screenings import recording
from triage.sealing import Seal
from triage.states import State, Verb, transition
from triage.texts import checked
from triage.trail import record_in
from triage.transcripts import Line, reasons_place
from triage.writing import Draft, bot_drafts, lines_of, next_lines, reply_events


class Closed(Exception):
    """The conversation is closed; a new contact opens a new one. `concern` says that the message calls for a person."""

    def __init__(self, conversation_id: UUID, *, concern: bool) -> None:
        super().__init__(str(conversation_id))
        self.concern = concern


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message led to. `lines` are the message and the replies, empty for a repeated `client_ref`."""

    seq: int
    last_seq: int
    state: str
    lines: tuple[Line, ...]
    level: str
    alert_open: bool
    repeated: bool = False


def take_turn(*, conversation_id: UUID, client_ref: UUID, text: str, at: datetime, wishes_person: bool = False) -> Turn:
    """Store, assess and answer one client message; a repeated `client_ref` changes nothing and says where it stands.

    Raises texts.BadText, Closed and locking.UnknownConversation. When this returns, the message is on disk.
    """
    text = checked(text)
    assessed = assess_message(conversation_id, client_ref, text)
    with transaction.atomic(durable=True):
        conversation = locking.locked(conversation_id)
        stored, alert = rows.standing(conversation, client_ref)
        if stored is not None:
            return _repeated(conversation, stored, alert)
        if conversation.state == State.CLOSED:
            concern = is_concern(assessed.level, quiet_unscored=assessed.is_quiet)
            raise Closed(conversation_id, concern=wishes_person or concern)
        return _store(conversation, alert, client_ref, text, assessed, wishes_person=wishes_person, at=at)


def _repeated(conversation: Conversation, seq: int, alert: Alert | None) -> Turn:
    return Turn(
        seq=seq,
        last_seq=conversation.last_seq,
        state=conversation.state,
        lines=(),
        level=conversation.level,
        alert_open=alert is not None,
        repeated=True,
    )


def _store(
    conversation: Conversation,
    alert: Alert | None,
    client_ref: UUID,
    text: str,
    assessed: Assessed,
    *,
    wishes_person: bool,
    at: datetime,
) -> Turn:
    reply = talking.understand(conversation, text, doubtful=assessed.is_doubtful)
    screened = recording.level_called(reply.answered)
    decision = decide(
        level=assessed.level,
        state=conversation.state,
        open_urgency=alert.urgency if alert else None,
        wishes_person=wishes_person or reply.wishes_person,
        bot_enabled=conversation.clinic.bot_speaks,
        quiet_unscored=assessed.is_quiet,
        screened=screened,
    )
    level = counted_level(assessed.level, screened, quiet_unscored=assessed.is_quiet)
    seal = Seal(conversation.pk, conversation.message_key)
    seq = conversation.last_seq + 1
    events = [_received(seq, text, seal), *_assessed(seq, assessed)]
    if reply.answered is not None:
        events += recording.record_answer(conversation, reply.answered, at=at)
    if decision.alert is not None:
        alert, raised = alerts.raise_alert(conversation, alert, kind=decision.alert, level=level, seq=seq, at=at)
        events.append(raised)
    stood = conversation.bot_position
    replies = talking.answer(conversation, reply, text, decision, alert, at=at)
    events += remembering.remember(conversation, stood, replies, at=at)
    drafts = [Draft(Sender.CLIENT, text, client_ref=client_ref), *bot_drafts(replies)]
    lines = next_lines(conversation, seal, drafts, at=at)
    _move(conversation, decision, max(level, assessed.level, key=URGENCY.__getitem__), at=at)
    _close_if_ended(conversation, reply, decision, alert, events, at=at)
    events += recording.leave_if_moved(conversation, stood, reply.answered, at=at)
    rows.store(
        conversation, lines, _assessment(lines[0], text, assessed.score, seal, at=at) if assessed.score else None
    )
    record_in(conversation, *events, *reply_events(lines[1:]), at=at)
    aftercare.stop_if_said(client_id=conversation.client_id, text=text, at=at)
    publishing.ring_conversation(conversation, urgent=decision.alert is not None)
    return _turn(conversation, lines, seal, level=level, alert=alert)


def _received(seq: int, text: str, seal: Seal) -> Event:
    detail = {"seq": seq, "characters": len(text), "digest": seal.keyed_digest(text)}
    return Event("message.received", Agent("client"), "message", str(seq), detail=detail)


def _assessed(seq: int, assessed: Assessed) -> list[Event]:
    score = assessed.score
    if score is None:
        return []
    detail: dict[str, Any] = {
        "seq": seq,
        "level": str(score.level),
        "probability": score.probability,
        "categories": list(score.categories),
        "floor": str(score.floor) if score.floor else "",
        "took_ms": round(score.took_ms, 3),
    }
    if assessed.thresholds is not None:
        detail["thresholds"] = list(assessed.thresholds)
    outcome = "failed" if score.level == "unscored" else "success"
    model = Agent("model", score.model_version)
    return [Event("risk.assessed", model, "message", str(seq), outcome=outcome, detail=detail)]


def _assessment(line: Message, text: str, score: RiskScore, seal: Seal, *, at: datetime) -> RiskAssessment:
    # The client's own words beside what the model calls them: that is what a counsellor wants to see in the queue.
    reasons = [
        {
            "kind": r.kind,
            "text": r.text,
            "weight": round(r.weight, 4),
            "start": r.start,
            "end": r.end,
            "quote": text[r.start : r.end].strip() if r.start is not None else "",
        }
        for r in score.reasons
    ]
    return RiskAssessment(
        level=str(score.level),
        probability=score.probability,
        categories=list(score.categories),
        sealed_reasons=seal.seal_json(reasons, place=reasons_place(line.seq)),
        floor=str(score.floor) if score.floor else "",
        model_version=score.model_version,
        took_ms=score.took_ms,
        language=score.language,
        words=score.words,
        unknown_words=score.unknown_words,
        assessed_at=at,
    )


def _move(conversation: Conversation, decision: Decision, level: str, *, at: datetime) -> None:
    """Take the conversation to the desk if a person is called. A level only rises here; people lower it."""
    if URGENCY[level] > conversation.urgency:
        conversation.level, conversation.urgency = level, URGENCY[level]
    if decision.call_person:
        by = "client" if decision.alert == AlertKind.PERSON else "system"
        conversation.state = transition(conversation.state, Verb.CALL_PERSON, by=by).target
        conversation.waiting_since = at


def _close_if_ended(
    conversation: Conversation,
    reply: talking.Understood,
    decision: Decision,
    alert: Alert | None,
    events: list[Event],
    *,
    at: datetime,
) -> None:
    # A goodbye never closes an alert away: the conversation stays until a person has resolved it.
    if decision.bot is not BotPart.FLOW or not reply.wishes_end or alert is not None:
        return
    move = transition(conversation.state, Verb.CLIENT_ENDS, by="client")
    conversation.state, conversation.closed_at = move.target, at
    events.append(Event(move.action, Agent("client"), "conversation", str(conversation.pk)))


def _turn(conversation: Conversation, lines: Sequence[Message], seal: Seal, *, level: str, alert: Alert | None) -> Turn:
    return Turn(
        seq=lines[0].seq,
        last_seq=conversation.last_seq,
        state=conversation.state,
        lines=tuple(lines_of(lines, seal)),
        level=level,
        alert_open=alert is not None,
    )
