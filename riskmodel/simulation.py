"""A clinic that there is not: its own labels and its measuring set are both drawn from the held-out rows."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any

import numpy as np

from riskmodel.corpus import Row
from riskmodel.evaluation import head_figures, recall_at
from riskmodel.fairness import alerts, is_dangerous
from riskmodel.labels import OWN_WEIGHT, merge
from riskmodel.scoring import Scorer
from riskmodel.training import Senses, train

SIZES = (0, 100, 300, 700)
REPEATS = 10
MEASURES = ("sensitivity", "recall at 5 % false alarms", "alerts on harmless rows", "two or more levels too low")


@dataclass(frozen=True, slots=True)
class Clinic:
    """One draw: the rows that a clinic may label, in the order in which it does, and those it is measured on."""

    pool: tuple[Row, ...]
    measured_on: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model, learnt beside `own` labels of the clinic, does on its measuring set."""

    repeat: int
    own: int
    figures: dict[str, float]


def draw_clinic(rows: Sequence[Row], repeat: int, *, strangers: str = "") -> Clinic:
    """Split the held-out rows (split `test`) by family into two halves; `repeat` seeds the draw.

    With `strangers`, a tag, every family that has it is drawn from in place of these, and `learn` takes them all out
    of the corpus: clients who write as nobody in it does. Raises ValueError where there is nothing to draw from.
    """
    strange = {row.family for row in rows if strangers in row.tags}
    chance = random.Random(repeat)  # noqa: S311 -- a draw for measuring, no secret
    families: dict[str, list[Row]] = {}
    for row in rows:
        if row.family in strange if strangers else row.split == "test":
            families.setdefault(row.family, []).append(row)
    if len(families) < 2:
        raise ValueError("fewer than two families are held out: there is nothing to draw from")
    order = sorted(families)
    chance.shuffle(order)
    halves: tuple[list[Row], list[Row]] = ([], [])
    for family in order:
        min(halves, key=len).extend(families[family])
    chance.shuffle(halves[0])
    return Clinic(tuple(halves[0]), tuple(halves[1]))


def learn(
    rows: Sequence[Row],
    clinic: Clinic,
    own: int,
    *,
    weight: float = OWN_WEIGHT,
    seed: int = 1,
    senses: Senses | None = None,
) -> Scorer:
    """Train as the service would with `--also` and the first `own` labels of the clinic's pool.

    The pool's own split would hold some of them out; here all are learnt, for the measuring set is apart already.
    """
    apart = {row.family for row in (*clinic.pool, *clinic.measured_on)}
    base = [row for row in rows if row.split != "test" and row.family not in apart]
    labels = [replace(row, id=f"own-{row.id}", split="train") for row in clinic.pool[:own]]
    learnt, weights = merge(base, labels, weight=weight)
    held_out = [replace(row, split="test") for row in clinic.measured_on]
    counts = [*weights, *(1.0 for _ in held_out)]
    return Scorer(
        train([*learnt, *held_out], name="simulated", seed=seed, counts=counts, senses=senses).artefact("simulated")
    )


def look(scorer: Scorer, clinic: Clinic) -> dict[str, float]:
    """What the scorer does on the clinic's measuring set, at its own thresholds where it says nothing else."""
    rows = clinic.measured_on
    scores = [scorer.score(row.text) for row in rows]
    dangerous = np.array([is_dangerous(row) for row in rows])
    alerted = np.array([alerts(score) for score in scores])
    probability = np.array([score.probability for score in scores])
    found = (
        float(alerted[dangerous].mean()),
        recall_at(dangerous, probability, 0.05),
        float(alerted[~dangerous].mean()),
        float(head_figures(rows, scores)["two or more levels too low"]),
    )
    return dict(zip(MEASURES, (round(value, 4) for value in found), strict=True))


def summarise(outcomes: Sequence[Outcome], sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Mean and spread a size, and of the gain over no own labels in the same draw, so that draws do not blur it."""
    none = {one.repeat: one.figures for one in outcomes if one.own == 0}
    return [_summary([one for one in outcomes if one.own == own], none) | {"own labels": own} for own in sizes]


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Every single outcome, in a fixed order."""
    return [asdict(one) for one in sorted(outcomes, key=lambda one: (one.own, one.repeat))]


def _summary(outcomes: Sequence[Outcome], none: dict[int, dict[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"draws": len(outcomes)}
    for name in MEASURES:
        values = [one.figures[name] for one in outcomes]
        gains = [one.figures[name] - none[one.repeat][name] for one in outcomes if one.repeat in none]
        found[name] = {"mean": _mean(values), "spread": _spread(values), "gain": _mean(gains), "of it": _spread(gains)}
    return found


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None


def _spread(values: Sequence[float]) -> float | None:
    """The standard deviation over draws."""
    return round(stdev(values), 4) if len(values) > 1 else None
