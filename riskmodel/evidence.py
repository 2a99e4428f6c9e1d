"""What the weights say of one text: the log-odds of each stretch and window, and what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.embedding import embedder
from riskmodel.levels import LADDER, Level
from riskmodel.reading import ReadText
from riskmodel.sense import Sense
from riskmodel.vectors import Weights

Array = np.ndarray[Any, np.dtype[Any]]
STEPS = LADDER[1:]  # the four cumulative outputs: P(level >= low), ..., P(level >= imminent)


def window_vectors(text: ReadText) -> list[Array]:
    """The sense of each window of `text`."""
    words = text.words.words
    return [embedder().embed(words[start:end]) for start, end in text.windows]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log-odds of each output by stretch (words and phrases) and of each level by window (sense).

    Each part counts by its highest value and the two are added (late fusion), so nothing is diluted by what stands
    around it, and nothing that is added behind a text takes anything away.
    """

    text: ReadText
    by_stretch: Array
    by_window: Array

    def total(self) -> Array:
        """The log-odds of every output for the whole text."""
        total: Array = self.by_stretch.max(axis=0)
        if self.by_window.size:
            total[: len(STEPS)] += self.by_window.max(axis=0)
        return total

    def decisive_stretch(self) -> int:
        """The place of the stretch that says most for a level of moderate or above."""
        return int(self.by_stretch[:, STEPS.index(Level.MODERATE)].argmax())

    def without(self, start: int, end: int, output: int) -> float:
        """The log-odds of `output` if the words `start` to `end` had not been written, as far as parts tell.

        Every stretch and window that touches them is left out; where none remains, it is what an empty text has.
        """
        apart = [s.end <= start or s.start >= end for s in self.text.stretches]
        rest = float(self.by_stretch[apart, output].max()) if any(apart) else 0.0
        if self.by_window.size:
            left = [last <= start or first >= end for first, last in self.text.windows]
            rest += float(self.by_window[left, output].max()) if any(left) else 0.0
        return rest


def stretch_logits(weights: Weights, text: ReadText, without_concept: float) -> Array:
    """The log-odds of each output for each stretch of `text`.

    Words alone fit too much of ordinary life, and no corpus holds enough of it to teach that: a stretch in which no
    concept of danger is found loses `without_concept` on the levels.
    """
    words = text.words.words
    rows = np.array([weights.logits(words[s.start : s.end], s.rules) for s in text.stretches])
    rows[[not s.has_concept for s in text.stretches], : len(STEPS)] -= without_concept
    return rows


def weigh(
    text: ReadText,
    weights: Weights,
    sense: Sense | None,
    without_concept: float,
    vectors: Sequence[Array] | None = None,
) -> Evidence:
    """All evidence of a text that has words. `vectors` are those of its windows where they are known already."""
    by_window = np.zeros((0, len(STEPS)))
    if sense is not None:
        by_window = sense.logits(window_vectors(text) if vectors is None else vectors)
    return Evidence(text, stretch_logits(weights, text, without_concept), by_window)
