"""Cuts normalised words into the pieces that the sentence embedding knows: greedy longest match, as BERT does it."""

from collections.abc import Sequence
from functools import cache, lru_cache

from riskmodel.tables import FOLDER

MOST_PIECES = 128  # what the embedding was trained to read; the rest of a longer stretch is cut off
_LONGEST_WORD = 100
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


@cache
def _vocabulary() -> dict[str, int]:
    lines = (FOLDER / "wordpieces.txt").read_text(encoding="utf-8").splitlines()
    return {piece: number for number, piece in enumerate(lines)}


@lru_cache(maxsize=20_000)
def pieces_of(word: str) -> tuple[int, ...]:
    """The numbers of the pieces of one word, or of the unknown one where it cannot be cut."""
    known = _vocabulary()
    if len(word) > _LONGEST_WORD:
        return (known[_UNKNOWN],)
    found: list[int] = []
    start = 0
    while start < len(word):
        end = len(word)
        while end > start and (("##" if start else "") + word[start:end]) not in known:
            end -= 1
        if end == start:
            return (known[_UNKNOWN],)
        found.append(known[("##" if start else "") + word[start:end]])
        start = end
    return tuple(found)


def piece_numbers(words: Sequence[str]) -> list[int]:
    """The numbers for a row of words, with the marks of beginning and end, at most `MOST_PIECES`."""
    known = _vocabulary()
    found = [known[_BEGIN]]
    for word in words:
        found.extend(pieces_of(word))
        if len(found) >= MOST_PIECES:
            break
    return [*found[: MOST_PIECES - 1], known[_END]]
