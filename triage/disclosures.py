"""When a client is told again that software writes, and what the law lets it say at all (LAW-1, 7, 10, BOT-4).

Pure: the clock is passed in. The time of the last disclosure lies in the bot's position, so it is the client's and
not a tab's; every new conversation begins with a disclosure of its own.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from accounts.profiles import BotSays, Profile
from triage.bot.catalogue import Catalogue
from triage.bot.position import Position, Reply, Step

logger = logging.getLogger(__name__)

TOLD_AT = "told_at"  # seconds since 1970, in the position's memory
REMINDER = "controls.reminder"
# Texts that say by themselves that software writes (the lint holds it for the openings).
_DISCLOSES = ("welcome.", "are_you_real.", "hand_back.", "controls.automated", "holding.automated", "logistics.opening")
# All that software may say where the law leaves it nothing but logistics. No exercise hides among it.
_LOGISTICS = ("logistics.", "holding.")
_NOT_LOGISTICS = ("holding.grounding",)


def remind(
    law: Profile, step: Step, catalogue: Catalogue, *, began: datetime, locale: str, at: datetime
) -> tuple[tuple[Reply, ...], Position]:
    """The replies of `step`, after a reminder where one is due, and its position with the time of the disclosure."""
    told = step.position.memory.get(TOLD_AT)
    since = float(told) if isinstance(told, int) else began.timestamp()
    replies = step.replies
    if any(reply.key.startswith(_DISCLOSES) for reply in replies):
        since = at.timestamp()
    elif replies and at.timestamp() - since >= law.remind_after.total_seconds():
        text = catalogue.text(REMINDER, locale, variant=int(at.timestamp()) // 3600)
        replies = (Reply(text.key, text.version, text.digest, text.text), *replies)
        since = at.timestamp()
    memory = {**step.position.memory, TOLD_AT: int(since)}
    return replies, replace(step.position, memory=memory)


def lawful(law: Profile, replies: Iterable[Reply], *, conversation_id: UUID) -> tuple[Reply, ...]:
    """The replies without those that the law forbids; each of these is logged with the profile that refused it."""
    replies = tuple(replies)
    if law.bot is BotSays.CONTENT:
        return replies
    allowed = tuple(reply for reply in replies if is_logistics(reply.key))
    for reply in replies:
        if reply not in allowed:
            known = {"conversation": conversation_id, "profile": law.key, "content": reply.key}
            logger.error("bot reply refused by law", extra=known)
    return allowed


def is_logistics(key: str) -> bool:
    """Whether a text only says who is called and which numbers there are."""
    return key.startswith(_LOGISTICS) and not key.startswith(_NOT_LOGISTICS)
