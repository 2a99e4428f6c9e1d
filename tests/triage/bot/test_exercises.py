"""Exercises with a client: asked before, checked after, pause, back and stop at each step (BOT-14)."""

import pytest

from tests.triage.bot.talk import Talk, shipped
from triage.bot.engine import Wish

CATALOGUE = shipped()
EXERCISES = [item.key for item in CATALOGUE.items() if item.kind == "exercise"]
ASKED = {"grounding": "grounding", "paced_breathing": "breathing exercise", "thought_record": "thought record"}


def begun(name):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[name], "yes")
    return talk


def through(talk):
    """Answer each step until the bot asks how it was."""
    for _ in range(20):
        if "Better" in talk.labels:
            return talk
        talk.write("5" if "10" in talk.labels else "next")
    raise AssertionError("the exercise has no end")


def test_the_three_exercises_of_the_first_step_are_there():
    assert set(EXERCISES) == set(ASKED)


@pytest.mark.parametrize("name", EXERCISES)
def test_bot_14_an_exercise_asks_before_it_begins_and_takes_a_no(name):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[name])
    assert talk.last.text.count("?") == 1
    talk.write("no")
    assert talk.position.flow == "menu"


@pytest.mark.parametrize("name", EXERCISES)
def test_topic_15_is_told_before_the_first_exercise_and_once_only(name):
    talk = Talk(CATALOGUE)
    assert "not therapy" in " ".join(reply.text for reply in talk.write(ASKED[name]).replies)
    talk.write("no")
    assert "not therapy" not in " ".join(reply.text for reply in talk.write(ASKED[name]).replies)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_step_can_be_paused_and_stopped_and_all_but_the_first_gone_back_from(name):
    talk = begun(name)
    assert {"Pause", "Stop here"} <= set(talk.labels)
    assert "Back" not in talk.labels
    while "Better" not in talk.labels:
        talk.write("5" if "10" in talk.labels else "next")
        assert {"Pause", "Back", "Stop here"} <= set(talk.labels)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_pause_waits_and_carries_on_at_the_same_step(name):
    talk = begun(name)
    place, text = talk.position.node, talk.last.text
    talk.write("wait")
    assert talk.labels == ["Carry on", "Stop here"]
    talk.write("Carry on")
    assert (talk.position.node, talk.last.text) == (place, text)


@pytest.mark.parametrize("name", EXERCISES)
def test_back_goes_one_step_back_each_time(name):
    talk = begun(name)
    places = [talk.position.node]
    for _ in range(3):
        talk.write("5" if "10" in talk.labels else "next")
        places.append(talk.position.node)
    for place in reversed(places[:-1]):
        talk.write("Back")
        assert talk.position.node == place


@pytest.mark.parametrize("name", EXERCISES)
def test_stop_ends_the_exercise_at_once(name):
    talk = begun(name)
    talk.write("stop")
    assert talk.position.flow == "menu"
    assert "trail" not in talk.position.memory


@pytest.mark.parametrize("name", EXERCISES)
def test_bot_14_an_exercise_is_checked_afterwards(name):
    talk = through(begun(name))
    assert talk.labels[:3] == ["Better", "About the same", "Worse"]


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", ["better", "About the same", "Rather not say"])
def test_better_same_or_no_answer_go_on_without_a_call(name, answer):
    talk = through(begun(name))
    assert not talk.write(answer).wishes
    assert talk.position.flow == "menu"


def test_bot_14_worse_once_stops_there_and_worse_twice_offers_a_person():
    talk = through(begun("grounding"))
    talk.write("worse")
    assert "Talk to a person" in talk.labels
    talk.write("Nothing right now", "breathing exercise", "yes")
    through(talk).write("worse")
    assert talk.labels[0] == "Yes, ask for a person"
    assert talk.write("ok").wishes == {Wish.PERSON}


@pytest.mark.parametrize("name", EXERCISES)
def test_a_doubt_in_the_middle_is_answered_and_the_step_is_taken_up_again(name):
    talk = begun(name)
    talk.write("next")
    place = talk.position.node
    talk.write("are you a robot", "not now")
    assert (talk.position.flow, talk.position.node) == (name, place)
    talk.write("back")
    assert talk.position.node != place


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wish_for_a_person_is_granted_in_the_middle_of_an_exercise(name):
    assert begun(name).write("can I talk to someone").wishes == {Wish.PERSON}


@pytest.mark.parametrize("text", ["no", "ok", "I feel sad", "thanks", "my mood", "everyone hates me"])
def test_what_was_written_as_an_answer_is_taken_as_one(text):
    talk = begun("thought_record")
    talk.write(text)
    assert talk.position.node == "feeling"


def test_the_page_is_told_which_exercise_runs():
    talk = begun("grounding")
    assert talk.last.exercise == "grounding"


def test_the_feeling_before_and_after_a_thought_record_is_kept_as_numbers():
    talk = through(begun("thought_record"))
    assert talk.position.memory["feeling_before"] == 5
    assert talk.position.memory["feeling_after"] == 5


def test_an_exercise_that_expires_midway_is_left_with_a_word_about_it():
    talk = begun("grounding")
    talk.catalogue = shipped(at=CATALOGUE.flow("grounding").expires.replace(year=2028))
    step = talk.write("a lamp")
    assert step.replies[0].key.startswith("controls.moved_on")
    assert talk.position.flow == "menu"
    assert "Try a short exercise" not in talk.labels
