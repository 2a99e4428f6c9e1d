"""Legal profiles: what the law of a place lets software say to a client, and when it must say that it is software.

Facts as data, one TOML file a profile (clinical_standards 1.1). They are drafts of engineers: a clinic's own counsel
reads them, and `reviewed_on` tells how old that reading is (LAW-12).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
STRICTEST = "human_only"
# From then on a profile's page says that it wants a new reading (LAW-12).
WARN_AFTER, STALE_AFTER = timedelta(days=90), timedelta(days=180)


class ProfileError(Exception):
    """A profile file is refused; names the file and the reason."""


class BotSays(StrEnum):
    """What the bot may say to a client."""

    CONTENT = "content"  # approved content
    LOGISTICS = "logistics"  # who is called and which numbers there are, nothing else


@dataclass(frozen=True, slots=True)
class Profile:
    """One legal profile. `remind_after` counts from the last time the client was told that software writes."""

    key: str
    title: str
    bot: BotSays
    scoring: bool
    remind_after: timedelta
    places: tuple[str, ...]
    source: str
    reviewed_on: date
    reviewer: str

    def label(self, *, on: date) -> str:
        """Its title with the day of the reading, and a word when that is old (LAW-12)."""
        age = on - self.reviewed_on
        word = (
            ": out of date, do not rely on it"
            if age > STALE_AFTER
            else ": to be read again"
            if age > WARN_AFTER
            else ""
        )
        return f"{self.title} (law read on {self.reviewed_on:%d %B %Y}{word})"


_FIELDS: Mapping[str, type] = {
    "title": str,
    "bot": str,
    "scoring": bool,
    "remind_after_hours": int,
    "places": list,
    "source": str,
    "reviewed_on": date,
    "reviewer": str,
}


def read_profile(file: Path) -> Profile:
    """Read and check one profile; raises ProfileError."""
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{file.name}: cannot be read: {error}") from error
    for name, kind in _FIELDS.items():
        if type(raw.get(name)) is not kind:
            raise ProfileError(f"{file.name}: '{name}' must be {kind.__name__}")
    for name in raw.keys() - _FIELDS.keys():
        raise ProfileError(f"{file.name}: unknown key '{name}'")
    if raw["bot"] not in set(BotSays):
        raise ProfileError(f"{file.name}: bot must be one of {', '.join(BotSays)}")
    return Profile(
        key=file.stem,
        title=raw["title"],
        bot=BotSays(raw["bot"]),
        scoring=raw["scoring"],
        remind_after=timedelta(hours=raw["remind_after_hours"]),
        places=tuple(raw["places"]),
        source=raw["source"],
        reviewed_on=raw["reviewed_on"],
        reviewer=raw["reviewer"],
    )


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile by key, read once a process. Raises ProfileError."""
    return {file.stem: read_profile(file) for file in sorted(FOLDER.glob("*.toml"))}


def profile_of(key: str) -> Profile:
    """The profile of that name; an unknown one counts as the strictest."""
    found = profiles()
    return found.get(key) or found[STRICTEST]
