"""Taking a live conversation over, handing it back to the bot, closing it: the periods of human interaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import TextChoices

from accounts.models import Membership
from accounts.permissions import Action, may
from accounts.trail import agent_of
from audit.trail import Event
from counselling.models import Takeover, TakeoverEnd
from triage import alerts, publishing, rows, talking
from triage.access import access_conversation
from triage.messages import NotHolder
from triage.models import AlertState, Conversation, Sender
from triage.policy import NO_HAND_BACK_FROM
from triage.screenings import recording
from triage.sealing import Seal
from triage.states import NotAllowed, State, Verb, transition
from triage.trail import record_in
from triage.writing import Draft, bot_drafts, next_lines, reply_events

__all__ = [
    "AlertOpen",
    "BotOff",
    "Disposition",
    "HeldByAnother",
    "NotAllowed",
    "NotHolder",
    "UnknownDisposition",
    "close_conversation",
    "hand_back",
    "take_over",
]


class HeldByAnother(Exception):
    """Somebody else holds the conversation; `holder` says who."""

    def __init__(self, holder: Membership) -> None:
        super().__init__(f"held by {holder.user.name}")
        self.holder = holder


class AlertOpen(Exception):
    """An alert of level high or above (or an unscored message) is not resolved yet; a person resolves it first."""


class BotOff(Exception):
    """The clinic has switched the bot off, so there is nobody to hand back to."""


class UnknownDisposition(Exception):
    """The disposition is none of the clinic's list."""


class Disposition(TextChoices):
    """What became of a conversation that a counsellor closes."""

    SUPPORTED = "supported", "Supported, no further step"
    SAFETY_PLAN = "safety_plan", "Safety plan made"
    APPOINTMENT = "appointment", "Appointment arranged"
    REFERRED = "referred", "Referred to another service"
    EMERGENCY = "emergency", "Emergency services involved"
    CLIENT_LEFT = "client_left", "Client left, re-contact planned"
    NOT_FOR_US = "not_for_us", "Not a matter for this service"


def take_over(*, member: Membership, conversation_id: UUID, at: datetime, from_holder: UUID | None = None) -> Takeover:
    """Make `member` the holder; from this transaction on the bot is silent. An open alert counts as acknowledged.

    Asking again while holding changes nothing. A supervisor who names the present holder in `from_holder` takes the
    conversation from them; from a holder who does not work here any more everybody may. Raises HeldByAnother with the
    winner, NotAllowed for a closed conversation, access.UnknownConversation and accounts.access.NotPermitted.
    """
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.TAKE_OVER, lock=True)
        if conversation.holder_id == member.pk:
            return _open_takeover(conversation)
        move = transition(conversation.state, Verb.TAKE_OVER, by="human")
        detail = _taken_from(conversation, member, from_holder, at=at)
        waited = (at - conversation.waiting_since).total_seconds() if conversation.waiting_since else None
        conversation.state, conversation.holder, conversation.waiting_since = move.target, member, None
        events = _acknowledged(conversation, member, at=at)
        drafts = bot_drafts(talking.notice(conversation, "system.person_joined"), sender=Sender.SYSTEM)
        from_seq = conversation.last_seq + len(drafts)
        takeover = Takeover.objects.create(
            conversation=conversation, counsellor=member, from_seq=from_seq, started_at=at
        )
        detail |= {"takeover": str(takeover.pk), "seq": from_seq, "waited_seconds": waited}
        taken = Event(move.action, agent_of(member), "conversation", str(conversation.pk), detail=detail)
        _finish(conversation, [taken, *events], drafts, at=at)
    return takeover


def _taken_from(
    conversation: Conversation, member: Membership, from_holder: UUID | None, *, at: datetime
) -> dict[str, Any]:
    """End the period of a holder whom `member` may replace, and say whose it was; raises HeldByAnother otherwise."""
    if conversation.holder_id is None:
        return {}
    holder = Membership.objects.select_related("user").get(pk=conversation.holder_id)
    is_gone = not (holder.is_active and holder.user.is_active)
    may_take = from_holder == holder.pk and may(member.role, Action.TAKE_FROM_HOLDER)
    if not (is_gone or may_take):
        raise HeldByAnother(holder)
    _end_takeover(conversation, TakeoverEnd.TAKEN_FROM, at=at)
    return {"taken_from": str(holder.pk)}


def hand_back(*, member: Membership, conversation_id: UUID, at: datetime) -> Conversation:
    """Give the conversation back to the bot, which says so to the client.

    Raises NotHolder, AlertOpen while an alert of level high or above is unresolved, BotOff and NotAllowed.
    """
    with transaction.atomic(durable=True):
        conversation = _held(member, conversation_id, Action.HAND_BACK)
        move = transition(conversation.state, Verb.HAND_BACK, by="human")
        if not conversation.clinic.bot_speaks:
            raise BotOff(str(conversation_id))
        alert = alerts.unresolved(conversation)
        if alert is not None and alert.urgency >= NO_HAND_BACK_FROM:
            raise AlertOpen(str(alert.pk))
        takeover = _end_takeover(conversation, TakeoverEnd.HANDED_BACK, at=at)
        conversation.state, conversation.holder = move.target, None
        drafts = bot_drafts(talking.after_hand_back(conversation))
        detail = {"takeover": str(takeover.pk)}
        handed = Event(move.action, agent_of(member), "conversation", str(conversation.pk), detail=detail)
        _finish(conversation, [handed], drafts, at=at)
    return conversation


def close_conversation(*, member: Membership, conversation_id: UUID, disposition: str, at: datetime) -> Conversation:
    """End a held conversation with a disposition. Raises NotHolder, AlertOpen, UnknownDisposition and NotAllowed.

    An alert must be resolved first, with its reason, so that closing is never a way round looking at it.
    """
    if disposition not in Disposition.values:
        raise UnknownDisposition(disposition)
    with transaction.atomic(durable=True):
        conversation = _held(member, conversation_id, Action.CLOSE)
        move = transition(conversation.state, Verb.CLOSE, by="human")
        alert = alerts.unresolved(conversation)
        if alert is not None:
            raise AlertOpen(str(alert.pk))
        takeover = _end_takeover(conversation, TakeoverEnd.CLOSED, at=at)
        conversation.state, conversation.holder = move.target, None
        conversation.closed_at, conversation.disposition = at, disposition
        drafts = bot_drafts(talking.notice(conversation, "system.closed_by_person"), sender=Sender.SYSTEM)
        detail = {"takeover": str(takeover.pk), "disposition": disposition}
        closed = Event(move.action, agent_of(member), "conversation", str(conversation.pk), detail=detail)
        _finish(conversation, [closed], drafts, at=at)
    return conversation


def _held(member: Membership, conversation_id: UUID, action: Action) -> Conversation:
    conversation = access_conversation(member, conversation_id, to=action, lock=True)
    if conversation.state == State.CLOSED:
        raise NotAllowed(conversation.state, Verb.CLOSE)
    if conversation.holder_id != member.pk:
        raise NotHolder(str(conversation_id))
    return conversation


def _acknowledged(conversation: Conversation, member: Membership, *, at: datetime) -> list[Event]:
    alert = alerts.unresolved(conversation)
    if alert is None or alert.state != AlertState.OPEN:
        return []
    return [alerts.mark_acknowledged(alert, member, at=at)]


def _open_takeover(conversation: Conversation) -> Takeover:
    return Takeover.objects.get(conversation=conversation, ended_at=None)


def _end_takeover(conversation: Conversation, end: TakeoverEnd, *, at: datetime) -> Takeover:
    takeover = _open_takeover(conversation)
    takeover.ended_at, takeover.end = at, end
    takeover.save(update_fields=["ended_at", "end"])
    return takeover


def _finish(conversation: Conversation, events: list[Event], drafts: list[Draft], *, at: datetime) -> None:
    """Say `drafts` to the client, store the conversation, record what happened, ring."""
    seal = Seal(conversation.pk, conversation.message_key)
    lines = next_lines(conversation, seal, drafts, at=at)
    rows.store(conversation, lines)
    # Whatever happens here, the bot does not go on asking where it stood.
    events += recording.leave(conversation, at=at)
    record_in(conversation, *events, *reply_events(lines), at=at)
    publishing.ring_conversation(conversation, urgent=True)
