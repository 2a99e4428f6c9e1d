"""Adding lines to a locked conversation: the next `seq`, the sealed text, the row. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Membership
from audit.trail import Agent, Event
from triage.bot.engine import Reply
from triage.models import Conversation, Message, Sender
from triage.sealing import Seal
from triage.transcripts import Line, line_of, message_place

BOT = Agent(kind="bot", id="triage-bot")
SYSTEM = Agent(kind="system", id="triage")


@dataclass(frozen=True, slots=True)
class Draft:
    """A line that is about to be stored."""

    sender: Sender
    text: str
    author: Membership | None = None
    client_ref: UUID | None = None
    reply: Reply | None = None


def bot_drafts(replies: Iterable[Reply], *, sender: Sender = Sender.BOT) -> list[Draft]:
    """Approved replies as lines. `sender` SYSTEM marks those that report what the service did."""
    return [Draft(sender=sender, text=reply.text, reply=reply) for reply in replies]


def next_lines(conversation: Conversation, seal: Seal, drafts: Sequence[Draft], *, at: datetime) -> list[Message]:
    """The rows for `drafts` with the next sequence numbers; moves the conversation's counters.

    The caller holds the conversation's lock and stores both with `rows.store`.
    """
    rows = []
    for draft in drafts:
        conversation.last_seq += 1
        rows.append(_row(conversation, seal, draft, at=at))
    if rows:
        conversation.last_message_at = conversation.changed_at = at
    return rows


def _row(conversation: Conversation, seal: Seal, draft: Draft, *, at: datetime) -> Message:
    reply = draft.reply
    content: dict[str, Any] = {}
    if reply is not None:
        content = {
            "content_key": reply.key,
            "content_version": reply.version,
            "content_digest": reply.digest,
            "choices": [{"key": choice.key, "label": choice.label} for choice in reply.choices],
            "card": reply.card,
            "exercise": reply.exercise,
        }
    return Message(
        conversation=conversation,
        seq=conversation.last_seq,
        sender=draft.sender,
        author=draft.author,
        client_ref=draft.client_ref,
        sealed_text=seal.seal(draft.text, place=message_place(conversation.last_seq)),
        sent_at=at,
        **content,
    )


def lines_of(rows: Sequence[Message], seal: Seal) -> list[Line]:
    """The stored rows as lines, so that a sender's own socket needs no second read."""
    return [line_of(row, seal) for row in rows]


def reply_events(rows: Iterable[Message]) -> list[Event]:
    """The audit events of what the bot or the system said: content key, version and digest, never the text."""
    events = []
    for row in rows:
        detail = {"seq": row.seq, "content": row.content_key, "version": row.content_version}
        detail["digest"] = row.content_digest
        # A notice ("a person has joined") is the service's, never the bot's: the trail must not show a bot that speaks
        # after a takeover.
        action, agent = ("notice.shown", SYSTEM) if row.sender == Sender.SYSTEM else ("bot.replied", BOT)
        events.append(Event(action, agent, "content", row.content_key, detail=detail))
        if row.card:
            events.append(Event("crisis_card.shown", BOT, "card", row.card, detail={"seq": row.seq}))
    return events
