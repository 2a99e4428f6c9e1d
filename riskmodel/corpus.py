"""The corpus of written example messages: reads it, and finds what is wrong with it."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from riskmodel.levels import CATEGORIES, LADDER, Level
from riskmodel.normalising import normalise

FOLDER = Path(__file__).resolve().parent / "corpus"
SPLITS = ("train", "calibrate", "test")
_FIELDS = {"id", "text", "level", "categories", "tags", "family", "split"}
_LEAST_ROWS_A_LEVEL = 20


class CorpusError(ValueError):
    """A corpus file cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example. Rows of one `family` say nearly the same and stay in one split."""

    id: str
    text: str
    level: Level
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    family: str
    split: str


def read_corpus(folder: Path = FOLDER) -> list[Row]:
    """Every row of every `*.jsonl` in `folder`, in the order of file names and lines. Raises CorpusError."""
    rows: list[Row] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                rows.append(read_row(line, f"{path.name} line {number}"))
    if not rows:
        raise CorpusError(f"no rows in {folder.name}")
    return rows


def read_row(line: str, place: str) -> Row:
    """One line of a corpus file. Raises CorpusError, which begins with `place`."""
    try:
        fields = json.loads(line)
        missing = _FIELDS - fields.keys()
        if missing:
            raise CorpusError(f"{place}: missing {', '.join(sorted(missing))}")
        level, categories, split = Level(fields["level"]), tuple(fields["categories"]), fields["split"]
    except CorpusError:
        raise
    except (ValueError, AttributeError, TypeError) as error:
        raise CorpusError(f"{place}: {error}") from None
    strange = set(categories) - set(CATEGORIES)
    if strange or level not in LADDER or split not in SPLITS or not str(fields["text"]).strip():
        raise CorpusError(f"{place}: unknown category, level or split, or no text")
    return Row(fields["id"], fields["text"], level, categories, tuple(fields["tags"]), fields["family"], split)


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 over all rows in order."""
    whole = hashlib.sha256()
    for row in rows:
        parts = [row.id, row.text, row.level, row.categories, row.tags, row.family, row.split]
        whole.update(json.dumps(parts, ensure_ascii=True).encode() + b"\n")
    return whole.hexdigest()


def find_faults(rows: Sequence[Row]) -> list[str]:
    """Duplicates, conflicting labels, leaks between splits, and levels with too few rows, each as one sentence."""
    faults = [f"id {name} is used {n} times" for name, n in Counter(row.id for row in rows).items() if n > 1]
    by_text: dict[str, list[Row]] = defaultdict(list)
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_text[" ".join(normalise(row.text).words)].append(row)
        splits[row.family].add(row.split)
    for same in by_text.values():
        if len(same) > 1:
            names = ", ".join(row.id for row in same)
            conflict = len({row.level for row in same}) > 1
            faults.append(f"label conflict: {names}" if conflict else f"duplicate: {names}")
    faults += [f"family {name} lies in {', '.join(sorted(s))}" for name, s in sorted(splits.items()) if len(s) > 1]
    for split in SPLITS:
        levels = Counter(row.level for row in rows if row.split == split)
        faults += [
            f"only {levels[level]} rows of level {level} in {split}"
            for level in LADDER
            if levels[level] < _LEAST_ROWS_A_LEVEL
        ]
    return faults


def balance(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A table: split by level, with a row a category behind."""
    table = [("split", *LADDER, "all")]
    for split in SPLITS:
        counts = Counter(row.level for row in rows if row.split == split)
        table.append((split, *(str(counts[level]) for level in LADDER), str(sum(counts.values()))))
    for category in CATEGORIES:
        counts = Counter(row.level for row in rows if category in row.categories)
        table.append((category, *(str(counts[level]) for level in LADDER), str(sum(counts.values()))))
    return table
