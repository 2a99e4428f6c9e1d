"""Measures a model on the test split: recall by level, false alarms, order, agreement and calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score, roc_auc_score, roc_curve

from riskmodel.artefacts import Artefact
from riskmodel.corpus import Row
from riskmodel.levels import LADDER, RANK, Level
from riskmodel.reading import ReadText
from riskmodel.scoring import Scorer
from riskmodel.thresholds import is_everyday
from riskmodel.vectors import Weights

_BINS = 10


def evaluate(
    weights: Weights, manifest: Mapping[str, Any], rows: Sequence[Row], texts: Sequence[ReadText], split: str = "test"
) -> dict[str, Any]:
    """Figures for the rows of `split`, with floors, as the service would score them."""
    scorer = Scorer(Artefact("", weights, manifest))
    chosen = [row for row in rows if row.split == split]
    scores = [scorer.score(row.text) for row in chosen]
    truth = np.array([RANK[row.level] for row in chosen])
    given = np.array([RANK.get(score.level, RANK[Level.MODERATE]) for score in scores])
    probability = np.array([score.probability for score in scores])
    alert = truth >= RANK[Level.MODERATE]
    everyday = np.array([is_everyday(row) for row in chosen])
    figures: dict[str, Any] = {
        "rows": len(chosen),
        "auroc": round(float(roc_auc_score(alert, probability)), 4),
        "agreement (quadratic weighted kappa)": round(
            float(cohen_kappa_score(truth, given, weights="quadratic", labels=range(5))), 4
        ),
        "calibration error": round(calibration_error(alert, probability), 4),
        "alerts on everyday text": round(float((given[everyday] >= 2).mean()), 4) if everyday.any() else None,
        "alerts below moderate": round(float((given[~alert] >= 2).mean()), 4),
        "two or more levels too low": round(float((given <= truth - 2).mean()), 4),
    }
    for percent in (1, 5, 10):
        figures[f"recall at {percent} % false alarms"] = round(recall_at(alert, probability, percent / 100), 4)
    for level in LADDER[2:]:
        these = truth == RANK[level]
        if these.any():
            figures[f"alerted of {level}"] = round(float((given[these] >= 2).mean()), 4)
            figures[f"at least {level} of {level}"] = round(float((given[these] >= RANK[level]).mean()), 4)
    return figures


def recall_at(positive: Any, probability: Any, false_alarms: float) -> float:
    """The highest share of `positive` found while at most `false_alarms` of the others are."""
    wrong, right, _ = roc_curve(positive, probability)
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
