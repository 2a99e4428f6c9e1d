"""Where the bot stands, what it says, and what the client wishes: the values that pass between engine and callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class BadPosition(ValueError):
    """A stored position cannot be read."""


class Wish(StrEnum):
    """What the client wants the service to do; the caller acts on it in the same turn."""

    PERSON = "person"
    END = "end"


@dataclass(frozen=True, slots=True)
class Position:
    """Flow, node and the flow's version, with a memory of numbers and content keys. Never a client's words."""

    flow: str
    node: str
    version: int
    memory: Mapping[str, int | str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For a JSON column."""
        return {"flow": self.flow, "node": self.node, "version": self.version, "memory": dict(self.memory)}

    @classmethod
    def from_json(cls, raw: Any) -> "Position":
        """The reverse of `to_json`; raises BadPosition."""
        try:
            position = cls(raw["flow"], raw["node"], raw["version"], dict(raw["memory"]))
        except (TypeError, KeyError, ValueError) as error:
            raise BadPosition("a position has flow, node, version and memory") from error
        if not isinstance(position.flow, str) or not isinstance(position.node, str):
            raise BadPosition("flow and node are content keys")
        if not all(isinstance(value, int | str) for value in (position.version, *position.memory.values())):
            raise BadPosition("version and memory hold numbers and content keys")
        return position


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that the client can press or type."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One approved text as it is sent. `digest` is sha256 of `text`."""

    key: str
    version: int
    digest: str
    text: str
    choices: tuple[Choice, ...] = ()
    card: str = ""  # "" | "crisis"
    exercise: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One item of a screening that the client answered. `value` None: they would rather not say."""

    instrument: str
    content: str  # key, version and digest of the wording that was asked
    version: int
    digest: str
    item: int
    value: int | None
    first: bool  # a new screening begins with it
    last: bool  # nothing is asked after it
    locale: str = "en"  # of the wording, which may be another one than the client's


@dataclass(frozen=True, slots=True)
class Step:
    """What one message leads to: the bot's replies in order, its new position, the client's wishes, their answer."""

    replies: tuple[Reply, ...]
    position: Position
    wishes: frozenset[Wish] = frozenset()
    answered: Answered | None = None
