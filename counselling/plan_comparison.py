"""What differs between two versions of a safety plan, word by word, for a reader. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from triage.safety_plans import PARTS

_PIECES = re.compile(r"\s+|[^\s]+")
# Above this product of pieces a word-by-word comparison could keep a page waiting; the part is then shown whole.
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of text: in both versions (`same`), only in the later (`added`) or only in the earlier (`removed`)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """One part of the plan in two versions."""

    key: str
    stretches: tuple[Stretch, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return any(one.kind != "same" for one in self.stretches)


def compare(earlier: Mapping[str, str], later: Mapping[str, str]) -> list[PartChange]:
    """Every part, in the plan's order, as stretches that are the same, added or removed."""
    return [PartChange(key, tuple(stretches(earlier.get(key, ""), later.get(key, "")))) for key in PARTS]


def stretches(earlier: str, later: str) -> Iterator[Stretch]:
    """`later` with what was added, and what was removed from `earlier` in its place."""
    before, after = _PIECES.findall(earlier), _PIECES.findall(later)
    if earlier != later and len(before) * len(after) > _MOST:
        yield Stretch("removed", earlier)
        yield Stretch("added", later)
        return
    removed: list[str] = []
    added: list[str] = []
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for place, (tag, i, j, k, m) in enumerate(steps):
        is_gap = 0 < place < len(steps) - 1 and not "".join(after[k:m]).strip()
        if tag != "equal" or is_gap:  # two changed words read better as one change than with a lone space between
            removed += before[i:j]
            added += after[k:m]
            continue
        yield from _change(removed, added)
        removed, added = [], []
        yield _joined("same", after[k:m])
    yield from _change(removed, added)


def _change(removed: Sequence[str], added: Sequence[str]) -> Iterator[Stretch]:
    if removed:
        yield _joined("removed", removed)
    if added:
        yield _joined("added", added)


def _joined(kind: str, pieces: Sequence[str]) -> Stretch:
    return Stretch(kind, "".join(pieces))
