"""Measures the risk model on labelled sets: `python -m benchmarks.risk FOLDER` reads every FOLDER/SET/data.csv.

A data.csv has the columns id and text and may have risk (0/1), level (0..4), flag (1 = left out) and group with
persona_risk_level or crisis_scenario. Prints for each set the alert rate and, where it has labels, AUROC, recall at
fixed false alarms and quadratic weighted kappa, then the time of a message on one core.
"""

import csv
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score
from tqdm import tqdm

from riskmodel import Level, RiskScore, score, warm_up
from riskmodel.evaluation import recall_at
from riskmodel.levels import RANK

_UNSCORED_AS = RANK[Level.MODERATE]
_RISKY_PERSONAS = {"High", "Imminent"}


def main(folder: Path) -> None:
    csv.field_size_limit(2**31 - 1)
    print(f"model {warm_up()}")
    took: list[tuple[int, float]] = []
    for path in sorted(folder.glob("*/data.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row.get("flag", "0") != "1"]
        scores = [score(row["text"]) for row in tqdm(rows, desc=path.parent.name, disable=None)]
        took += [(len(row["text"]), one.took_ms) for row, one in zip(rows, scores, strict=True)]
        print(f"{path.parent.name}: {'; '.join(figures(rows, scores))}")
    print_times(took)


def figures(rows: list[dict[str, str]], scores: list[RiskScore]) -> list[str]:
    """The figures that the columns of `rows` allow, each as a few words."""
    probability = np.array([one.probability for one in scores])
    given = np.array([RANK.get(one.level, _UNSCORED_AS) for one in scores])
    unscored = sum(one.level is Level.UNSCORED for one in scores)
    found = [f"{len(rows)} rows", f"alert rate {100 * np.mean(given >= 2):.2f} %", f"unscored {unscored}"]
    if rows[0].get("risk"):
        found += ranking(np.array([int(row["risk"]) for row in rows]), probability)
    if rows[0].get("level"):
        truth = np.array([int(float(row["level"])) for row in rows])
        kappa = cohen_kappa_score(truth, given, weights="quadratic", labels=range(5))
        found += [f"QWK {kappa:.3f}", f"two or more levels too low {100 * np.mean(given <= truth - 2):.1f} %"]
    if rows[0].get("group"):
        found += groups(rows, probability)
    return found


def ranking(positive: np.ndarray, probability: np.ndarray) -> list[str]:
    """AUROC, average precision and recall at fixed false alarms, where both classes are there."""
    if not 0 < positive.sum() < len(positive):
        return []
    at = [f"recall at {p} % false alarms {recall_at(positive, probability, p / 100):.3f}" for p in (1, 5, 10)]
    auroc, precision = roc_auc_score(positive, probability), average_precision_score(positive, probability)
    return [f"AUROC {auroc:.3f}", f"AP {precision:.3f}", *at]


def groups(rows: list[dict[str, str]], probability: np.ndarray) -> list[str]:
    """AUROC over whole conversations or personas, each by its highest probability."""
    highest: dict[str, float] = defaultdict(float)
    risky: dict[str, int] = {}
    for row, one in zip(rows, probability, strict=True):
        highest[row["group"]] = max(highest[row["group"]], float(one))
        label = row.get("persona_risk_level")
        risky[row["group"]] = int(label in _RISKY_PERSONAS if label else row.get("crisis_scenario") == "1")
    names = sorted(highest)
    return [
        f"by group {one}"
        for one in ranking(np.array([risky[n] for n in names]), np.array([highest[n] for n in names]))[:1]
    ]


def print_times(took: list[tuple[int, float]]) -> None:
    for name, least, most in (("up to 200 characters", 0, 200), ("over 200 characters", 201, 10**9)):
        times = sorted(ms for length, ms in took if least <= length <= most)
        if times:
            p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(f"{name}: {len(times)} messages, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    began = time.perf_counter()
    for _ in range(200):
        score("i don't know, i just feel like nobody would notice if i was gone")
    print(f"one message over and over: {(time.perf_counter() - began) * 5:.2f} ms")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
