"""Trains a model from the corpus and a clinic's own labels, calibrates it, chooses thresholds, and measures it."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from riskmodel import corpus, embedding
from riskmodel.artefacts import Artefact, assemble, held_back_of
from riskmodel.conversations import Conversation, fit_course
from riskmodel.corpus import Row
from riskmodel.evaluation import head_figures
from riskmodel.evidence import STEPS, weigh
from riskmodel.fairness import fairness
from riskmodel.fitting import Arrays, Tick, Vocabulary, fit_sense, fit_words, goal, no_sense, no_words, outputs
from riskmodel.levels import RANK, Level, RiskScore
from riskmodel.parts import Parts
from riskmodel.reading import ReadText
from riskmodel.scoring import Scorer
from riskmodel.thresholds import UNSET, choose_thresholds, is_everyday, with_floor
from riskmodel.vectors import Weights

_FOLDS = 5
# Log-odds taken from a stretch in which no concept of danger is found.
LESS_WITHOUT_CONCEPT = 0.75
_BINS = 10

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that `artefacts.store` writes."""

    arrays: Arrays
    vocabulary: Vocabulary
    manifest: dict[str, Any]

    def artefact(self, version: str = "") -> Artefact:
        """The model as it would be loaded."""
        return assemble(version, self.arrays, self.vocabulary, self.manifest)


@dataclass(slots=True)
class Senses:
    """The vectors of stretches of words, each made once. May be shared by several trainings."""

    known: dict[tuple[str, ...], Array] = field(default_factory=dict)

    def learn(self, stretches: Iterable[Sequence[str]], tick: Callable[[int], None] = lambda done: None) -> None:
        """Make the vectors that are not known yet, on two cores."""
        missing = list(dict.fromkeys(key for key in map(tuple, stretches) if key not in self.known))
        with ThreadPoolExecutor(2) as threads:
            for number, (key, vector) in enumerate(
                zip(missing, threads.map(embedding.embedder().embed, missing), strict=True), start=1
            ):
                self.known[key] = vector
                tick(number)

    def whole(self, text: ReadText) -> Array:
        """The vector of all words of `text`."""
        return self.known[tuple(text.words.words)]

    def windows(self, text: ReadText) -> list[Array]:
        """The vectors of the windows of `text`."""
        return [self.known[tuple(text.words.words[start:end])] for start, end in text.windows]

    def learn_texts(self, texts: Sequence[ReadText]) -> None:
        """Make the vectors of whole texts and of their windows."""
        self.learn([text.words.words for text in texts])
        self.learn([text.words.words[start:end] for text in texts for start, end in text.windows])


def train(
    rows: Sequence[Row],
    *,
    name: str,
    seed: int,
    tick: Tick = lambda step: None,
    counts: Sequence[float] | None = None,
    on: date | None = None,
    senses: Senses | None = None,
    parts: Parts | None = None,
    conversations: Sequence[Conversation] = (),
) -> Trained:
    """Train on all rows but those of split `test`, and measure on these.

    Calibration and thresholds go by what models say of rows of families that they never saw (five folds), so that no
    row is lost to the weights. The same rows, seed, day and library versions give the same bytes. `counts` is how often
    each row counts for the weights (a clinic's own labels count more; calibration counts every row once), `senses` what
    was embedded before, `conversations` what the course model learns from.
    """
    parts, senses = parts or Parts(), senses or Senses()
    with threadpool_limits(limits=1):  # sums in one order, so that two runs agree bit for bit
        texts = [parts.read(row.text) for row in rows]
        tick("read")
        if parts.sense:
            senses.learn_texts(texts)
        tick("sense of every row")
        fitting = [place for place, row in enumerate(rows) if row.split != "test"]
        known, known_texts = [rows[p] for p in fitting], [texts[p] for p in fitting]
        weight = np.ones(len(rows)) if counts is None else np.asarray(counts, dtype=float)
        maker = _Maker(senses, parts, seed)
        arrays, vocabulary = maker.fit(known_texts, known, weight[fitting], tick)
        folds = _Folds(maker, known_texts, known, weight[fitting], tick)
        calibration = _calibrate(folds.totals(), known)
        calibration["less without a concept"] = LESS_WITHOUT_CONCEPT
        calibration["probability_at_floor"] = _probability_at_floor(known, known_texts)
        tick("calibrated")
        manifest: dict[str, Any] = {
            "name": name,
            "seed": seed,
            "trained_on": str(on or ""),
            "corpus": corpus.digest(rows),
            "embedding": embedding.DIGEST,
            "rows": {split: sum(row.split == split for row in rows) for split in corpus.SPLITS},
            "libraries": {p: importlib.metadata.version(p) for p in ("scikit-learn", "numpy", "scipy", "onnxruntime")}
            | {"python": platform.python_version()},
            "calibration": calibration,
        }
        found = folds.cumulative(manifest)
        arrays |= {
            "held_back": found.astype(np.float32),
            "held_back_ranks": np.array([RANK[row.level] for row in known], dtype=np.int8),
            "held_back_everyday": np.array([is_everyday(row) for row in known]),
        }
        trained = Trained(arrays, vocabulary, manifest)
        manifest["thresholds"] = choose_thresholds(held_back_of(arrays), on=manifest["trained_on"])
        tick("thresholds chosen")
        manifest["course"] = fit_course(Scorer(trained.artefact()), conversations)
        tick("course of conversations")
        manifest["reference"] = _reference(found, known_texts, trained.artefact().weights)
        _measure(trained, rows, texts, maker.vectors)
        tick("measured")
    return trained


class _Maker:
    """Fits models of the same parts to different rows."""

    def __init__(self, senses: Senses, parts: Parts, seed: int) -> None:
        self.senses, self.parts, self._seed = senses, parts, seed

    def fit(self, texts: Sequence[ReadText], rows: Sequence[Row], counts: Any, tick: Tick) -> tuple[Arrays, Vocabulary]:
        if self.parts.words:
            arrays, vocabulary = fit_words(texts, rows, counts, self._seed, tick, self.parts)
        else:
            arrays, vocabulary = no_words()
        if self.parts.sense:
            vectors = np.stack([self.senses.whole(text) for text in texts])
            windows = [self.senses.windows(text) for text in texts]
            arrays |= fit_sense(vectors, windows, rows, counts, self._seed, tick)
        else:
            arrays |= no_sense()
        return arrays, vocabulary

    def vectors(self, text: ReadText) -> list[Array] | None:
        return self.senses.windows(text) if self.parts.sense else None


class _Folds:
    """Rows with, for each, the model that was trained without its family."""

    def __init__(self, maker: _Maker, texts: Sequence[ReadText], rows: Sequence[Row], counts: Any, tick: Tick) -> None:
        self._maker, self._texts = maker, texts
        self._fold = [int(hashlib.sha256(row.family.encode()).hexdigest(), 16) % _FOLDS for row in rows]
        self._made: list[tuple[Arrays, Vocabulary]] = []
        for number in range(_FOLDS):
            others = [place for place, one in enumerate(self._fold) if one != number]
            part = [texts[p] for p in others], [rows[p] for p in others], counts[others]
            self._made.append(maker.fit(*part, lambda step: None))
            tick(f"model {number + 1} of {_FOLDS} that does not know every family")

    def _scorers(self, manifest: Mapping[str, Any]) -> list[Artefact]:
        empty = {
            "held_back": np.zeros((0, len(STEPS))),
            "held_back_ranks": np.zeros(0),
            "held_back_everyday": np.zeros(0),
        }
        return [assemble("", arrays | empty, vocabulary, manifest) for arrays, vocabulary in self._made]

    def totals(self) -> Any:
        """For each row the log-odds of each output, before calibration."""
        models = self._scorers({})
        return np.array(
            [
                weigh(
                    text, models[fold].weights, models[fold].sense, LESS_WITHOUT_CONCEPT, self._maker.vectors(text)
                ).total()
                for text, fold in zip(self._texts, self._fold, strict=True)
            ]
        )

    def cumulative(self, manifest: Mapping[str, Any]) -> Any:
        """For each row its cumulative probabilities, floors counted, with the calibration of `manifest`."""
        scorers = [Scorer(model) for model in self._scorers(dict(manifest) | {"thresholds": UNSET})]
        return np.array(
            [
                with_floor(scorers[fold], text, self._maker.vectors(text))
                for text, fold in zip(self._texts, self._fold, strict=True)
            ]
        )


def _measure(
    trained: Trained,
    rows: Sequence[Row],
    texts: Sequence[ReadText],
    vectors: Callable[[ReadText], list[Array] | None],
) -> None:
    scorer = Scorer(trained.artefact())
    chosen = [(row, text) for row, text in zip(rows, texts, strict=True) if row.split == "test"]
    scores = [scorer.score_read(text, vectors=vectors(text)) for _, text in chosen]
    measured = [row for row, _ in chosen]
    trained.manifest["metrics"] = head_figures(measured, scores)
    # The test split alone holds too few of most groups: the rows of the folds, none of which saw them, tell as well.
    held_back = [
        RiskScore(scorer.level([float(p) for p in row]), float(row[1]), language="en")
        for row in trained.arrays["held_back"]
    ]
    learnt = [row for row in rows if row.split != "test"]
    trained.manifest["fairness"] = fairness([*measured, *learnt], [*scores, *held_back])


def _reference(found: Any, texts: Sequence[ReadText], weights: Weights) -> dict[str, Any]:
    """What drift is measured against until a service has weeks of its own."""
    counted = sum(text.count for text in texts)
    unknown = sum(weights.unknown(text.words.words) for text in texts)
    places = np.minimum((found[:, 1] * _BINS).astype(int), _BINS - 1)
    return {
        "histogram": np.bincount(places, minlength=_BINS).tolist(),
        "rows": len(texts),
        "unknown_words_rate": round(unknown / max(1, counted), 4),
    }


def _calibrate(totals: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Sigmoid calibration of each output on rows whose families the weights behind `totals` never saw."""
    slopes, shifts = [], []
    for column, output in enumerate(outputs()):
        true = goal(output, rows)
        if true.all() or not true.any():
            slope, shift = 1.0, 0.0
        else:
            line = LogisticRegression(C=1e3, max_iter=1000).fit(totals[:, [column]], true)
            slope, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
        # A slope of nought or less would turn the order of risk round; such a calibration is not believed.
        slopes.append(round(slope, 8) if slope > 0 else 1.0)
        shifts.append(round(shift, 8) if slope > 0 else 0.0)
    return {"slopes": slopes, "shifts": shifts, "rows": len(rows)}


def _probability_at_floor(rows: Sequence[Row], texts: Sequence[ReadText]) -> dict[str, float]:
    """How often a row under each floor is of level moderate or above (rule of succession)."""
    found = {}
    for floor in STEPS:
        caught = [
            row for row, text in zip(rows, texts, strict=True) if text.caught and text.caught[0].rule.floor == floor
        ]
        right = sum(RANK[row.level] >= RANK[Level.MODERATE] for row in caught)
        found[floor.value] = round((right + 1) / (len(caught) + 2), 6)
    return found
