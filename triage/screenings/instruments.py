"""What each instrument is: items, range, missing rules, bands, what calls for a person, codes. Read from TOML.

The wording lies in `triage/content/<locale>/` and is approved like everything that the bot says; here is only what the
numbers mean (clinical requirement ids INS-1 to INS-7). Of an instrument whose wording is not free there is nothing but
these numbers: a slot, which a clinic may fill that has stated its licence (`triage.screenings.licences`).
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "instruments"
LEVELS = ("moderate", "high", "imminent")
# Not a level: a person reads the answers within the day, and nobody is called at night for it.
REVIEW = "review"
# As wide as the columns that hold them.
_LONGEST_KEY, _LONGEST_BAND = 20, 40


class InstrumentError(Exception):
    """A definition is refused; names the file and the reason."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


class UnknownInstrument(LookupError):
    """There is no instrument of that name."""


@dataclass(frozen=True, slots=True)
class Band:
    """From which total on a band holds. Its name is for staff and never shown to a client as a finding (INS-3)."""

    least: int
    name: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an answer, or the total, calls for: a level, or a review within the day.

    `item` 0 is the total, and calls for a review only. `least` is the lowest value that calls, as it counts in the
    total (of a reversed item from the other end); None is an answer that was refused.
    """

    item: int
    least: int | None
    calls_for: str


@dataclass(frozen=True, slots=True)
class Subscale:
    """Items that are also looked at together; their sum has no bands."""

    name: str
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One definition. Items take `least` to `most`; `may_miss` is how many may be missing for a total.

    Of the items in `reverse` the value counts from the other end. The total is taken `times`. Without the answer to an
    item in `never_made_up` there is no total, because nobody may guess it.
    """

    key: str
    title: str
    version: int
    items: int
    scored: tuple[int, ...]  # the items that make the total
    least: int
    most: int
    reverse: tuple[int, ...]
    times: int
    may_miss: int
    never_made_up: tuple[int, ...]
    scheme: str  # whose bands these are, where there are several
    bands: tuple[Band, ...]
    subscales: tuple[Subscale, ...]
    triggers: tuple[Trigger, ...]
    # From one screening to the next of a client, in points of the total; 0 where it is not looked at.
    rise_for_review: int
    fall_for_review: int
    has_total: bool
    licence: str
    needs_licence: bool
    source: str
    loinc: str
    loinc_total: str
    loinc_items: tuple[str, ...]
    digest: str

    @property
    def lowest_total(self) -> int:
        """The total when every item is answered with what counts least."""
        return self.least * len(self.scored) * self.times

    @property
    def highest_total(self) -> int:
        """The total when every item is answered with what counts most."""
        return self.most * len(self.scored) * self.times


_FIELDS: Mapping[str, type] = {
    "key": str,
    "title": str,
    "version": int,
    "items": int,
    "most": int,
    "may_miss": int,
    "has_total": bool,
    "licence": str,
    "needs_licence": bool,
    "source": str,
}
_OPTIONAL: Mapping[str, Any] = {
    "scored": [],
    "least": 0,
    "reverse": [],
    "times": 1,
    "never_made_up": [],
    "scheme": "",
    "rise_for_review": 0,
    "fall_for_review": 0,
    "loinc": "",
    "loinc_total": "",
    "loinc_items": [],
    "band": [],
    "subscale": [],
    "trigger": [],
}
_OF_ITEMS = ("scored", "reverse", "never_made_up")


def read_instrument(file: Path) -> Instrument:
    """Read and check one definition; raises InstrumentError."""
    try:
        source = file.read_bytes()
        raw = tomllib.loads(source.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InstrumentError(file, f"cannot be read: {error}") from error
    given: dict[str, Any] = {**_OPTIONAL, **raw}
    _check_types(file, raw, given)
    bands = tuple(_band(file, one) for one in given.pop("band"))
    subscales = tuple(_subscale(file, one) for one in given.pop("subscale"))
    triggers = tuple(_trigger(file, one) for one in given.pop("trigger"))
    every_item = list(range(1, given["items"] + 1))
    given["scored"] = given["scored"] or every_item
    given |= {name: tuple(given[name]) for name in (*_OF_ITEMS, "loinc_items")}
    digest = hashlib.sha256(source).hexdigest()
    one = Instrument(**given, bands=bands, subscales=subscales, triggers=triggers, digest=digest)
    _check(file, one)
    return one


def _check_types(file: Path, raw: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in raw.keys() - _FIELDS.keys() - _OPTIONAL.keys():
        raise InstrumentError(file, f"unknown key '{name}'")
    kinds = {**_FIELDS, **{name: type(default) for name, default in _OPTIONAL.items()}}
    for name, kind in kinds.items():
        if type(given.get(name)) is not kind:
            raise InstrumentError(file, f"'{name}' must be {kind.__name__}")
    for name in _OF_ITEMS:
        if any(type(one) is not int for one in given[name]):
            raise InstrumentError(file, f"'{name}' must be numbers of items")
    if any(type(one) is not str for one in given["loinc_items"]):
        raise InstrumentError(file, "'loinc_items' must be codes")


def _band(file: Path, raw: Any) -> Band:
    if not isinstance(raw, dict) or {name: type(value) for name, value in raw.items()} != {"least": int, "name": str}:
        raise InstrumentError(file, "a band has a whole number 'least' and a 'name'")
    if not 0 < len(raw["name"].strip()) <= _LONGEST_BAND:
        raise InstrumentError(file, f"the name of a band has 1 to {_LONGEST_BAND} characters")
    return Band(**raw)


def _subscale(file: Path, raw: Any) -> Subscale:
    if not isinstance(raw, dict) or {name: type(value) for name, value in raw.items()} != {"name": str, "items": list}:
        raise InstrumentError(file, "a subscale has a 'name' and a list of 'items'")
    return Subscale(raw["name"], tuple(raw["items"]))


def _trigger(file: Path, raw: Any) -> Trigger:
    kinds = {name: type(value) for name, value in raw.items()} if isinstance(raw, dict) else {}
    if kinds == {"item": int, "at_least": int, "calls_for": str}:
        return Trigger(raw["item"], raw["at_least"], raw["calls_for"])
    if kinds == {"item": int, "refused": bool, "calls_for": str} and raw["refused"]:
        return Trigger(raw["item"], None, raw["calls_for"])
    raise InstrumentError(file, "a trigger has item, calls_for, and either at_least or refused = true")


def _check(file: Path, one: Instrument) -> None:
    if file.stem != one.key or len(one.key) > _LONGEST_KEY:
        raise InstrumentError(file, f"holds '{one.key}', which belongs in a file of that name, and a short one")
    if one.items < 1 or one.version < 1 or one.times < 1 or not 0 <= one.least < one.most:
        raise InstrumentError(file, "items, version and times begin at 1, and 'least' lies below 'most'")
    sets = (one.scored, one.reverse, one.never_made_up, *(scale.items for scale in one.subscales))
    if any(not set(items) <= set(range(1, one.items + 1)) or len(set(items)) != len(items) for items in sets):
        raise InstrumentError(file, "a list of items names one that there is not, or one twice")
    if not 0 <= one.may_miss < len(one.scored):
        raise InstrumentError(file, "'may_miss' must leave an item that was answered")
    if one.loinc_items and len(one.loinc_items) != one.items:
        raise InstrumentError(file, "each item needs a LOINC code, or none has one")
    _check_total(file, one)
    for trigger in one.triggers:
        _check_trigger(file, one, trigger)


def _check_total(file: Path, one: Instrument) -> None:
    if not one.has_total and (one.bands or one.subscales or one.rise_for_review or one.fall_for_review):
        raise InstrumentError(file, "has no total, and so no bands, subscales, rise or fall")
    starts = [band.least for band in one.bands]
    if starts != sorted(set(starts)):
        raise InstrumentError(file, "bands must rise")
    if starts and (starts[0] != one.lowest_total or starts[-1] > one.highest_total):
        reach = f"{one.lowest_total} to {one.highest_total}"
        raise InstrumentError(file, f"the bands must begin at the lowest total and end within {reach}")


def _check_trigger(file: Path, one: Instrument, trigger: Trigger) -> None:
    if trigger.calls_for not in {*LEVELS, REVIEW}:
        raise InstrumentError(file, f"'{trigger.calls_for}' is none of {', '.join((*LEVELS, REVIEW))}")
    if not 0 <= trigger.item <= one.items:
        raise InstrumentError(file, f"there is no item {trigger.item}")
    of_total = trigger.item == 0
    if of_total != (trigger.calls_for == REVIEW) or (of_total and (trigger.least is None or not one.has_total)):
        raise InstrumentError(
            file, "the total calls for a review, and nothing but the total; an item calls for a level"
        )
    lowest, highest = (one.lowest_total, one.highest_total) if of_total else (one.least, one.most)
    # What calls from the lowest value on would call whatever is answered: that is a slip, never meant.
    if trigger.least is not None and not lowest < trigger.least <= highest:
        raise InstrumentError(file, f"a trigger of item {trigger.item} lies outside {lowest + 1} to {highest}")


@cache
def instruments() -> Mapping[str, Instrument]:
    """Every shipped definition by key, read once a process. Raises InstrumentError."""
    return {file.stem: read_instrument(file) for file in sorted(FOLDER.glob("*.toml"))}


def instrument(key: str) -> Instrument:
    """The definition of that name; raises UnknownInstrument."""
    try:
        return instruments()[key]
    except KeyError:
        raise UnknownInstrument(key) from None
