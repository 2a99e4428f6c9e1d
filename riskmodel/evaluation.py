"""Measures a model on labelled rows: recall by level and group, misses, false alarms, order and calibration."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score

from riskmodel.corpus import Row
from riskmodel.intervals import by_family, wilson
from riskmodel.levels import CATEGORIES, LADDER, RANK, Level, RiskScore
from riskmodel.thresholds import is_everyday

_BINS = 10
_ALERT = RANK[Level.MODERATE]
FALSE_ALARMS = (1, 5, 10)  # per cent, at which recall is told
_REPEATS = 500  # draws of a bootstrap: the ends of a 95 % interval then rest on a dozen draws each


def head_figures(rows: Sequence[Row], scores: Sequence[RiskScore]) -> dict[str, Any]:
    """The figures that go into a manifest. `unscored` counts as moderate: it alerts.

    None where the rows cannot tell a figure, as the area under the curve where all rows are harmless.
    """
    seen = _Seen(rows, scores)
    everyday = np.array([is_everyday(row) for row in rows], dtype=bool)
    figures: dict[str, Any] = {
        "rows": len(rows),
        "auroc": _rounded(seen.auroc()),
        "agreement (quadratic weighted kappa)": _rounded(seen.agreement()),
        "calibration error": round(calibration_error(seen.dangerous, seen.probability), 4),
        "alerts on everyday text": _rounded(_share(seen.alerted[everyday])),
        "alerts below moderate": _rounded(_share(seen.alerted[~seen.dangerous])),
        "two or more levels too low": _rounded(_share(seen.given <= seen.truth - 2)),
    }
    for percent in FALSE_ALARMS:
        figures[f"recall at {percent} % false alarms"] = _rounded(seen.recall(percent / 100))
    for level in LADDER[2:]:
        these = seen.truth == RANK[level]
        if these.any():
            figures[f"alerted of {level}"] = _rounded(_share(seen.alerted[these]))
            figures[f"at least {level} of {level}"] = _rounded(_share(seen.given[these] >= RANK[level]))
    return figures


def measure(rows: Sequence[Row], scores: Sequence[RiskScore], *, seed: int = 1) -> dict[str, Any]:
    """Everything that a model card tells of labelled rows, JSON-able.

    The same rows, scores and `seed` (of the bootstrap) give the same figures. Raises ValueError where rows and scores
    differ in number, or where there are none.
    """
    if not rows:
        raise ValueError("no rows to measure")
    seen = _Seen(rows, scores)
    families = [row.family for row in rows]
    return {
        "families": len(set(families)),
        "unscored": sum(score.level is Level.UNSCORED for score in scores),
        "figures": head_figures(rows, scores),
        "intervals": {
            "auroc": _interval(by_family(families, seen.auroc, seed=seed, repeats=_REPEATS)),
            "recall at 5 % false alarms": _interval(
                by_family(families, seen.recall_at_five, seed=seed, repeats=_REPEATS)
            ),
        },
        "confusion": seen.confusion(),
        "misses": {level.value: seen.misses(seen.truth == RANK[level]) for level in LADDER[2:]},
        "categories": {name: _of_category(name, rows, scores, seen) for name in CATEGORIES},
        "tags": {
            tag: seen.misses(_having(tag, rows)) | seen.false_alarms(_having(tag, rows))
            for tag in sorted({tag for row in rows for tag in row.tags})
        },
    }


def differences(
    rows: Sequence[Row], first: Sequence[RiskScore], second: Sequence[RiskScore], *, seed: int = 1
) -> dict[str, list[float] | None]:
    """95 % intervals of how much the second model is above the first, on the same draws of families.

    Where an interval holds nought, chance alone may be the difference.
    """
    one, other = _Seen(rows, first), _Seen(rows, second)
    families = [row.family for row in rows]
    return {
        "auroc": _interval(by_family(families, _minus(other.auroc, one.auroc), seed=seed, repeats=_REPEATS)),
        "recall at 5 % false alarms": _interval(
            by_family(families, _minus(other.recall_at_five, one.recall_at_five), seed=seed, repeats=_REPEATS)
        ),
    }


def recall_at(positive: Any, probability: Any, false_alarms: float) -> float:
    """The highest share of `positive` found while at most `false_alarms` of the others are."""
    wrong, right = _Order(positive, probability).points(None)
    return float(right[wrong <= false_alarms].max())


def calibration_error(positive: Any, probability: Any) -> float:
    """Expected calibration error over ten bins of equal width."""
    places = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for place in range(_BINS):
        inside = places == place
        if inside.any():
            error += inside.mean() * abs(probability[inside].mean() - positive[inside].mean())
    return float(error)


class _Order:
    """Rows in the order of their probability, sorted once for all draws of a bootstrap."""

    def __init__(self, positive: Any, probability: Any) -> None:
        self._order = np.argsort(-probability, kind="stable")
        falling = probability[self._order]
        # Rows of one probability are found together or not at all.
        self._ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
        self._positive = np.asarray(positive, dtype=bool)[self._order]

    def points(self, times: Any) -> tuple[Any, Any]:
        """The shares of harmless and of dangerous rows found, from the highest probability down.

        `times` tells how often each row counts; None: once.
        """
        counts = np.ones(len(self._order)) if times is None else np.asarray(times)[self._order]
        right, wrong = (np.cumsum(counts * these)[self._ends] for these in (self._positive, ~self._positive))
        return np.append(0.0, wrong / wrong[-1]), np.append(0.0, right / right[-1])


class _Seen:
    """Truth and answer of each row as arrays."""

    def __init__(self, rows: Sequence[Row], scores: Sequence[RiskScore]) -> None:
        pairs = list(zip(rows, scores, strict=True))
        self.truth = np.array([RANK[row.level] for row, _ in pairs], dtype=int)
        self.given = np.array([RANK.get(score.level, _ALERT) for _, score in pairs], dtype=int)
        self.probability = np.array([score.probability for _, score in pairs], dtype=float)
        self.dangerous = self.truth >= _ALERT
        self.alerted = self.given >= _ALERT
        self._order = _Order(self.dangerous, self.probability)

    def auroc(self, times: Any = None) -> float | None:
        if not self._both(times):
            return None
        wrong, right = self._order.points(times)
        return float(np.trapezoid(right, wrong))

    def recall(self, false_alarms: float, times: Any = None) -> float | None:
        if not self._both(times):
            return None
        wrong, right = self._order.points(times)
        return float(right[wrong <= false_alarms].max())

    def recall_at_five(self, times: Any) -> float | None:
        return self.recall(0.05, times)

    def agreement(self) -> float | None:
        if np.unique([self.truth, self.given]).size == 1:  # all of one level, and rightly: nothing to agree about
            return None
        return float(cohen_kappa_score(self.truth, self.given, weights="quadratic", labels=range(5)))

    def confusion(self) -> list[list[int]]:
        """How many rows of each level (line) were given each level (column), in the order of the ladder."""
        table = np.zeros((5, 5), dtype=int)
        np.add.at(table, (self.truth, self.given), 1)
        found: list[list[int]] = table.tolist()
        return found

    def misses(self, these: Any) -> dict[str, Any]:
        """Of the dangerous rows of `these`: how many raised no alert, and how many fell two levels or more."""
        chosen = these & self.dangerous
        missed, of = int((~self.alerted[chosen]).sum()), int(chosen.sum())
        return {
            "dangerous": of,
            "missed": missed,
            "rate of missed": _rounded(missed / of) if of else None,
            "interval of missed": _interval(wilson(missed, of)) if of else None,
            "two or more levels too low": int((self.given[chosen] <= self.truth[chosen] - 2).sum()),
        }

    def false_alarms(self, these: Any) -> dict[str, Any]:
        chosen = these & ~self.dangerous
        wrong, of = int(self.alerted[chosen].sum()), int(chosen.sum())
        return {
            "harmless": of,
            "false alarms": wrong,
            "rate of false alarms": _rounded(wrong / of) if of else None,
            "interval of false alarms": _interval(wilson(wrong, of)) if of else None,
        }

    def _both(self, times: Any) -> bool:
        counted = self.dangerous if times is None else self.dangerous[times > 0]
        return bool(counted.any() and not counted.all())


def _of_category(name: str, rows: Sequence[Row], scores: Sequence[RiskScore], seen: _Seen) -> dict[str, Any]:
    these = np.array([name in row.categories for row in rows], dtype=bool)
    named = np.array([name in score.categories for score in scores], dtype=bool)
    alerted = these & seen.dangerous & seen.alerted
    return seen.misses(these) | {"named of alerted": _rounded(_share(named[alerted]))}


def _minus(
    figure: Callable[[Any], float | None], other: Callable[[Any], float | None]
) -> Callable[[Any], float | None]:
    def difference(times: Any) -> float | None:
        one, two = figure(times), other(times)
        return None if one is None or two is None else one - two

    return difference


def _having(tag: str, rows: Sequence[Row]) -> Any:
    return np.array([tag in row.tags for row in rows], dtype=bool)


def _share(which: Any) -> float | None:
    return float(which.mean()) if which.size else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _interval(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [round(end, 4) for end in ends]
