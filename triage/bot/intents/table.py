"""Reads the intent table of a locale and matches messages against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.bot.content import ContentError
from triage.bot.loading import read_toml
from triage.bot.wording import plain_number, words

FOLDER = Path(__file__).resolve().parent
_FIELDS = {"whole", "within", "unless_after", "soft", "dropped_after"}
_BEFORE = 4  # how many words before a phrase can turn it round ("i do not want to talk to a person")
_SHORT = 5  # words; longer messages are a story and not an answer
_TELLING = 3  # letters; shorter words tell no choice from another
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the engine reads it: its words, and the intent that the table is sure of, or none."""

    words: tuple[str, ...]
    bare: tuple[str, ...]  # without the small words that change nothing
    intent: str = ""
    whole: bool = False  # the intent is all that was said
    all: frozenset[str] = frozenset()  # every intent heard in it
    number: int | None = None  # when the message is one plain number
    leans: str = ""  # "yes" or "no", when a short message begins like one


# Alternatives by their first word: one piece of a pattern, whether a slot or plain words.
_Piece = Mapping[str, Sequence[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A wording such as "talk to {person}". Slots stay slots: written out, the wordings would be half a million."""

    pieces: tuple[_Piece, ...]
    intent: str
    whole: bool
    soft: str = ""  # the intent that it becomes after one of `unless_after`
    unless_after: frozenset[tuple[str, ...]] = frozenset()
    dropped_after: frozenset[tuple[str, ...]] = frozenset()

    def matches(self, said: tuple[str, ...], place: int) -> bool:
        """Whether the pattern stands in `said` at `place`; a whole one must reach the end."""
        ends = {place}
        for piece in self.pieces:
            ends = {
                end + len(alt) for end in ends for alt in _at(piece, said, end) if said[end : end + len(alt)] == alt
            }
            if not ends:
                return False
        return not self.whole or len(said) in ends

    def after(self, before: tuple[str, ...]) -> str:
        """What the pattern means after these words."""
        if any(before[-len(turn) :] == turn for turn in self.dropped_after):
            return ""
        return self.soft if any(before[-len(turn) :] == turn for turn in self.unless_after) else self.intent


def _at(piece: _Piece, said: tuple[str, ...], place: int) -> Sequence[tuple[str, ...]]:
    return piece.get(said[place], ()) if place < len(said) else ()


def _overlaps(said: set[str], label: set[str]) -> bool:
    return bool(label) and (said <= label or label <= said)


class IntentTable:
    """One locale's table. `hear` tries, at each word, only the patterns that can begin with it."""

    def __init__(self, raw: Mapping[str, Any], file: Path) -> None:
        self._file = file
        self._small = frozenset(raw.get("small_words", ()))
        self._aliases = self._misspellings(raw)
        self._slots = {name: self._piece(wordings) for name, wordings in raw.get("slots", {}).items()}
        self._yes = frozenset(raw.get("begins_yes", ()))
        self._no = frozenset(raw.get("begins_no", ()))
        self._negations = frozenset(raw.get("negations", ()))
        self._labels: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._literal: dict[tuple[str, ...], str] = {}
        self._starting: dict[str, list[_Pattern]] = {}
        self._ranks: dict[str, int] = {}
        for rank, (intent, entry) in enumerate(raw.get("intent", {}).items()):
            self._ranks[intent] = rank
            self._add(intent, entry)
        self.intents = frozenset(self._ranks)
        for pattern in (each for patterns in self._starting.values() for each in patterns):
            if pattern.soft and pattern.soft not in self.intents:
                raise ContentError(file, 0, f"intent.{pattern.intent}: there is no intent '{pattern.soft}'")

    def hear(self, text: str) -> Heard:
        """Read one message. Whole messages win over phrases within one; earlier intents of the table over later."""
        said = words(text, self._aliases)
        bare = self._bare(said)
        whole, within = self._found(bare)
        whole |= {self._literal[form] for form in (said, bare) if form in self._literal}
        best = min(whole or within, key=self._ranks.__getitem__, default="")
        every = frozenset(whole | within)
        return Heard(said, bare, best, bool(whole), every, number=plain_number(text), leans=self._leans(said))

    def _leans(self, said: tuple[str, ...]) -> str:
        if not said or len(said) > _SHORT:
            return ""
        return "yes" if said[0] in self._yes else "no" if said[0] in self._no else ""

    def same(self, heard: Heard, label: str) -> bool:
        """Whether a message is the label of a choice, typed or pressed."""
        said, bare = self._label(label)
        return heard.words == said or (bool(heard.bare) and heard.bare == bare)

    def near(self, heard: Heard, labels: Sequence[str]) -> int | None:
        """Which one of several labels a short message means in part ("same" for "About the same"), if just one fits."""
        if not heard.bare or len(heard.words) > _SHORT or self._negations & set(heard.words):
            return None
        said = set(heard.bare)
        if not any(len(word) > _TELLING for word in said):
            return None
        fits = [place for place, label in enumerate(labels) if _overlaps(said, set(self._label(label)[1]))]
        return fits[0] if len(fits) == 1 else None

    def _label(self, label: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if label not in self._labels:
            said = words(label, self._aliases)
            self._labels[label] = (said, self._bare(said))
        return self._labels[label]

    def _bare(self, said: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in said if word not in self._small)

    def _found(self, bare: tuple[str, ...]) -> tuple[set[str], set[str]]:
        whole: set[str] = set()
        within: set[str] = set()
        for place, word in enumerate(bare):
            before = bare[max(0, place - _BEFORE) : place]
            for pattern in self._starting.get(word, ()):
                if (place and pattern.whole) or not pattern.matches(bare, place):
                    continue
                (whole if pattern.whole else within).add(pattern.after(before))
        return whole, within - {""}

    def _add(self, intent: str, entry: Mapping[str, Any]) -> None:
        if not isinstance(entry, dict) or entry.keys() - _FIELDS:
            raise ContentError(self._file, 0, f"intent.{intent}: knows only {', '.join(sorted(_FIELDS))}")
        for text in entry.get("whole", ()):
            self._start(_Pattern(self._pieces(intent, text), intent, whole=True))
            if "{" not in text:
                # The first intent in the table keeps a wording that two of them claim, or that is all small words.
                self._literal.setdefault(words(text, self._aliases), intent)
        turns, drops = (
            frozenset(self._bare(words(text, self._aliases)) for text in entry.get(name, ())) - {()}
            for name in ("unless_after", "dropped_after")
        )
        for text in entry.get("within", ()):
            if {text.split()[0], text.split()[-1]} & self._small:
                reason = f"intent.{intent}: '{text}' begins or ends with a small word, so it would match without it"
                raise ContentError(self._file, 0, reason)
            pieces = self._pieces(intent, text)
            self._start(_Pattern(pieces, intent, False, entry.get("soft", ""), turns, drops))

    def _start(self, pattern: _Pattern) -> None:
        for word in pattern.pieces[0] if pattern.pieces else ():
            self._starting.setdefault(word, []).append(pattern)

    def _pieces(self, intent: str, text: str) -> tuple[_Piece, ...]:
        """The pieces of "talk to {person}": plain words and slots by turns."""
        pieces: list[_Piece] = []
        for part in text.replace("{", "\0{").replace("}", "}\0").split("\0"):
            if part.startswith("{"):
                if part[1:-1] not in self._slots:
                    raise ContentError(self._file, 0, f"intent.{intent}: there is no slot {part}")
                pieces.append(self._slots[part[1:-1]])
            elif plain := self._piece([part]):
                pieces.append(plain)
        return tuple(pieces)

    def _piece(self, wordings: Sequence[str]) -> _Piece:
        starting: dict[str, list[tuple[str, ...]]] = {}
        for bare in dict.fromkeys(self._bare(words(text, self._aliases)) for text in wordings):
            if bare:
                starting.setdefault(bare[0], []).append(bare)
        return starting

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
