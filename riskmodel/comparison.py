"""Two models beside each other on the same rows: what each finds that the other does not, and what may be chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from riskmodel.corpus import Row
from riskmodel.evaluation import differences, measure
from riskmodel.fairness import alerts, is_dangerous
from riskmodel.intervals import mcnemar
from riskmodel.levels import RANK, Level, RiskScore

_CHANCE = 0.05  # at or above this p a difference is not called one


@dataclass(frozen=True, slots=True)
class Changed:
    """A row on which only one of two models alerts."""

    row: Row
    before: Level
    after: Level


@dataclass(frozen=True, slots=True)
class Compared:
    """What the second model does otherwise than the first.

    `gained` and `lost` are its alerts; `too_low` counts rows that only the first, and only the second, puts two or
    more levels too low; `differences` are 95 % intervals of how much the second is above the first.
    """

    gained: tuple[Changed, ...]
    lost: tuple[Changed, ...]
    too_low: tuple[int, int]
    figures: tuple[dict[str, Any], dict[str, Any]]
    differences: dict[str, list[float] | None]

    def counts(self, *, dangerous: bool) -> tuple[int, int]:
        """Alerts gained and lost on the dangerous rows, or on the harmless ones."""
        gained, lost = (sum(is_dangerous(one.row) is dangerous for one in part) for part in (self.gained, self.lost))
        return gained, lost

    def p(self, *, dangerous: bool) -> float:
        """McNemar's exact p of these counts."""
        return mcnemar(*self.counts(dangerous=dangerous))


def compare(rows: Sequence[Row], first: Sequence[RiskScore], second: Sequence[RiskScore]) -> Compared:
    """Compare the scores of two models on `rows`. Raises ValueError where the three differ in length."""
    gained: list[Changed] = []
    lost: list[Changed] = []
    for row, before, after in zip(rows, first, second, strict=True):
        if alerts(before) != alerts(after):
            (gained if alerts(after) else lost).append(Changed(row, before.level, after.level))
    low = [(_far_too_low(row, one), _far_too_low(row, two)) for row, one, two in zip(rows, first, second, strict=True)]
    return Compared(
        tuple(gained),
        tuple(lost),
        (sum(one and not two for one, two in low), sum(two and not one for one, two in low)),
        (measure(rows, first), measure(rows, second)),
        differences(rows, first, second),
    )


def verdict(found: Compared, first: str, second: str) -> list[str]:
    """In plain sentences, which of the two is better on what, and where chance may be all there is."""
    gained, lost = found.counts(dangerous=True)
    alarmed, spared = found.counts(dangerous=False)
    higher, lower = found.too_low
    return [
        _by_rows("alerts on dangerous rows that the other misses", (first, lost), (second, gained)),
        _by_rows("keeps quiet on harmless rows where the other alerts", (first, alarmed), (second, spared)),
        _by_rows("comes nearer where the other is two or more levels too low", (first, lower), (second, higher)),
        _by_figure("orders all rows better by probability", "auroc", found, first, second),
        _by_figure("finds more at 5 % false alarms", "recall at 5 % false alarms", found, first, second),
    ]


def _far_too_low(row: Row, score: RiskScore) -> bool:
    return RANK.get(score.level, RANK[Level.MODERATE]) <= RANK[row.level] - 2


def _by_rows(what: str, first: tuple[str, int], second: tuple[str, int]) -> str:
    if first[1] == second[1]:
        return f"equal: each {what} as often ({first[1]} rows)"
    better, worse = sorted((first, second), key=lambda one: -one[1])
    p = mcnemar(better[1], worse[1])
    return f"{better[0]} {what}: {better[1]} rows against {worse[1]} (p = {p:.3g}){_caution(p < _CHANCE)}"


def _by_figure(what: str, name: str, found: Compared, first: str, second: str) -> str:
    before, after = (figures["figures"][name] for figures in found.figures)
    if before is None or after is None:
        return f"unknown: these rows cannot tell which {what}"
    if before == after:
        return f"equal: neither {what} ({before})"
    better = f"{second if after > before else first} {what}: {before} and {after}"
    interval = found.differences[name]
    if interval is None:
        return better + _caution(False)
    low, high = interval
    return f"{better} (difference {low:+.3f} to {high:+.3f}){_caution(low > 0 or high < 0)}"


def _caution(sure: bool) -> str:
    return "" if sure else "; chance alone may do this"
