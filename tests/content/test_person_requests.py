"""The hundred wishes for a person, as people word them: every one is heard in the same turn (BOT-8)."""

from pathlib import Path

import pytest

from tests.triage.bot.talk import Talk, shipped
from triage.bot.engine import Wish

CATALOGUE = shipped()
FILE = Path(__file__).parent / "suites" / "person_requests.txt"
WISHES = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_there_are_a_hundred_different_wishes():
    assert len(set(WISHES)) >= 100


@pytest.mark.parametrize("text", WISHES)
def test_bot_8_every_wish_ends_in_a_call_in_the_same_turn(text):
    talk = Talk(CATALOGUE)
    assert talk.write(text).wishes == {Wish.PERSON}


@pytest.mark.parametrize("text", WISHES)
def test_bot_8_a_wish_is_granted_in_the_middle_of_an_exercise(text):
    talk = Talk(CATALOGUE)
    talk.write("grounding", "yes", "a lamp")
    assert talk.write(text).wishes == {Wish.PERSON}


@pytest.mark.parametrize("text", WISHES)
def test_bot_8_the_answer_neither_argues_nor_asks_why(text):
    talk = Talk(CATALOGUE)
    talk.write(text)
    assert "?" not in talk.text
