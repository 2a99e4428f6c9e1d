"""How long a part that ended rests before it is started again."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
# A part that lived this long was healthy, so what ended it is a new event and not the same fault again.
SETTLED_SECONDS = 60.0


@dataclass(slots=True)
class Rest:
    """The back-off of one part: doubles with every early death, starts anew after a settled life."""

    started_at: float = 0.0
    _next: float = FIRST_SECONDS

    def began(self, *, at: float) -> None:
        """The part was started at this monotonic time, in seconds."""
        self.started_at = at

    def ended(self, *, at: float) -> float:
        """The part ended at this monotonic time; returns the seconds to wait before the next start."""
        if at - self.started_at >= SETTLED_SECONDS:
            self._next = FIRST_SECONDS
        wait = self._next
        self._next = min(self._next * 2, LONGEST_SECONDS)
        return wait
