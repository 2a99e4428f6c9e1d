"""The course of a conversation: what the client's earlier messages add to the newest one. It raises, never lowers.

A second small model over a dozen figures that a clinician can read. Without earlier messages it says nothing, and so it
does once a person has judged the conversation: then the messages before are no longer handed in.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskmodel.levels import RANK, Context, Level
from riskmodel.reading import ReadText

# What a raised level may be. To call somebody's life in acute danger, a message must say so itself.
RAISED_TO: tuple[Level, ...] = (Level.MODERATE, Level.HIGH)
NAMES: tuple[str, ...] = (
    "own log-odds",
    "highest log-odds before",
    "highest level before",
    "level of the message before",
    "mean log-odds of the last three before",
    "risen over the last three",
    "messages of low or above before",
    "messages of moderate or above before",
    "messages since the highest",
    "three words or fewer",
    "three words or fewer after moderate or above",
    "takes back or denies",
    "takes back after moderate or above",
    "sudden calm, thanks or goodbye after moderate or above",
    "now or soon, after moderate or above",
)
# From this probability of a level of moderate or above on an earlier message is of concern, though it alerted nobody.
LEAST_CONCERN = 0.4
_TAKES_BACK = frozenset({"protective"})
_CALM = frozenset({"sudden_calm", "goodbye", "in_order", "leaving"})
_LAST = 3
_MOST_COUNTED = 5
_FEW_WORDS = 3
_FAR = 8.0  # log-odds beyond this tell nothing more


@dataclass(frozen=True, slots=True)
class Course:
    """The weights: for each level of `RAISED_TO` one a name, an intercept, and the probability from which it holds."""

    weights: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    thresholds: tuple[float, ...]

    def probabilities(self, figures: Sequence[float]) -> list[float]:
        """P(the newest message stands for at least moderate, high), in the light of what came before."""
        totals = [
            sum(w * f for w, f in zip(row, figures, strict=True)) + shift
            for row, shift in zip(self.weights, self.intercepts, strict=True)
        ]
        each = [1.0 / (1.0 + math.exp(-max(-_FAR * 5, min(_FAR * 5, total)))) for total in totals]
        return [each[0], min(each)]

    def level(self, figures: Sequence[float]) -> Level | None:
        """The level that the course calls for, None where it calls for none."""
        reached = [p >= t for p, t in zip(self.probabilities(figures), self.thresholds, strict=True)]
        held = [level for level, one in zip(RAISED_TO, reached, strict=True) if one]
        return held[-1] if held else None


def course_of(manifest: Mapping[str, Any]) -> Course | None:
    """The course model in a manifest, None where it has none."""
    stored = manifest.get("course")
    if not stored:
        return None
    weights = tuple(tuple(float(w) for w in row) for row in stored["weights"])
    return Course(weights, tuple(map(float, stored["intercepts"])), tuple(map(float, stored["thresholds"])))


def says_something(context: Context | None) -> bool:
    """Whether anything before was of concern at all: of ordinary talk and plain distress no course makes danger."""
    return context is not None and (
        any(RANK.get(level, 0) >= RANK[Level.MODERATE] for level in context.earlier)
        or any(probability >= LEAST_CONCERN for probability in context.probabilities)
    )


def figures_of(context: Context, text: ReadText, probability: float) -> list[float]:
    """The figures in the order of `NAMES`. `probability` is P(moderate or above) of the newest message by itself."""
    ranks = [RANK.get(level, 0) for level in context.earlier]
    odds = [_log_odds(p) for p in context.probabilities] or [-_FAR]
    own = _log_odds(probability)
    highest = max(ranks, default=0)
    since = ranks[::-1].index(highest) if ranks else 0
    grave = highest >= RANK[Level.MODERATE]
    concepts = {hit.concept for hit in text.hits}
    denied = any("negated" in hit.statuses for hit in text.hits)
    takes_back = bool(concepts & _TAKES_BACK) or denied
    short = text.count <= _FEW_WORDS
    last = odds[-_LAST:]
    return [
        own,
        max(odds),
        float(highest),
        float(ranks[-1]) if ranks else 0.0,
        sum(last) / len(last),
        float(len(last) == _LAST and last[0] < last[1] < last[2]),
        float(min(_MOST_COUNTED, sum(rank >= RANK[Level.LOW] for rank in ranks))),
        float(min(_MOST_COUNTED, sum(rank >= RANK[Level.MODERATE] for rank in ranks))),
        float(min(_MOST_COUNTED, since)),
        float(short),
        float(short and grave),
        float(takes_back),
        float(takes_back and grave),
        float(bool(concepts & _CALM) and grave),
        float("soon" in concepts and grave),
    ]


def _log_odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return max(-_FAR, min(_FAR, math.log(held / (1 - held))))
