"""Scoring outside any transaction, with a time limit: an error or a hang is `unscored`, never a lost turn."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as ScoreTimeout

from django.conf import settings
from django.utils.module_loading import import_string

from riskmodel import Level, RiskScore

logger = logging.getLogger(__name__)

Scorer = Callable[[str], RiskScore]

# Threads that a hanging scorer may hold before scoring is given up in this process.
_LOST_THREADS_LIMIT = 16


class _Scoring:
    """A pool of scoring threads that is replaced when one of them hangs, so that the next message is scored again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool = self._new_pool()
        self._lost = 0

    @staticmethod
    def _new_pool() -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=settings.DOMAIN_THREADS, thread_name_prefix="scoring")

    def score(self, scorer: Scorer, text: str) -> RiskScore:
        with self._lock:
            if self._lost >= _LOST_THREADS_LIMIT:
                return unscored("scorer given up after repeated hangs")
            # Under the lock, or the pool could be shut down between finding it and handing it the work.
            pool = self._pool
            future = pool.submit(scorer, text)
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


def unscored(why: str) -> RiskScore:
    """The result for a message that could not be scored: a person looks. `why` must not quote the message."""
    return RiskScore(
        level=Level.UNSCORED,
        probability=0.0,
        probabilities={},
        categories=(),
        reasons=(),
        model_version=f"none ({why})",
        floor=None,
        took_ms=0.0,
        language="",
    )


def assess(text: str) -> RiskScore:
    """Score `text` with the scorer named in `RISK_SCORER`. Never raises and never takes longer than the time limit."""
    scorer: Scorer = import_string(settings.RISK_SCORER)
    try:
        return _scoring.score(scorer, text)
    except Exception as error:  # whatever a scorer raises, the turn goes on and a person looks
        logger.exception("scoring failed")
        return unscored(type(error).__name__)
