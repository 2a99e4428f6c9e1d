"""Fits the weights of one model: words and phrases by logistic regressions, sense by one over likeness to examples.

With `training` the only module that imports scikit-learn.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from riskmodel.corpus import Row
from riskmodel.evidence import STEPS
from riskmodel.features import rule_names
from riskmodel.levels import CATEGORIES, RANK, Level
from riskmodel.parts import Parts
from riskmodel.reading import ReadText, Stretch, whole
from riskmodel.sense import likeness
from riskmodel.vectors import LEAST_CHARACTER_LENGTH, LEAST_WORD_LENGTH, characters_analyser, words_analyser

# Chosen among a handful by five folds over families; see docs/model_card.md.
_STRENGTH = 2.0
_RULE_SCALE = 0.4
_WORDS_ALONE = 1.0  # what a row counts when it is learnt from its words alone, without rule features
# What a stretch or window of a message counts. A message below a level holds nothing of that level, so each part of it
# is an example of what lies below (multiple-instance learning; Dietterich, Lathrop, Lozano-Perez, 1997). Of a message
# of the level nothing of the kind is known: one part of it may say everything.
_PART_COUNTS = 1.0
_LEAST_DOCUMENTS = 2
_LANDMARKS = 1500
_SENSE_STRENGTH = 30.0
_SENSE_SHARE = 1.0  # how much of the sense's log-odds is added to those of words and phrases
# A missed danger costs more than a look too many; the rarest level would else be outvoted.
_POSITIVE_COST: Mapping[str, float] = {Level.LOW: 1.0, Level.MODERATE: 1.5, Level.HIGH: 2.0, Level.IMMINENT: 3.0}

_EVERY_PART = Parts()

Arrays = dict[str, Any]
Vocabulary = dict[str, list[str]]
Tick = Callable[[str], None]
_Part = TypeVar("_Part")


def outputs() -> tuple[str, ...]:
    """The outputs in the order of their columns: four cumulative levels, then the categories."""
    return (*STEPS, *CATEGORIES)


def goal(output: str, rows: Sequence[Row]) -> Any:
    """Whether `output` is true of each row."""
    if output in CATEGORIES:
        return np.array([output in row.categories for row in rows])
    return np.array([RANK[row.level] >= RANK[Level(output)] for row in rows])


def vectorisers() -> tuple[TfidfVectorizer, TfidfVectorizer]:
    """The vectorisers for words and for pieces of words, over lists of normalised words."""
    words = TfidfVectorizer(analyzer=words_analyser, min_df=_LEAST_DOCUMENTS, norm=None, dtype=np.float64)
    characters = TfidfVectorizer(analyzer=characters_analyser, min_df=_LEAST_DOCUMENTS, norm=None, dtype=np.float64)
    return words, characters


def shorten(matrix: sparse.csr_matrix, least: float) -> sparse.csr_matrix:
    """Rows of length one, or shorter where they were shorter than `least`."""
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    return sparse.diags(1.0 / np.maximum(lengths, least)) @ matrix


def rule_matrix(stretches: Sequence[Stretch]) -> sparse.csr_matrix:
    """The rule features of stretches of texts."""
    rows, columns = [], []
    for number, stretch in enumerate(stretches):
        rows += [number] * len(stretch.rules)
        columns += stretch.rules
    ones = np.full(len(rows), _RULE_SCALE)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(len(stretches), len(rule_names())))


def fit_words(
    texts: Sequence[ReadText], rows: Sequence[Row], counts: Any, seed: int, tick: Tick, parts: Parts = _EVERY_PART
) -> tuple[Arrays, Vocabulary]:
    """The weights of words, pieces of words and phrases for every output. `counts` is how often each row counts.

    Without phrases or categories in `parts` their weights are nought.
    """
    by_word, by_character = vectorisers()
    lists = [text.words.words for text in texts]
    by_word.fit(lists)
    by_character.fit(lists)

    def features_of(words: Sequence[Sequence[str]], rules: Sequence[Stretch]) -> sparse.csr_matrix:
        phrases = rule_matrix(rules) if parts.phrases else sparse.csr_matrix((len(words), len(rule_names())))
        found = [
            shorten(by_word.transform(words), LEAST_WORD_LENGTH),
            shorten(by_character.transform(words), LEAST_CHARACTER_LENGTH),
        ]
        return sparse.hstack([*found, phrases], format="csr")

    features = features_of(lists, [whole(text) for text in texts])
    # The phrases were written by people who had read these rows, so here they look surer than they are elsewhere.
    # Each row is therefore learnt a second time without them, from its words alone.
    phrases = len(rule_names())
    words_alone = sparse.hstack([features[:, :-phrases], sparse.csr_matrix((len(texts), phrases))], format="csr")
    of, stretches = _parts_of([text.stretches for text in texts])
    cut = features_of([texts[p].words.words[s.start : s.end] for p, s in zip(of, stretches, strict=True)], stretches)
    each = np.concatenate([counts, counts * _WORDS_ALONE])
    coefficients, intercepts = [], []
    for output in outputs():
        if output in CATEGORIES and not parts.categories:
            coefficients.append(np.zeros(features.shape[1]))
            intercepts.append(0.0)
            continue
        true = goal(output, rows)
        cost = np.where(true, _POSITIVE_COST.get(output, 1.5), 1.0)
        below = np.flatnonzero(~true[of])
        model = LogisticRegression(C=_STRENGTH, max_iter=2000, random_state=seed)
        model.fit(
            sparse.vstack([features, words_alone, cut[below]], format="csr"),
            np.concatenate([true, true, np.zeros(len(below), dtype=bool)]),
            sample_weight=np.concatenate([np.tile(cost, 2) * each, _PART_COUNTS * counts[of][below]]),
        )
        coefficients.append(model.coef_[0])
        intercepts.append(model.intercept_[0])
        tick(f"words for {output}")
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


def _parts_of(parts: Sequence[Sequence[_Part]]) -> tuple[Any, list[_Part]]:
    """The parts of texts that have more than one, and for each the place of its text."""
    of = [place for place, some in enumerate(parts) if len(some) > 1 for _ in some]
    return np.array(of, dtype=int), [part for some in parts if len(some) > 1 for part in some]


def no_words() -> tuple[Arrays, Vocabulary]:
    """The arrays of a model that weighs neither words nor phrases."""
    rows = {"word_weights": 0, "character_weights": 0, "rule_weights": len(rule_names())}
    arrays = {name: np.zeros((count, len(outputs())), dtype=np.float32) for name, count in rows.items()}
    ones = {name: np.zeros(0, dtype=np.float32) for name in ("word_idf", "character_idf")}
    return arrays | ones | {"intercepts": np.zeros(len(outputs()), dtype=np.float32)}, {"words": [], "characters": []}


def no_sense() -> Arrays:
    """The arrays of a model that weighs no sense."""
    return {
        "landmarks": np.zeros((0, 0), dtype=np.float16),
        "landmark_weights": np.zeros((0, len(STEPS)), dtype=np.float32),
        "sense_intercepts": np.zeros(len(STEPS), dtype=np.float32),
    }


def fit_sense(
    vectors: Any, windows: Sequence[Sequence[Any]], rows: Sequence[Row], counts: Any, seed: int, tick: Tick
) -> Arrays:
    """The weights of likeness to landmarks, which are some of `vectors` (rows, 384), for the four levels.

    `windows` are the vectors of the windows of each row.
    """
    chosen = np.random.RandomState(seed).choice(len(rows), min(_LANDMARKS, len(rows)), replace=False)
    landmarks = vectors[np.sort(chosen)].astype(np.float16)  # as they are stored, so that nothing differs later
    exact = landmarks.astype(np.float32)
    # Nystroem: likeness to landmarks, turned so that it is the kernel's own feature space.
    left, strengths, _ = np.linalg.svd(likeness(exact, exact).astype(np.float64))
    turn = left / np.sqrt(np.maximum(strengths, 1e-12))
    of, cut = _parts_of(windows)
    features = likeness(np.concatenate([vectors, *(one[None] for one in cut)]), exact) @ turn
    weights, intercepts = [], []
    for level in STEPS:
        true = goal(level, rows)
        cost = np.where(true, _POSITIVE_COST[level], 1.0)
        model = LogisticRegression(C=_SENSE_STRENGTH, solver="newton-cholesky", max_iter=50)
        below = np.flatnonzero(~true[of])
        model.fit(
            features[np.concatenate([np.arange(len(rows)), len(rows) + below])],
            np.concatenate([true, np.zeros(len(below), dtype=bool)]),
            sample_weight=np.concatenate([cost * counts, _PART_COUNTS * counts[of][below]]),
        )
        weights.append(turn @ model.coef_[0] * _SENSE_SHARE)
        intercepts.append(model.intercept_[0] * _SENSE_SHARE)
        tick(f"sense for {level}")
    return {
        "landmarks": landmarks,
        "landmark_weights": np.array(weights, dtype=np.float32).T.copy(),
        "sense_intercepts": np.array(intercepts, dtype=np.float32),
    }
