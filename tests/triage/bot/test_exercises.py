"""Exercises with a client: asked before, checked after, pause, back and stop at each step (BOT-14)."""

import pytest

from tests.triage.bot.talk import Talk, shipped
from triage.bot.engine import Wish

CATALOGUE = shipped()
EXERCISES = [item.key for item in CATALOGUE.items() if item.kind == "exercise"]
# How a client may type the name of each.
ASKED = {
    "activity_plan": "activity plan",
    "body_scan": "can we do the body scan",
    "cool_down": "cool down",
    "feet_on_floor": "feet on the floor",
    "graded_steps": "graded steps",
    "grounding": "grounding",
    "leaves_on_stream": "leaves on a stream",
    "mindful_breathing": "mindful breathing please",
    "mood_diary": "mood diary",
    "muscle_relaxation": "I want to try the muscle relaxation",
    "opposite_action": "opposite action",
    "paced_breathing": "breathing exercise",
    "problem_solving": "problem solving",
    "self_kindness": "self-kindness break",
    "sleep_reset": "sleep reset",
    "stop_skill": "the stop skill",
    "thinking_traps": "Spot the thinking trap",
    "thought_record": "thought record",
    "worry_time": "worry time",
}
# Steps where none of the answers is "next".
PICKED = {
    ("thinking_traps", "pick"): "Reading minds",
    ("worry_time", "sort"): "Hard to tell",
    ("opposite_action", "facts"): "Not sure",
}


def begun(name):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[name], "yes")
    return talk


def go_on(talk):
    """Answer one step, whatever it asks for."""
    place = (talk.position.flow, talk.position.node)
    return talk.write("5" if "10" in talk.labels else PICKED.get(place, "next"))


def through(talk):
    """Answer each step until the bot asks how it was."""
    for _ in range(20):
        if "Better" in talk.labels:
            return talk
        go_on(talk)
    raise AssertionError("the exercise has no end")


def test_there_are_nineteen_exercises_and_each_is_reached_by_its_typed_name():
    assert set(EXERCISES) == set(ASKED)
    assert len(EXERCISES) == 19


@pytest.mark.parametrize("name", EXERCISES)
def test_a_typed_name_leads_to_the_exercise_from_the_welcome_and_from_the_menu(name):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[name])
    assert (talk.position.flow, talk.position.node) == (name, CATALOGUE.flow(name).start)
    talk.write("no", ASKED[name])
    assert talk.position.flow == name


@pytest.mark.parametrize("name", EXERCISES)
def test_the_title_of_an_exercise_leads_to_it(name):
    talk = Talk(CATALOGUE)
    talk.write(CATALOGUE.flow(name).title)
    assert talk.position.flow == name


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
        go_on(talk)
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
        go_on(talk)
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
def test_bot_14_after_one_worse_something_gentler_is_there_and_it_is_another_exercise(name):
    talk = through(begun(name))
    talk.write("worse")
    assert talk.labels[0] == "Talk to a person"
    talk.write(talk.labels[1])
    assert CATALOGUE.flow(talk.position.flow).kind == "exercise"
    assert talk.position.flow != name


@pytest.mark.parametrize("pattern", ["all or nothing", "Reading minds", "expecting the worst", "none of these"])
def test_each_thinking_trap_is_explained_in_a_line_and_leads_on(pattern):
    talk = begun("thinking_traps")
    talk.write("everybody laughed at me", "7")
    step = talk.write(pattern)
    assert len(step.replies) == 2
    assert talk.position.node == "outside"


@pytest.mark.parametrize(
    ("answer", "node"), [("yes", "can"), ("no", "cannot"), ("Hard to tell", "cannot_tell"), ("the trumpet", "sort")]
)
def test_a_worry_is_sorted_by_what_can_be_done_about_it(answer, node):
    talk = begun("worry_time")
    talk.write("the rent", "seven, kitchen", "next", "tea")
    talk.write(answer)
    assert talk.position.node == node


def test_a_feeling_that_fits_the_facts_is_not_acted_against():
    talk = begun("opposite_action")
    talk.write("anger", "8", "shout", "It fits the facts")
    assert talk.labels[:3] == ["Talk to a person", "Work on the problem", "Nothing right now"]
    talk.write("Nothing right now")
    assert "Better" in talk.labels


@pytest.mark.parametrize("name", EXERCISES)
def test_a_doubt_in_the_middle_is_answered_and_the_step_is_taken_up_again(name):
    talk = begun(name)
    go_on(talk)
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
