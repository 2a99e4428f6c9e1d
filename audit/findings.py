"""What verification says: findings, each naming its place, and the report that holds them."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is wrong at a place."""

    ALTERED = "altered"  # an entry's fields do not give its digest
    MISSING = "missing"  # a number is left out
    LINK = "link"  # an entry does not follow the one before it
    STREAM = "stream"  # the stream's own row does not fit its entries
    CUT = "cut"  # a checkpoint holds an entry that is gone
    REMOVED = "removed"  # a checkpoint holds a stream that is gone
    REWRITTEN = "rewritten"  # a checkpoint holds another digest: the chain was computed anew
    CHECKPOINT = "checkpoint"  # a checkpoint itself is altered, missing or not ours
    GUARD = "guard"  # the database no longer refuses changes


@dataclass(frozen=True, slots=True)
class Finding:
    """One break: the first of its stream in a walk, or a fault that a checkpoint shows."""

    kind: Kind
    reason: str
    stream: str | None = None
    seq: int | None = None
    entry_id: int | None = None
    checkpoint: int | None = None

    def line(self) -> str:
        """The finding as one line for people."""
        place = [f"checkpoint {self.checkpoint}"] if self.checkpoint is not None else []
        if self.stream is not None:
            place.append(f"stream {self.stream}")
        if self.seq is not None:
            place.append(f"seq {self.seq}")
        if self.entry_id is not None:
            place.append(f"entry {self.entry_id}")
        return ": ".join((*filter(None, [", ".join(place)]), self.kind, self.reason))


@dataclass(slots=True)
class Report:
    """What was walked and found. `newer_entries` are held by no checkpoint yet: cutting them off would not show."""

    entries: int = 0
    streams: int = 0
    checkpoints: int = 0
    newest_checkpoint: int | None = None
    pending_checkpoints: list[int] = field(default_factory=list)
    newer_entries: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        """True when nothing at all was found."""
        return not self.findings

    @property
    def entries_per_second(self) -> float:
        """How fast the walk was; 0 before it ended."""
        return self.entries / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, findings in the order in which they were found."""
        return {
            "intact": self.is_intact,
            "entries": self.entries,
            "streams": self.streams,
            "checkpoints": self.checkpoints,
            "newest_checkpoint": self.newest_checkpoint,
            "pending_checkpoints": self.pending_checkpoints,
            "newer_entries": self.newer_entries,
            "seconds": round(self.seconds, 3),
            "entries_per_second": round(self.entries_per_second),
            "findings": [asdict(finding) for finding in self.findings],
        }
