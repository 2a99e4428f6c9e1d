"""The bot with a client: what it is comes first, a person is one message away, and it never guesses or argues."""

import json

import pytest

from tests.triage.bot.talk import Talk, shipped
from tests.triage.bot.wishes import DANGER, DOUBTS_WHO_WRITES, WISHES_FOR_A_PERSON
from triage.bot import engine
from triage.bot.catalogue import text_digest
from triage.bot.engine import BadPosition, Position, Wish

CATALOGUE = shipped()
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202eevil",
    "<script>alert(1)</script>",
    "a" * 4000,
    "\U0001f622" * 500,
    "{{7*7}}",
    "../../etc",
]


@pytest.fixture
def talk():
    return Talk(CATALOGUE)


def test_what_the_bot_is_comes_before_the_client_s_first_word(talk):
    first = talk.said[0].text
    assert "automated" in first
    assert "not a person" in first


def test_the_welcome_says_who_may_read_and_offers_a_person_and_a_choice(talk):
    assert "people on our team may read" in talk.text
    assert "You can ask for a person at any time." in talk.last.text
    assert "Talk to a person" in talk.labels


@pytest.mark.parametrize("text", WISHES_FOR_A_PERSON)
def test_bot_8_a_wish_for_a_person_is_granted_in_the_same_step(text):
    talk = Talk(CATALOGUE)
    step = talk.write(text)
    assert step.wishes == {Wish.PERSON}


def test_bot_8_the_answer_to_a_wish_neither_argues_nor_asks(talk):
    talk.write("human please")
    assert "?" not in talk.text
    assert not talk.last.choices


def test_bot_8_the_button_and_its_label_typed_in_capitals_do_the_same(talk):
    assert talk.write("TALK TO A PERSON").wishes == {Wish.PERSON}


@pytest.mark.parametrize("text", DOUBTS_WHO_WRITES)
def test_law_10_who_doubts_gets_the_truth_first_and_then_the_offer_of_a_person(text):
    talk = Talk(CATALOGUE)
    step = talk.write(text)
    assert "program" in talk.text or "automated" in talk.text
    assert "person" in step.replies[0].text
    assert "Yes, ask for a person" in talk.labels
    assert not step.wishes


def test_the_yes_to_an_offered_person_is_a_wish(talk):
    talk.write("are you a bot?")
    assert talk.write("yes").wishes == {Wish.PERSON}


def test_the_no_to_an_offered_person_goes_on_without_a_word_about_it(talk):
    step = talk.write("are you a bot?", "no")
    assert not step.wishes
    assert talk.position.flow == "menu"


def test_a_doubt_and_a_wish_in_one_message_get_the_truth_before_the_person(talk):
    step = talk.write("is this a real person or can i talk to one")
    assert step.wishes == {Wish.PERSON}
    assert "not a person" in step.replies[0].text


def test_loneliness_gets_an_offer_and_no_call(talk):
    step = talk.write("I have nobody to talk to")
    assert not step.wishes
    assert "Yes, ask for a person" in talk.labels


def test_what_the_bot_does_not_understand_gets_a_choosing_question(talk):
    talk.write("blue table seven")
    assert talk.last.text.count("?") == 1
    assert "Talk to a person" in talk.labels


def test_not_understood_three_times_leads_to_the_offer_of_a_person(talk):
    talk.write("blue table seven", "purple", "xyzzy")
    assert "Yes, ask for a person" in talk.labels


def test_the_same_sentence_never_comes_twice_running():
    talk = Talk(CATALOGUE)
    for _ in range(40):
        before = {reply.text for reply in talk.step.replies}
        talk.write("the trumpet again")
        assert before.isdisjoint({reply.text for reply in talk.step.replies})


def test_one_hard_thing_after_another_leads_to_the_offer_of_a_person(talk):
    talk.write("I feel sad", "my mum died", "I can't stop crying")
    assert "Yes, ask for a person" in talk.labels


@pytest.mark.parametrize("text", ["you are useless", "this isn't helping", "that's not what I meant", "stupid bot"])
def test_a_complaint_is_taken_as_it_is_and_a_person_is_offered(text):
    talk = Talk(CATALOGUE)
    talk.write(text)
    assert "but" not in talk.text.split()
    assert "Yes, ask for a person" in talk.labels


@pytest.mark.parametrize("text", ["habla espa\u00f1ol?", "sprechen Sie Deutsch", "do you speak french?"])
def test_who_asks_for_another_language_hears_honestly_that_there_is_none(text):
    talk = Talk(CATALOGUE)
    talk.write(text)
    assert "English" in talk.text
    assert "Yes, ask for a person" in talk.labels


@pytest.mark.parametrize(("text", "node"), [("a bit better", "menu"), ("same", "menu"), ("much worse", "grounding")])
def test_a_choice_is_understood_by_part_of_its_label(text, node):
    talk = Talk(CATALOGUE)
    talk.write("grounding", "yes", *["done"] * 6, text)
    assert talk.position.flow == node


@pytest.mark.parametrize("text", ["not better", "better or worse", "the"])
def test_half_a_label_that_is_denied_or_fits_two_is_asked_about(text):
    talk = Talk(CATALOGUE)
    talk.write("grounding", "yes", *["done"] * 6)
    place = talk.position.node
    talk.write(text)
    assert talk.position.node == place


@pytest.mark.parametrize(
    ("text", "wished"), [("yeah ok", True), ("yes ask one please", True), ("no thats fine", False), ("not yet", False)]
)
def test_a_yes_or_no_with_a_few_words_more_is_understood(text, wished):
    talk = Talk(CATALOGUE)
    talk.write("are you a robot")
    assert (Wish.PERSON in talk.write(text).wishes) is wished
    assert talk.position.flow == ("are_you_real" if wished else "menu")


def test_every_reply_is_in_the_approved_set_and_names_its_digest(talk):
    talk.write("hi", "mood", "3", "grounding", "Yes, start grounding", "a lamp", "pause", "stop", "bye", "no", "human")
    for reply in talk.said:
        assert reply.digest == text_digest(reply.text)
        assert reply.digest in CATALOGUE.approved_digests("en")


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_bot_10_no_text_of_a_client_breaks_the_bot_or_changes_what_it_may_say(text):
    talk = Talk(CATALOGUE)
    for _ in range(3):
        step = talk.write(text)
        assert step.replies
        assert all(reply.digest in CATALOGUE.approved_digests() for reply in step.replies)


def test_the_position_keeps_no_word_of_the_client(talk):
    talk.write("thought record", "yes", "Zanzibar platypus", "Quokka", "7", "My secret Numbat")
    kept = json.dumps(talk.position.to_json()).casefold()
    assert not any(word in kept for word in ("zanzibar", "platypus", "quokka", "numbat"))


def test_a_goodbye_never_ends_a_conversation_by_itself(talk):
    step = talk.write("goodbye")
    assert not step.wishes
    assert "Talk to a person" in talk.labels
    assert talk.write("yes").wishes == {Wish.END}


def test_whoever_takes_a_goodbye_back_goes_on_where_they_were(talk):
    talk.write("mood", "bye", "No, go on")
    assert talk.position.flow == "mood_check"


def test_bot_9_stop_makes_the_bot_quiet_without_closing_anything(talk):
    step = talk.write("stop")
    assert not step.wishes
    assert "?" not in talk.text


def test_a_low_mood_is_answered_with_a_person_first_and_never_with_a_label(talk):
    talk.write("mood", "1")
    assert talk.labels[0] == "Talk to a person"
    assert "depress" not in talk.text.casefold()


@pytest.mark.parametrize("text", ["11", "-1", "eleven", "99", "7.5"])
def test_an_answer_out_of_range_is_asked_for_again(text):
    talk = Talk(CATALOGUE)
    talk.write("mood", text)
    assert talk.position.flow == "mood_check"
    assert "Skip" in talk.labels


def test_a_mood_can_be_skipped(talk):
    talk.write("mood", "skip")
    assert talk.position.flow == "menu"
    assert "mood" not in talk.position.memory


def test_the_mood_is_kept_as_a_number(talk):
    talk.write("mood", "6 out of 10")
    assert talk.position.memory["mood"] == 6


def test_urgent_numbers_come_with_the_crisis_card(talk):
    step = talk.write("what number can I call")
    assert [reply.card for reply in step.replies] == ["crisis", ""]


@pytest.mark.parametrize("text", DANGER)
def test_bot_7_words_of_danger_get_the_card_and_the_offer_of_a_person_even_if_no_model_saw_them(text):
    talk = Talk(CATALOGUE)
    step = talk.write(text)
    assert step.replies[0].card == "crisis"
    assert talk.labels == ["Yes, ask for a person", "Not now"]


@pytest.mark.parametrize("text", DANGER)
def test_bot_7_words_of_danger_end_an_exercise(text):
    talk = Talk(CATALOGUE)
    talk.write("thought record", "yes", text)
    assert talk.said[-2].card == "crisis"
    talk.write("Not now")
    assert talk.position.flow == "menu"


def test_hand_back_says_that_the_person_has_left_and_the_bot_is_back(talk):
    step = engine.hand_back(CATALOGUE, talk.position)
    assert "automated helper again, not a person" in step.replies[0].text
    assert step.replies[-1].choices


def test_closing_says_the_way_back_and_the_urgent_numbers():
    step = engine.closing(CATALOGUE)
    assert "return key" in step.replies[0].text
    assert step.wishes == {Wish.END}


def test_a_locale_without_content_is_answered_in_english():
    assert engine.begin(CATALOGUE, locale="xx") == engine.begin(CATALOGUE)


def test_the_same_position_and_message_always_give_the_same_step(talk):
    talk.write("hello", "the trumpet")
    again = [engine.step(CATALOGUE, talk.position, "the drum") for _ in range(3)]
    assert again[0] == again[1] == again[2]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        [],
        "menu",
        {"flow": "menu", "node": "x", "version": 1, "memory": {"a": {"b": 1}}},
        {"flow": 1, "node": "x", "version": 1, "memory": {}},
    ],
)
def test_a_broken_position_is_refused(raw):
    with pytest.raises(BadPosition):
        Position.from_json(raw)


@pytest.mark.parametrize("place", [("ghost", "x"), ("menu", "ghost"), ("grounding", "to_menu"), ("holding", "risk")])
def test_a_place_that_is_no_more_leads_to_the_menu_with_a_word_about_it(place):
    step = engine.step(CATALOGUE, Position(*place, 1, {}), "hello")
    assert step.replies[0].key.startswith("controls.moved_on")
    assert step.position.flow == "menu"
