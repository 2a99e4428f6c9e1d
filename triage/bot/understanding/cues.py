"""Turns of phrase that tell topic, feeling and act: `tables/en.toml`, written by hand, each weighed by the model."""

import hashlib
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

BEGIN, END, ASKED = "^", "$", "?"
_TABLE = Path(__file__).resolve().parent / "tables" / "en.toml"
_LONGEST = 6  # words
_LONGEST_OPEN = 3  # words of a cue whose last word may go on
_SHORTEST_STEM = 2
_MOST_COUNTED = 3
_KINDS_OF_CUE = 2  # single words, then turns of phrase


@cache
def names() -> tuple[str, ...]:
    """The groups of cues, in the order of their columns; each group has a column for words and one for phrases."""
    return tuple(f"{kind}.{group}.{what}" for kind, group in _groups() for what in ("words", "phrases"))


@cache
def digest() -> str:
    """SHA-256 of the table: a model holds only with the cues that it was trained with."""
    return hashlib.sha256(_TABLE.read_bytes()).hexdigest()


def count_cues(tokens: Sequence[str]) -> dict[int, int]:
    """How many cues of each column `tokens` hold, at most three of one. `tokens` begin with `^` and end with `$`."""
    whole, opened = _index()
    found: dict[int, int] = {}
    for start in range(len(tokens)):
        head = ""
        for length, token in enumerate(tokens[start : start + _LONGEST], start=1):
            columns = list(whole.get(head + token, ()))
            if length <= _LONGEST_OPEN:
                for end in range(_SHORTEST_STEM, len(token) + 1):
                    columns += opened.get(head + token[:end], ())
            for column in columns:
                found[column] = min(found.get(column, 0) + 1, _MOST_COUNTED)
            head = f"{head}{token} "
    return found


@cache
def _groups() -> dict[tuple[str, str], str]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {(kind, group): cues for kind, groups in table.items() for group, cues in groups.items()}


@cache
def _index() -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Whole cues and beginnings of cues, each with its columns."""
    whole: dict[str, tuple[int, ...]] = {}
    opened: dict[str, tuple[int, ...]] = {}
    for number, cues in enumerate(_groups().values()):
        words, *phrases = (part.strip() for part in cues.split("|"))
        for kind, some in enumerate((words.split(), phrases)):
            for cue in dict.fromkeys(some):
                place = opened if cue.endswith("*") else whole
                key = cue.removesuffix("*")
                place[key] = (*place.get(key, ()), number * _KINDS_OF_CUE + kind)
    return whole, opened
