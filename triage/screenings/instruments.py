"""What each instrument is: items, range, missing rules, bands, what calls for a person, codes. Read from TOML.

The wording lies in `triage/content/<locale>/` and is approved like everything that the bot says; here is only what the
numbers mean (clinical requirement ids INS-1 to INS-7).
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


class InstrumentError(Exception):
    """A definition is refused; names the file and the reason."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


class UnknownInstrument(LookupError):
    """There is no instrument of that name."""


class LicenceMissing(Exception):
    """The wording of the instrument needs a licence that the clinic has not recorded (INS-6)."""


@dataclass(frozen=True, slots=True)
class Band:
    """From which total on a band holds. Its name is for staff and never shown to a client as a finding (INS-3)."""

    least: int
    name: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an answer, or the total, calls for: a level, or a review within the day.

    `item` 0 is the total. `least` is the lowest value that calls; None is an answer that was refused.
    """

    item: int
    least: int | None
    calls_for: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One definition. Items take `least` to `most`; `may_miss` is how many may be missing for a total.

    Of the items in `reverse` the value counts from the other end. The total is taken `times`.
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
    bands: tuple[Band, ...]
    triggers: tuple[Trigger, ...]
    rise_for_review: int  # from one screening to the next of a client; 0 where no rise is looked at
    has_total: bool
    licence: str
    needs_licence: bool
    source: str
    loinc: str
    loinc_total: str
    loinc_items: tuple[str, ...]
    digest: str


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
    "rise_for_review": 0,
    "loinc": "",
    "loinc_total": "",
    "loinc_items": [],
    "band": [],
    "trigger": [],
}


def read_instrument(file: Path) -> Instrument:
    """Read and check one definition; raises InstrumentError."""
    try:
        source = file.read_bytes()
        raw = tomllib.loads(source.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InstrumentError(file, f"cannot be read: {error}") from error
    for name, kind in _FIELDS.items():
        if type(raw.get(name)) is not kind:
            raise InstrumentError(file, f"'{name}' must be {kind.__name__}")
    for name in raw.keys() - _FIELDS.keys() - _OPTIONAL.keys():
        raise InstrumentError(file, f"unknown key '{name}'")
    given = {name: raw.get(name, default) for name, default in _OPTIONAL.items()}
    try:
        bands = tuple(Band(**band) for band in given.pop("band"))
        triggers = tuple(
            Trigger(one["item"], None if one.get("refused") else one["at_least"], one["calls_for"])
            for one in given.pop("trigger")
        )
    except (TypeError, KeyError) as error:
        raise InstrumentError(
            file, f"a band has least and name, a trigger item, at_least and calls_for: {error}"
        ) from None
    instrument = Instrument(
        **{name: raw[name] for name in _FIELDS},
        scored=tuple(given["scored"]) or tuple(range(1, raw["items"] + 1)),
        least=given["least"],
        reverse=tuple(given["reverse"]),
        times=given["times"],
        rise_for_review=given["rise_for_review"],
        loinc=given["loinc"],
        loinc_total=given["loinc_total"],
        loinc_items=tuple(given["loinc_items"]),
        bands=bands,
        triggers=triggers,
        digest=hashlib.sha256(source).hexdigest(),
    )
    _check(file, instrument)
    return instrument


def _check(file: Path, one: Instrument) -> None:
    if file.stem != one.key:
        raise InstrumentError(file, f"holds '{one.key}', which belongs in a file of that name")
    if not {*one.scored, *one.reverse} <= set(range(1, one.items + 1)):
        raise InstrumentError(file, "'scored' or 'reverse' names items that there are not")
    if [band.least for band in one.bands] != sorted({band.least for band in one.bands}):
        raise InstrumentError(file, "bands must rise")
    if one.has_total and (not one.bands or one.bands[0].least != 0):
        raise InstrumentError(file, "the first band must begin at 0")
    for trigger in one.triggers:
        if trigger.calls_for not in {*LEVELS, REVIEW}:
            raise InstrumentError(file, f"'{trigger.calls_for}' is none of {', '.join((*LEVELS, REVIEW))}")
        if not 0 <= trigger.item <= one.items:
            raise InstrumentError(file, f"there is no item {trigger.item}")
    if one.loinc_items and len(one.loinc_items) != one.items:
        raise InstrumentError(file, "each item needs a LOINC code, or none has one")


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
