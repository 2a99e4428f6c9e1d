"""Who is in danger, when, and whether it is said, denied, imagined, quoted or joked."""

import pytest

from riskmodel.assertions import assert_concepts
from riskmodel.normalising import normalise


def statuses(text, *concepts):
    hits, _ = assert_concepts(normalise(text))
    return set().union(*(hit.statuses for hit in hits if hit.concept in concepts))


WISH = ("death_wish", "ideation")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("i want to die", "affirmed"),
        ("want to die", "affirmed"),
        ("i do not want to die", "negated"),
        ("i have never wanted to die", "negated"),
        ("years ago i wanted to die", "past"),
        ("i wanted to die but i am so much better now", "resolved"),
        ("what if i want to die", "hypothetical"),
        ("my brother wants to die", "other_person"),
        ("she told me she wants to kill herself", "other_person"),
        ('the lyrics go "i want to die"', "quoted"),
        ("i want to die lol", "joking"),
        ("i could have died of embarrassment", "joking"),
    ],
)
def test_a_wish_to_die_gets_the_status_that_its_words_give(text, status):
    assert status in statuses(text, *WISH, "staying_alive", "third_party")


@pytest.mark.parametrize(
    "text",
    [
        "i can not stop thinking about killing myself",
        "not only do i think about suicide i plan it",
        "why not kill myself",
        "no, i want to die",
        "i told my mum i want to die",
        "i do not care, i want to die",
    ],
)
def test_what_only_looks_like_a_denial_is_none(text):
    assert not statuses(text, *WISH) & {"negated", "other_person"}


def test_a_denial_stops_at_but():
    assert "negated" not in statuses("i am not hungry but i want to die", *WISH)


def test_a_status_never_deletes_the_concept():
    hits, _ = assert_concepts(normalise("i do not want to die"))

    assert any(hit.concept in WISH for hit in hits)


def test_a_danger_of_last_night_is_not_past():
    assert "past" not in statuses("i tried to kill myself last night", "attempt")
