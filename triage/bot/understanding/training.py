"""Trains understanding from the corpus: one set of logistic regressions over words, pieces of words, cues and sense.

The only module of the bot that imports scikit-learn; a running service never imports it.
"""

import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from riskmodel import Meaning, meaning
from triage.bot.understanding import corpus, features
from triage.bot.understanding.corpus import Row
from triage.bot.understanding.cues import count_cues, names
from triage.bot.understanding.evaluation import macro_f1, topic_f1
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS
from triage.bot.understanding.storing import ARRAYS, assemble
from triage.bot.understanding.weights import ACT, FEELING, OUTPUTS, TOPIC, Array, Calibration

FOLDS = 5
# Chosen among a handful by five folds; docs/understanding.md gives what each gave.
_STRENGTH = 1.0
_CUE_SCALE = 0.5
_SENSE_SCALE = 2.0
_LEAST_MESSAGES = 2
_RIGHT_WHEN_SURE = 0.90
_LEAST_SURE = 20  # rows; a threshold that fewer reach was chosen by chance
_GRID = np.round(np.arange(0.10, 0.91, 0.01), 2)

Tick = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that `storing.store` writes."""

    arrays: dict[str, Array]
    vocabulary: dict[str, list[str]]
    calibration: Calibration
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A row with what was read of it."""

    row: Row
    read: Meaning
    tokens: list[str]


def train(rows: Sequence[Row], *, seed: int = 1, on: date | None = None, tick: Tick = lambda step: None) -> Trained:
    """Train on `rows`. The same rows, seed, day and library versions give the same bytes.

    Calibration and thresholds go by what models say of rows that they never saw (five folds by digest of the words).
    """
    with threadpool_limits(limits=1):  # sums in one order, so that two runs agree bit for bit
        examples = [_read(row) for row in rows]
        tick("read")
        found = _out_of_fold(examples, seed, tick)
        calibration = calibrate(found, rows)
        tick("calibrated")
        arrays, vocabulary = fit(examples, seed)
        tick("fitted")
    acts, topics, feelings = calibration.probabilities(found)
    manifest: dict[str, Any] = {
        "seed": seed,
        "trained_on": str(on or ""),
        "corpus": corpus.digest(rows),
        "rows": len(rows),
        "libraries": {name: importlib.metadata.version(name) for name in ("scikit-learn", "numpy", "scipy")}
        | {"python": platform.python_version()},
        "out_of_fold": {
            "acts": round(macro_f1(_places(ACTS, [row.act for row in rows]), acts.argmax(axis=1), len(ACTS)), 4),
            "topics": round(topic_f1(_topics(rows), topics >= calibration.said), 4),
            "feelings": round(
                macro_f1(_places(FEELINGS, [row.feeling for row in rows]), feelings.argmax(axis=1), len(FEELINGS)), 4
            ),
            "sure": round(float((acts.max(axis=1) >= calibration.sure).mean()), 4),
        },
    }
    return Trained(arrays, vocabulary, calibration, manifest)


def fold_of(row: Row) -> int:
    """The fold of a row: rows of the same words never lie in two."""
    return int(hashlib.sha256(" ".join(row.words).encode()).hexdigest(), 16) % FOLDS


def fit(examples: Sequence[Example], seed: int) -> tuple[dict[str, Array], dict[str, list[str]]]:
    """The arrays and the vocabulary of one model."""
    by_word, by_letters = _vectoriser(features.word_grams), _vectoriser(features.letter_grams)
    some = [example.tokens for example in examples]
    given = sparse.hstack(
        [
            by_word.fit_transform(some),
            by_letters.fit_transform(some),
            _cue_matrix(some) * _CUE_SCALE,
            sparse.csr_matrix(np.stack([example.read.vector for example in examples])) * _SENSE_SCALE,
            sparse.csr_matrix([[features.long(example.read)] for example in examples]),
        ],
        format="csr",
    )
    weights, intercepts = _solve(given, [example.row for example in examples], seed)
    ends = np.cumsum([len(by_word.vocabulary_), len(by_letters.vocabulary_), len(names()), 384])
    words, letters, cues, sense, long = np.split(weights, ends)
    arrays = {
        "word_idf": by_word.idf_.astype(np.float32),
        "letter_idf": by_letters.idf_.astype(np.float32),
        "word_weights": words.astype(np.float16),
        "letter_weights": letters.astype(np.float16),
        "cue_weights": (cues * _CUE_SCALE).astype(np.float32),
        "sense_weights": (sense * _SENSE_SCALE).astype(np.float32),
        "long_weights": long[0].astype(np.float32),
        "intercepts": intercepts.astype(np.float32),
    }
    vocabulary = {
        "words": by_word.get_feature_names_out().tolist(),
        "letters": by_letters.get_feature_names_out().tolist(),
    }
    return {name: arrays[name] for name in ARRAYS}, vocabulary


def calibrate(logits: Array, rows: Sequence[Row]) -> Calibration:
    """Temperatures, and the thresholds of acts and topics, from log-odds of models that did not see these rows."""
    acts, feelings = _places(ACTS, [row.act for row in rows]), _places(FEELINGS, [row.feeling for row in rows])
    topics = _topics(rows)
    line = LogisticRegression(C=1e3, max_iter=1000).fit(logits[:, TOPIC].reshape(-1, 1), topics.reshape(-1))
    made = Calibration(
        act=_temperature(logits[:, ACT], acts),
        feeling=_temperature(logits[:, FEELING], feelings),
        # A slope of nought or less would turn the order round; such a calibration is not believed.
        topic=round(float(line.coef_[0, 0]), 6) if line.coef_[0, 0] > 0 else 1.0,
        shift=round(float(line.intercept_[0]), 6) if line.coef_[0, 0] > 0 else 0.0,
    )
    found_acts, found_topics, _ = made.probabilities(logits)
    said = max(_GRID, key=lambda threshold: (topic_f1(topics, found_topics >= threshold), -threshold))
    return replace(made, said=float(said), sure=_surest(found_acts, acts))


def _surest(found: Array, true: Array) -> float:
    """The least probability from which on nine of ten acts are right; one (never sure) where there is none."""
    highest, right = found.max(axis=1), found.argmax(axis=1) == true
    for threshold in _GRID:
        sure = highest >= threshold
        if sure.sum() >= _LEAST_SURE and right[sure].mean() >= _RIGHT_WHEN_SURE:
            return float(threshold)
    return 1.0


def _temperature(logits: Array, true: Array) -> float:
    """What log-odds are divided by so that the probability of what is true is greatest."""
    options = np.round(np.geomspace(0.25, 4, 97), 6)

    def loss(by: float) -> float:
        scaled = logits / by
        highest = scaled.max(axis=1)
        total = highest + np.log(np.exp(scaled - highest[:, None]).sum(axis=1))
        return float((total - scaled[np.arange(len(true)), true]).mean())

    return float(min(options, key=loss))


def _out_of_fold(examples: Sequence[Example], seed: int, tick: Tick) -> Array:
    """The log-odds of every row from a model that did not see its fold."""
    folds = np.array([fold_of(example.row) for example in examples])
    found = np.zeros((len(examples), OUTPUTS), dtype=np.float32)
    for number in range(FOLDS):
        known = [example for example, fold in zip(examples, folds, strict=True) if fold != number]
        weights = assemble(*fit(known, seed))
        for place in np.flatnonzero(folds == number).tolist():
            found[place] = weights.logits(examples[place].read)
        tick(f"model {number + 1} of {FOLDS} that does not know every row")
    return found


def _read(row: Row) -> Example:
    read = meaning(row.text)
    return Example(row, read, features.tokens(read))


def _vectoriser(analyser: Callable[[list[str]], Any]) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=lambda some: list(analyser(some)), min_df=_LEAST_MESSAGES, sublinear_tf=True, dtype=np.float64
    )


def _cue_matrix(some: Sequence[list[str]]) -> Any:
    rows, columns, values = [], [], []
    for number, one in enumerate(some):
        for column, count in count_cues(one).items():
            rows.append(number)
            columns.append(column)
            values.append(np.sqrt(count))
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(some), len(names())))


def _solve(given: Any, rows: Sequence[Row], seed: int) -> tuple[Array, Array]:
    """Weights (features, outputs) and intercepts. Rare classes count as much as common ones."""
    weights = np.zeros((given.shape[1], OUTPUTS))
    intercepts = np.full(OUTPUTS, -10.0)  # what no row shows is never said

    def model() -> LogisticRegression:
        return LogisticRegression(C=_STRENGTH, max_iter=2000, class_weight="balanced", random_state=seed)

    for part, true in (
        (ACT, _places(ACTS, [row.act for row in rows])),
        (FEELING, _places(FEELINGS, [row.feeling for row in rows])),
    ):
        known = np.unique(true)
        if len(known) < 3:
            raise ValueError("a corpus needs three acts and three feelings at least")
        fitted = model().fit(given, true)
        columns = part.start + known
        weights[:, columns], intercepts[columns] = fitted.coef_.T, fitted.intercept_
    for place, true in enumerate(_topics(rows).T, start=TOPIC.start):
        if true.any() and not true.all():
            fitted = model().fit(given, true)
            weights[:, place], intercepts[place] = fitted.coef_[0], fitted.intercept_[0]
    return weights, intercepts


def _places(known: Sequence[str], given: Sequence[str]) -> Array:
    return np.array([known.index(one) for one in given])


def _topics(rows: Sequence[Row]) -> Array:
    return np.array([[topic in row.topics for topic in TOPICS] for row in rows])
