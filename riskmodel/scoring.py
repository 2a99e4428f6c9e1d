"""Scores one text: reads it, applies the stored weights, raises by the safety net, and says why. Never raises."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from riskmodel import tables
from riskmodel.artefacts import Artefact, ArtefactRefused
from riskmodel.course import course_of, figures_of, says_something
from riskmodel.evidence import STEPS, Evidence, weigh
from riskmodel.languages import OTHER
from riskmodel.levels import CATEGORIES, RANK, Context, Level, Reason, RiskScore, Setup
from riskmodel.loaded import Loaded
from riskmodel.reading import ReadText, read
from riskmodel.reasons import give_reasons, rule_reasons

logger = logging.getLogger(__name__)


class Scorer:
    """Applies one artefact. Holds no state that a score changes, so that any number of threads may share it."""

    def __init__(self, artefact: Artefact) -> None:
        manifest = artefact.manifest
        self.version = artefact.version
        self._weights, self._sense = artefact.weights, artefact.sense
        self._slopes = np.array(manifest["calibration"]["slopes"])
        self._shifts = np.array(manifest["calibration"]["shifts"])
        self.levels = tuple(float(manifest["thresholds"]["levels"][level]) for level in STEPS)
        self._without_concept = float(manifest["calibration"]["less without a concept"])
        self._course = course_of(manifest)
        self._category_threshold = float(manifest["thresholds"]["category"])
        self._at_floor = {Level(k): float(v) for k, v in manifest["calibration"]["probability_at_floor"].items()}

    def evidence(self, text: ReadText, vectors: Sequence[np.ndarray] | None = None) -> Evidence:
        """What the weights say of `text`, which must have words."""
        return weigh(text, self._weights, self._sense, self._without_concept, vectors)

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        """The probability of each output; those of the levels never rise from one level to the next."""
        each = 1.0 / (1.0 + np.exp(-np.clip(logits * self._slopes + self._shifts, -40.0, 40.0)))
        each[: len(STEPS)] = np.minimum.accumulate(each[: len(STEPS)])
        return np.asarray(each)

    def level(self, cumulative: Sequence[float], thresholds: Sequence[float] | None = None) -> Level:
        """The highest level whose own threshold is reached, whether or not those below it are.

        Probabilities never rise from one level to the next, but each threshold is chosen by itself: a message may
        have too little for `moderate` on the whole and yet too much for `imminent` to be passed over.
        """
        reached = [p >= t for p, t in zip(cumulative, thresholds or self.levels, strict=True)]
        return next((step for step, one in zip(STEPS[::-1], reached[::-1], strict=True) if one), Level.NONE)

    def score(self, text: str, context: Context | None = None, thresholds: Sequence[float] | None = None) -> RiskScore:
        """The score of `text`, without time; may raise, `score` of this module does not."""
        return self.score_read(read(text), context, thresholds)

    def score_read(
        self,
        reading: ReadText,
        context: Context | None = None,
        thresholds: Sequence[float] | None = None,
        vectors: Sequence[np.ndarray] | None = None,
    ) -> RiskScore:
        """The score of a text that was read; `vectors` are those of its windows where they are known already."""
        floor = reading.caught[0].rule.floor if reading.caught else None
        if not reading.has_words:
            return self._without_words(reading.original)
        if floor is None and reading.language == OTHER:
            return _unscored("language not read", self.version, OTHER)
        evidence = self.evidence(reading, vectors) if reading.language == "en" else None
        probabilities = self.calibrated(evidence.total()) if evidence else np.zeros(len(STEPS) + len(CATEGORIES))
        # In other languages English weights mean nothing: the safety net alone speaks.
        cumulative = [float(p) for p in probabilities[: len(STEPS)]]
        level = self.level(cumulative, thresholds)
        raised = self._raised(context, reading, cumulative, level)
        level = max(level, raised or Level.NONE, key=RANK.__getitem__)
        if floor is not None:
            level = max(level, floor, key=RANK.__getitem__)
            cumulative[1] = max(cumulative[1], self._at_floor[floor])
        categories = self._categories(reading, probabilities[len(STEPS) :].tolist(), level)
        return RiskScore(
            level=level,
            probability=cumulative[1],
            probabilities=dict(zip(STEPS, cumulative, strict=True)),
            categories=categories,
            reasons=self._reasons(reading, evidence, level, raised),
            model_version=self.version,
            floor=floor,
            language=reading.language,
            words=reading.count,
            unknown_words=self._weights.unknown(reading.words.words),
        )

    def _reasons(
        self, reading: ReadText, evidence: Evidence | None, level: Level, raised: Level | None
    ) -> tuple[Reason, ...]:
        if level is Level.NONE:
            return ()
        course = (Reason("course", "what was written before in this conversation", 0.0),) if raised else ()
        return course + give_reasons(reading, evidence, self._weights)

    def _raised(
        self, context: Context | None, reading: ReadText, cumulative: list[float], level: Level
    ) -> Level | None:
        """The level that the course of the conversation calls for where it is higher; raises `cumulative` as well."""
        if self._course is None or context is None or not says_something(context):
            return None
        figures = figures_of(context, reading, cumulative[1])
        wanted = self._course.level(figures)
        if wanted is None or RANK[wanted] <= RANK[level]:
            return None
        in_course = self._course.probabilities(figures)
        for place, probability in enumerate((max(in_course), *in_course)):
            cumulative[place] = max(cumulative[place], probability)
        return wanted

    def _without_words(self, text: str) -> RiskScore:
        """Signs alone ("?!", "...") say nothing; a text of which nothing was read at all is for a person."""
        visible = [c for c in text if not c.isspace() and c.isprintable()]
        if visible and all(c.isascii() or c in "…¿¡“”‘’–—" for c in visible):
            return RiskScore(Level.NONE, 0.0, dict.fromkeys(STEPS, 0.0), model_version=self.version, language="en")
        return _unscored("no words to read", self.version, "")

    def _categories(self, reading: ReadText, probabilities: Sequence[float], level: Level) -> tuple[str, ...]:
        named = {category for one in reading.caught for category in one.rule.categories}
        if level is Level.NONE:
            return ()
        if reading.language == "en":
            named |= {c for c, p in zip(CATEGORIES, probabilities, strict=True) if p >= self._category_threshold}
        return tuple(category for category in CATEGORIES if category in named)


def _unscored(why: str, version: str, language: str) -> RiskScore:
    return RiskScore(
        Level.UNSCORED, 0.0, reasons=(Reason("error", why, 0.0),), model_version=version, language=language
    )


_loaded = Loaded(Scorer)


def warm_up() -> str:
    """Load the active model and return its version. Raises ArtefactRefused with the exact reason."""
    scorer = _loaded.get()
    scorer.score("I want to say hello and see whether somebody is there. But I do not feel safe tonight.")
    return scorer.version


def score(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """How worried to be about `text`. Never raises for any str; what cannot be scored is `unscored`.

    `context` is what came before in the conversation: it may raise the level and never lowers it. `setup` is the
    version and the thresholds of a clinic; without it the shipped ones hold.
    """
    setup = setup or Setup()
    return score_with(lambda: _loaded.get(setup.version), text, context, setup.levels)


def score_with(
    scorer: Callable[[], Scorer],
    text: str,
    context: Context | None = None,
    thresholds: Sequence[float] | None = None,
) -> RiskScore:
    """Score `text` with what `scorer` returns; whatever that or the scoring raises gives `unscored`."""
    return _guarded(lambda: scorer().score(text, context, thresholds))


def score_rules_only(text: str) -> RiskScore:
    """What the safety net alone says: the highest floor, or `unscored`, never `none`. Never raises."""
    return _guarded(lambda: _by_rules(text))


def _by_rules(text: str) -> RiskScore:
    version = f"rules-{tables.digest()[:12]}"
    reading = read(text)
    if not reading.caught:
        return replace(_unscored("no rule of the safety net holds", version, reading.language), words=reading.count)
    floor = reading.caught[0].rule.floor
    named = {category for one in reading.caught for category in one.rule.categories}
    return RiskScore(
        level=floor,
        probability=1.0,
        categories=tuple(category for category in CATEGORIES if category in named),
        reasons=rule_reasons(reading),
        model_version=version,
        floor=floor,
        language=reading.language,
        words=reading.count,
    )


def _guarded(work: Callable[[], RiskScore]) -> RiskScore:
    began = time.perf_counter()
    try:
        result = work()
    except ArtefactRefused as refusal:
        logger.error("risk model refused: %s", refusal)
        result = _unscored("ArtefactRefused", "none", "")
    except Exception as error:  # the message must never reach a log, so only the name of the error does
        logger.error("scoring failed: %s", type(error).__name__)
        result = _unscored(type(error).__name__, "unknown", "")
    probability = result.probability if math.isfinite(result.probability) else 1.0
    return replace(result, probability=probability, took_ms=round((time.perf_counter() - began) * 1000, 3))
