"""What came before in a conversation raises the newest message, never lowers it, and of ordinary talk says nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel import score
from riskmodel.artefacts import load
from riskmodel.course import NAMES, RAISED_TO, Course, course_of, figures_of, says_something
from riskmodel.levels import RANK, Context, Level
from riskmodel.reading import read

NEWEST = ("ok", "i'm fine now", "never mind, forget it", "thank you, goodbye", "the bus was late", "i want to die")


def follow(*messages):
    """The scores of a conversation, each in the light of those before."""
    levels, shares, found = [], [], []
    for message in messages:
        alone = score(message)
        found.append(score(message, Context(tuple(levels), tuple(shares))))
        levels.append(alone.level)
        shares.append(alone.probability)
    return found


@pytest.mark.parametrize(
    "context", [None, Context(), Context((Level.NONE, Level.UNSCORED, Level.LOW), (0.1, 0.2, 0.39))]
)
def test_without_concern_before_the_course_says_nothing(context):
    assert not says_something(context)
    for text in NEWEST:
        assert score(text, context).level == score(text).level
        assert score(text, context).reasons == score(text).reasons


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(NEWEST),
    st.lists(st.tuples(st.sampled_from(list(Level)), st.floats(0, 1)), max_size=12),
)
def test_no_context_lowers_a_level_or_a_probability(text, before):
    alone = score(text)
    found = score(text, Context(tuple(level for level, _ in before), tuple(share for _, share in before)))

    assert RANK[found.level] >= RANK[alone.level]
    assert all(found.probabilities[level] >= share for level, share in alone.probabilities.items())
    assert found.level == alone.level or found.level in RAISED_TO


@pytest.mark.parametrize(
    "denial", ["i'm not going to do anything", "no i'm not suicidal", "i'm not going to hurt myself"]
)
def test_a_denial_after_danger_stays_raised(denial):
    *_, last = follow("i want to kill myself", denial)

    assert RANK[score(denial).level] < RANK[Level.MODERATE] <= RANK[last.level]
    assert last.reasons[0].kind == "course"


def test_the_figures_are_those_that_their_names_say():
    before = Context((Level.LOW, Level.HIGH, Level.NONE), (0.1, 0.3, 0.5))
    found = dict(zip(NAMES, figures_of(before, read("i'm not suicidal"), 0.5), strict=True))

    assert found["own log-odds"] == 0.0
    assert found["highest level before"] == RANK[Level.HIGH]
    assert found["level of the message before"] == 0.0
    assert found["messages of low or above before"] == 2
    assert found["messages since the highest"] == 1
    assert found["risen over the last three"] == 1.0
    assert found["takes back after moderate or above"] == 1.0


def test_a_higher_level_is_never_likelier_than_a_lower_one_and_the_highest_reached_counts():
    course = Course(((0.0,), (1.0,)), (0.0, 0.0), (0.5, 0.4))

    assert course.probabilities([9.0]) == [0.5, 0.5]
    assert course.level([9.0]) is Level.HIGH
    assert course.level([-9.0]) is Level.MODERATE
    assert course_of({}) is None


def test_the_shipped_course_raises_more_of_those_in_danger_than_of_the_others():
    measured = load().manifest["course"]["metrics"]["test"]
    gained = {
        who: measured[f"alerted of {who}, with the course"] - measured[f"alerted of {who}, alone"]
        for who in ("those in danger", "the others")
    }

    assert gained["those in danger"] > gained["the others"] >= 0
