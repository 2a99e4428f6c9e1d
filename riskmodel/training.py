"""Trains the model from the corpus: the only module that imports scikit-learn."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from riskmodel import corpus
from riskmodel.artefacts import Artefact
from riskmodel.corpus import Row
from riskmodel.evaluation import evaluate
from riskmodel.features import rule_names
from riskmodel.levels import CATEGORIES, LADDER, RANK, Level
from riskmodel.reading import ReadText, read, whole
from riskmodel.scoring import Scorer, stretch_logits
from riskmodel.thresholds import UNSET, choose_thresholds, with_floor
from riskmodel.vectors import LEAST_CHARACTER_LENGTH, LEAST_WORD_LENGTH, Weights, characters_analyser, words_analyser

_STEPS = LADDER[1:]
# Chosen among a handful on the held-out splits; see docs/model_card.md.
_STRENGTH = 2.0
_RULE_SCALE = 0.7
_WORDS_ALONE = 1.0  # what a row counts when it is learnt from its words alone, without rule features
_LEAST_DOCUMENTS = 2
_FOLDS = 5
# Log-odds taken from a stretch in which no concept of danger is found.
_LESS_WITHOUT_CONCEPT = 1.5
# A missed danger costs more than a look too many; the rarest level would else be outvoted.
_POSITIVE_COST: Mapping[str, float] = {Level.LOW: 1.0, Level.MODERATE: 1.5, Level.HIGH: 2.0, Level.IMMINENT: 3.0}

Tick = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that `artefacts.store` writes."""

    arrays: dict[str, Any]
    vocabulary: dict[str, list[str]]
    manifest: dict[str, Any]


def train(rows: Sequence[Row], *, name: str, seed: int, tick: Tick = lambda step: None) -> Trained:
    """Train on all rows but those of split `test`, and measure on these.

    Calibration and thresholds go by what models say of rows of families that they never saw (five folds), so that no
    row is lost to the weights. The same rows, seed and library versions give the same bytes.
    """
    with threadpool_limits(limits=1):  # sums in one order, so that two runs agree bit for bit
        texts = [read(row.text) for row in rows]
        tick("read")
        fitting = [place for place, row in enumerate(rows) if row.split != "test"]
        known, known_texts = [rows[p] for p in fitting], [texts[p] for p in fitting]
        arrays, vocabulary = _fit(known_texts, known, seed, tick)
        weights = weights_of(arrays, vocabulary)
        folds = _Folds(known_texts, known, seed)
        tick("rows weighed by models that never saw their family")
        calibration = _calibrate(folds.highest_logits(), known)
        calibration["less without a concept"] = _LESS_WITHOUT_CONCEPT
        calibration["probability_at_floor"] = _probability_at_floor(rows, texts)
        tick("calibrated")
        manifest: dict[str, Any] = {
            "name": name,
            "seed": seed,
            "corpus": corpus.digest(rows),
            "rows": {split: sum(row.split == split for row in rows) for split in corpus.SPLITS},
            "libraries": {p: importlib.metadata.version(p) for p in ("scikit-learn", "numpy", "scipy")}
            | {"python": platform.python_version()},
            "calibration": calibration,
        }
        manifest["thresholds"] = choose_thresholds(folds.cumulative(manifest), known)
        tick("thresholds chosen")
        manifest["metrics"] = evaluate(weights, manifest, rows, texts)
        tick("measured")
    return Trained(arrays, vocabulary, manifest)


def vectorisers() -> tuple[TfidfVectorizer, TfidfVectorizer]:
    """The vectorisers for words and for pieces of words, over lists of normalised words."""
    words = TfidfVectorizer(analyzer=words_analyser, min_df=_LEAST_DOCUMENTS, norm=None, dtype=np.float64)
    characters = TfidfVectorizer(analyzer=characters_analyser, min_df=_LEAST_DOCUMENTS, norm=None, dtype=np.float64)
    return words, characters


def shorten(matrix: sparse.csr_matrix, least: float) -> sparse.csr_matrix:
    """Rows of length one, or shorter where they were shorter than `least`."""
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    return sparse.diags(1.0 / np.maximum(lengths, least)) @ matrix


def weights_of(arrays: dict[str, Any], vocabulary: dict[str, list[str]]) -> Weights:
    """The weights as the scorer uses them."""
    return Weights(
        words={gram: place for place, gram in enumerate(vocabulary["words"])},
        characters={gram: place for place, gram in enumerate(vocabulary["characters"])},
        **arrays,
    )


def rule_matrix(texts: Sequence[ReadText]) -> sparse.csr_matrix:
    """The rule features of whole texts."""
    rows, columns = [], []
    for number, text in enumerate(texts):
        found = whole(text).rules
        rows += [number] * len(found)
        columns += found
    ones = np.full(len(rows), _RULE_SCALE)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(len(texts), len(rule_names())))


class _Folds:
    """Rows with, for each, the weights of a model that was trained without its family."""

    def __init__(self, texts: Sequence[ReadText], rows: Sequence[Row], seed: int) -> None:
        self._texts = texts
        self._fold = [int(hashlib.sha256(row.family.encode()).hexdigest(), 16) % _FOLDS for row in rows]
        self._weights: list[Weights] = []
        for number in range(_FOLDS):
            others = [place for place, one in enumerate(self._fold) if one != number]
            fitted = _fit([texts[p] for p in others], [rows[p] for p in others], seed, lambda step: None)
            self._weights.append(weights_of(*fitted))

    def highest_logits(self) -> Any:
        """For each row the highest log-odds of each output over its stretches, as the scorer takes them."""
        return np.array(
            [
                stretch_logits(self._weights[fold], text, _LESS_WITHOUT_CONCEPT).max(axis=0)
                for text, fold in zip(self._texts, self._fold, strict=True)
            ]
        )

    def cumulative(self, manifest: Mapping[str, Any]) -> Any:
        """For each row its cumulative probabilities, floors counted, with the calibration of `manifest`."""
        settings = dict(manifest) | {"thresholds": UNSET}
        scorers = [Scorer(Artefact("", weights, settings)) for weights in self._weights]
        return np.array([with_floor(scorers[fold], text) for text, fold in zip(self._texts, self._fold, strict=True)])


def _fit(
    texts: Sequence[ReadText], rows: Sequence[Row], seed: int, tick: Tick
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    lists = [text.words.words for text in texts]
    by_word, by_character = vectorisers()
    parts = [
        shorten(by_word.fit_transform(lists), LEAST_WORD_LENGTH),
        shorten(by_character.fit_transform(lists), LEAST_CHARACTER_LENGTH),
        rule_matrix(texts),
    ]
    features = sparse.hstack(parts, format="csr")
    # The phrases were written by people who had read these rows, so here they look surer than they are elsewhere.
    # Each row is therefore learnt a second time without them, from its words alone.
    without_rules = sparse.hstack([*parts[:2], sparse.csr_matrix(parts[2].shape)], format="csr")
    features = sparse.vstack([features, without_rules], format="csr")
    ranks = np.array([RANK[row.level] for row in rows])
    each = np.repeat([1.0, _WORDS_ALONE], len(rows))
    coefficients, intercepts = [], []
    for output in outputs():
        goal = _goal(output, ranks, rows)
        cost = np.where(goal, _POSITIVE_COST.get(output, 1.5), 1.0)
        model = LogisticRegression(C=_STRENGTH, max_iter=2000, random_state=seed)
        model.fit(features, np.tile(goal, 2), sample_weight=np.tile(cost, 2) * each)
        coefficients.append(model.coef_[0])
        intercepts.append(model.intercept_[0])
        tick(f"fitted {output}")
    weights = np.array(coefficients, dtype=np.float32).T
    first, second = len(by_word.vocabulary_), len(by_word.vocabulary_) + len(by_character.vocabulary_)
    arrays = {
        "word_idf": by_word.idf_.astype(np.float32),
        "character_idf": by_character.idf_.astype(np.float32),
        "word_weights": weights[:first],
        "character_weights": weights[first:second],
        "rule_weights": weights[second:] * np.float32(_RULE_SCALE),
        "intercepts": np.array(intercepts, dtype=np.float32),
    }
    vocabulary = {
        "words": by_word.get_feature_names_out().tolist(),
        "characters": by_character.get_feature_names_out().tolist(),
    }
    return arrays, vocabulary


def outputs() -> tuple[str, ...]:
    """The outputs in the order of their columns: four cumulative levels, then the categories."""
    return (*_STEPS, *CATEGORIES)


def _goal(output: str, ranks: Any, rows: Sequence[Row]) -> Any:
    if output in CATEGORIES:
        return np.array([output in row.categories for row in rows])
    return ranks >= RANK[Level(output)]


def _calibrate(logits: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Sigmoid calibration of each output on rows whose families the weights behind `logits` never saw."""
    ranks = np.array([RANK[row.level] for row in rows])
    slopes, shifts = [], []
    for column, output in enumerate(outputs()):
        goal = _goal(output, ranks, rows)
        if goal.all() or not goal.any():
            slope, shift = 1.0, 0.0
        else:
            line = LogisticRegression(C=1e3, max_iter=1000).fit(logits[:, [column]], goal)
            slope, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
        # A slope of nought or less would turn the order of risk round; such a calibration is not believed.
        slopes.append(round(slope, 8) if slope > 0 else 1.0)
        shifts.append(round(shift, 8) if slope > 0 else 0.0)
    return {"slopes": slopes, "shifts": shifts, "rows": len(rows)}


def _probability_at_floor(rows: Sequence[Row], texts: Sequence[ReadText]) -> dict[str, float]:
    """How often a row under each floor is of level moderate or above (rule of succession)."""
    found = {}
    for floor in _STEPS:
        caught = [
            row for row, text in zip(rows, texts, strict=True) if text.caught and text.caught[0].rule.floor == floor
        ]
        right = sum(RANK[row.level] >= RANK[Level.MODERATE] for row in caught)
        found[floor.value] = round((right + 1) / (len(caught) + 2), 6)
    return found
