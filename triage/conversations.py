"""Opening and ending conversations."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from audit.trail import Agent, Event
from triage import alerts, locking, publishing, remembering, rows, talking
from triage.models import AlertState, Client, Conversation
from triage.screenings import recording
from triage.sealing import Seal, new_message_key
from triage.states import NotAllowed, State, Verb, transition
from triage.trail import record_in
from triage.writing import SYSTEM, bot_drafts, next_lines, reply_events

__all__ = ["NotAllowed", "close_idle", "end_by_client", "open_conversation"]


def open_conversation(client: Client, *, at: datetime) -> Conversation:
    """Open a new conversation of `client` with the bot's first words. Must run inside the caller's transaction."""
    conversation_id = uuid4()
    key = new_message_key(conversation_id)
    conversation = Conversation(
        id=conversation_id,
        clinic=client.clinic,
        client=client,
        message_key=key,
        is_rehearsal=client.is_rehearsal,
        started_at=at,
        changed_at=at,
        last_message_at=at,
    )
    replies = talking.opening(conversation)
    remembering.carry_over(conversation)
    conversation.save(force_insert=True)
    lines = next_lines(conversation, Seal(conversation_id, key), bot_drafts(replies), at=at)
    rows.store(conversation, lines)
    started = Event(
        "conversation.started",
        Agent("client", str(client.pk)),
        "conversation",
        str(conversation_id),
        detail={"rehearsal": client.is_rehearsal},
    )
    record_in(conversation, started, *reply_events(lines), at=at)
    publishing.ring_conversation(conversation)
    return conversation


def end_by_client(*, conversation_id: UUID, at: datetime) -> Conversation:
    """The client says goodbye. Only a conversation with the bot ends by that: one that a person was called for stays.

    Raises NotAllowed while waiting, with a counsellor, while an alert is not resolved, or closed.
    """
    with transaction.atomic(durable=True):
        conversation = locking.locked(conversation_id)
        move = transition(conversation.state, Verb.CLIENT_ENDS, by="client")
        if alerts.unresolved(conversation) is not None:
            raise NotAllowed(conversation.state, Verb.CLIENT_ENDS)
        _close(conversation, Event(move.action, Agent("client"), "conversation", str(conversation_id)), at=at)
    return conversation


def close_idle(*, at: datetime) -> int:
    """Close conversations that only the bot held and nobody has written in for `IDLE_CLOSE_HOURS`; returns how many.

    One whose alert is not resolved stays, so that no alert is closed away.
    """
    before = at - timedelta(hours=settings.IDLE_CLOSE_HOURS)
    idle = Conversation.objects.filter(state=State.WITH_BOT, last_message_at__lt=before)
    idle = idle.exclude(alerts__state__in=[AlertState.OPEN, AlertState.ACKNOWLEDGED])
    return sum(_close_one_idle(pk, before, at=at) for pk in idle.values_list("pk", flat=True)[:500])


def _close_one_idle(conversation_id: UUID, before: datetime, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        try:
            conversation = locking.locked(conversation_id, skip_locked=True)
        except locking.UnknownConversation:  # somebody works on it right now, so it is not idle
            return False
        # Read again under the lock: a message may have come since the list was made.
        is_idle = conversation.state == State.WITH_BOT and conversation.last_message_at < before
        if not is_idle or alerts.unresolved(conversation) is not None:
            return False
        move = transition(conversation.state, Verb.GO_IDLE, by="system")
        detail = {"why": "idle"}
        _close(conversation, Event(move.action, SYSTEM, "conversation", str(conversation_id), detail=detail), at=at)
    return True


def _close(conversation: Conversation, event: Event, *, at: datetime) -> None:
    conversation.state, conversation.closed_at, conversation.changed_at = State.CLOSED, at, at
    conversation.save(update_fields=["state", "closed_at", "changed_at"])
    record_in(conversation, *recording.leave(conversation, at=at), event, at=at)
    publishing.ring_conversation(conversation)
