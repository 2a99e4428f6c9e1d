"""Checks the trail against its checkpoints: those in the database and those in the folder outside it.

Only a checkpoint shows that the end of a chain was cut off, that a stream was removed whole, or that a chain was
computed anew from some entry on.
"""

import json
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.db import connection

from audit import checkpoint_folder, checkpoints, signing
from audit.findings import Finding, Kind
from audit.models import Checkpoint
from audit.statements import NO_CHECKPOINT, Leaf, Statement
from audit.trail import SERVICE_STREAM

_BATCH = 5_000

_BROKEN_LEAVES = """
SELECT l.place, s.id IS NULL, e.id, e.digest
FROM unnest(%s::text[], %s::bigint[], %s::bytea[]) WITH ORDINALITY AS l(name, seq, digest, place)
LEFT JOIN audit_stream s ON s.name = l.name
LEFT JOIN audit_entry e ON e.stream_id = s.id AND e.seq = l.seq
WHERE e.digest IS DISTINCT FROM l.digest
ORDER BY l.place
"""

_RECORDED = """
SELECT e.seq, e.id, e.detail FROM audit_entry e JOIN audit_stream s ON s.id = e.stream_id
WHERE s.name = %s AND e.action = 'audit.checkpoint_written' ORDER BY e.seq
"""

_NEWER = """
SELECT COALESCE(sum(greatest(s.head_seq - COALESCE(l.seq, 0), 0)), 0)::bigint
FROM audit_stream s
LEFT JOIN (SELECT stream_name, max(seq) AS seq FROM audit_checkpointleaf GROUP BY stream_name) l
       ON l.stream_name = s.name
WHERE %s::text IS NULL OR s.name = %s::text
"""


def newer_entries(stream: str | None) -> int:
    """How many entries no checkpoint holds yet."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWER, [stream, stream])
        return int(cursor.fetchone()[0])


class Witnesses:
    """One pass over all checkpoints, oldest first. Iterating gives what they show; `digests` grows meanwhile.

    Made at the start of the frozen view: rows are read before the folder, so every row's file must be there. A file
    beyond the newest row, of which the trail knows nothing, is in the making or left by a crash: `pending`, no break.
    """

    def __init__(self, *, folder: Path, trusted: frozenset[bytes], stream: str | None) -> None:
        self.digests: dict[int, bytes] = {}
        self._folder = folder
        self._trusted = trusted
        self._only = stream
        self._accused: set[str] = set()
        self._stored = set(Checkpoint.objects.values_list("number", flat=True))
        self._recorded = _recorded_checkpoints()
        self._filed = checkpoint_folder.numbers_in(folder)
        committed = self._stored | {number for *_, number, _ in self._recorded}
        self.pending = sorted(number for number in self._filed if number > max(committed, default=0))

    def __iter__(self) -> Iterator[Finding]:
        expected = 1
        previous: bytes | None = NO_CHECKPOINT
        for number in sorted(self._filed | self._stored):
            if number > expected:
                yield _fault(expected, f"gone from the database and from the folder; the next one is {number}")
            yield from self._missing(number)
            statements = yield from self._read(number)
            sound = yield from self._judge(number, statements, previous if number == expected else None)
            for statement in sound:
                yield from self._check_leaves(statement)
            expected, previous = number + 1, self.digests.get(number)
        if self._only in (None, SERVICE_STREAM.name):
            yield from self._check_recorded()

    def _read(self, number: int) -> Generator[Finding, None, dict[str, Statement]]:
        """What the database and the folder hold of a checkpoint, by place."""
        statements = {}
        if number in self._stored:
            checkpoint = Checkpoint.objects.get(number=number)
            statements["database"] = checkpoints.statement_of(checkpoint)
            if bytes(checkpoint.digest) != statements["database"].digest():
                yield _fault(number, "in the database: its fields do not give its digest")
        if number in self._filed:
            try:
                statements["file"] = checkpoint_folder.read(self._folder, number)
            except checkpoint_folder.FileRefused as error:
                yield _fault(number, f"its file is {error.reason}")
        return statements

    def _judge(
        self, number: int, statements: dict[str, Statement], previous: bytes | None
    ) -> Generator[Finding, None, list[Statement]]:
        """The statements that hold, each once. The one outside the database is the stronger witness."""
        sound = {}
        if len(statements) == 2 and statements["database"] != statements["file"]:
            yield _fault(number, "the file and the database differ")
        for place, statement in statements.items():
            faults = list(self._faults(number, statement, previous))
            for fault in faults:
                yield _fault(number, f"in the {place}: {fault}")
            if not faults:
                self.digests[number] = statement.digest()
                sound[statement.digest()] = statement
        return list(sound.values())

    def _missing(self, number: int) -> Iterator[Finding]:
        if number not in self._stored and number not in self.pending:
            yield _fault(number, "gone from the database; its file is there")
        elif number not in self._filed:
            yield _fault(number, "its file is gone; the database holds it")

    def _faults(self, number: int, statement: Statement, previous: bytes | None) -> Iterator[str]:
        yield from statement.faults()
        if statement.public_key not in self._trusted:
            yield f"signed with an unknown key (key id {signing.key_id(statement.public_key)})"
        if statement.number != number:
            yield f"it calls itself number {statement.number}"
        if previous is not None and statement.previous != previous:
            yield "it does not follow the checkpoint before it"

    def _check_leaves(self, statement: Statement) -> Iterator[Finding]:
        leaves = (leaf for leaf in statement.leaves if self._only in (None, leaf.stream))
        while batch := list(islice(leaves, _BATCH)):
            yield from self._check_batch(statement.number, batch)

    def _check_batch(self, number: int, batch: list[Leaf]) -> Iterator[Finding]:
        with connection.cursor() as cursor:
            cursor.execute(_BROKEN_LEAVES, [list(column) for column in zip(*batch, strict=True)])
            broken = cursor.fetchall()
        for place, is_stream_gone, entry_id, digest in broken:
            leaf = batch[place - 1]
            # The first checkpoint that disagrees is the closest to the break; later ones only repeat it.
            if leaf.stream not in self._accused:
                self._accused.add(leaf.stream)
                yield _broken_leaf(leaf, number, is_stream_gone, entry_id, digest)

    def _check_recorded(self) -> Iterator[Finding]:
        """The trail itself tells which checkpoints were written, so the newest cannot vanish from both places."""
        for seq, entry_id, number, digest in self._recorded:
            if self.digests.get(number) != digest:
                reason = "the trail recorded a checkpoint that is gone or was another"
                yield Finding(Kind.CHECKPOINT, reason, SERVICE_STREAM.name, seq, entry_id, number)


def _fault(number: int, reason: str) -> Finding:
    return Finding(Kind.CHECKPOINT, reason, checkpoint=number)


def _broken_leaf(leaf: Leaf, number: int, is_stream_gone: bool, entry_id: int | None, digest: bytes | None) -> Finding:
    if is_stream_gone:
        return Finding(
            Kind.REMOVED, f"the whole stream of {leaf.seq} entries is gone", leaf.stream, leaf.seq, None, number
        )
    if digest is None:
        return Finding(Kind.CUT, "the entry that the checkpoint holds is gone", leaf.stream, leaf.seq, None, number)
    reason = "the checkpoint holds another digest: the chain was computed anew up to here"
    return Finding(Kind.REWRITTEN, reason, leaf.stream, leaf.seq, entry_id, number)


def _recorded_checkpoints() -> list[tuple[int, int, int, bytes]]:
    """What the service's stream says was written: (seq, entry id, number, digest)."""
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, [SERVICE_STREAM.name])
        return [(seq, entry_id, *parsed) for seq, entry_id, detail in cursor.fetchall() if (parsed := _parse(detail))]


def _parse(detail: str) -> tuple[int, bytes] | None:
    try:
        parsed = json.loads(detail)
        return int(parsed["number"]), bytes.fromhex(parsed["digest"])
    except (KeyError, TypeError, ValueError):
        return None  # an entry altered this far is named by the walk


def trusted_keys(extra: Iterable[bytes]) -> frozenset[bytes]:
    """Given keys alone if there are any (a checker brings their own), else this service's."""
    return frozenset(extra) or frozenset({signing.public_key()})
