"""Proves that nobody altered the trail, or names where: all chains, all checkpoints, one frozen view of the data."""

import time
from collections.abc import Iterable
from pathlib import Path

from django.db import connection, transaction

from audit import checkpoints
from audit.findings import Report
from audit.guards import missing_guards
from audit.models import CheckpointLeaf, Stream
from audit.patience import be_patient
from audit.walk import Progress, Walk, total_entries
from audit.witnesses import Witnesses, newer_entries, trusted_keys

__all__ = ["UnknownStream", "total_entries", "verify"]


class UnknownStream(LookupError):
    """Neither the trail nor any checkpoint knows a stream of this name."""


def _no_progress(count: int) -> None:
    """For callers that show none."""


def verify(
    *,
    stream: str | None = None,
    folder: Path | None = None,
    public_keys: Iterable[bytes] = (),
    progress: Progress = _no_progress,
) -> Report:
    """Walk all chains, or the one named `stream`, and hold them against the checkpoints.

    `folder` holds checkpoint files (by default the service's own); `public_keys` are the only trusted ones if given
    (after a change of key: the old and the new one). Raises UnknownStream.
    """
    report = Report()
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            # Acts go on while this runs; all queries must see the same moment.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        be_patient()
        _verify(report, stream, folder or checkpoints.folder(), trusted_keys(public_keys), progress)
    return report


def _verify(report: Report, stream: str | None, folder: Path, trusted: frozenset[bytes], progress: Progress) -> None:
    if stream is not None and not _is_known(stream):
        raise UnknownStream(f"no stream {stream!r} in the trail or its checkpoints")
    witnesses = Witnesses(folder=folder, trusted=trusted, stream=stream)
    start = time.perf_counter()
    walk = Walk(stream, progress)
    report.findings.extend(walk)
    report.entries, report.streams = walk.entries, walk.streams
    # The rate is the chains' alone: checkpoints are few.
    report.seconds = time.perf_counter() - start
    report.findings.extend(witnesses)
    report.findings.extend(missing_guards())
    report.pending_checkpoints = witnesses.pending
    report.checkpoints = len(witnesses.digests)
    report.newest_checkpoint = max(witnesses.digests, default=None)
    report.newer_entries = newer_entries(stream)


def _is_known(stream: str) -> bool:
    return Stream.objects.filter(name=stream).exists() or CheckpointLeaf.objects.filter(stream_name=stream).exists()
