"""Concepts of danger and their status: who, when, denied, imagined, quoted or joking. Nothing is ever taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from riskmodel.normalising import COMMA, SENTENCE, Words
from riskmodel.phrases import Match, PhraseFinder, find_around
from riskmodel.tables import concepts, table

STATUSES = (
    "affirmed",
    "negated",
    "past",
    "recent",
    "resolved",
    "hypothetical",
    "other_person",
    "quoted",
    "joking",
)
# With one of these a phrase is no statement about the writer's own present danger.
DISTANCING = frozenset({"negated", "past", "resolved", "hypothetical", "other_person", "quoted", "joking"})

_TURNS = frozenset({"but", "however", "although", "though", "yet", "except", "because", "so", "and", "then"})
_OTHERS_THEMSELVES = frozenset({"himself", "herself", "themself", "themselves", "itself"})
_ANYWHERE = ("past", "recent", "resolved", "quoted", "joking")


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept on the words `start` to `end` with every status that holds for it."""

    concept: str
    start: int
    end: int
    statuses: frozenset[str]

    @property
    def affirmed(self) -> bool:
        return not (self.statuses & DISTANCING)


@dataclass(frozen=True, slots=True)
class _Cues:
    finder: PhraseFinder
    negations: frozenset[str]
    reach: int
    hypothetical: frozenset[str]
    hypothetical_reach: int
    others: frozenset[str]
    others_reach: int
    own: frozenset[str]


@cache
def labels() -> Mapping[str, str]:
    """Concept -> the words a counsellor reads."""
    return {concept["name"]: concept["label"] for concept in concepts()}


@cache
def _concept_finder() -> PhraseFinder:
    pairs = [(concept["name"], phrase) for concept in concepts() for phrase in concept["phrases"]]
    pairs += [("idiom", phrase) for phrase in table("idioms")["phrases"]]
    return PhraseFinder(pairs)


@cache
def _cues() -> _Cues:
    cues = table("cues")
    anywhere = [(status, phrase) for status in _ANYWHERE for phrase in cues[status]["anywhere"]]
    anywhere += [("not a denial", phrase) for phrase in cues["negated"]["not_these"]]
    anywhere += [("negated", phrase) for phrase in cues["negated"]["before"] if " " in phrase]
    anywhere += [("hypothetical", phrase) for phrase in cues["hypothetical"]["before"] if " " in phrase]
    return _Cues(
        finder=PhraseFinder(anywhere),
        negations=frozenset(cues["negated"]["before"]),
        reach=cues["negated"]["reach"],
        hypothetical=frozenset(cues["hypothetical"]["before"]),
        hypothetical_reach=cues["hypothetical"]["before_reach"],
        others=frozenset(cues["other_person"]["before"]),
        others_reach=cues["other_person"]["before_reach"],
        own=frozenset(cues["other_person"]["self"]),
    )


def assert_concepts(words: Words) -> tuple[list[Hit], "Reading"]:
    """Every concept in `words` with its statuses, in order of place, and the reading that gives statuses."""
    matches = find_around(_concept_finder(), words.words, words.emoji)
    reading = Reading(words, [match for match in matches if match.label == "idiom"])
    found = _without_inner([match for match in matches if match.label != "idiom"])
    return [Hit(match.label, match.start, match.end, reading.statuses(match)) for match in found], reading


def _without_inner(matches: list[Match]) -> list[Match]:
    """Drop a match that lies inside a longer one of the same concept."""
    kept: list[Match] = []
    last: dict[str, int] = {}
    for match in matches:
        if match.end > last.get(match.label, 0):
            kept.append(match)
            last[match.label] = match.end
    return kept


class Reading:
    """The cue words of one text: one pass over them, then a look at each phrase."""

    def __init__(self, words: Words, idioms: list[Match]) -> None:
        self.words = words
        self.idioms = idioms
        self.sentence: list[int] = []
        number = 0
        for strength in words.breaks:
            self.sentence.append(number)
            number += strength == SENTENCE
        self.anywhere: dict[int, set[str]] = {}
        self.no_denial: set[int] = set()
        self.denial: set[int] = set()
        for cue in _cues().finder.find(words.words):
            if cue.label == "not a denial":
                self.no_denial.update(range(cue.start, cue.end))
            elif cue.label == "negated":
                self.denial.update(range(cue.start, cue.end))
            else:
                self.anywhere.setdefault(self.sentence[cue.start], set()).add(cue.label)

    def in_idiom(self, match: Match) -> bool:
        """Whether a saying overlaps the phrase at `match`."""
        return any(idiom.start < match.end and match.start < idiom.end for idiom in self.idioms)

    def statuses(self, match: Match) -> frozenset[str]:
        """Every status that holds for the phrase at `match`; never empty."""
        found = set(self.anywhere.get(self.sentence[match.start], ()))
        found.discard("hypothetical")
        if "joking" not in found:
            after = self.anywhere.get(self.sentence[match.start] + 1, ())
            found |= {"joking"} & set(after)
        if self.in_idiom(match):
            found.add("joking")
        if self.words.quoted[match.start]:
            found.add("quoted")
        self._look_back(match, found)
        if not found & DISTANCING:
            found.add("affirmed")
        return frozenset(found)

    def _look_back(self, match: Match, found: set[str]) -> None:
        cues, words = _cues(), self.words.words
        inside = words[match.start : match.end]
        if _OTHERS_THEMSELVES.intersection(inside):
            found.add("other_person")
        person_known = bool(cues.own.intersection(inside)) or "other_person" in found
        denial_open = True
        for distance, place in enumerate(range(match.start - 1, -1, -1), start=1):
            strength = self.words.breaks[place]
            word = words[place]
            if strength == SENTENCE or distance > cues.others_reach:
                break
            if strength == COMMA or word in _TURNS:
                denial_open = False
            if not person_known and word in cues.own:
                person_known = True
            elif not person_known and word in cues.others:
                person_known = True
                found.add("other_person")
            if not denial_open:
                continue
            if distance <= cues.reach and word in cues.negations and place not in self.no_denial:
                found.add("negated")
            if distance <= cues.hypothetical_reach and word in cues.hypothetical:
                found.add("hypothetical")
