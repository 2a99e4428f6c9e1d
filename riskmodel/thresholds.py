"""Chooses the probability from which each level holds, by conformal risk control on rows scored out of fold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from riskmodel.corpus import Row
from riskmodel.levels import LADDER, RANK, Level
from riskmodel.reading import ReadText
from riskmodel.scoring import Scorer

# The expected share of misses that the clinic accepts, a level. `low` raises no alert, so it may miss more.
ALPHA: Mapping[Level, float] = {Level.LOW: 0.20, Level.MODERATE: 0.10, Level.HIGH: 0.05, Level.IMMINENT: 0.02}
# Above this share of alerts on everyday text counsellors would stop looking. Chosen by clinical cost: a person in
# danger who is missed costs far more than a look too many.
MOST_FALSE_ALARMS = 0.02
# Of it, the share that `high` and `imminent` may each use up by themselves, where `moderate` is not reached.
MOST_FALSE_ALARMS_ABOVE = 0.01
# Of messages one level lower at most this share may be called `high` or `imminent`: a queue in which everything is
# urgent has no order.
MOST_CALLED_TOO_HIGH = 0.25
CATEGORY_THRESHOLD = 0.5
UNSET: Mapping[str, Any] = {"levels": dict.fromkeys(LADDER[1:], 1.0), "category": CATEGORY_THRESHOLD}
# Sayings and quotations use the words of danger on purpose; they are measured apart from plain everyday talk.
_NOT_PLAIN = frozenset({"idiom", "joking", "quoted", "lyrics", "academic", "contrast"})


def is_everyday(row: Row) -> bool:
    """Whether a row is plain everyday talk, of which hardly any may alert."""
    return row.level is Level.NONE and "everyday" in row.tags and not _NOT_PLAIN.intersection(row.tags)


def conformal_threshold(probabilities: Sequence[float], alpha: float) -> float | None:
    """The highest threshold t with (misses(t) + 1) / (n + 1) <= alpha, or None where n is too small to say."""
    ordered = sorted(probabilities)
    misses = math.floor(alpha * (len(ordered) + 1)) - 1
    if misses < 0:
        return None
    return ordered[misses]


def least_for_false_alarms(probabilities: Sequence[float], share: float) -> float:
    """The lowest threshold that at most `share` of `probabilities` (one, where they are few) reach."""
    ordered = sorted(probabilities, reverse=True)
    allowed = max(1, round(share * len(ordered)))
    return float(np.nextafter(ordered[allowed], 2.0)) if allowed < len(ordered) else 0.0


def with_floor(scorer: Scorer, text: ReadText) -> list[float]:
    """Cumulative probabilities of `text`, one up to its floor: what the service as a whole would go by."""
    cumulative = [float(p) for p in scorer.probabilities(text)[0][:4]]
    raised = RANK[text.caught[0].rule.floor] if text.caught else 0
    return [1.0] * raised + cumulative[raised:]


def choose_thresholds(found: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Thresholds by level, and how they were come by.

    `found` holds the cumulative probabilities of each row, floors counted, from models that never saw its family.
    """
    ranks = np.array([RANK[row.level] for row in rows])
    everyday = found[[is_everyday(row) for row in rows]]
    levels: dict[str, float] = dict.fromkeys(LADDER[1:], 0.0)
    how: dict[str, Any] = {}
    alerting = np.zeros(len(everyday), dtype=bool)  # everyday rows that a higher level already calls
    for level in LADDER[:0:-1]:
        column = RANK[level] - 1
        positives = found[ranks >= RANK[level], column]
        wanted = conformal_threshold(positives.tolist(), ALPHA[level])
        if level is Level.LOW:
            least = 0.0  # raises no alert, so everyday text may reach it
        elif level is Level.MODERATE:
            least = least_for_false_alarms(np.where(alerting, 1.0, everyday[:, column]).tolist(), MOST_FALSE_ALARMS)
        else:
            below = found[ranks == RANK[level] - 1, column]
            least = max(
                least_for_false_alarms(below.tolist(), MOST_CALLED_TOO_HIGH),
                least_for_false_alarms(everyday[:, column].tolist(), MOST_FALSE_ALARMS_ABOVE),
            )
        chosen = least if wanted is None else max(wanted, least)
        alerting |= everyday[:, column] >= chosen
        levels[level] = round(float(chosen), 6)
        how[level] = {
            "alpha": ALPHA[level],
            "positives": int(positives.size),
            "conformal": None if wanted is None else round(float(wanted), 6),
            "least": round(least, 6),
            "misses": int((positives < chosen).sum()),
        }
    return {"levels": levels, "category": CATEGORY_THRESHOLD, "chosen": how, "everyday rows": len(everyday)}
