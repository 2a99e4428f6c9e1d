"""From answers to a total, a band and what they call for. Pure; exact by the published rules of each instrument."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from triage.screenings.instruments import LEVELS, REVIEW, Instrument

# Answers by number of the item, from 1. None: the client would rather not say. Absent: not asked yet.
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


def score(instrument: Instrument, answers: Answers) -> Result:
    """Total and band. Missing items are made up for by the mean of the others, as many as the instrument allows.

    PHQ-9 with two missing: (sum of seven) / 7 x 9, rounded half up. With more missing there is no total. The mean is
    for the total alone: no single item, and above all no item about death, is ever given an answer that nobody gave.
    Raises BadAnswer.
    """
    for item, value in answers.items():
        checked_answer(instrument, item, value)
    given = [_counted(instrument, item, v) for item in instrument.scored if (v := answers.get(item)) is not None]
    missing = len(instrument.scored) - len(given)
    if not instrument.has_total or missing > instrument.may_miss:
        return Result(None, "", missing, prorated=False)
    whole = Decimal(sum(given)) * len(instrument.scored) / len(given)
    total = int(whole.quantize(Decimal(1), rounding=ROUND_HALF_UP)) * instrument.times
    return Result(total, band_of(instrument, total), missing, prorated=missing > 0)


def band_of(instrument: Instrument, total: int) -> str:
    """The name of the band that a total lies in."""
    return next((band.name for band in reversed(instrument.bands) if total >= band.least), "")


def level_of_answer(instrument: Instrument, item: int, value: int | None) -> str:
    """The level that one answer calls for by itself, the highest of all triggers; empty where none does."""
    called = [
        trigger.calls_for
        for trigger in instrument.triggers
        if trigger.item == item and trigger.calls_for in LEVELS and _holds(trigger.least, value)
    ]
    return max(called, key=LEVELS.index, default="")


def calls_for_review(instrument: Instrument, answers: Answers, *, before: int | None = None) -> bool:
    """Whether a person reads the finished answers within the day: by the total, or by its rise over `before`."""
    total = score(instrument, answers).total
    if total is None:
        return False
    by_total = any(
        trigger.calls_for == REVIEW and trigger.item == 0 and trigger.least is not None and total >= trigger.least
        for trigger in instrument.triggers
    )
    rise = instrument.rise_for_review
    return by_total or bool(rise and before is not None and total - before >= rise)


def _counted(instrument: Instrument, item: int, value: int) -> int:
    return instrument.least + instrument.most - value if item in instrument.reverse else value


def _holds(least: int | None, value: int | None) -> bool:
    if value is None or least is None:
        return value is None and least is None
    return value >= least
