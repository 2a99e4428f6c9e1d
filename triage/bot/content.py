"""What content is made of: items, nodes, choices and texts, as the TOML files under `triage/content/` hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

PERSON = "person"


class ContentError(Exception):
    """A content file is refused. Names the file, the line (0 when it has none) and the reason."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ChoiceSpec:
    """One offered answer: where it leads, what it means when somebody types yes or no, what it counts."""

    key: str
    label: str
    next: str = ""
    means: str = ""  # "yes" | "no" | ""
    count: str = ""  # the memory number that grows by one
    wish: str = ""  # "person": the client asks for a person


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One answer to an item of a screening, and the number that it stands for."""

    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Case:
    """One way out of a branch: taken when the remembered number is at least `at_least`."""

    at_least: int
    next: str


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a flow. `kind` decides which of the fields are filled; the loader holds that table."""

    key: str
    kind: str
    texts: tuple[str, ...] = ()
    choices: tuple[ChoiceSpec, ...] = ()
    next: str = ""
    flow: str = ""
    card: str = ""
    exercise: str = ""
    mark: str = ""  # a memory number set to 1 once this was said
    on: str = ""
    cases: tuple[Case, ...] = ()
    remember: str = ""
    skip: str = ""  # where a rating goes that was skipped
    low: int = 0
    high: int = 0
    number: int = 0  # of the item of a screening, from 1
    options: tuple[OptionSpec, ...] = ()
    again: tuple[str, ...] = ()  # asked once more, gently, when the item was skipped

    @property
    def rests(self) -> bool:
        """Whether the bot waits here for the client's answer."""
        return self.kind in {"choose", "rate", "ask", "offer_person", "item"}


@dataclass(frozen=True, slots=True)
class Item:
    """One file of content: what two people approve as a whole, by its digest."""

    key: str
    kind: str  # "flow" | "exercise" | "aside" | "topic" (something to know, an aside in parts) | "screening" | "texts"
    version: int
    locale: str
    title: str
    purpose: str
    not_when: str
    minutes: int
    evidence_grade: str
    evidence_source: str
    author: str
    reviewed: date
    expires: date
    safety: bool
    digest: str
    file: Path
    start: str = ""
    instrument: str = ""  # of a screening
    nodes: Mapping[str, Node] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_flow(self) -> bool:
        """Whether the item has steps; the others are bare texts and labels."""
        return self.kind != "texts"

    @property
    def is_aside(self) -> bool:
        """Whether the client goes on afterwards where they were."""
        return self.kind in {"aside", "topic"}

    def buttons(self) -> list[str]:
        """Every answer that the client can press."""
        pressed = [*self.labels.values()]
        for node in self.nodes.values():
            pressed += [choice.label for choice in node.choices] + [option.label for option in node.options]
        return pressed

    def sentences_shown(self) -> list[tuple[str, str]]:
        """Every text and label a client can see, with the key that names it. The lint and BOT-5 go through these."""
        shown = [(f"{self.key}.{name}", text) for name, texts in self.texts.items() for text in texts]
        shown += [(f"{self.key}.{name}", label) for name, label in self.labels.items()]
        for node in self.nodes.values():
            shown += [(f"{self.key}.{node.key}", text) for text in (*node.texts, *node.again)]
            shown += [(f"{self.key}.{node.key}.{option.value}", option.label) for option in node.options]
            shown += [(f"{self.key}.{node.key}.{choice.key}", choice.label) for choice in node.choices]
        return shown
