"""What the model sees of a message: words, pairs of words, pieces of words and cues; its sense comes beside them."""

from collections.abc import Iterator

from riskmodel import Meaning
from triage.bot.understanding.cues import ASKED, BEGIN, END

_PIECES = (3, 5)  # letters
_MARKS = (BEGIN, END)
_LONGEST = 15  # words; longer messages are all long


def tokens(meaning: Meaning) -> list[str]:
    """The words between marks of beginning and end, and one mark where something is asked.

    Small words stay: "are you" and "am i" are all that tells some acts apart.
    """
    return [BEGIN, *meaning.words, *([ASKED] if meaning.questions else []), END]


def word_grams(some: list[str]) -> Iterator[str]:
    """Each token but the marks of beginning and end, and each pair of neighbours, these marks among them."""
    yield from (token for token in some if token not in _MARKS)
    yield from (f"{first} {second}" for first, second in zip(some, some[1:], strict=False))


def letter_grams(some: list[str]) -> Iterator[str]:
    """The pieces of each word between blanks, three to five letters long."""
    for word in some:
        if word in _MARKS or word == ASKED:
            continue
        padded = f" {word} "
        for length in range(_PIECES[0], _PIECES[1] + 1):
            if length >= len(padded):
                yield padded
                break
            yield from (padded[start : start + length] for start in range(len(padded) - length + 1))


def long(meaning: Meaning) -> float:
    """How long a message is, between 0 and 1."""
    return min(len(meaning.words), _LONGEST) / _LONGEST
