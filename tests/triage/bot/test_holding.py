"""While a person is called: the card first, honest words about the shift, no exercise, no survey (BOT-7, CRI-8)."""

import pytest

from tests.triage.bot.talk import Talk, shipped
from tests.triage.bot.wishes import DANGER
from triage.bot import engine

CATALOGUE = shipped()
SOMEBODY_JOINS = ("will join", "is joining", "asked our team to join", "to join this chat", "for the person who joins")


@pytest.fixture
def talk():
    return Talk(CATALOGUE)


def test_bot_7_the_first_words_at_a_risk_acknowledge_it_and_carry_the_crisis_card(talk):
    step = talk.wait("I want to die")
    assert len(step.replies) == 1
    assert step.replies[0].text.startswith("Thank you for telling me.")
    assert step.replies[0].card == "crisis"


def test_ins_2_an_answer_in_a_screening_that_calls_a_person_is_met_like_danger_told_in_a_message(talk):
    step = talk.wait("Yes", reason="screening")
    assert step.replies[0].text.startswith("Thank you for telling me.")
    assert step.replies[0].card == "crisis"
    assert talk.wait("ok", reason="risk").replies[0].key.startswith("holding.waiting")


def test_the_card_comes_for_a_risk_also_when_a_person_was_asked_for_before(talk):
    talk.wait("a person please", reason="person")
    assert talk.wait("I want to die", reason="risk").replies[0].card == "crisis"


def test_bot_7_no_exercise_no_choice_and_no_survey_for_as_long_as_the_client_waits(talk):
    for text in [
        "I want to die",
        "breathing exercise",
        "mood",
        "ok",
        "menu",
        "yes",
        "exercise",
        "7",
        "next",
        "done",
        "why",
        "hello",
    ]:
        for reply in talk.wait(text).replies:
            assert not reply.choices
            assert not reply.exercise
            assert "?" not in reply.text


def test_later_messages_get_short_words_that_do_not_repeat(talk):
    talk.wait("I want to die")
    for number in range(30):
        before = talk.last.text
        talk.wait(f"line {number}")
        assert talk.last.text != before
        assert len(talk.last.text.split()) <= 30


def test_the_card_stays_in_sight_while_waiting(talk):
    cards = [talk.wait(f"line {number}").replies[-1].card for number in range(10)]
    assert cards.count("crisis") >= 3


@pytest.mark.parametrize("reason", ["risk", "person", "unscored"])
def test_cri_8_nobody_on_shift_is_said_at_once_with_the_card(talk, reason):
    step = talk.wait("hello", reason=reason, person_on_shift=False)
    assert "obody on our team is on shift" in step.replies[0].text
    assert step.replies[0].card == "crisis"


@pytest.mark.parametrize("reason", ["risk", "person", "unscored"])
def test_cri_8_with_nobody_on_shift_nothing_says_that_somebody_comes(talk, reason):
    for text in [
        "hello",
        "are you real",
        "thanks",
        "human please",
        "x",
        "y",
        "z",
        "help",
        "stop",
        "bye",
        "grounding",
        "w",
        "v",
    ]:
        for reply in talk.wait(text, reason=reason, person_on_shift=False).replies:
            assert not any(words in reply.text for words in SOMEBODY_JOINS)


def test_cri_8_the_client_hears_when_the_last_person_goes_off_shift_and_when_one_comes_back(talk):
    talk.wait("hello")
    gone = talk.wait("still here", person_on_shift=False).replies[0]
    assert gone.key.startswith("holding.shift_ended")
    assert gone.card == "crisis"
    assert talk.wait("still here", person_on_shift=True).replies[0].key.startswith("holding.shift_began")


def test_no_time_is_ever_named_for_a_person_to_join():
    holding = CATALOGUE.find("holding")
    texts = " ".join(text for variants in holding.texts.values() for text in variants)
    assert not any(words in texts for words in ("minute", "shortly", "soon", "in a moment", "hour."))


def test_an_unscored_message_is_said_to_be_read_by_a_person(talk):
    step = talk.wait("\U0001f615", reason="unscored")
    assert "could not read it well" in step.replies[0].text
    assert step.replies[0].card == "crisis"


def test_law_10_the_truth_is_told_while_waiting_too(talk):
    talk.wait("a human please", reason="person")
    assert "not a person" in talk.wait("are you real?", reason="person").replies[0].text


def test_law_10_a_doubt_in_the_message_that_calls_a_person_is_answered_first(talk):
    step = talk.wait("is this a real person or can i talk to one", reason="person")
    assert "not a person" in step.replies[0].text
    assert step.replies[1].key == "holding.person"


def test_grounding_is_given_when_asked_for_and_only_then(talk):
    talk.wait("I want to die")
    step = talk.wait("grounding please")
    assert [reply.key.rpartition(".")[0] for reply in step.replies] == ["holding.grounding_1", "holding.grounding_2"]
    assert not any(reply.exercise for reply in step.replies)


@pytest.mark.parametrize("text", ["urgent help", "what number can I call", "help"])
def test_who_asks_for_numbers_while_waiting_gets_the_card(talk, text):
    talk.wait("hello")
    assert talk.wait(text).replies[0].card == "crisis"


@pytest.mark.parametrize("text", ["never mind", "I don't want to talk to a person", "stop", "forget it"])
def test_a_no_while_waiting_is_respected_and_the_team_still_looks(talk, text):
    talk.wait("I want to die")
    assert "team may still" in talk.wait(text).replies[0].text


@pytest.mark.parametrize("text", DANGER)
def test_words_of_danger_while_waiting_are_never_answered_with_patience(talk, text):
    talk.wait("hello", reason="person")
    reply = talk.wait(text, reason="person").replies[0]
    assert reply.key.startswith("holding.danger")
    assert reply.card == "crisis"


def test_waiting_never_ends_by_the_bot(talk):
    for text in ["bye", "yes", "end chat", "goodbye"]:
        assert not talk.wait(text).wishes


def test_after_a_hand_back_a_new_risk_gets_the_card_again(talk):
    talk.wait("I want to die")
    talk.step = engine.hand_back(CATALOGUE, talk.position)
    assert talk.wait("I want to die").replies[0].card == "crisis"


def test_an_unknown_reason_is_refused(talk):
    with pytest.raises(ValueError, match="none of person, risk, screening, unscored"):
        talk.wait("hello", reason="boredom")


def test_holding_content_is_served_past_its_date():
    late = shipped(at=CATALOGUE.find("holding").expires.replace(year=2029))
    talk = Talk(late)
    assert talk.wait("I want to die").replies[0].card == "crisis"
