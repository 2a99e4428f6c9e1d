"""Is a person there? The answer is the desk's; it is given here so that the bot never promises somebody who is not."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Ask(Protocol):
    """How to find out whether somebody of the clinic is there at a moment."""

    def __call__(self, clinic_id: UUID, /, *, at: datetime) -> bool: ...


def _nobody(clinic_id: UUID, /, *, at: datetime) -> bool:
    return False


_ask: Ask = _nobody


def provide(ask: Ask) -> None:
    """Let the desk say how to find out; called once when the apps are ready."""
    global _ask
    _ask = ask


def person_on_shift(clinic_id: UUID, *, at: datetime) -> bool:
    """True when at least one member of the clinic who may take over is there at `at` (CRI-8)."""
    return _ask(clinic_id, at=at)
