"""Explicit sentences that set a floor under the level. A floor raises and never lowers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from riskmodel.assertions import DISTANCING, Hit, Reading
from riskmodel.levels import RANK, Level
from riskmodel.normalising import Words
from riskmodel.phrases import PhraseFinder, find_around
from riskmodel.tables import concepts, table


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `tables/safety_net.toml`."""

    name: str
    floor: Level
    language: str
    categories: tuple[str, ...]
    unless: frozenset[str]
    and_soon: bool


# What is said of somebody else as their present: the writer needs a person to talk it over with.
_OTHERS_DANGERS = frozenset({"intent", "act_now"})
_OTHER = Rule("somebody else at risk", Level.MODERATE, "en", ("third_party_concern",), frozenset(), False)


@dataclass(frozen=True, slots=True)
class Caught:
    """A rule that holds, on the words `start` to `end`."""

    rule: Rule
    start: int
    end: int


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order of the table."""
    return tuple(
        Rule(
            name=row["name"],
            floor=Level(row["floor"]),
            language=row["language"],
            categories=tuple(row["categories"]),
            unless=frozenset(row["unless"]),
            and_soon=row.get("and_soon", False),
        )
        for row in table("safety_net")["rule"]
    )


@cache
def _concept_rules() -> dict[str, Rule]:
    english = {concept["name"]: concept for concept in concepts()}
    return {
        row["concept"]: Rule(
            name=english[row["concept"]]["label"],
            floor=Level(row["floor"]),
            language="en",
            categories=tuple(english[row["concept"]]["categories"]),
            unless=DISTANCING,
            and_soon=False,
        )
        for row in table("safety_net")["concept"]
    }


@cache
def finders() -> tuple[PhraseFinder, PhraseFinder]:
    """The English phrases, and those of the other languages; both labelled by the rule's number."""
    english: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for number, row in enumerate(table("safety_net")["rule"]):
        goal = english if row["language"] == "en" else others
        goal.extend((str(number), phrase.replace("'", "")) for phrase in row["phrases"])
    return PhraseFinder(english), PhraseFinder(others)


def catch(words: Words, hits: Sequence[Hit], reading: Reading) -> list[Caught]:
    """The rules that hold for `words`, highest floor first."""
    english, others = finders()
    soon = any(hit.concept == "soon" for hit in hits)
    caught = []
    for match in find_around(english, words.words, words.emoji):
        rule = rules()[int(match.label)]
        if rule.and_soon and not soon:
            continue
        against = reading.statuses(match) & rule.unless
        if against == {"joking"} and rule.floor is Level.IMMINENT and not reading.in_idiom(match):
            # Laughter beside an act that was told plainly: perhaps a joke, and a person finds out.
            caught.append(Caught(replace(rule, floor=Level.MODERATE), match.start, match.end))
        elif not against:
            caught.append(Caught(rule, match.start, match.end))
    for hit in hits:
        by_concept = _concept_rules().get(hit.concept)
        if by_concept is not None and hit.affirmed:
            caught.append(Caught(by_concept, hit.start, hit.end))
        elif hit.concept in _OTHERS_DANGERS and hit.statuses & DISTANCING == {"other_person"}:
            caught.append(Caught(_OTHER, hit.start, hit.end))
    # Other languages are matched as written: the English respellings would spoil them.
    places = [place for place, word in enumerate(words.as_written) if word]
    for match in others.find([words.as_written[place].replace("'", "") for place in places]):
        caught.append(Caught(rules()[int(match.label)], places[match.start], places[match.end - 1] + 1))
    return sorted(caught, key=lambda one: -RANK[one.rule.floor])
