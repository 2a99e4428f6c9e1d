"""What a turn leaves in a client's memory: a mood, an exercise that helped, one left in the middle.

Most turns leave nothing and cost a comparison; what is kept is kept in the turn's own transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.trail import Agent, Event
from triage import serving
from triage.bot.offers import NO_BREATH
from triage.bot.position import BadPosition, Position, Reply
from triage.models import ClientMemory, Conversation, MoodCheck

# What the bot says once it has been told a number, by how high it is.
_MOOD_SAID = frozenset({"mood_check.high", "mood_check.middle", "mood_check.low"})
_HELPED, _NOT_HELPED = "better", frozenset({"worse_once", "worse_again"})
# Whoever stands at one of these has done every step of the exercise.
_DONE = frozenset({"after", "worse_once", "worse_again"})


@dataclass(frozen=True, slots=True)
class News:
    """What one turn says about the client that was not known before. `unfinished` None: nothing new."""

    mood: int | None = None
    helped: frozenset[str] = frozenset()
    not_helped: frozenset[str] = frozenset()
    unfinished: str | None = None

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING = News()


def remember(conversation: Conversation, before: Any, replies: Iterable[Reply], *, at: datetime) -> list[Event]:
    """Keep what this turn says about the client; returns the events for the trail, names of fields and never values.

    `before` is the bot position as it was stored before the turn. The caller holds the conversation's lock and records
    the events in the same transaction. Nothing is kept of a client who does not want it.
    """
    news = _news(conversation, before, replies)
    if not news:
        return []
    memory, _ = ClientMemory.objects.select_for_update(no_key=True).get_or_create(
        client_id=conversation.client_id, defaults={"changed_at": at}
    )
    if memory.is_off:
        return []
    fields = []
    if news.mood is not None:
        MoodCheck.objects.create(client_id=conversation.client_id, value=news.mood, at=at)
        fields.append("mood")
    helped = [key for key in memory.helped if key not in news.helped | news.not_helped] + sorted(news.helped)
    if helped != memory.helped:
        memory.helped = helped
        fields.append("helped")
    if news.unfinished is not None and news.unfinished != memory.unfinished:
        memory.unfinished = news.unfinished
        fields.append("unfinished")
    if not fields:
        return []
    memory.changed_at = at
    memory.save(update_fields=["helped", "unfinished", "changed_at"])
    client = str(conversation.client_id)
    return [Event("memory.changed", Agent("client", client), "client", client, detail={"fields": fields})]


def carry_over(conversation: Conversation) -> None:
    """Let a new conversation begin with the client's wishes, which the bot reads from its position."""
    wishes = ClientMemory.objects.filter(client_id=conversation.client_id).values_list("no_breath", flat=True)
    set_wish(conversation, no_breath=bool(wishes.first()))


def set_wish(conversation: Conversation, *, no_breath: bool) -> None:
    """Write the wish into the position, where the offers look for it. The caller saves the conversation."""
    position = conversation.bot_position
    if position is None:
        return
    memory = {name: value for name, value in position["memory"].items() if name != NO_BREATH}
    conversation.bot_position = position | {"memory": memory | ({NO_BREATH: 1} if no_breath else {})}


def _news(conversation: Conversation, before: Any, replies: Iterable[Reply]) -> News:
    after = conversation.bot_position
    if not replies or after is None or after is before:
        return _NOTHING
    said = [reply.key.partition(".")[::2] for reply in replies]
    mood = after["memory"].get("mood") if any(".".join(key) in _MOOD_SAID for key in said) else None
    left, stands = _under_way(conversation, before), _under_way(conversation, after)
    return News(
        mood=mood if isinstance(mood, int) else None,
        helped=frozenset(key for key, node in said if node == _HELPED and _is_exercise(conversation, key)),
        not_helped=frozenset(key for key, node in said if node in _NOT_HELPED and _is_exercise(conversation, key)),
        # What a call for a person broke off stays unfinished: nobody chose to leave it.
        unfinished=stands if left is not None and stands != left else None,
    )


def _under_way(conversation: Conversation, stored: Any) -> str | None:
    """The exercise that the client is in the middle of, empty for none; None where holding content hides it."""
    try:
        position = Position.from_json(stored)
    except BadPosition:
        return ""
    flow = str(position.memory.get("return_flow", "")) or position.flow
    node = str(position.memory.get("return_node", "")) or position.node
    item = serving.catalogue_for(conversation.clinic_id).find(flow, conversation.client.locale)
    if item is None or not item.is_flow:
        return None
    return flow if item.kind == "exercise" and node not in {item.start, *_DONE} else ""


def _is_exercise(conversation: Conversation, key: str) -> bool:
    item = serving.catalogue_for(conversation.clinic_id).find(key, conversation.client.locale)
    return item is not None and item.kind == "exercise"
