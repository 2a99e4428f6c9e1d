"""The acts that the tests of the trail record, and where and when they happen."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from audit import trail

AT = datetime(2026, 1, 2, 3, 0, 0, 7, tzinfo=UTC)
CLINIC = UUID("6f1d9a70-0000-4000-8000-000000000001")
CONVERSATION = UUID("6f1d9a70-0000-4000-8000-0000000000c1")
BOT = trail.Agent("bot", "flow-1")
COUNSELLOR = trail.Agent("human", "member-7", "counsellor")


def reply(number: int = 1) -> trail.Event:
    return trail.Event("bot.replied", BOT, "message", f"m-{number}", detail={"key": "welcome", "version": number})


def takeover() -> trail.Event:
    return trail.Event("conversation.taken_over", COUNSELLOR, "conversation", str(CONVERSATION))


def write(stream: trail.Stream, *events: trail.Event, at: datetime = AT) -> None:
    """One act with its entries, committed."""
    with transaction.atomic():
        trail.record(stream, *events, at=at)
