"""Written conversations that teach the course model, and the fitting of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from riskmodel.corpus import FOLDER, SPLITS, CorpusError
from riskmodel.course import RAISED_TO, Course, figures_of, says_something
from riskmodel.levels import LADDER, RANK, Context, Level
from riskmodel.reading import ReadText, read
from riskmodel.scoring import Scorer
from riskmodel.thresholds import least_for_false_alarms

# Of conversations that need no raise at most this share may be raised, a level.
MOST_RAISED_WRONGLY = 0.01
_STRENGTH = 0.3  # strong: there are few conversations


@dataclass(frozen=True, slots=True)
class Conversation:
    """The client's messages, the level of each by itself, and that of the last in the light of those before."""

    id: str
    messages: tuple[str, ...]
    levels: tuple[Level, ...]
    level: Level
    course: str
    split: str


def read_conversations(folder: Path = FOLDER / "conversations") -> list[Conversation]:
    """Every conversation of every `*.jsonl` in `folder`; none where there is no folder. Raises CorpusError."""
    found: list[Conversation] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                found.append(_read(line, f"{path.name} line {number}"))
    return found


def _read(line: str, place: str) -> Conversation:
    try:
        row = json.loads(line)
        levels = tuple(Level(level) for level in row["levels"])
        one = Conversation(row["id"], tuple(row["messages"]), levels, Level(row["level"]), row["course"], row["split"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{place}: {error}") from None
    named = all(level in LADDER for level in (*one.levels, one.level)) and one.split in SPLITS
    if not named or len(one.levels) != len(one.messages) or len(one.messages) < 2:
        raise CorpusError(f"{place}: unknown level or split, or not as many levels as messages, at least two")
    if RANK[one.level] < RANK[one.levels[-1]]:
        raise CorpusError(f"{place}: the course may raise a level, never lower it")
    return one


def fit_course(scorer: Scorer, conversations: Sequence[Conversation]) -> dict[str, Any] | None:
    """The course model for the scores of `scorer`, as it stands in a manifest; None where nothing can be learnt.

    Learnt and bounded on all conversations but those of split `test`, on which it is measured.
    """
    figures, own, truth, split = _as_figures(scorer, conversations)
    learnt = split != "test"
    if not len(truth) or len(set(truth[learnt] >= RANK[Level.HIGH])) < 2:
        return None
    scale = StandardScaler().fit(figures[learnt])
    weights, intercepts, thresholds = [], [], []
    for level in RAISED_TO:
        goal = truth >= RANK[level]
        model = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(scale.transform(figures[learnt]), goal[learnt])
        row = model.coef_[0] / scale.scale_
        shift = float(model.intercept_[0] - (row * scale.mean_).sum())
        found = 1.0 / (1.0 + np.exp(-(figures @ row + shift)))
        wrong = found[learnt & ~goal & (own < RANK[level])]
        weights.append([round(float(w), 6) for w in row])
        intercepts.append(round(shift, 6))
        thresholds.append(round(least_for_false_alarms(wrong.tolist(), MOST_RAISED_WRONGLY), 6))
    course = Course(tuple(map(tuple, weights)), tuple(intercepts), tuple(thresholds))
    return {
        "weights": weights,
        "intercepts": intercepts,
        "thresholds": thresholds,
        "conversations": int(learnt.sum()),
        "metrics": {name: _measured(course, figures, own, truth, split == name) for name in SPLITS},
    }


def _as_figures(scorer: Scorer, conversations: Sequence[Conversation]) -> tuple[Any, Any, Any, Any]:
    """Figures, own rank, true rank and split of the last message of each conversation that says something before."""
    figures, own, truth, split = [], [], [], []
    for one in conversations:
        texts: list[ReadText] = [read(message) for message in one.messages]
        scores = [scorer.score_read(text) for text in texts]
        before = Context(tuple(s.level for s in scores[:-1]), tuple(s.probability for s in scores[:-1]))
        if not says_something(before):
            continue
        figures.append(figures_of(before, texts[-1], scores[-1].probability))
        own.append(RANK.get(scores[-1].level, RANK[Level.MODERATE]))
        truth.append(RANK[one.level])
        split.append(one.split)
    return np.array(figures), np.array(own), np.array(truth), np.array(split)


def _measured(course: Course, figures: Any, own: Any, truth: Any, these: Any) -> dict[str, Any]:
    """Of conversations that call for a person: how many the message alone calls, and with its course; and the price."""
    raised = np.array([RANK[course.level(row) or Level.NONE] for row in figures[these]])
    alone, both, true = own[these], np.maximum(own[these], raised), truth[these]
    alert = RANK[Level.MODERATE]
    grave, calm = true >= alert, true < alert
    return {
        "conversations": int(these.sum()),
        "alerted of those in danger, alone": _share(alone[grave] >= alert),
        "alerted of those in danger, with the course": _share(both[grave] >= alert),
        "alerted of the others, alone": _share(alone[calm] >= alert),
        "alerted of the others, with the course": _share(both[calm] >= alert),
    }


def _share(which: Any) -> float | None:
    return round(float(which.mean()), 4) if len(which) else None
