"""From answers to a total, a band and what they call for. Pure; exact by the published rules of each instrument."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from triage.screenings.instruments import LEVELS, REVIEW, Instrument

# Answers by number of the item, from 1, as they stand on the form: reversed items are turned here and nowhere else.
# None: the client would rather not say. Absent: not asked yet.
Answers = Mapping[int, int | None]


class BadAnswer(ValueError):
    """An answer lies outside the item's range, or the item does not exist."""


@dataclass(frozen=True, slots=True)
class Result:
    """The total (None where too much is missing), its band, how many items are missing, whether it was made up for."""

    total: int | None
    band: str
    missing: int
    prorated: bool


def checked_answer(instrument: Instrument, item: int, value: int | None) -> int | None:
    """`value` if item and value exist in the instrument; raises BadAnswer."""
    if not 1 <= item <= instrument.items:
        raise BadAnswer(f"{instrument.key} has no item {item}")
    if value is not None and not instrument.least <= value <= instrument.most:
        raise BadAnswer(f"item {item} of {instrument.key} takes {instrument.least} to {instrument.most}, not {value}")
    return value


def counted(instrument: Instrument, item: int, value: int) -> int:
    """What an answer counts: the value itself, of a reversed item the value from the other end."""
    return instrument.least + instrument.most - value if item in instrument.reverse else value


def score(instrument: Instrument, answers: Answers) -> Result:
    """Total and band. Missing items are made up for by the mean of the others, as many as the instrument allows.

    PHQ-9 with two missing: (sum of seven) / 7 x 9, rounded half up. With more missing there is no total, and none
    either when an item is missing that is never made up for: the one about death. Raises BadAnswer.
    """
    given = _given(instrument, answers)
    missing = [item for item in instrument.scored if item not in given]
    may_make_up = len(missing) <= instrument.may_miss and not set(missing) & set(instrument.never_made_up)
    if not instrument.has_total or not may_make_up:
        return Result(None, "", len(missing), prorated=False)
    whole = Decimal(sum(given.values())) * len(instrument.scored) / len(given)
    total = int(whole.quantize(Decimal(1), rounding=ROUND_HALF_UP)) * instrument.times
    return Result(total, band_of(instrument, total), len(missing), prorated=bool(missing))


def band_of(instrument: Instrument, total: int) -> str:
    """The name of the band that a total lies in; empty for an instrument without bands."""
    return next((band.name for band in reversed(instrument.bands) if total >= band.least), "")


def subscale_totals(instrument: Instrument, answers: Answers) -> dict[str, int | None]:
    """The sum of each subscale; None where one of its items was not answered. Raises BadAnswer."""
    given = _given(instrument, answers)
    return {
        scale.name: sum(given[item] for item in scale.items) if given.keys() >= set(scale.items) else None
        for scale in instrument.subscales
    }


def level_of_answer(instrument: Instrument, item: int, value: int | None) -> str:
    """The level that one answer calls for by itself, the highest of all triggers; empty where none does."""
    counts = None if value is None else counted(instrument, item, value)
    called = (
        trigger.calls_for
        for trigger in instrument.triggers
        if trigger.item == item and trigger.calls_for in LEVELS and _holds(trigger.least, counts)
    )
    return highest_level(*called)


def highest_level(*levels: str) -> str:
    """The highest of the levels that answers call for; empty ones do not count. Answers are never added up for it."""
    return max((level for level in levels if level), key=LEVELS.index, default="")


def calls_for_review(instrument: Instrument, answers: Answers, *, before: int | None = None) -> bool:
    """Whether a person reads the answers within the day: by the total, or by its rise or fall since `before`.

    Where too much is missing for a total, what was answered still counts: when that alone reaches the mark, no answer
    to the rest could have kept the total below it. Raises BadAnswer.
    """
    if not instrument.has_total:
        return False
    known = score(instrument, answers).total
    total = _least_total(instrument, answers) if known is None else known
    by_total = any(
        trigger.calls_for == REVIEW and trigger.least is not None and total >= trigger.least
        for trigger in instrument.triggers
    )
    rise, fall = instrument.rise_for_review, instrument.fall_for_review
    rose = bool(rise) and before is not None and total - before >= rise
    fell = bool(fall) and before is not None and known is not None and before - known >= fall
    return by_total or rose or fell


def _given(instrument: Instrument, answers: Answers) -> dict[int, int]:
    """What the answers to scored items count."""
    for item, value in answers.items():
        checked_answer(instrument, item, value)
    return {i: counted(instrument, i, value) for i in instrument.scored if (value := answers.get(i)) is not None}


def _least_total(instrument: Instrument, answers: Answers) -> int:
    given = _given(instrument, answers)
    return (sum(given.values()) + instrument.least * (len(instrument.scored) - len(given))) * instrument.times


def _holds(least: int | None, value: int | None) -> bool:
    if value is None or least is None:
        return value is None and least is None
    return value >= least
