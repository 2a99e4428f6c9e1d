"""What may be offered for a topic: a table that clinicians order, and what of it fits this conversation now."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from triage.bot.content import ContentError
from triage.bot.run import Run
from triage.bot.understanding.labels import TOPICS

FILE = Path(__file__).resolve().with_suffix(".toml")
# How the names of what is remembered of offers begin.
OFFERED = "offered."
# The client's wish that nothing which minds the breath is offered by itself; in the menu they still find it.
NO_BREATH = "pref.no_breath"
_MIND_THE_BREATH = frozenset({"paced_breathing", "mindful_breathing"})


@dataclass(frozen=True, slots=True)
class Offers:
    """By topic the keys of exercises and topics to offer, first things first; `danger` topics get a person instead."""

    by_topic: Mapping[str, tuple[str, ...]]
    danger: frozenset[str]


def read_offers(file: Path) -> Offers:
    """Read and check the table; raises ContentError."""
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    danger, topics = frozenset(raw["danger"]), raw["topics"]
    for topic in {*danger, *topics} - set(TOPICS):
        raise ContentError(file, 0, f"there is no topic '{topic}'")
    for topic in set(TOPICS) - danger - set(topics):
        raise ContentError(file, 0, f"nothing is said of topic '{topic}'")
    for topic in danger & set(topics):
        raise ContentError(file, 0, f"'{topic}' is met with a person and can have no offer")
    return Offers({topic: tuple(keys) for topic, keys in topics.items()}, danger)


@cache
def offers() -> Offers:
    """The shipped table, read once a process."""
    return read_offers(FILE)


def next_offer(run: Run, topic: str) -> str:
    """The first offer for `topic` that is served and was not made before in this conversation; empty when none is left.

    After something made things worse no exercise is offered by itself any more, only knowledge (BOT-14).
    """
    for key in offers().by_topic.get(topic, ()):
        item = run.catalogue.find(key, run.locale)
        if item is None or run.memory.get(f"{OFFERED}{key}"):
            continue
        if item.kind == "exercise" and run.memory.get("worse"):
            continue
        if key in _MIND_THE_BREATH and run.memory.get(NO_BREATH):
            continue
        return key
    return ""
