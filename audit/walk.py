"""Walks the chains: every entry of every stream, in order, its digest computed anew."""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from audit.chain import EntryFields, entry_digest, genesis_digest
from audit.findings import Finding, Kind

_FETCH = 5_000

_STREAMS = """
SELECT id, name, clinic_id::text, conversation_id::text, head_seq, head_digest FROM audit_stream
WHERE %s::text IS NULL OR name = %s::text ORDER BY id
"""

# A tampered moment that Python cannot hold comes as NULL, so that it is a finding and not a crash.
_ENTRIES = """
SELECT e.stream_id, e.id, e.seq,
       CASE WHEN isfinite(e.recorded) AND e.recorded BETWEEN '0002-01-01Z' AND '9998-01-01Z' THEN e.recorded END,
       e.action, e.outcome, e.agent_kind, e.agent_id, e.agent_role, e.entity_kind, e.entity_id,
       e.clinic_id::text, e.conversation_id::text, e.detail, e.previous, e.digest
FROM audit_entry e
WHERE %s::text IS NULL OR e.stream_id = (SELECT id FROM audit_stream WHERE name = %s::text)
ORDER BY e.stream_id, e.seq
"""


class StreamRow(NamedTuple):
    """A stream as the database holds it."""

    id: int
    name: str
    clinic_id: str | None
    conversation_id: str | None
    head_seq: int
    head_digest: bytes

    def genesis(self) -> bytes:
        """What the stream's first entry must have as `previous`."""
        return genesis_digest(self.name, self.clinic_id, self.conversation_id)


Row = tuple[Any, ...]
Progress = Callable[[int], None]


def total_entries(stream: str | None) -> int:
    """How many entries the streams say they have: what a progress bar counts to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(head_seq), 0)::bigint FROM audit_stream WHERE %s::text IS NULL OR name = %s::text",
            [stream, stream],
        )
        return int(cursor.fetchone()[0])


class Walk:
    """One walk over all chains, or over one. Iterating gives the first break of each stream; counts grow meanwhile.

    Needs a transaction, because its cursors live on the server: memory does not grow with the trail.
    """

    def __init__(self, stream: str | None, progress: Progress) -> None:
        self.entries = 0
        self.streams = 0
        self._only = stream
        self._progress = progress

    def __iter__(self) -> Iterator[Finding]:
        with connection.cursor() as cursor:
            # The whole result is wanted, so PostgreSQL should plan for the last row and not for the first.
            cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
        streams = map(StreamRow._make, self._rows("audit_streams", _STREAMS))
        groups = groupby(self._counted(self._rows("audit_entries", _ENTRIES)), key=itemgetter(0))
        yield from self._merge(streams, groups)

    def _rows(self, name: str, sql: str) -> Iterator[Row]:
        # Binary: half the work of text, above all for digests.
        with connection.connection.cursor(name, binary=True) as cursor:
            cursor.itersize = _FETCH
            cursor.execute(sql, [self._only, self._only])
            yield from cursor

    def _counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.entries += 1
            if not self.entries % _FETCH:
                self._progress(_FETCH)
            yield row
        self._progress(self.entries % _FETCH)

    def _merge(self, streams: Iterator[StreamRow], groups: Iterator[tuple[int, Iterator[Row]]]) -> Iterator[Finding]:
        """Both sides come in order of the stream's id, so each is read once and neither is held."""
        stream = next(streams, None)
        for stream_id, rows in groups:
            while stream is not None and stream.id < stream_id:
                yield from self._check(stream, iter(()))
                stream = next(streams, None)
            if stream is None or stream.id != stream_id:
                row = next(rows)
                yield Finding(Kind.STREAM, "the row of its stream is gone", seq=row[2], entry_id=row[1])
                continue
            yield from self._check(stream, rows)
            stream = next(streams, None)
        while stream is not None:
            yield from self._check(stream, iter(()))
            stream = next(streams, None)

    def _check(self, stream: StreamRow, rows: Iterator[Row]) -> Iterator[Finding]:
        self.streams += 1
        if finding := first_break(stream, rows):
            yield finding


def first_break(stream: StreamRow, rows: Iterator[Row]) -> Finding | None:
    """The first place at which the stream's entries (rows of `_ENTRIES`, by seq) are not what was written."""
    head = stream.genesis()
    seq = 0
    name = stream.name
    for row in rows:
        seq += 1
        _, entry_id, found_seq, recorded, *_, previous, digest = row
        if found_seq != seq or previous != head:
            return _broken_link(stream, entry_id, found_seq, expected=seq)
        if recorded is None or entry_digest(EntryFields(name, *row[2:15])) != digest:
            return Finding(Kind.ALTERED, "its fields do not give its digest", name, seq, entry_id)
        if row[11] != stream.clinic_id or row[12] != stream.conversation_id:
            return Finding(Kind.STREAM, "its clinic or conversation is not its stream's", name, seq, entry_id)
        head = digest
    return _broken_head(stream, seq, head)


def _broken_link(stream: StreamRow, entry_id: int, found: int, *, expected: int) -> Finding:
    if found > expected:
        return Finding(Kind.MISSING, f"gone; the next entry is seq {found} (entry {entry_id})", stream.name, expected)
    if found < expected:
        return Finding(Kind.LINK, "its number is out of order", stream.name, found, entry_id)
    return Finding(Kind.LINK, "it does not follow the entry before it", stream.name, found, entry_id)


def _broken_head(stream: StreamRow, seq: int, head: bytes) -> Finding | None:
    if stream.head_seq > seq:
        reason = f"gone; the stream had {stream.head_seq} entries and has {seq}"
        return Finding(Kind.MISSING, reason, stream.name, seq + 1)
    if stream.head_seq < seq:
        reason = f"the stream's row says it ends at {stream.head_seq}"
        return Finding(Kind.STREAM, reason, stream.name, stream.head_seq + 1)
    if stream.head_digest != head:
        return Finding(Kind.STREAM, "the stream's row holds another digest than its last entry", stream.name, seq)
    return None
