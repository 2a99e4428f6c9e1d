"""What messages ask for: wishes for a person (BOT-8), doubts who writes (LAW-10), and when not to guess."""

import pytest

from tests.triage.bot.wishes import DECLINES, DOUBTS_WHO_WRITES, NEITHER, SOFT, WISHES_FOR_A_PERSON
from triage.bot.content import ContentError
from triage.bot.intents import IntentTable, read_intents
from triage.bot.intents.table import FOLDER
from triage.bot.wording import words

TABLE = read_intents()["en"]


def intent(text):
    return TABLE.hear(text).intent


@pytest.mark.parametrize("text", WISHES_FOR_A_PERSON)
def test_bot_8_a_wish_for_a_person_is_heard_in_any_wording(text):
    assert intent(text) == "person"


@pytest.mark.parametrize("text", DOUBTS_WHO_WRITES)
def test_law_10_a_doubt_who_writes_is_heard(text):
    assert intent(text) == "ask_real"


@pytest.mark.parametrize("text", SOFT)
def test_words_of_loneliness_lead_to_an_offer_and_not_to_a_call(text):
    assert intent(text) == "soft_person"


@pytest.mark.parametrize("text", DECLINES)
def test_a_no_to_a_person_is_respected(text):
    assert intent(text) == "declines_person"


@pytest.mark.parametrize("text", NEITHER)
def test_other_talk_calls_nobody(text):
    assert not TABLE.hear(text).all & {"person", "ask_real", "declines_person", "danger"}


def test_there_are_more_than_a_hundred_wordings_of_the_wish():
    assert len(set(WISHES_FOR_A_PERSON)) >= 110
    assert len(set(DOUBTS_WHO_WRITES)) >= 50


@pytest.mark.parametrize(
    "text",
    [
        "CAN I TALK TO A HUMAN",
        "can\u00a0i talk to a human",
        "can i talk to a human\u2026!!",
        "Can I talk to a humaaaan",
        "  can i   talk to\na human ",
    ],
)
def test_case_spaces_and_punctuation_do_not_hide_a_wish(text):
    assert intent(text) == "person"


def test_every_kind_of_apostrophe_reads_the_same():
    assert {intent(f"I don{mark}t want to talk to a person") for mark in "'\u2019\u2018\u02bc`\u00b4"} == {
        "declines_person"
    }


@pytest.mark.parametrize(
    "text", ["", " ", "???", "\U0001f614", "\x00", "\ud800", "\u202ehello", "a" * 4000, "talk to " * 500, "0" * 4000]
)
def test_no_text_breaks_the_table(text):
    TABLE.hear(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("7/10", 7),
        ("7 out of 10", 7),
        ("0", 0),
        ("10", 10),
        ("seven", None),
        ("7 8", None),
        ("\u00b2", None),
        ("-1", None),
        ("2", 2),
        ("8.", 8),
        ("1234", None),
    ],
)
def test_only_one_plain_number_counts_as_an_answer(text, number):
    assert TABLE.hear(text).number == number


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("goodbye", "goodbye"),
        ("bye for now", "goodbye"),
        ("thank you so much", "thanks"),
        ("ok", "yes"),
        ("no thanks", "no"),
        ("hold on", "pause"),
        ("go back", "back"),
        ("what number can I call", "urgent"),
        ("5-4-3-2-1", "exercise_grounding"),
        ("can we do the breathing exercise", "exercise_paced_breathing"),
        ("thought record", "exercise_thought_record"),
        ("is this confidential?", "about"),
        ("hellooo", "greeting"),
        ("I feel so sad", "feeling"),
        ("help", "help"),
    ],
)
def test_the_other_intents_are_heard(text, heard):
    assert intent(text) == heard


@pytest.mark.parametrize(
    "text",
    [
        "goodbye everyone",
        "this is goodbye",
        "goodbye forever",
        "I'm done",
        "I can't breathe",
        "stop hurting me he said",
    ],
)
def test_words_that_may_mean_danger_are_not_read_as_leaving_or_stopping(text):
    assert intent(text) not in {"goodbye", "stop", "thanks", "exercise_paced_breathing"}


def test_a_message_with_a_wish_and_a_doubt_is_heard_as_both():
    heard = TABLE.hear("is this a real person or can I talk to one")
    assert heard.intent == "person"
    assert "ask_real" in heard.all


def test_an_unknown_slot_is_refused_with_the_intent_that_names_it():
    with pytest.raises(ContentError, match="intent.person: there is no slot {ghost}"):
        IntentTable({"intent": {"person": {"whole": ["talk to {ghost}"]}}}, FOLDER / "en.toml")


def test_a_part_that_would_lose_its_last_word_is_refused():
    raw = {"small_words": ["live"], "intent": {"danger": {"within": ["dont want to live"]}}}
    with pytest.raises(ContentError, match="begins or ends with a small word"):
        IntentTable(raw, FOLDER / "en.toml")


def test_a_soft_intent_that_does_not_exist_is_refused():
    with pytest.raises(ContentError, match="there is no intent 'ghost'"):
        IntentTable({"intent": {"person": {"within": ["person"], "soft": "ghost"}}}, FOLDER / "en.toml")


def test_an_unknown_field_is_refused():
    with pytest.raises(ContentError, match="intent.person: knows only"):
        IntentTable({"intent": {"person": {"regex": [".*"]}}}, FOLDER / "en.toml")


def test_words_lose_accents_and_drawn_out_letters():
    assert words("Café, HELLOOOOO!") == ("cafe", "helloo")


# Nothing here is a wish, though it holds words of one.
NEARLY = """
I want a man who listens
my husband talks to another woman
there was a lady on the bus
my teacher is an adult
give me one moment
anybody would be tired
he put the light on
what if someone sees me
it would be nicer at home
the callback never came
""".strip().splitlines()


@pytest.mark.parametrize("text", NEARLY)
def test_words_of_a_wish_in_another_sense_call_nobody(text):
    assert intent(text) != "person"
