"""Scorers that stand in for the risk model where a test is about what the service does with a level, not about words.

Named in the setting `RISK_SCORER`. They read a mark in the message, so that a story says what it means to show.
"""

import threading

from riskmodel import Context, Level, Reason, RiskScore, Setup

VERSION = "marked-levels-1"
_release = threading.Event()


def marked(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """The level named in square brackets, for example `[high] I cannot go on`; `none` without a mark."""
    level = next((one for one in Level if f"[{one}]" in text), Level.NONE)
    start = text.find("]") + 1
    reasons = (Reason("phrase", text[start : start + 20].strip(), 1.5, start, start + 20),) if start else ()
    return RiskScore(
        level=level,
        probability=0.9 if level in (Level.MODERATE, Level.HIGH, Level.IMMINENT) else 0.01,
        probabilities={},
        categories=("suicide_self_harm",) if start else (),
        reasons=reasons,
        model_version=VERSION,
        floor=None,
        took_ms=0.1,
        language="en",
    )


def broken(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """A scorer that raises, quoting the message as careless code would."""
    raise RuntimeError(f"could not score {text!r}")


def hanging(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """A scorer that hangs until the test lets it go."""
    _release.wait(timeout=30)
    return marked(text)


def let_go() -> None:
    """Release whatever hangs in `hanging`, so that no thread outlives its test."""
    _release.set()
    _release.clear()
