"""A client who talks with the engine, without any database: keeps the position and what was said."""

from datetime import date

from triage.bot import engine
from triage.bot.catalogue import CONTENT, Catalogue, load_catalogue
from triage.bot.engine import Position, Reply, Step

A_DAY = date(2026, 12, 1)
AFTER_EXPIRY = date(2028, 1, 1)


def shipped(at: date = A_DAY) -> Catalogue:
    """The shipped catalogue on a day that does not move."""
    return load_catalogue(CONTENT, at=at)


class Talk:
    """One conversation with the bot, from the welcome on."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or shipped()
        self.step: Step = engine.begin(self.catalogue)
        self.said: list[Reply] = list(self.step.replies)

    @property
    def position(self) -> Position:
        # Through JSON each time, as a stored conversation does it.
        return Position.from_json(self.step.position.to_json())

    @property
    def last(self) -> Reply:
        return self.step.replies[-1]

    @property
    def text(self) -> str:
        return " ".join(reply.text for reply in self.step.replies)

    @property
    def labels(self) -> list[str]:
        return [choice.label for choice in self.last.choices]

    def _take(self, step: Step) -> Step:
        self.step = step
        self.said += step.replies
        return step

    def write(self, *texts: str) -> Step:
        """Write one message after another while the bot has the conversation; the last step comes back."""
        for text in texts:
            self._take(engine.step(self.catalogue, self.position, text))
        return self.step

    def wait(self, text: str, *, reason: str = "risk", person_on_shift: bool = True) -> Step:
        """Write one message while a person is called."""
        step = engine.hold(self.catalogue, self.position, text, reason=reason, person_on_shift=person_on_shift)
        return self._take(step)
