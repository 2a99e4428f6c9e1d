"""The acts that the tests of the trail record, where and when they happen, and what a tamperer does to them."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from audit import chain, trail
from audit.findings import Kind
from audit.models import Entry, Stream
from audit.verification import verify

AT = datetime(2026, 1, 2, 3, 0, 0, 7, tzinfo=UTC)
CLINIC = UUID("6f1d9a70-0000-4000-8000-000000000001")
OTHER = UUID("6f1d9a70-0000-4000-8000-000000000002")
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


def entry(stream: trail.Stream, seq: int) -> Entry:
    return Entry.objects.get(stream__name=stream.name, seq=seq)


def cut_tail(tamper, stream: trail.Stream, *, keep: int) -> None:
    """Remove the end of a chain and set the stream's row to fit: no chain can show this by itself."""
    tamper(
        "DELETE FROM audit_entry WHERE seq > %s AND stream_id = (SELECT id FROM audit_stream WHERE name = %s)",
        keep,
        stream.name,
    )
    tamper(
        "UPDATE audit_stream SET head_seq = %s, head_digest = %s WHERE name = %s",
        keep, bytes(entry(stream, keep).digest), stream.name,
    )  # fmt: skip


def forge(tamper, stream: trail.Stream, seq: int, change: str = "outcome = 'refused'") -> None:
    """Alter an entry and compute the whole chain anew from there, as somebody with this very code could."""
    row = Stream.objects.get(name=stream.name)
    tamper(f"UPDATE audit_entry SET {change} WHERE stream_id = %s AND seq = %s", row.id, seq)  # noqa: S608
    head = bytes(entry(stream, seq).previous)
    for target in Entry.objects.filter(stream=row, seq__gte=seq).order_by("seq"):
        fields = chain.EntryFields(
            stream.name, target.seq, target.recorded, target.action, target.outcome, target.agent_kind, target.agent_id,
            target.agent_role, target.entity_kind, target.entity_id, str(target.clinic_id), str(target.conversation_id),
            target.detail, head,
        )  # fmt: skip
        digest = chain.entry_digest(fields)
        tamper("UPDATE audit_entry SET previous = %s, digest = %s WHERE id = %s", head, digest, target.id)
        head = digest
    tamper("UPDATE audit_stream SET head_digest = %s WHERE id = %s", head, row.id)


def found() -> list[tuple[Kind, str | None, int | None]]:
    return [(finding.kind, finding.stream, finding.seq) for finding in verify().findings]
