"""Measures understanding on rows that it was not learnt from: macro-F1, tables, and what being sure is worth."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from triage.bot.understanding.corpus import Row
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS
from triage.bot.understanding.understanding import Understanding

_DRAWS = 1000
_SEED = 1

Array = np.ndarray[Any, np.dtype[Any]]


def f1_of(true: Array, found: Array) -> float:
    """F1 of one label: of rows where it is true and where it was found. Nought where neither ever is."""
    both = int((true & found).sum())
    total = int(true.sum() + found.sum())
    return 2 * both / total if total else 0.0


def macro_f1(true: Array, found: Array, labels: int) -> float:
    """The mean of F1 over the labels that are true or found somewhere; `true` and `found` are places of labels."""
    known = [place for place in range(labels) if (true == place).any() or (found == place).any()]
    return float(np.mean([f1_of(true == place, found == place) for place in known])) if known else 0.0


def topic_f1(true: Array, found: Array) -> float:
    """The mean of F1 over topics that are true or found somewhere; both are (rows, topics)."""
    known = np.flatnonzero(true.any(axis=0) | found.any(axis=0))
    return float(np.mean([f1_of(true[:, place], found[:, place]) for place in known])) if len(known) else 0.0


def measure(rows: Sequence[Row], found: Sequence[Understanding]) -> dict[str, Any]:
    """Everything that is reported, ready for JSON. Intervals are 95 % bootstrap intervals over rows."""
    acts = _places(ACTS, [row.act for row in rows]), _places(ACTS, [one.act for one in found])
    feelings = _places(FEELINGS, [row.feeling for row in rows]), _places(FEELINGS, [one.feeling for one in found])
    topics = (
        _several([row.topics for row in rows]),
        _several([[topic for topic, _ in one.topics] for one in found]),
    )
    sure = np.array([one.is_sure for one in found])
    right = acts[0] == acts[1]
    return {
        "rows": len(rows),
        "acts": _head(lambda at: macro_f1(acts[0][at], acts[1][at], len(ACTS)), len(rows)),
        "topics": _head(lambda at: topic_f1(topics[0][at], topics[1][at]), len(rows)),
        "feelings": _head(lambda at: macro_f1(feelings[0][at], feelings[1][at], len(FEELINGS)), len(rows)),
        "acts_right": round(float(right.mean()), 4),
        "feelings_right": round(float((feelings[0] == feelings[1]).mean()), 4),
        "sure": {
            "coverage": round(float(sure.mean()), 4),
            "right": round(float(right[sure].mean()), 4) if sure.any() else None,
            "right_when_unsure": round(float(right[~sure].mean()), 4) if (~sure).any() else None,
        },
        "by_act": _lines(ACTS, *(np.arange(len(ACTS)) == side[:, None] for side in acts)),
        "by_topic": _lines(TOPICS, *topics),
        "by_feeling": _lines(FEELINGS, *(np.arange(len(FEELINGS)) == side[:, None] for side in feelings)),
        "confusion": confusion(*acts).tolist(),
    }


def confusion(true: Array, found: Array) -> Array:
    """How often each act (a row) was understood as each (a column)."""
    table = np.zeros((len(ACTS), len(ACTS)), dtype=int)
    np.add.at(table, (true, found), 1)
    return table


def text_of(figures: dict[str, Any]) -> str:
    """The figures as tables for a terminal or a page."""
    lines = [f"{figures['rows']} rows"]
    for name in ("acts", "topics", "feelings"):
        head = figures[name]
        lines.append(f"macro-F1 {name:9} {head['macro_f1']:.3f} ({head['low']:.3f} to {head['high']:.3f})")
    sure = figures["sure"]
    lines.append(f"acts right {figures['acts_right']:.3f}, feelings right {figures['feelings_right']:.3f}")
    lines.append(f"sure of {sure['coverage']:.3f} of messages; right of these {_share(sure['right'])}")
    lines.append(f"right of the others {_share(sure['right_when_unsure'])}")
    for name in ("by_act", "by_topic", "by_feeling"):
        lines += ["", f"{name.removeprefix('by_'):15} rows given precision recall    F1"]
        lines += [
            f"{one['label']:15} {one['rows']:4} {one['given']:5} {one['precision']:9.3f} {one['recall']:6.3f} "
            f"{one['f1']:5.3f}"
            for one in figures[name]
        ]
    lines += ["", "act (down) understood as (across)", " " * 12 + "".join(f"{act[:8]:>9}" for act in ACTS)]
    for act, counts in zip(ACTS, figures["confusion"], strict=True):
        lines.append(f"{act:12}" + "".join(f"{count or '.':>9}" for count in counts))
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _head(figure: Callable[[Array], float], rows: int) -> dict[str, float]:
    chance = np.random.default_rng(_SEED)
    drawn = [figure(chance.integers(rows, size=rows)) for _ in range(_DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {
        "macro_f1": round(figure(np.arange(rows)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def _lines(labels: Sequence[str], true: Array, found: Array) -> list[dict[str, Any]]:
    lines = []
    for place, label in enumerate(labels):
        both = int((true[:, place] & found[:, place]).sum())
        rows, given = int(true[:, place].sum()), int(found[:, place].sum())
        lines.append(
            {
                "label": label,
                "rows": rows,
                "given": given,
                "precision": round(both / given, 4) if given else 0.0,
                "recall": round(both / rows, 4) if rows else 0.0,
                "f1": round(f1_of(true[:, place], found[:, place]), 4),
            }
        )
    return lines


def _places(known: Sequence[str], given: Sequence[str]) -> Array:
    return np.array([known.index(one) for one in given], dtype=int)


def _several(given: Sequence[Sequence[str]]) -> Array:
    return np.array([[topic in some for topic in TOPICS] for some in given], dtype=bool)
