"""Reads the intent table of a locale and matches messages against it. All expansion happens when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from triage.bot.content import ContentError
from triage.bot.loading import read_toml
from triage.bot.wording import words

FOLDER = Path(__file__).resolve().parent
_FIELDS = {"whole", "within", "unless_after", "soft", "dropped_after"}
_BEFORE = 4  # how many words before a phrase can turn it round ("i do not want to talk to a person")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the engine reads it: its words, and the intent that the table is sure of, or none."""

    words: tuple[str, ...]
    bare: tuple[str, ...]  # without the small words that change nothing
    intent: str = ""
    whole: bool = False  # the intent is all that was said
    all: frozenset[str] = frozenset()  # every intent heard in it

    @property
    def number(self) -> int | None:
        """The number, when the message is one whole number such as "7" or "7 out of 10"."""
        if self.words and self.words[0].isdecimal() and len(self.words[0]) <= 3:  # noqa: PLR2004
            rest = self.words[1:]
            if not rest or rest in {("10",), ("out", "of", "10")}:
                return int(self.words[0])
        return None


@dataclass(frozen=True, slots=True)
class _Phrase:
    intent: str
    unless_after: frozenset[tuple[str, ...]]
    soft: str  # the intent that it becomes after one of `unless_after`
    dropped_after: frozenset[tuple[str, ...]]

    def after(self, before: tuple[str, ...]) -> str:
        """What the phrase means after these words."""
        if any(before[-len(turn) :] == turn for turn in self.dropped_after):
            return ""
        return self.soft if any(before[-len(turn) :] == turn for turn in self.unless_after) else self.intent


class _Branch:
    """A word of the tree of phrases: what may follow it, and which phrases end here."""

    __slots__ = ("ends", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Branch] = {}
        self.ends: list[_Phrase] = []


class IntentTable:
    """One locale's table. `hear` costs a few dictionary look-ups a word, however many wordings there are."""

    def __init__(self, raw: Mapping[str, Any], file: Path) -> None:
        self._file = file
        self._slots: Mapping[str, list[str]] = raw.get("slots", {})
        self._small = frozenset(raw.get("small_words", ()))
        self._aliases = self._misspellings(raw)
        self._whole: dict[tuple[str, ...], str] = {}
        self._tree = _Branch()
        self._ranks: dict[str, int] = {"": 1_000_000}
        for rank, (intent, entry) in enumerate(raw.get("intent", {}).items()):
            self._ranks[intent] = rank
            self._add(intent, entry)
        self.intents = frozenset(self._ranks) - {""}

    def hear(self, text: str) -> Heard:
        """Read one message. Whole messages win over phrases within one; earlier intents of the table over later."""
        said = words(text, self._aliases)
        bare = self._bare(said)
        whole = self._whole.get(said) or self._whole.get(bare)
        if whole:
            return Heard(said, bare, whole, whole=True, all=frozenset({whole}))
        found = self._within(bare)
        return Heard(said, bare, min(found, key=self._ranks.__getitem__, default=""), all=frozenset(found))

    def same(self, heard: Heard, label: str) -> bool:
        """Whether a message is the label of a choice, typed or pressed."""
        said = words(label, self._aliases)
        return heard.words == said or (bool(heard.bare) and heard.bare == self._bare(said))

    def _bare(self, said: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in said if word not in self._small)

    def _within(self, bare: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        for place in range(len(bare)):
            branch: _Branch | None = self._tree
            for word in bare[place:]:
                branch = branch.next.get(word) if branch else None
                if branch is None:
                    break
                for phrase in branch.ends:
                    found.add(phrase.after(bare[max(0, place - _BEFORE) : place]))
        return found - {""}

    def _add(self, intent: str, entry: Mapping[str, Any]) -> None:
        if not isinstance(entry, dict) or entry.keys() - _FIELDS:
            raise ContentError(self._file, 0, f"intent.{intent}: knows only {', '.join(sorted(_FIELDS))}")
        for pattern in entry.get("whole", ()):
            for phrase in self._expand(intent, pattern):
                # The first intent in the table keeps a wording that two of them claim.
                self._whole.setdefault(self._bare(phrase) or phrase, intent)
                self._whole.setdefault(phrase, intent)
        turns, drops = (
            frozenset(self._bare(phrase) for text in entry.get(name, ()) for phrase in self._expand(intent, text)) - {()}
            for name in ("unless_after", "dropped_after")
        )
        ending = _Phrase(intent, turns, entry.get("soft", ""), drops)
        for pattern in entry.get("within", ()):
            for phrase in self._expand(intent, pattern):
                self._grow(self._bare(phrase), ending)

    def _grow(self, phrase: tuple[str, ...], ending: _Phrase) -> None:
        branch = self._tree
        for word in phrase:
            branch = branch.next.setdefault(word, _Branch())
        if phrase and ending not in branch.ends:
            branch.ends.append(ending)

    def _expand(self, intent: str, pattern: str) -> list[tuple[str, ...]]:
        """Every wording of a pattern such as "talk to {person}"."""
        parts: list[list[str]] = []
        for piece in pattern.replace("{", "\0{").replace("}", "}\0").split("\0"):
            if piece.startswith("{"):
                if piece[1:-1] not in self._slots:
                    raise ContentError(self._file, 0, f"intent.{intent}: there is no slot {piece}")
                parts.append(self._slots[piece[1:-1]])
            elif piece.strip():
                parts.append([piece])
        return [words(" ".join(chosen), self._aliases) for chosen in product(*parts)]

    def _misspellings(self, raw: Mapping[str, Any]) -> dict[str, str]:
        """Listed misspellings, and every word one slip of a finger away from a word marked for that."""
        aliases: dict[str, str] = {}
        known = frozenset(raw.get("not_misspelt", ()))
        for right in raw.get("forgive_slips", ()):
            aliases.update({slip: right for slip in _slips(right) if slip not in known})
        for right, wrong in raw.get("aliases", {}).items():
            aliases.update(dict.fromkeys(wrong, right))
        # A slip of a misspelling counts too: "counceler" is one away from "counselor", which stands for "counsellor".
        aliases = {wrong: aliases.get(right, right) for wrong, right in aliases.items()}
        return {wrong: right for wrong, right in aliases.items() if wrong != right}


def _slips(word: str) -> set[str]:
    """Every string one dropped, doubled, wrong or swapped letter away."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in cuts if right and left}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    wrong = {left + letter + right[1:] for left, right in cuts if right and left for letter in _LETTERS}
    added = {left + letter + right for left, right in cuts if left for letter in _LETTERS}
    return dropped | swapped | wrong | added


def read_intents(folder: Path = FOLDER) -> dict[str, IntentTable]:
    """The intent tables of all locales; raises ContentError."""
    tables: dict[str, IntentTable] = {}
    for file in sorted(folder.glob("*.toml")):
        _, raw = read_toml(file)
        tables[file.stem] = IntentTable(raw, file)
    return tables
