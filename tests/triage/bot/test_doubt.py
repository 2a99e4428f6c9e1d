"""Where the score is in doubt the client sees the numbers and is offered a person, though nobody is called (BOT-7)."""

import pytest

from riskmodel import Level, RiskScore
from tests.stories import Clock, a_client_starts, trail
from tests.triage.bot.talk import Talk, shipped
from triage import policy
from triage.bot import engine
from triage.bot.engine import Wish
from triage.states import State

CATALOGUE = shipped()
OBLIQUE = "it will be easier for them all after the summer"


def doubted(talk, text=OBLIQUE):
    talk.step = engine.step(CATALOGUE, talk.position, text, doubtful=True)
    return talk


def test_the_card_and_the_offer_of_a_person_come_before_everything_else():
    talk = doubted(Talk(CATALOGUE))
    assert talk.step.replies[0].card == "crisis"
    assert talk.labels == ["Yes, ask for a person", "Not now"]
    assert Wish.PERSON in talk.write("yes").wishes


def test_whoever_says_no_goes_on_where_they_were_and_is_not_asked_again_at_once():
    talk = Talk(CATALOGUE)
    talk.write("grounding", "yes")
    here = talk.position.node
    doubted(talk).write("not now")
    assert (talk.position.flow, talk.position.node) == ("grounding", here)
    for shown in (False, False, True):
        doubted(talk)
        assert any(reply.card for reply in talk.step.replies) is shown


@pytest.mark.parametrize("text", ["can I talk to a person", "stop", "are you real"])
def test_what_the_client_asks_for_stands_above_a_doubt(text):
    talk = doubted(Talk(CATALOGUE), text)
    assert "gentle_check" not in {reply.key.split(".")[0] for reply in talk.step.replies}


@pytest.mark.parametrize(
    ("level", "probability", "doubtful"),
    [
        ("none", 0.39, False),
        ("none", 0.4, True),
        ("low", 0.7, True),
        ("moderate", 0.9, False),
        ("unscored", 0.9, False),
    ],
)
def test_a_doubt_begins_below_the_level_that_calls_somebody(level, probability, doubtful):
    assert policy.is_doubtful(level, probability) is doubtful


def in_doubt(text, context=None, *, setup=None):
    """A scorer that is in doubt about everything."""
    return RiskScore(Level.LOW, 0.6, {}, model_version="doubt-1", language="en")


@pytest.mark.django_db(transaction=True)
def test_in_a_turn_the_card_is_shown_and_nobody_is_called(clinic, settings):
    settings.RISK_SCORER = f"{__name__}.in_doubt"
    client = a_client_starts(clinic, Clock())
    client.writes(OBLIQUE)

    assert client.conversation.state == State.WITH_BOT
    assert "crisis_card.shown" in trail(client.conversation_id)
    assert "alert.raised" not in trail(client.conversation_id)
