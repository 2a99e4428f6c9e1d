"""Scoring outside any transaction, with a time limit: an error or a hang is `unscored`, never a lost turn."""

import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as ScoreTimeout
from functools import lru_cache, partial

from django.conf import settings
from django.utils.module_loading import import_string

from riskmodel import Context, Level, Reason, RiskScore, Setup, score_rules_only
from triage.policy import URGENCY

logger = logging.getLogger(__name__)

# One scoring that is ready to be run.
Job = Callable[[], RiskScore]

# Threads that a hanging scorer may hold before scoring is given up in this process.
_LOST_THREADS_LIMIT = 16
# What the columns of an assessment take.
_VERSION_LENGTH = 60
_LANGUAGE_LENGTH = 8
_MOST_WORDS = 32_767


class _Scoring:
    """A pool of scoring threads that is replaced when one of them hangs, so that the next message is scored again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool = self._new_pool()
        self._lost = 0

    @staticmethod
    def _new_pool() -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=settings.DOMAIN_THREADS, thread_name_prefix="scoring")

    def given_up(self) -> bool:
        return self._lost >= _LOST_THREADS_LIMIT

    def score(self, job: Job) -> RiskScore:
        with self._lock:
            if self.given_up():
                return unscored("scorer given up after repeated hangs")
            # Under the lock, or the pool could be shut down between finding it and handing it the work.
            pool = self._pool
            future = pool.submit(job)
        try:
            return future.result(timeout=settings.SCORE_TIMEOUT_SECONDS)
        except ScoreTimeout:
            if future.done():  # the scorer itself raised a time-out
                raise
            self._replace(pool)
            future.add_done_callback(self._came_back)
            return unscored("time-out")

    def _replace(self, pool: ThreadPoolExecutor) -> None:
        with self._lock:
            self._lost += 1
            if self._pool is pool:
                self._pool = self._new_pool()
        pool.shutdown(wait=False, cancel_futures=False)

    def _came_back(self, future: Future[RiskScore]) -> None:
        """A thread that was only slow is no longer held."""
        with self._lock:
            self._lost -= 1


_scoring = _Scoring()


def given_up() -> bool:
    """True while so many scorings hang in this process that none is tried: its messages all come out unscored."""
    return _scoring.given_up()


def unscored(why: str) -> RiskScore:
    """The result for a message that could not be scored: a person looks. `why` must not quote the message."""
    return RiskScore(
        level=Level.UNSCORED,
        probability=0.0,
        probabilities={},
        categories=(),
        reasons=(),
        model_version=f"none ({why})"[:_VERSION_LENGTH],
        floor=None,
        took_ms=0.0,
        language="",
    )


def assess(text: str, context: Context | None = None, setup: Setup | None = None) -> RiskScore:
    """Score `text` with the scorer named in `RISK_SCORER`. Never raises and never takes longer than the time limit.

    A version that refuses to load is replaced by the one that is shipped, with its own thresholds, and logged; if that
    fails too, the message is unscored and a person looks.
    """
    score = assess_exactly(text, context, setup)
    if setup is not None and setup.version and is_refused(score):
        _tell_refused(setup.version)
        return assess_exactly(text, context, Setup())
    return score


def assess_exactly(text: str, context: Context | None = None, setup: Setup | None = None) -> RiskScore:
    """The same with `setup` and nothing else: what it cannot score is unscored."""
    return _guarded(lambda: import_string(settings.RISK_SCORER)(text, context, setup=setup))


def assess_by_rules(text: str) -> RiskScore:
    """What the rules of the safety net alone say, with the same guards: the level of the highest, or unscored."""
    return _guarded(partial(score_rules_only, text))


def is_refused(score: RiskScore) -> bool:
    """Whether nothing was scored because the model version refused to load."""
    return score.level == Level.UNSCORED and any(
        reason.kind == "error" and reason.text == "ArtefactRefused" for reason in score.reasons
    )


@lru_cache(maxsize=100)
def _tell_refused(version: str) -> None:
    """Log once in a process; each message would fill the log."""
    logger.error("model version refused to load, the shipped one scores instead", extra={"version": version})


def _guarded(job: Job) -> RiskScore:
    try:
        score = _scoring.score(job)
        if not _is_sound(score):
            logger.error("scoring gave an invalid result")
            return unscored("invalid result")
        return score
    except Exception as error:  # whatever a scorer raises, the turn goes on and a person looks
        logger.exception("scoring failed")
        return unscored(type(error).__name__)


def _is_sound(score: object) -> bool:
    """Whether everything of a score can be stored: what cannot would undo the turn, and each resend of it."""
    return (
        isinstance(score, RiskScore)
        and _is_level(score.level)
        and (score.floor is None or _is_level(score.floor))
        and _is_number(score.probability)
        and 0 <= score.probability <= 1
        and _is_number(score.took_ms)
        and isinstance(score.categories, tuple | list)
        and all(_is_word(one) for one in score.categories)
        and _is_word(score.model_version)
        and len(score.model_version) <= _VERSION_LENGTH
        and _is_word(score.language)
        and len(score.language) <= _LANGUAGE_LENGTH
        and all(type(count) is int and 0 <= count <= _MOST_WORDS for count in (score.words, score.unknown_words))
        and isinstance(score.reasons, tuple | list)
        and all(_is_reason(one) for one in score.reasons)
    )


def _is_level(value: object) -> bool:
    return isinstance(value, str) and str(value) in URGENCY


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)


def _is_word(value: object) -> bool:
    # Neither half a character nor NUL: PostgreSQL and UTF-8 have no place for them.
    return isinstance(value, str) and value.isprintable()


def _is_reason(value: object) -> bool:
    if not isinstance(value, Reason) or not _is_word(value.kind) or not isinstance(value.text, str):
        return False
    # A stretch of the text itself, which was checked; what comes from elsewhere may hold half a character.
    is_text = not any("\ud800" <= char <= "\udfff" for char in value.text)
    places = (value.start, value.end)
    return is_text and _is_number(value.weight) and all(place is None or type(place) is int for place in places)
