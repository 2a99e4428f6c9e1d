"""Each screening talked through with a client: every answer, no guess, a gentle second question, the right closing."""

import pytest

from tests.triage.bot.talk import Talk, shipped
from triage.bot.engine import Wish
from triage.screenings.instruments import instrument
from triage.screenings.scoring import level_of_answer

CATALOGUE = shipped()
SCREENINGS = ["phq2", "phq9", "gad2", "gad7", "asq", "audit_c"]
DOORS = {"phq2": "About my mood", "gad2": "About worry", "audit_c": "About alcohol", "asq": "About very hard thoughts"}
LONGER = {"phq9": "phq2", "gad7": "gad2"}
SKIP = -1


def items(name):
    found = [node for node in CATALOGUE.flow(name).nodes.values() if node.kind == "item"]
    return sorted(found, key=lambda node: node.number)


ANSWERS = [(name, node.number, option) for name in SCREENINGS for node in items(name) for option in node.options]


def opened(name):
    """A client who was asked whether to begin, and said yes."""
    talk = Talk(CATALOGUE)
    if name in LONGER:
        talk.write("questions", DOORS[LONGER[name]], "yes", "Nearly every day", "Nearly every day", "Yes, go on")
    else:
        talk.write("questions", DOORS[name])
    assert talk.position.flow == name
    talk.write("yes")
    return talk


def standing(talk):
    """The item that is asked now, 0 for none."""
    return CATALOGUE.flow(talk.position.flow).nodes[talk.position.node].number


def answer(talk, *values):
    """Press the answers with these values one after another."""
    for value in values:
        node = CATALOGUE.flow(talk.position.flow).nodes[talk.position.node]
        talk.write("Skip" if value == SKIP else next(one.label for one in node.options if one.value == value))
    return talk


def at_item(name, number):
    """A client who gave the least answer to all before; in the ASQ yes to the first, for else the last is not asked."""
    talk = opened(name)
    while standing(talk) != number:
        answer(talk, 1 if name == "asq" and number == 5 and standing(talk) == 1 else 0)
    return talk


@pytest.mark.parametrize("name", SCREENINGS)
def test_bot_2_a_screening_asks_first_and_takes_a_no(name):
    talk = Talk(CATALOGUE)
    talk.write("questions", DOORS[LONGER.get(name, name)])
    if name in LONGER:
        answer(talk.write("yes") and talk, 3, 3)
        talk.write("Yes, go on")
    assert talk.position.flow == name
    assert not talk.write("no").wishes
    assert talk.position.flow == "menu"


@pytest.mark.parametrize(("name", "number", "option"), ANSWERS, ids=lambda one: str(getattr(one, "value", one)))
def test_ins_1_every_answer_is_taken_by_its_label_with_its_own_number(name, number, option):
    talk = at_item(name, number)
    answered = talk.write(option.label).answered
    assert (answered.instrument, answered.item, answered.value) == (name, number, option.value)
    assert answered.first is (number == 1)
    assert answered.digest == CATALOGUE.flow(name).digest
    assert standing(talk) != number


@pytest.mark.parametrize(
    ("name", "number", "text", "value"),
    [
        ("phq2", 1, "several", 1),
        ("phq2", 1, "NOT AT ALL!", 0),
        ("phq2", 1, "not at all really", 0),
        ("phq9", 9, "more than half", 2),
        ("phq9", 9, "nearly every day i think", 3),
        ("gad7", 3, "several days maybe", 1),
        ("asq", 1, "yeah", 1),
        ("asq", 1, "yes i have", 1),
        ("asq", 3, "nope", 0),
        ("audit_c", 1, "monthly", 1),
        ("audit_c", 3, "daily", 4),
    ],
)
def test_an_answer_in_nearly_the_words_of_a_label_is_taken(name, number, text, value):
    assert at_item(name, number).write(text).answered.value == value


@pytest.mark.parametrize(("text", "value"), [("2", 0), ("3", 1), ("6", 2), ("8", 3), ("10", 4), ("25", 4)])
def test_a_number_of_drinks_is_taken_as_one(text, value):
    assert at_item("audit_c", 2).write(text).answered.value == value


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("phq9", 1, "2"),
        ("phq9", 1, "7"),
        ("phq9", 9, "-1"),
        ("phq9", 9, "days"),
        ("phq9", 9, "not several days"),
        ("gad7", 2, "sometimes"),
        ("gad2", 1, "no"),
        ("asq", 1, "maybe"),
        ("asq", 1, "not now"),
        ("asq", 1, "no but yesterday"),
        ("asq", 5, "1"),
        ("audit_c", 1, "2"),
        ("audit_c", 1, "3"),
        ("audit_c", 2, "0"),
        ("audit_c", 2, "nine hundred"),
    ],
)
def test_what_is_none_of_the_answers_is_never_guessed_but_asked_again(name, number, text):
    talk = at_item(name, number)
    labels = talk.labels
    assert talk.write(text).answered is None
    assert standing(talk) == number
    assert talk.labels == labels


@pytest.mark.parametrize("name", SCREENINGS)
def test_every_item_offers_its_answers_skip_and_stop(name):
    for node in items(name):
        talk = at_item(name, node.number)
        assert talk.labels[: len(node.options)] == [option.label for option in node.options]
        assert {"Skip", "Stop here"} <= set(talk.labels)


@pytest.mark.parametrize(("name", "number"), sorted({(name, number) for name, number, _ in ANSWERS}))
def test_an_item_can_be_skipped_and_only_one_that_calls_a_person_is_asked_once_more(name, number):
    talk = at_item(name, number)
    step = talk.write("skip")
    if level_of_answer(instrument(name), number, None):
        assert step.answered is None
        assert step.replies[-1].text == CATALOGUE.flow(name).nodes[talk.position.node].again[0]
        step = talk.write("rather not say")
    assert (step.answered.item, step.answered.value) == (number, None)
    assert standing(talk) != number


def test_crisis_3_3_item_nine_skipped_can_still_be_answered_when_it_is_asked_again():
    talk = at_item("phq9", 9)
    talk.write("skip")
    assert talk.labels[0] == "Not at all"
    assert talk.write("Several days").answered.value == 1


@pytest.mark.parametrize("name", SCREENINGS)
def test_back_leads_to_the_item_before_and_the_new_answer_counts(name):
    talk = at_item(name, 2)
    talk.write("Back")
    assert standing(talk) == 1
    answered = answer(talk, 1).step.answered
    assert (answered.item, answered.value, answered.first) == (1, 1, False)
    assert standing(talk) == 2
    assert talk.position.memory["screen.1"] == 1


@pytest.mark.parametrize("name", SCREENINGS)
def test_stop_leaves_a_screening_in_the_middle_and_asks_nothing_more(name):
    talk = at_item(name, 2)
    step = talk.write("stop")
    assert step.answered is None
    assert not step.wishes
    assert talk.position.flow == "menu"


@pytest.mark.parametrize("name", SCREENINGS)
def test_a_pause_waits_at_the_same_item(name):
    talk = at_item(name, 2)
    talk.write("pause", "carry on")
    assert standing(talk) == 2


@pytest.mark.parametrize("name", SCREENINGS)
def test_bot_8_a_wish_for_a_person_is_granted_in_the_middle(name):
    assert at_item(name, 2).write("can I talk to a person").wishes == {Wish.PERSON}


@pytest.mark.parametrize("name", SCREENINGS)
def test_words_of_danger_instead_of_an_answer_get_the_card(name):
    step = at_item(name, 2).write("I want to kill myself")
    assert step.answered is None
    assert step.replies[0].card == "crisis"


@pytest.mark.parametrize("name", SCREENINGS)
def test_law_10_a_doubt_in_the_middle_is_answered_and_the_item_is_asked_again_with_the_answers_kept(name):
    talk = at_item(name, 2)
    talk.write("are you a robot", "not now")
    assert (talk.position.flow, standing(talk)) == (name, 2)
    assert answer(talk, 0).step.answered.first is False


def test_a_question_in_the_middle_is_answered_by_its_topic_and_the_item_is_asked_again():
    talk = at_item("gad2", 2)
    talk.write("how does panic work")
    assert talk.position.flow == "know_panic"
    talk.write("That is enough")
    assert (talk.position.flow, standing(talk)) == ("gad2", 2)


def test_a_screening_begun_anew_counts_nothing_of_the_one_that_was_left():
    talk = answer(opened("phq2"), 3)
    talk.write("stop", "questions", "About my mood", "yes")
    assert answer(talk, 0).step.answered.first
    answer(talk, 0)
    assert said(talk, "phq2.done")


def said(talk, key):
    return any(reply.key == key for reply in talk.step.replies)


# Totals at the two sides of each boundary, with and without items left out.
GOLDEN = [
    ("phq2", [1, 1], "done"),
    ("phq2", [0, 3], "more"),
    ("phq2", [2, 1], "more"),
    ("phq2", [3, SKIP], "done"),
    ("gad2", [2, 0], "done"),
    ("gad2", [1, 2], "more"),
    ("phq9", [0] * 9, "lower"),
    ("phq9", [1] * 9, "lower"),
    ("phq9", [2, 1, 1, 1, 1, 1, 1, 1, 1], "higher"),
    ("phq9", [3] * 9, "higher"),
    ("phq9", [SKIP, SKIP, 1, 1, 1, 1, 1, 1, 1], "lower"),
    ("phq9", [SKIP, SKIP, 2, 1, 1, 1, 1, 1, 1], "higher"),
    ("phq9", [SKIP, SKIP, SKIP, 3, 3, 3, 3, 3, 3], "no_total"),
    ("gad7", [1, 1, 1, 1, 1, 1, 3], "lower"),
    ("gad7", [1, 1, 1, 1, 1, 2, 3], "higher"),
    ("gad7", [SKIP, SKIP, SKIP, SKIP, 3, 3, 3], "no_total"),
    ("audit_c", [1, 1, 2], "lower"),
    ("audit_c", [1, 2, 2], "higher"),
    ("audit_c", [4, 4, 4], "higher"),
    ("audit_c", [SKIP, 4, 4], "no_total"),
    ("asq", [0, 0, 0, 0], "done"),
    ("asq", [0, 0, 1, 0], "item5"),
    ("asq", [0, 0, 0, 1], "item5"),
    ("asq", [0, 0, 1, 0, 0], "done"),
    ("asq", [1, 1, 1, 1, 1], "done"),
]


@pytest.mark.parametrize(("name", "values", "closing"), GOLDEN, ids=str)
def test_ins_1_the_total_leads_to_the_right_closing_words(name, values, closing):
    talk = answer(opened(name), *values)
    assert said(talk, f"{name}.{closing}")
    assert talk.step.answered.last is (closing != "item5")


@pytest.mark.parametrize("name", SCREENINGS)
def test_ins_3_no_closing_words_name_an_illness_or_a_band(name):
    nodes = CATALOGUE.flow(name).nodes
    bands = {band.name for band in instrument(name).bands}
    for key in nodes.keys() & {"higher", "lower", "no_total", "done", "more"}:
        shown = " ".join(nodes[key].texts).casefold()
        assert not any(word in shown for word in bands | {"depression", "disorder", "diagnos"})


def test_phq_2_leads_on_to_phq_9_only_with_a_yes():
    talk = answer(opened("phq2"), 3, 3)
    assert talk.labels[:2] == ["Yes, go on", "That is enough"]
    talk.write("That is enough")
    assert talk.position.flow == "menu"
