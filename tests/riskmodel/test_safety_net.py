"""The floors under a level: what sets one, and what keeps it from being set."""

import pytest

from riskmodel.assertions import assert_concepts
from riskmodel.levels import Level
from riskmodel.normalising import normalise
from riskmodel.safety_net import catch, rules


def floor(text):
    words = normalise(text)
    hits, reading = assert_concepts(words)
    caught = catch(words, hits, reading)
    return caught[0].rule.floor if caught else None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("i took all my pills", Level.IMMINENT),
        ("i have just overdosed", Level.IMMINENT),
        ("i will kill myself tonight", Level.IMMINENT),
        ("tonight. the rope is in my hand", Level.IMMINENT),
        ("i am going to kill myself", Level.HIGH),
        ("i am going to kill my boss", Level.HIGH),
        ("my friend has taken too many pills", Level.IMMINENT),
        ("my friend is going to kill himself", Level.HIGH),
        ("i want to die", Level.MODERATE),
    ],
)
def test_an_explicit_sentence_sets_its_floor(text, level):
    assert floor(text) is level


@pytest.mark.parametrize(
    "text",
    [
        "i did not take all my pills",
        "years ago i took all my pills",
        "i am not going to kill myself",
        "if i will kill myself is what they ask",
        "in the film he says i am going to kill myself",
        "i am going to kill my boss lol",
        "the rope is in my hand",
        "hello there",
    ],
)
def test_no_imminent_or_high_floor_without_a_danger_of_ones_own_present(text):
    assert floor(text) in {None, Level.MODERATE, Level.LOW}


def test_every_rule_of_every_language_has_a_floor_that_alerts():
    assert {rule.language for rule in rules()} == {"en", "es", "fr", "de"}
    assert all(rule.floor in {Level.MODERATE, Level.HIGH, Level.IMMINENT} for rule in rules())
