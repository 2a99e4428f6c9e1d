"""Finds table phrases in a row of normalised words: one automaton for all phrases, one dictionary step a word."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from riskmodel.tables import table, words_of_force

_PIECE = re.compile(r"[()|~]|<\w+>|[^\s()|~<>]+")
_CACHED_STATES = 50_000
_NEVER_SKIPPED = frozenset({"not", "never", "no"})  # a denial inside a phrase changes what it says
# A number written in figures: one or two of something, or more. A phrase that says `num` means either.
_ALSO = {"fewnum": "num", "num": "manynum"}


class PhraseError(ValueError):
    """A phrase of a table cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Match:
    """Phrase `label` stands on the words from `start` up to, not including, `end`."""

    label: str
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    edges: dict[str, frozenset[int]] = field(default_factory=dict)
    anything: frozenset[int] = frozenset()
    label: str = ""


@dataclass(slots=True)
class _State:
    nodes: frozenset[int]
    labels: tuple[str, ...]
    following: dict[str, "_State | None"] = field(default_factory=dict)


class PhraseFinder:
    """Finds the longest match of each label at each place. Work is linear in the number of words."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        """Take (label, phrase) pairs in the notation of `tables/phrases.md`. Raises PhraseError."""
        self._nodes: list[_Node] = []
        self._force = words_of_force()
        self.words: set[str] = set(_NEVER_SKIPPED | words_of_force() | _ALSO.keys())
        self._states: dict[frozenset[int], _State] = {}
        accepting: dict[str, frozenset[int]] = {}
        entries: set[int] = set()
        for label, phrase in phrases:
            if label not in accepting:
                accepting[label] = self._add(_Node(label=label))
            entries |= self._build(_parse(phrase), accepting[label])
        self._by_first_word = self._index(entries)

    def _index(self, entries: set[int]) -> dict[str, frozenset[int]]:
        index: dict[str, set[int]] = {}
        for entry in entries:
            for word, nodes in self._nodes[entry].edges.items():
                index.setdefault(word, set()).update(nodes)
        for word, meant in _ALSO.items():
            index.setdefault(word, set()).update(index.get(meant, ()))
        return {word: frozenset(nodes) for word, nodes in index.items()}

    def _add(self, node: _Node) -> frozenset[int]:
        self._nodes.append(node)
        return frozenset((len(self._nodes) - 1,))

    def _build(self, sequence: list, after: frozenset[int]) -> frozenset[int]:
        for piece in reversed(sequence):
            if piece == "~":
                after |= self._add(_Node(anything=after))
            elif isinstance(piece, str):
                self.words.add(piece)
                after = self._add(_Node(edges={piece: after}))
            else:
                after = frozenset().union(*(self._build(way, after) for way in piece))
        return after

    def _state(self, nodes: frozenset[int]) -> _State | None:
        if not nodes:
            return None
        state = self._states.get(nodes)
        if state is None:
            if len(self._states) > _CACHED_STATES:
                self._states.clear()
            labels = tuple(sorted({self._nodes[n].label for n in nodes if self._nodes[n].label}))
            state = self._states[nodes] = _State(nodes, labels)
        return state

    def _follow(self, state: _State, word: str) -> _State | None:
        nodes: set[int] = set()
        for number in state.nodes:
            node = self._nodes[number]
            if word not in _NEVER_SKIPPED:
                nodes |= node.anything
            nodes |= node.edges.get(word, frozenset()) | node.edges.get(_ALSO.get(word, ""), frozenset())
            if word in self._force and not node.label:
                nodes.add(number)
        following = state.following[word] = self._state(frozenset(nodes))
        return following

    def find(self, words: Sequence[str]) -> Iterator[Match]:
        """Matches in the order of their first word; at one place one match a label, the longest."""
        for start, word in enumerate(words):
            first = self._by_first_word.get(word)
            if first is None:
                continue
            state = self._state(first)
            longest: dict[str, int] = {}
            at = start + 1
            while state is not None:
                for label in state.labels:
                    longest[label] = at
                if at == len(words):
                    break
                # Words that no phrase names share one key, so that the cache cannot grow with what people write.
                word = words[at] if words[at] in self.words else ""
                state = state.following[word] if word in state.following else self._follow(state, word)
                at += 1
            for label, end in longest.items():
                yield Match(label, start, end)


def find_around(finder: PhraseFinder, words: Sequence[str], apart: Collection[int]) -> list[Match]:
    """Matches in `words`, and those that are there when the words at the places `apart` are stepped over."""
    found = list(finder.find(words))
    if not apart:
        return found
    kept = [place for place in range(len(words)) if place not in apart]
    around = finder.find([words[place] for place in kept])
    found += [Match(one.label, kept[one.start], kept[one.end - 1] + 1) for one in around]
    return sorted(set(found), key=lambda one: (one.start, one.label, one.end))


def _parse(phrase: str) -> list:
    pieces = _PIECE.findall(phrase)
    sequence, rest = _sequence(pieces, phrase)
    if rest:
        raise PhraseError(f"unbalanced brackets in phrase: {phrase}")
    return sequence


def _sequence(pieces: list[str], phrase: str) -> tuple[list, list[str]]:
    sequence: list = []
    while pieces and pieces[0] not in ")|":
        piece, *pieces = pieces
        if piece == "(":
            ways: list = []
            while True:
                way, pieces = _sequence(pieces, phrase)
                ways.append(way)
                if not pieces:
                    raise PhraseError(f"a bracket is not closed in phrase: {phrase}")
                closing, *pieces = pieces
                if closing == ")":
                    break
            sequence.append(ways)
        elif piece.startswith("<"):
            sequence.append(_set_named(piece.strip("<>"), phrase))
        else:
            sequence.append(piece)
    return sequence, pieces


def _set_named(name: str, phrase: str) -> list[list[str]]:
    try:
        return [words.split() for words in table("sets")["sets"][name]]
    except KeyError:
        raise PhraseError(f"no set <{name}> for phrase: {phrase}") from None
