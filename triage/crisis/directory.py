"""The crisis card: emergency number first, then lines, those open now above the rest. Never a default country."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from triage.crisis.resources import WARN_AFTER, Line, Number, Place, Resources, read_resources

RESOURCES = Path(__file__).resolve().parent / "resources.toml"
# Open lines come first, then those whose hours nobody is sure of, then the shut ones with their next opening (DIR-6).
_ORDER = {True: 0, None: 1, False: 2}


@dataclass(frozen=True, slots=True)
class CardLine:
    """A line as it stands at one moment."""

    line: Line
    open: bool | None
    next_opening: datetime | None

    def to_json(self) -> dict[str, Any]:
        """For the page. `open` is null where the hours are not known."""
        line = self.line
        opens = f"{self.next_opening:%A %H:%M} ({self.next_opening.tzname()})" if self.next_opening else ""
        return {
            "name": line.name,
            "display": line.display,
            "dial": line.dial,
            "sms_to": line.sms_to,
            "sms_body": line.sms_body,
            "chat_url": line.chat_url,
            "hours": line.hours,
            "open": self.open,
            "next_opening": opens,
            "languages": list(line.languages),
            "audience": line.audience,
        }


@dataclass(frozen=True, slots=True)
class CrisisCard:
    """What somebody in danger sees. `country` is empty when it is not known; then `advice` stands for the numbers."""

    country: str
    country_name: str
    emergency: tuple[Number, ...]
    lines: tuple[CardLine, ...]
    advice: str

    def to_json(self) -> dict[str, Any]:
        """For socket and page."""
        return {
            "kind": "crisis",
            "country": self.country,
            "country_name": self.country_name,
            "emergency": [{"display": number.display, "dial": number.dial} for number in self.emergency],
            "lines": [line.to_json() for line in self.lines],
            "advice": self.advice,
            "choose_country": not self.country,
        }


@lru_cache(maxsize=1)
def resources() -> Resources:
    """The shipped directory, read once a process; raises ResourceError."""
    return read_resources(RESOURCES)


def countries() -> list[tuple[str, str]]:
    """Code and name of every country that has a card, by name."""
    return sorted(((place.code, place.name) for place in resources().places.values()), key=lambda pair: pair[1])


def card(country: str | None, *, at: datetime, clinic_lines: Iterable[Line] = ()) -> CrisisCard:
    """The card for `country` at the aware time `at`.

    Without a country, or with one that has no card, it gives general advice and asks for the country: a wrong number
    is worse than a question (DIR-4). A clinic's own lines stand on top and take nothing away (DIR-7).
    """
    place = resources().places.get(country or "")
    own = [_at(line, at) for line in clinic_lines]
    if place is None:
        return CrisisCard("", "", (), tuple(own), resources().advice)
    shown = [_at(line, at) for line in place.lines if not line.is_hidden(at)]
    ordered = sorted(shown, key=lambda line: _ORDER[line.open])
    return CrisisCard(place.code, place.name, place.emergency, (*own, *ordered), "")


def problems(*, at: datetime) -> list[str]:
    """What the clinic has to check in the directory: for staff and the lint, never for a client."""
    return [
        found for place in resources().places.values() for line in place.lines for found in _problem(place, line, at)
    ]


def _problem(place: Place, line: Line, at: datetime) -> list[str]:
    who = f"{place.code}, {line.name}"
    if not line.verified:
        return [f"{who}: not yet verified by this clinic (source: {resources().sources[line.source]})"]
    if line.is_hidden(at):
        return [f"{who}: hidden, last verified on {line.verified_at}"]
    if line.verified_at and at.date() - line.verified_at > WARN_AFTER:
        return [f"{who}: verify again, last done on {line.verified_at}"]
    return []


def _at(line: Line, at: datetime) -> CardLine:
    return CardLine(line, line.is_open(at), line.next_opening(at))
