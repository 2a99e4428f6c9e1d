"""Signed checkpoints: where every stream stood, kept in the database and in a file outside it.

The file comes first, the rows' commit after it. A file only states what is committed already, so it is true even if the
process dies in between; the next attempt adopts it. Rows without a file could never be told from a deleted witness.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from audit import checkpoint_folder, signing, trail
from audit.models import Checkpoint, CheckpointLeaf
from audit.patience import be_patient
from audit.statements import NO_CHECKPOINT, Leaf, Statement, seal

_LOCK = 0x41554449  # "AUDI": the advisory lock that one checkpoint writer holds
_LEAF_BATCH = 5_000

_MOVED = """
SELECT s.name, s.head_seq, s.head_digest, s.head_seq - COALESCE(l.seq, 0)
FROM audit_stream s
LEFT JOIN LATERAL (
    SELECT seq FROM audit_checkpointleaf WHERE stream_name = s.name ORDER BY seq DESC LIMIT 1
) l ON true
WHERE s.head_seq > COALESCE(l.seq, 0)
"""


class CheckpointInProgress(RuntimeError):
    """Another process is writing a checkpoint right now; nothing was written here."""


class CheckpointsDiverge(RuntimeError):
    """The files outside and the rows inside the database do not continue each other; a person has to look."""


def folder() -> Path:
    """The folder outside the database that holds the signed files."""
    return Path(settings.AUDIT_CHECKPOINT_DIR)


def write_checkpoint(*, at: datetime) -> Checkpoint:
    """Sign the heads of all streams that moved since their last checkpoint, write the file, then the rows.

    Also adopts a file that a crashed attempt left without rows. A checkpoint in which nothing moved is written all the
    same: it shows that the clock ran. Raises CheckpointInProgress, CheckpointsDiverge, or OSError if the folder fails.
    """
    with transaction.atomic(durable=True):
        _take_lock()
        newest = _adopt_files(Checkpoint.objects.order_by("-number").first(), at=at)
        statement = _seal_moved(newest, at=at)
        checkpoint_folder.write(folder(), statement)
        return _store(statement, at=at, adopted=False)


def restore_files() -> list[int]:
    """Write the missing files of checkpoints that the database still holds, for a new or emptied folder.

    Returns their numbers. Raises CheckpointsDiverge if the rows of one no longer hold, and CheckpointInProgress.
    """
    with transaction.atomic(durable=True):
        _take_lock()
        present = checkpoint_folder.numbers_in(folder())
        missing = Checkpoint.objects.exclude(number__in=present).order_by("number")
        return [_restore(checkpoint) for checkpoint in missing]


def _restore(checkpoint: Checkpoint) -> int:
    statement = statement_of(checkpoint)
    if fault := next(statement.faults(), None):
        raise CheckpointsDiverge(f"checkpoint {checkpoint.number} in the database: {fault}")
    checkpoint_folder.write(folder(), statement)
    return checkpoint.number


def statement_of(checkpoint: Checkpoint) -> Statement:
    """What the database holds of a checkpoint, in the form in which it was signed."""
    leaves = checkpoint.leaves.order_by("position").values_list("stream_name", "seq", "digest")
    return Statement(
        number=checkpoint.number,
        previous=bytes(checkpoint.previous),
        root=bytes(checkpoint.root),
        leaf_count=checkpoint.leaf_count,
        entry_count=checkpoint.entry_count,
        written_at=checkpoint.written_at,
        public_key=bytes(checkpoint.public_key),
        signature=bytes(checkpoint.signature),
        leaves=tuple(Leaf(name, seq, bytes(digest)) for name, seq, digest in leaves.iterator(_LEAF_BATCH)),
    )


def _take_lock() -> None:
    be_patient()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise CheckpointInProgress("another process is writing a checkpoint")


def _adopt_files(newest: Checkpoint | None, *, at: datetime) -> Checkpoint | None:
    """Take over what was signed and written outside but never committed here."""
    numbers = checkpoint_folder.numbers_in(folder())
    while (number := _next_number(newest)) in numbers:
        statement = _adoptable(number, newest)
        newest = _store(statement, at=at, adopted=True)
    if numbers and max(numbers) > number:
        raise CheckpointsDiverge(f"the folder holds checkpoint {max(numbers)}, but checkpoint {number} is missing")
    return newest


def _adoptable(number: int, newest: Checkpoint | None) -> Statement:
    statement = checkpoint_folder.read(folder(), number)
    for fault in _faults_as_successor(statement, number, newest):
        raise CheckpointsDiverge(f"the file of checkpoint {number} is not ours to adopt: {fault}")
    return statement


def _faults_as_successor(statement: Statement, number: int, newest: Checkpoint | None) -> Iterator[str]:
    yield from statement.faults()
    if statement.public_key != signing.public_key():
        yield "it was signed with another key"
    if statement.number != number or statement.previous != _digest_of(newest):
        yield "it does not continue the newest checkpoint of the database"


def _next_number(newest: Checkpoint | None) -> int:
    return 1 if newest is None else newest.number + 1


def _digest_of(newest: Checkpoint | None) -> bytes:
    return NO_CHECKPOINT if newest is None else bytes(newest.digest)


def _seal_moved(newest: Checkpoint | None, *, at: datetime) -> Statement:
    with connection.cursor() as cursor:
        cursor.execute(_MOVED)
        rows = cursor.fetchall()
    return seal(
        number=_next_number(newest),
        previous=_digest_of(newest),
        leaves=[Leaf(name, seq, bytes(digest)) for name, seq, digest, _ in rows],
        entry_count=sum(new for *_, new in rows),
        written_at=at,
    )


def _store(statement: Statement, *, at: datetime, adopted: bool) -> Checkpoint:
    checkpoint = Checkpoint.objects.create(
        number=statement.number,
        previous=statement.previous,
        root=statement.root,
        leaf_count=statement.leaf_count,
        entry_count=statement.entry_count,
        written_at=statement.written_at,
        public_key=statement.public_key,
        digest=statement.digest(),
        signature=statement.signature,
    )
    CheckpointLeaf.objects.bulk_create(
        (
            CheckpointLeaf(checkpoint=checkpoint, position=place, stream_name=name, seq=seq, digest=digest)
            for place, (name, seq, digest) in enumerate(statement.leaves)
        ),
        batch_size=_LEAF_BATCH,
    )
    _record_written(statement, at=at, adopted=adopted)
    return checkpoint


def _record_written(statement: Statement, *, at: datetime, adopted: bool) -> None:
    detail = {"number": statement.number, "digest": statement.digest().hex(), "leaves": statement.leaf_count}
    event = trail.Event(
        "audit.checkpoint_written",
        trail.Agent("system", "checkpoint"),
        "checkpoint",
        str(statement.number),
        detail={**detail, "adopted": adopted},
    )
    trail.record(trail.SERVICE_STREAM, event, at=at)
