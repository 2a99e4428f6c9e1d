"""Is a person there? The answer is the desk's; it is given here so that the bot never promises somebody who is not."""

from collections.abc import Callable
from uuid import UUID


def _nobody(clinic_id: UUID) -> bool:
    return False


_ask: Callable[[UUID], bool] = _nobody


def provide(ask: Callable[[UUID], bool]) -> None:
    """Let the desk say how to find out; called once when the apps are ready."""
    global _ask
    _ask = ask


def person_on_shift(clinic_id: UUID) -> bool:
    """True when at least one member of the clinic who may take over is on shift (CRI-8)."""
    return _ask(clinic_id)
