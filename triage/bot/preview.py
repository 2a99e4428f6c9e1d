"""Talking through a flow without a client: the pure engine, with notes on what a real conversation would do besides.

Nothing is stored, scored or sent to anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from triage.bot import engine
from triage.bot.catalogue import Catalogue, Library
from triage.bot.content import Item
from triage.bot.position import Answered, Position, Reply, Step, Wish
from triage.bot.run import Run
from triage.screenings.instruments import instrument
from triage.screenings.scoring import level_of_answer

PERSON_CALLED = "In a real conversation a person is called now, and the bot says holding content only."
CHAT_ENDS = "In a real conversation the chat ends here."
_OPENING = "welcome"


class NothingToPlay(ValueError):
    """An item of bare texts has no steps; its texts are said by other flows."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one message leads to: the bot's replies, where it stands, remarks for the clinician, whether it is over."""

    replies: tuple[Reply, ...]
    position: Position
    notes: tuple[str, ...] = ()
    ended: bool = False


def catalogue_with(
    library: Library, item: Item, own: Mapping[tuple[str, str], Sequence[Item]] | None = None, *, at: date
) -> Catalogue:
    """What is served on the day `at`, with `item` in use, approved or not; one that has expired as on its last day."""
    return library.on(min(at, item.expires), {**(own or {}), (item.locale, item.key): (item,)})


def begin(catalogue: Catalogue, item: Item) -> Played:
    """The first words of a flow. Raises NothingToPlay for an item of bare texts."""
    if not item.is_flow:
        raise NothingToPlay(f"{item.key} has no steps")
    if item.key == _OPENING:
        return _played(catalogue, engine.begin(catalogue, locale=item.locale), item.locale)
    run = Run(catalogue, None, item.locale)
    run.enter(item.key)
    return _played(catalogue, run.done(), item.locale)


def go_on(catalogue: Catalogue, position: Position, text: str, *, locale: str) -> Played:
    """What follows when the client presses or writes `text`."""
    return _played(catalogue, engine.step(catalogue, position, text, locale=locale), locale, text)


def _played(catalogue: Catalogue, step: Step, locale: str, text: str = "") -> Played:
    notes = _of_answer(step.answered) if step.answered else []
    replies = step.replies
    if Wish.PERSON in step.wishes:
        notes.append(PERSON_CALLED)
        held = engine.hold(catalogue, step.position, text, reason="person", person_on_shift=True, locale=locale)
        replies += held.replies
    if Wish.END in step.wishes:
        notes.append(CHAT_ENDS)
    return Played(replies, step.position, tuple(notes), ended=bool(step.wishes))


def _of_answer(answered: Answered) -> list[str]:
    given = "not answered" if answered.value is None else f"answer {answered.value}"
    notes = [f"In a real conversation this would be stored: item {answered.item}, {given}."]
    level = level_of_answer(instrument(answered.instrument), answered.item, answered.value)
    if level:
        notes.append(f"In a real conversation this answer raises an alert at once, at the level {level}.")
    return notes
