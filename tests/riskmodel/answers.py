"""Rows and scores made by hand, so that a test can count on its fingers what a figure must be."""

from riskmodel.corpus import Row
from riskmodel.levels import RANK, Level, RiskScore

# A probability that fits a level, so that the order of scores is the order of their levels.
_PROBABILITY = {Level.NONE: 0.1, Level.LOW: 0.3, Level.MODERATE: 0.6, Level.HIGH: 0.8, Level.IMMINENT: 0.95}


def make_row(number, level="none", *, tags=(), categories=(), family=None, split="test", text=None):
    name = f"row-{number}"
    return Row(name, text or f"text {number}", Level(level), tuple(categories), tuple(tags), family or name, split)


def make_score(level="none", *, probability=None, language="en", categories=()):
    level = Level(level)
    fitting = _PROBABILITY.get(level, 0.0) if probability is None else probability
    return RiskScore(level, fitting, language=language, categories=tuple(categories))


def pairs(*told):
    """Rows and scores of `(level of the row, level given, how many, tags...)`."""
    rows, scores = [], []
    for truth, given, many, *tags in told:
        for _ in range(many):
            rows.append(make_row(len(rows), truth, tags=tags))
            scores.append(make_score(given))
    assert all(row.level in RANK for row in rows)
    return rows, scores
