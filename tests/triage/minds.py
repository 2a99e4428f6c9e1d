"""Scorers with two minds, so that a story can say what the setup in force and what a candidate make of a message."""

from dataclasses import replace

from riskmodel import Context, Level, Reason, RiskScore, Setup
from tests import fakes

CANDIDATE = "candidate-1"
REFUSED = "refused-"
contexts: list[tuple[str, Context | None]] = []


def two_minds(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """The candidate reads the mark `(high)`, whatever is in force reads `[high]`; each notes the context it got."""
    version = setup.version if setup else ""
    contexts.append((version, context))
    if version.startswith(REFUSED):
        return refusing(text)
    if version != CANDIDATE:
        return replace(fakes.marked(text), model_version=version or fakes.VERSION)
    level = next((one for one in Level if f"({one})" in text), Level.NONE)
    return replace(fakes.marked(text), level=level, model_version=CANDIDATE, probability=0.8)


def refusing(text: str, context: Context | None = None, *, setup: Setup | None = None) -> RiskScore:
    """What the risk model answers when a version refuses to load."""
    return RiskScore(Level.UNSCORED, 0.0, reasons=(Reason("error", "ArtefactRefused", 0.0),), model_version="none")
