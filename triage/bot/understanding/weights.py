"""Applies the weights of one model to a message with plain arrays; equal to what scikit-learn computed in training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel import Meaning
from triage.bot.understanding import features
from triage.bot.understanding.cues import count_cues
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS

OUTPUTS = len(ACTS) + len(TOPICS) + len(FEELINGS)
ACT, TOPIC, FEELING = (
    slice(0, len(ACTS)),
    slice(len(ACTS), len(ACTS) + len(TOPICS)),
    slice(len(ACTS) + len(TOPICS), OUTPUTS),
)

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Weights:
    """Rows of `*_weights` are features, columns the outputs: acts, topics, feelings."""

    words: Mapping[str, int]
    letters: Mapping[str, int]
    word_idf: Array
    letter_idf: Array
    word_weights: Array
    letter_weights: Array
    cue_weights: Array
    sense_weights: Array
    long_weights: Array
    intercepts: Array

    def logits(self, meaning: Meaning) -> Array:
        """The log-odds of every output, shape (45,), before calibration."""
        some = features.tokens(meaning)
        total = self.intercepts + self.long_weights * np.float32(features.long(meaning))
        total += _weigh(features.word_grams(some), self.words, self.word_idf, self.word_weights)
        total += _weigh(features.letter_grams(some), self.letters, self.letter_idf, self.letter_weights)
        cues = count_cues(some)
        if cues:
            values = np.sqrt(np.fromiter(cues.values(), dtype=np.float32, count=len(cues)))
            total += _sum(values, self.cue_weights[list(cues)])
        total += _sum(meaning.vector, self.sense_weights)
        return total


def _weigh(grams: Iterable[str], places: Mapping[str, int], idf: Array, weights: Array) -> Any:
    """The share of one kind of gram, weighed by 1 + log of its count, its idf, and the length of the whole."""
    counts: dict[int, int] = {}
    for gram in grams:
        place = places.get(gram)
        if place is not None:
            counts[place] = counts.get(place, 0) + 1
    if not counts:
        return np.float32(0)
    rows = list(counts)
    values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(rows)))) * idf[rows]
    return _sum(values / np.sqrt((values * values).sum()), weights[rows])


def _sum(values: Array, weights: Array) -> Array:
    # Not `@`: BLAS would start threads under many conversations, and sum in an order of its own.
    total: Array = np.einsum("i,ij->j", values, weights)
    return total


def shares(logits: Array) -> Array:
    """Probabilities that add up to one along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total: Array = raised / raised.sum(axis=-1, keepdims=True)
    return total


def chances(logits: Array) -> Array:
    """Probabilities that stand each for itself."""
    found: Array = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return found


@dataclass(frozen=True, slots=True)
class Calibration:
    """How log-odds become probabilities, and from which on something is said, all chosen out of fold.

    `act` and `feeling` divide log-odds; a topic's are multiplied by `topic` and shifted by `shift`. `sure` is the act's
    probability from which on nine of ten acts are right, `said` a topic's from which on it is named.
    """

    act: float = 1.0
    feeling: float = 1.0
    topic: float = 1.0
    shift: float = 0.0
    sure: float = 1.0
    said: float = 0.5

    def probabilities(self, logits: Array) -> tuple[Array, Array, Array]:
        """Of acts, topics and feelings, along the last axis."""
        return (
            shares(logits[..., ACT] / self.act),
            chances(logits[..., TOPIC] * self.topic + self.shift),
            shares(logits[..., FEELING] / self.feeling),
        )
