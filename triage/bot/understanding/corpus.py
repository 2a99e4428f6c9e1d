"""The written example messages that understanding is learnt from and measured on, and what may be wrong with them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.bot import wording
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS

FOLDER = Path(__file__).resolve().parent / "corpus"
TRAIN, HELD_OUT = "en_train*.jsonl", "en_held_out.jsonl"
_FIELDS = ("id", "text", "act", "topics", "feeling")


class CorpusError(ValueError):
    """A corpus file cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example and what it is to be understood as."""

    id: str
    text: str
    act: str
    topics: tuple[str, ...]
    feeling: str

    @property
    def words(self) -> tuple[str, ...]:
        """Its plain words, by which two rows are the same."""
        return wording.words(self.text)


def read_rows(pattern: str = TRAIN, folder: Path = FOLDER) -> list[Row]:
    """The rows of the files that `pattern` names, in the order of names and lines. Raises CorpusError."""
    rows = [
        read_row(line, f"{path.name} line {number}")
        for path in sorted(folder.glob(pattern))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]
    if not rows:
        raise CorpusError(f"no rows in {pattern}")
    return rows


def read_row(line: str, place: str) -> Row:
    """One line of a corpus file. Raises CorpusError, which begins with `place`."""
    try:
        fields = json.loads(line)
        if missing := [name for name in _FIELDS if name not in fields]:
            raise CorpusError(f"{place}: missing {', '.join(missing)}")
        row = Row(fields["id"], fields["text"], fields["act"], tuple(fields["topics"]), fields["feeling"])
    except CorpusError:
        raise
    except (ValueError, TypeError) as error:
        raise CorpusError(f"{place}: {error}") from None
    strange = [*({row.act} - set(ACTS)), *(set(row.topics) - set(TOPICS)), *({row.feeling} - set(FEELINGS))]
    if strange:
        raise CorpusError(f"{place}: unknown label {', '.join(sorted(map(str, strange)))}")
    if not isinstance(row.text, str) or not row.text.strip():
        raise CorpusError(f"{place}: no text")
    return row


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 over all rows in order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(json.dumps([row.id, row.text, row.act, row.topics, row.feeling]).encode() + b"\n")
    return whole.hexdigest()


def shared(rows: Sequence[Row], others: Sequence[Row], *, more_than: int = 0) -> list[Row]:
    """The rows whose wording stands in `others` too and has more than so many words."""
    known = {row.words for row in others}
    return [row for row in rows if row.words in known and len(row.words) > more_than]


def find_faults(train: Sequence[Row], held_out: Sequence[Row]) -> list[str]:
    """Ids used twice, wordings given twice or in both sets, and labels with too few rows, each as one sentence.

    A single word ("thanks") may stand in both sets: there is no other way to write it.
    """
    ids = Counter(row.id for row in (*train, *held_out))
    faults = [f"id {name} is used {count} times" for name, count in ids.items() if count > 1]
    for name, rows in (("train", train), ("held out", held_out)):
        texts = Counter(row.text.strip().casefold() for row in rows)
        faults += [f"a wording is given {count} times in {name}" for count in texts.values() if count > 1]
    faults += [f"{row.id} is worded as a row of train" for row in shared(held_out, train, more_than=1)]
    counts = Counter(label for row in train for label in (row.act, *row.topics, row.feeling))
    faults += [f"no row of {label} in train" for label in (*ACTS, *TOPICS, *FEELINGS) if not counts[label]]
    return faults
