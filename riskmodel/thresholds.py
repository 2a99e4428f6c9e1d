"""Chooses the probability from which each level holds, by conformal risk control on rows scored out of fold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.artefacts import Artefact, HeldBack
from riskmodel.corpus import Row
from riskmodel.levels import LADDER, RANK, Level
from riskmodel.reading import ReadText
from riskmodel.scoring import Scorer

# The expected share of misses that the clinic accepts, a level. `low` raises no alert and costs nobody anything.
ALPHA: Mapping[Level, float] = {Level.LOW: 0.10, Level.MODERATE: 0.10, Level.HIGH: 0.05, Level.IMMINENT: 0.02}
# Above this share of alerts on everyday text counsellors would stop looking. Each level has its part of it, counted
# with all levels above, so that one level alone cannot use it up. Chosen by clinical cost: a person in danger who is
# missed costs far more than a look too many.
MOST_FALSE_ALARMS: Mapping[Level, float] = {Level.IMMINENT: 0.004, Level.HIGH: 0.0125, Level.MODERATE: 0.0215}
# Of messages one level lower at most this share may be called `high` or `imminent`: a queue in which everything is
# urgent has no order.
MOST_CALLED_TOO_HIGH = 0.25
CATEGORY_THRESHOLD = 0.5
UNSET: Mapping[str, Any] = {"levels": dict.fromkeys(LADDER[1:], 1.0), "category": CATEGORY_THRESHOLD}
DOES_NOT_HOLD = "does not hold under drift"
# Sayings and quotations use the words of danger on purpose; they are measured apart from plain everyday talk.
_NOT_PLAIN = frozenset({"idiom", "joking", "quoted", "lyrics", "academic", "contrast"})


class BadAlpha(ValueError):
    """A share of misses cannot be promised; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Thresholds of low, moderate, high and imminent, how each was come by, the day of the calibration, and the price:
    the share of alerts on everyday text."""

    levels: tuple[float, float, float, float]
    how: dict[str, dict[str, Any]]
    calibrated_on: str
    everyday_alerts: float


def is_everyday(row: Row) -> bool:
    """Whether a row is plain everyday talk, of which hardly any may alert."""
    return row.level is Level.NONE and "everyday" in row.tags and not _NOT_PLAIN.intersection(row.tags)


def conformal_threshold(probabilities: Sequence[float], alpha: float) -> float | None:
    """The highest threshold t with (misses(t) + 1) / (n + 1) <= alpha, or None where n is too small to say.

    Angelopoulos et al., Conformal risk control, ICLR 2024: the expected share of misses among new messages of the
    same kind is then at most `alpha`.
    """
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


def with_floor(scorer: Scorer, text: ReadText, vectors: Sequence[np.ndarray] | None = None) -> list[float]:
    """Cumulative probabilities of `text`, one up to its floor: what the service as a whole would go by."""
    raised = RANK[text.caught[0].rule.floor] if text.caught else 0
    cumulative = scorer.calibrated(scorer.evidence(text, vectors).total())[: len(LADDER) - 1]
    return [1.0] * raised + [float(p) for p in cumulative[raised:]]


def choose_thresholds(held: HeldBack, *, on: str = "") -> dict[str, Any]:
    """The thresholds that a model is shipped with: the control's where false alarms allow, else the bound on these."""
    found, ranks, everyday = held.found, held.ranks, held.found[held.everyday]
    levels: dict[Level, float] = {}
    how: dict[str, Any] = {}
    alerting = np.zeros(len(everyday), dtype=bool)  # everyday rows that a higher level already calls
    for level in LADDER[:0:-1]:
        column = RANK[level] - 1
        wanted = conformal_threshold(found[ranks >= RANK[level], column].tolist(), ALPHA[level])
        least = 0.0  # `low` raises no alert, so everyday text may reach it
        if level is not Level.LOW:
            called = np.where(alerting, 1.0, everyday[:, column])
            least = least_for_false_alarms(called.tolist(), MOST_FALSE_ALARMS[level])
        if RANK[level] >= RANK[Level.HIGH]:
            below = found[ranks == RANK[level] - 1, column]
            least = max(least, least_for_false_alarms(below.tolist(), MOST_CALLED_TOO_HIGH))
        # Rounded towards what decided: up where false alarms bound it, down where misses do.
        bound = wanted is None or least >= wanted
        chosen = math.ceil(least * 1e6) / 1e6 if bound else math.floor(float(wanted or 0.0) * 1e6) / 1e6
        alerting |= everyday[:, column] >= chosen
        levels[level] = chosen
        how[level.value] = _how(held, level, levels[level], ALPHA[level], wanted, least)
    return {
        "levels": {level.value: levels[level] for level in LADDER[1:]},
        "category": CATEGORY_THRESHOLD,
        "chosen": how,
        "everyday rows": int(held.everyday.sum()),
        "alerts on everyday text": _everyday_alerts(held, [levels[level] for level in LADDER[1:]]),
        "on": on,
        "holds": DOES_NOT_HOLD,
    }


def thresholds_for(artefact: Artefact, alphas: Mapping[Level, float]) -> Chosen:
    """Thresholds that keep the clinic's own shares of misses, whatever that costs in false alarms.

    Levels left out keep the default share. Raises BadAlpha
    where a share is no number between 0 and 1, or where there are too few rows to promise it.
    """
    held = artefact.held_back
    if held is None or not len(held.ranks):
        raise BadAlpha("this version holds no rows to choose thresholds by")
    levels: list[float] = []
    how: dict[str, dict[str, Any]] = {}
    for level in LADDER[1:]:
        alpha = float(alphas.get(level, ALPHA[level]))
        if not 0 < alpha < 1:
            raise BadAlpha(f"the share of misses for {level} must lie between 0 and 1, not {alpha}")
        positives = held.found[held.ranks >= RANK[level], RANK[level] - 1]
        wanted = conformal_threshold(positives.tolist(), alpha)
        if wanted is None:
            raise BadAlpha(
                f"{positives.size} messages of {level} or above cannot promise {alpha}: it takes {math.ceil(1 / alpha)}"
            )
        levels.append(math.floor(wanted * 1e6) / 1e6)  # never above, or rounding alone could cost a miss
        how[level.value] = _how(held, level, levels[-1], alpha, wanted, 0.0)
    low, moderate, high, imminent = levels
    on = str(artefact.manifest["thresholds"].get("on", ""))
    return Chosen((low, moderate, high, imminent), how, on, _everyday_alerts(held, levels))


def _how(
    held: HeldBack, level: Level, chosen: float, alpha: float, wanted: float | None, least: float
) -> dict[str, Any]:
    positives = held.found[held.ranks >= RANK[level], RANK[level] - 1]
    return {
        "alpha": alpha,
        "positives": int(positives.size),
        "conformal": None if wanted is None else round(float(wanted), 6),
        "least": round(least, 6),
        "misses": int((positives < chosen).sum()),
        "reached": wanted is not None and chosen <= wanted + 1e-6,
    }


def _everyday_alerts(held: HeldBack, levels: Sequence[float]) -> float:
    everyday = held.found[held.everyday]
    if not len(everyday):
        return 0.0
    reached = everyday >= np.array(levels)
    return round(float(reached[:, RANK[Level.MODERATE] - 1 :].any(axis=1).mean()), 4)
