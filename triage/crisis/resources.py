"""The lines of the crisis directory and the rules that their data must keep (DIR-1 to DIR-3)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WARN_AFTER = timedelta(days=180)
HIDE_AFTER = timedelta(days=365)
_SHORT_CODE = 6  # digits; up to here a number is a short code, which only works inside its country
_DIAL = re.compile(r"\+?[0-9*#]{2,15}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CODE = re.compile(r"[A-Z]{2}")
_LAST_MINUTE = "24:00"


class ResourceError(Exception):
    """The directory's data breaks a rule. Names the entry and the reason."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `start` for `length`, on these weekdays (0 is Monday) or on these days of the month."""

    weekdays: frozenset[int]
    month_days: frozenset[int]
    start: time
    length: timedelta

    def begins_on(self, day: date) -> bool:
        """Whether a span begins on that day."""
        return day.weekday() in self.weekdays or day.day in self.month_days


@dataclass(frozen=True, slots=True)
class Number:
    """A number as published, and as a telephone in that country dials it."""

    display: str
    dial: str


@dataclass(frozen=True, slots=True)
class Line:
    """One crisis line. `spans` None: its hours are not known for sure, so it counts as neither open nor shut."""

    name: str
    display: str
    dial: str = ""
    sms_to: str = ""
    sms_body: str = ""
    chat_url: str = ""
    hours: str = ""
    tz: str = "UTC"
    spans: tuple[Span, ...] | None = None
    always: bool = False
    languages: tuple[str, ...] = ()
    audience: str = "all"
    cost: str = ""
    source: str = ""
    verified: bool = False
    verified_at: date | None = None

    def is_open(self, at: datetime) -> bool | None:
        """Whether somebody answers at the aware time `at`; None when the hours are not known."""
        if self.always:
            return True
        if self.spans is None:
            return None
        here = at.astimezone(ZoneInfo(self.tz))
        return any(begin <= here < begin + span.length for span, begin in self._openings(here, days=(-1, 0)))

    def next_opening(self, at: datetime) -> datetime | None:
        """When a line that is shut opens next, in its own time zone; None when it is open or not known."""
        if self.is_open(at) is not False:
            return None
        here = at.astimezone(ZoneInfo(self.tz))
        ahead = [begin for _, begin in self._openings(here, days=range(32)) if begin > here]
        return min(ahead, default=None)

    def _openings(self, here: datetime, *, days: Any) -> list[tuple[Span, datetime]]:
        return [
            (span, datetime.combine(day, span.start, here.tzinfo))
            for day in (here.date() + timedelta(days=ahead) for ahead in days)
            for span in self.spans or ()
            if span.begins_on(day)
        ]

    def is_hidden(self, at: datetime) -> bool:
        """A check by the clinic that is a year old hides the line (DIR-3).

        A line that nobody has checked yet is shown: a number that may be stale is worth more to somebody in danger
        than none, and `problems` keeps telling the clinic about it.
        """
        return self.verified and self.verified_at is not None and at.date() - self.verified_at > HIDE_AFTER


@dataclass(frozen=True, slots=True)
class Place:
    """A country with its emergency numbers, first the one to show first, and its lines."""

    code: str
    name: str
    emergency: tuple[Number, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """The whole file: places by code, what to say when the country is not known, and what the source marks mean."""

    places: Mapping[str, Place]
    advice: str
    sources: Mapping[str, str]


def read_resources(file: Path) -> Resources:
    """Read the directory; raises ResourceError with the entry that breaks a rule."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ResourceError(f"{file.name}: {error}") from error
    sources = raw.get("sources", {})
    places: dict[str, Place] = {}
    for code, entry in raw.get("place", {}).items():
        place = _place(code, entry)
        for line in place.lines:
            if line.source not in sources:
                raise ResourceError(f"{code}, {line.name}: source '{line.source}' is not explained under [sources]")
        places[code] = place
    if not places or not str(raw.get("advice", "")).strip():
        raise ResourceError(f"{file.name}: needs places and the advice for an unknown country")
    return Resources(places, raw["advice"], sources)


def _place(code: str, entry: Mapping[str, Any]) -> Place:
    if not _CODE.fullmatch(code):
        raise ResourceError(f"'{code}' is not a country code of two capital letters")
    numbers = [str(number) for number in entry.get("emergency", ())]
    if not str(entry.get("name", "")).strip():
        raise ResourceError(f"{code}: a name is missing")
    if not numbers:
        raise ResourceError(f"{code}: an emergency number is missing (DIR-7)")
    emergency = tuple(Number(number, check_dial(number.replace(" ", ""), code)) for number in numbers)
    lines = tuple(line_from(each, place=code) for each in entry.get("line", ()))
    return Place(code, entry["name"], emergency, lines)


def line_from(raw: Mapping[str, Any], *, place: str) -> Line:
    """One line from its table, checked; also for the lines that a clinic adds. Raises ResourceError."""
    who = f"{place}, {raw.get('name', 'a line without a name')}"
    unknown = raw.keys() - Line.__dataclass_fields__.keys() - {"open"} | (raw.keys() & {"spans"})
    if unknown:
        raise ResourceError(f"{who}: unknown key {sorted(unknown)[0]}")
    fields = {name: value for name, value in raw.items() if name != "open"}
    fields["languages"] = tuple(raw.get("languages", ()))
    fields["spans"] = tuple(_span(each, who) for each in raw["open"]) if "open" in raw else None
    if not raw.get("name") or not raw.get("display"):
        raise ResourceError(f"{who}: needs a name and a number as published")
    line = Line(**fields)
    _check(line, who)
    return line


def _check(line: Line, who: str) -> None:
    if not (line.dial or line.sms_to or line.chat_url):
        raise ResourceError(f"{who}: nothing to call, text or open")
    for number in filter(None, (line.dial, line.sms_to)):
        check_dial(number, who)
    if line.sms_body and not line.sms_to:
        raise ResourceError(f"{who}: a text without a number to send it to")
    if line.chat_url and not line.chat_url.startswith("https://"):
        raise ResourceError(f"{who}: chat_url must begin with https://")
    if not line.languages or not all(_LANGUAGE.fullmatch(language) for language in line.languages):
        raise ResourceError(f"{who}: languages must be BCP-47 tags")
    if not line.hours:
        raise ResourceError(f"{who}: hours must be said in words, also when they are not known")
    if line.always and line.spans is not None:
        raise ResourceError(f"{who}: is either always open or has hours")
    if line.verified and line.verified_at is None:
        raise ResourceError(f"{who}: verified needs its date")
    try:
        ZoneInfo(line.tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ResourceError(f"{who}: '{line.tz}' is not a time zone") from error


def check_dial(number: str, who: str) -> str:
    """`number` when a telephone in its country can dial it (DIR-1); raises ResourceError."""
    if not _DIAL.fullmatch(number):
        raise ResourceError(f"{who}: '{number}' cannot be dialled; write digits only")
    if number.startswith("+") and len(number) - 1 <= _SHORT_CODE + 3:
        raise ResourceError(f"{who}: '{number}' is a short code with a country code, which nobody can dial")
    return number


def _span(raw: Mapping[str, Any], who: str) -> Span:
    try:
        start = time.fromisoformat(raw["from"])
        end = raw["to"]
        until = time.min if end == _LAST_MINUTE else time.fromisoformat(end)
        weekdays = frozenset(DAYS.index(day) for day in raw.get("days", ()))
    except (KeyError, ValueError, TypeError) as error:
        raise ResourceError(f"{who}: open needs days, from and to, such as 09:00 and 24:00") from error
    month_days = frozenset(raw.get("month_days", ()))
    if not weekdays | month_days:
        raise ResourceError(f"{who}: open names no day")
    length = datetime.combine(date.min, until) - datetime.combine(date.min, start)
    # An end at or before the beginning lies on the next day.
    return Span(weekdays, month_days, start, length if length > timedelta() else length + timedelta(days=1))
