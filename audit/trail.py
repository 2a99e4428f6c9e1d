"""Writing to the trail. An act and its entries stand or fall together: `record` needs the act's transaction.

Lock order: the conversation's row, then its stream, then the clinic's stream, then the service's stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.numeric import Int8

from audit.actions import MEANINGS
from audit.chain import EntryFields, NotCanonical, canonical_json, entry_digest, genesis_digest

AGENT_KINDS = frozenset({"human", "bot", "model", "system", "client"})
OUTCOMES = frozenset({"success", "refused", "failed"})
STRING_LIMIT = 512
DETAIL_LIMIT = 65_536


class OutsideTransaction(RuntimeError):
    """`record` was called without a transaction, so the act could happen without its entry."""


class UnknownAction(ValueError):
    """The action is not in `audit.actions`."""


class EventRefused(ValueError):
    """An event holds something that the trail does not take: odd words, overlong text, values without an exact form."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acted. `id` is a member's, bot's, model's or client's id, never a name."""

    kind: str
    id: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `detail` holds ids, versions, digests and numbers; never anybody's words."""

    action: str
    agent: Agent
    entity_kind: str = ""
    entity_id: str = ""
    outcome: str = "success"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """Which chain to write to."""

    name: str
    clinic_id: UUID | None = None
    conversation_id: UUID | None = None


SERVICE_STREAM = Stream("service")


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def clinic_stream(clinic_id: UUID | str) -> Stream:
    """The chain of a clinic: sign-ins, roles, settings, lists that were read."""
    clinic = _uuid(clinic_id)
    return Stream(f"clinic:{clinic}", clinic)


def conversation_stream(*, clinic_id: UUID | str, conversation_id: UUID | str) -> Stream:
    """The chain of a conversation. Conversations never queue behind each other."""
    conversation = _uuid(conversation_id)
    return Stream(f"conversation:{conversation}", _uuid(clinic_id), conversation)


# Both statements have one constant text, so that PostgreSQL plans each of them once a connection.
# FOR NO KEY UPDATE, because the entries' foreign key takes a key-share lock on the same row.
_LOCK_HEAD = """
WITH present AS (
    SELECT id, head_seq, head_digest FROM audit_stream WHERE name = %s::text FOR NO KEY UPDATE
), created AS (
    INSERT INTO audit_stream (name, clinic_id, conversation_id, head_seq, head_digest)
    SELECT %s::text, %s::uuid, %s::uuid, 0, %s::bytea WHERE NOT EXISTS (SELECT 1 FROM present)
    ON CONFLICT (name) DO NOTHING
    RETURNING id, head_seq, head_digest
)
SELECT id, head_seq, head_digest FROM present UNION ALL SELECT id, head_seq, head_digest FROM created
"""

_APPEND = """
WITH appended AS (
    INSERT INTO audit_entry (stream_id, seq, recorded, action, outcome, agent_kind, agent_id, agent_role,
                             entity_kind, entity_id, clinic_id, conversation_id, detail, previous, digest)
    SELECT %s::bigint, %s::bigint + e.place, %s::timestamptz, e.action, e.outcome, e.agent_kind, e.agent_id,
           e.agent_role, e.entity_kind, e.entity_id, %s::uuid, %s::uuid, e.detail, e.previous, e.digest
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::bytea[], %s::bytea[]) WITH ORDINALITY
         AS e(action, outcome, agent_kind, agent_id, agent_role, entity_kind, entity_id, detail,
              previous, digest, place)
)
UPDATE audit_stream SET head_seq = %s::bigint, head_digest = %s::bytea WHERE id = %s::bigint
"""


def record(stream: Stream, *events: Event, at: datetime) -> None:
    """Append `events` to `stream`, in order, in two SQL statements however many they are.

    `at` is the moment of the act (aware); entries are ordered by `seq`, so a clock that steps back harms nothing.
    Holds the stream's row until the transaction ends. Raises OutsideTransaction, UnknownAction or EventRefused.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("audit.record needs the transaction of the act it records")
    if at.tzinfo is None:
        raise EventRefused("the moment of an event needs a time zone")
    if not events:
        raise EventRefused("nothing to record")
    details = [_checked_detail(event) for event in events]
    stream_id, seq, head = _lock_head(stream)
    entries = _link(stream, events, details, seq=seq, head=head, at=at)
    _append(stream_id, stream, entries, at=at)


def _checked_detail(event: Event) -> str:
    """The stored text of an event's detail, after its words were found to be ones that the trail knows."""
    if event.action not in MEANINGS:
        raise UnknownAction(f"{event.action!r} is not in audit.actions")
    if event.agent.kind not in AGENT_KINDS:
        raise EventRefused(f"{event.action}: unknown kind of agent {event.agent.kind!r}")
    if event.outcome not in OUTCOMES:
        raise EventRefused(f"{event.action}: unknown outcome {event.outcome!r}")
    for name, text in (
        ("agent.id", event.agent.id),
        ("agent.role", event.agent.role),
        ("entity_kind", event.entity_kind),
        ("entity_id", event.entity_id),
    ):
        _check_text(event.action, name, text)
    return _detail_text(event)


def _check_text(action: str, name: str, text: object) -> None:
    if not isinstance(text, str):
        raise EventRefused(f"{action}: {name} is {type(text).__name__}, not text")
    # PostgreSQL's text holds no NUL, and isprintable() also finds lone surrogates.
    if len(text) > STRING_LIMIT or not text.isprintable():
        raise EventRefused(f"{action}: {name} is longer than {STRING_LIMIT} characters or not printable")


def _detail_text(event: Event) -> str:
    try:
        text = canonical_json(dict(event.detail))
    except NotCanonical as error:
        raise EventRefused(f"{event.action}: detail: {error}") from error
    if len(text) > DETAIL_LIMIT:
        raise EventRefused(f"{event.action}: detail is longer than {DETAIL_LIMIT} characters")
    if len(text) > STRING_LIMIT and _has_long_string(event.detail):
        # Long text is somebody's words, and words have no place in a trail that outlives their erasure.
        raise EventRefused(f"{event.action}: detail holds a string longer than {STRING_LIMIT} characters")
    return text


def _has_long_string(value: object) -> bool:
    if isinstance(value, str):
        return len(value) > STRING_LIMIT
    if isinstance(value, Mapping):
        return any(_has_long_string(part) for item in value.items() for part in item)
    if isinstance(value, list | tuple):
        return any(_has_long_string(item) for item in value)
    return False


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _lock_head(stream: Stream) -> tuple[int, int, bytes]:
    """Lock the end of the stream, creating the stream at its first entry: (row id, last seq, last digest)."""
    genesis = genesis_digest(stream.name, _text(stream.clinic_id), _text(stream.conversation_id))
    parameters = [stream.name, stream.name, stream.clinic_id, stream.conversation_id, genesis]
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LOCK_HEAD, parameters)
            if row := cursor.fetchone():
                return row[0], row[1], bytes(row[2])
            # Another transaction created the stream between this statement's snapshot and its insert;
            # it has committed by now, so the next snapshot shows it.


def _link(
    stream: Stream, events: Sequence[Event], details: Sequence[str], *, seq: int, head: bytes, at: datetime
) -> list[tuple[EntryFields, bytes]]:
    linked = []
    clinic_id, conversation_id = _text(stream.clinic_id), _text(stream.conversation_id)
    for event, detail in zip(events, details, strict=True):
        seq += 1
        agent = event.agent
        entry = EntryFields(
            stream.name, seq, at, event.action, event.outcome, agent.kind, agent.id, agent.role,
            event.entity_kind, event.entity_id, clinic_id, conversation_id, detail, head,
        )  # fmt: skip
        head = entry_digest(entry)
        linked.append((entry, head))
    return linked


def _append(stream_id: int, stream: Stream, linked: Sequence[tuple[EntryFields, bytes]], *, at: datetime) -> None:
    entries = [entry for entry, _ in linked]
    digests = [digest for _, digest in linked]
    # Int8: the parameter's type must not follow the number's size, or the prepared statement would be another one.
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                Int8(stream_id), Int8(entries[0].seq - 1), at, stream.clinic_id, stream.conversation_id,
                [entry.action for entry in entries],
                [entry.outcome for entry in entries],
                [entry.agent_kind for entry in entries],
                [entry.agent_id for entry in entries],
                [entry.agent_role for entry in entries],
                [entry.entity_kind for entry in entries],
                [entry.entity_id for entry in entries],
                [entry.detail for entry in entries],
                [entry.previous for entry in entries],
                digests,
                Int8(entries[-1].seq), digests[-1], Int8(stream_id),
            ],
        )  # fmt: skip
