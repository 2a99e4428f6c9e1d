"""The bot answers what was said: one sentence that fits, one offer that fits, a no at hand, and never a guess."""

import pytest

from tests.triage.bot.talk import AFTER_EXPIRY, Talk, shipped
from triage.bot.content import ContentError
from triage.bot.engine import Wish
from triage.bot.hearing import take_meaning
from triage.bot.offers import FILE, offers, read_offers
from triage.bot.understanding.labels import FEELINGS, TOPICS

CATALOGUE = shipped()


def told(text):
    talk = Talk(CATALOGUE)
    talk.write(text)
    return talk


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("i cant sleep at all since weeks", "sleep_reset"),
        ("my boss keeps piling work on me and i feel like im drowning", "problem_solving"),
        ("my heart is racing and i cant breathe properly, panic again", "grounding"),
        ("what can i do against overthinking", "thought_record"),
        ("i drink too much i think", "know_alcohol"),
    ],
)
def test_who_tells_of_something_is_offered_what_fits_and_can_say_no(text, offered):
    talk = told(text)
    assert talk.position.flow == offered
    assert talk.last.choices[-1].label in {"Not now", "That is enough"}
    talk.write("no")
    assert talk.position.flow == "menu"


def test_the_first_sentence_meets_the_feeling_and_not_the_words():
    talk = told("my boss keeps piling work on me and i feel like im drowning")
    assert talk.step.replies[0].key.startswith("reflections.")
    assert "drown" not in talk.text


def test_the_same_thing_is_not_offered_twice_in_one_conversation():
    talk = told("i cant sleep at all since weeks")
    talk.write("no", "i really cannot fall asleep at night")
    assert talk.position.flow != "sleep_reset"


def test_bot_14_after_something_made_things_worse_no_exercise_is_offered_by_itself():
    talk = told("my heart is racing and i cant breathe properly, panic again")
    talk.write("yes")
    for _ in range(20):
        if "Worse" in talk.labels:
            break
        talk.write("next")
    talk.write("Worse", "Nothing right now")
    talk.write("i cant sleep at all since weeks")
    assert CATALOGUE.find(talk.position.flow).kind != "exercise"


def test_bot_7_dark_thoughts_bring_the_card_and_a_person_and_no_exercise():
    talk = told("i think about not being here")
    assert "crisis" in {reply.card for reply in talk.step.replies}
    assert "Yes, ask for a person" in talk.labels
    assert not any(reply.exercise for reply in talk.step.replies)


def test_bot_8_a_wish_for_a_person_in_words_that_no_table_holds_is_heard():
    assert Wish.PERSON in told("could i get through to one of the ladies who work there instead of this").step.wishes


@pytest.mark.parametrize("text", ["asdf qwer", "blue", "hm hm"])
def test_what_is_not_understood_is_asked_about_and_not_guessed(text):
    talk = told(text)
    assert talk.position.flow == "menu" or talk.position.flow == "welcome"
    assert "What is this chat?" in talk.labels


def test_the_third_hard_thing_told_brings_the_offer_of_a_person():
    talk = told("i am so lonely since i moved here")
    talk.write("no")
    talk.write("i feel ashamed of how i shouted at my kids", "no")
    talk.write("i am so scared about the results on friday")
    assert "Yes, ask for a person" in talk.labels


def test_nobody_is_led_out_of_an_exercise_by_a_guess():
    talk = told("grounding")
    talk.write("yes", "my boss keeps piling work on me")
    assert talk.position.flow == "grounding"


def test_when_all_exercises_have_expired_somebody_who_tells_is_still_met():
    talk = Talk(shipped(AFTER_EXPIRY))
    talk.write("i cant sleep at all since weeks")
    assert talk.last.choices


# -- The table of offers


def test_each_topic_is_either_met_with_a_person_or_has_an_offer_that_exists():
    table = offers()
    assert set(table.by_topic) | table.danger == set(TOPICS)
    for keys in table.by_topic.values():
        assert all(CATALOGUE.find(key).kind in {"exercise", "topic"} for key in keys)


def test_each_feeling_has_a_sentence():
    assert set(CATALOGUE.find("reflections").texts) == set(FEELINGS)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("low_mood = ", "lowmood = ", "there is no topic 'lowmood'"),
        (
            'danger = ["dark_thoughts", "self_harm"]',
            'danger = ["self_harm"]',
            "nothing is said of topic 'dark_thoughts'",
        ),
        ("[topics]\n", '[topics]\nself_harm = ["know_self_harm"]\n', "is met with a person and can have no offer"),
    ],
)
def test_a_broken_table_is_refused_with_the_reason(tmp_path, old, new, why):
    file = tmp_path / "offers.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError, match=why):
        read_offers(file)


def test_the_caller_is_told_when_nothing_was_understood():
    from triage.bot.run import Run

    talk = Talk(CATALOGUE)
    assert not take_meaning(Run(CATALOGUE, talk.position, "en"), "qwerty lkj")
