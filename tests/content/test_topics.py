"""Topics to know about: each is reached by asking, told in parts, left at any point, and leads back to the place."""

import pytest

from tests.triage.bot.talk import Talk, shipped
from triage.bot.engine import Wish

CATALOGUE = shipped()
TOPICS = [item.key for item in CATALOGUE.items() if item.kind == "topic"]
# How a client may ask for each.
ASKED = {
    "know_alcohol": "how does alcohol affect my mood",
    "know_anxiety": "why am I so anxious all the time",
    "know_dark_thoughts": "tell me about dark thoughts",
    "know_grief": "how do I cope with grief",
    "know_links": "how do thoughts and feelings link",
    "know_low_mood": "what is depression?",
    "know_panic": "how does panic work",
    "know_self_harm": "why do people hurt themselves",
    "know_sleep": "why can't I sleep",
    "know_staying_well": "how can I stay well",
    "know_stress": "can you explain stress to me",
    "know_telling": "how do I tell my mum",
    "know_this_chat": "tell me more about this chat",
    "know_trauma": "what is a flashback",
    "know_urges": "what can I do about cravings",
}
DOORS = ["Mood, worry and panic", "Sleep, stress and loss", "Urges and hard times", "People and this chat"]


def test_there_are_fifteen_topics():
    assert set(TOPICS) == set(ASKED)
    assert len(TOPICS) == 15


@pytest.mark.parametrize("topic", TOPICS)
def test_a_question_opens_its_topic_and_enough_leads_back(topic):
    talk = Talk(CATALOGUE)
    talk.write("mood", ASKED[topic])
    assert (talk.position.flow, talk.position.node) == (topic, "part1")
    talk.write("That is enough")
    assert talk.position.flow == "mood_check"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_can_be_read_to_its_last_part(topic):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[topic])
    while "Tell me more" in talk.labels:
        talk.write("yes")
    assert "Go back" in talk.labels or topic == "know_this_chat"
    talk.write("no")
    assert talk.position.flow == "menu"


@pytest.mark.parametrize("topic", TOPICS)
def test_bot_8_a_person_is_one_message_away_in_every_part(topic):
    talk = Talk(CATALOGUE)
    talk.write(ASKED[topic])
    while "Tell me more" in talk.labels:
        talk.write("Tell me more")
        again = Talk(CATALOGUE)
        again.step = talk.step
        assert again.write("I want to talk to a person").wishes == {Wish.PERSON}


def test_every_topic_is_behind_one_of_the_doors_of_the_menu():
    found = set()
    for door in DOORS:
        talk = Talk(CATALOGUE)
        talk.write("Finish for now", "no", "learn", door)
        for label in talk.labels[:-1]:
            there = Talk(CATALOGUE)
            found.add(there.write("menu", "learn", door, label).position.flow)
    assert found == set(TOPICS)


def test_bot_7_the_topics_of_dying_and_hurting_carry_the_card_at_once():
    for topic in ("know_dark_thoughts", "know_self_harm"):
        talk = Talk(CATALOGUE)
        assert talk.write(ASKED[topic]).replies[-1].card == "crisis"


def test_a_client_in_a_step_that_asks_for_words_is_not_taken_away_to_a_topic():
    talk = Talk(CATALOGUE)
    talk.write("thought record", "yes", "why am I so stressed")
    assert (talk.position.flow, talk.position.node) == ("thought_record", "feeling")


@pytest.mark.parametrize("text", ["I had a panic attack", "my dad drinks", "stress at work is bad", "I cannot sleep"])
def test_what_somebody_tells_is_no_question_for_knowledge_in_the_table(text):
    assert not CATALOGUE.intents("en").hear(text).intent.startswith("know_")


@pytest.mark.parametrize(("text", "flow"), [("learn", "learn"), ("something to read", "learn"), ("phq-9", "questions")])
def test_the_menus_are_reached_by_their_names(text, flow):
    talk = Talk(CATALOGUE)
    assert talk.write(text).position.flow == flow
