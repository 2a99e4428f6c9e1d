"""Whatever a scorer returns, the message is stored and a person is called when the result is of no use."""

from dataclasses import replace

import pytest
from django.test import Client

from config.embedded import processes
from riskmodel import Reason
from tests import fakes
from tests.stories import Clock, a_client_starts
from triage import assessing
from triage.models import Alert, RiskAssessment

GOOD = fakes.marked("[high] I will end it")
NAN, INFINITE = float("nan"), float("inf")


def with_reason(**change):
    return replace(GOOD, reasons=(replace(GOOD.reasons[0], **change),))


OF_NO_USE = {
    "nothing": None,
    "a number": 0.9,
    "a dictionary": {"level": "high"},
    "an unknown level": replace(GOOD, level="dreadful"),
    "no level": replace(GOOD, level=None),
    "a level that is no word": replace(GOOD, level=["high"]),
    "an unknown floor": replace(GOOD, floor="cellar"),
    "a probability that is no number": replace(GOOD, probability=NAN),
    "an endless probability": replace(GOOD, probability=INFINITE),
    "a probability above one": replace(GOOD, probability=1.5),
    "a probability below zero": replace(GOOD, probability=-0.1),
    "a probability in words": replace(GOOD, probability="0.9"),
    "a duration that is no number": replace(GOOD, took_ms=NAN),
    "a category that is no word": replace(GOOD, categories=(7,)),
    "no list of categories": replace(GOOD, categories=None),
    "a category with a NUL": replace(GOOD, categories=("a\x00b",)),
    "a language that is no word": replace(GOOD, language=None),
    "a language that is too long": replace(GOOD, language="a language"),
    "words that are no number": replace(GOOD, words=None),
    "fewer words than none": replace(GOOD, unknown_words=-1),
    "more words than can be stored": replace(GOOD, words=40_000),
    "a version that is too long": replace(GOOD, model_version="v" * 61),
    "no version": replace(GOOD, model_version=None),
    "reasons of another shape": replace(GOOD, reasons=("phrase",)),
    "no list of reasons": replace(GOOD, reasons=None),
    "a reason with an endless weight": with_reason(weight=INFINITE),
    "a reason with no weight": with_reason(weight=None),
    "a reason with half a character": with_reason(text="\ud83d"),
    "a reason at no place": with_reason(start="3"),
}
_given = {}


def given(text, context=None, *, setup=None):
    """A scorer that returns what the test laid down."""
    return _given["score"]


@pytest.fixture
def scorer(settings):
    """Lays down what the scorer returns: `scorer(score)`."""
    settings.RISK_SCORER = "tests.triage.test_assessing.given"
    yield lambda score: _given.update(score=score)
    _given.clear()


@pytest.mark.parametrize("score", OF_NO_USE.values(), ids=OF_NO_USE)
def test_a_result_of_no_use_is_unscored(scorer, score):
    scorer(score)
    assessed = assessing.assess("hello")
    assert (assessed.level, assessed.model_version) == ("unscored", "none (invalid result)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("score", OF_NO_USE.values(), ids=OF_NO_USE)
def test_a_result_of_no_use_loses_no_message_and_calls_a_person(clinic, scorer, score):
    scorer(score)
    turn = a_client_starts(clinic, Clock()).writes("the words of the client")
    assert (turn.state, turn.level, turn.lines[0].text) == ("waiting", "unscored", "the words of the client")
    assert Alert.objects.get().kind == "unscored"
    assert RiskAssessment.objects.get().level == "unscored"


@pytest.mark.parametrize(
    "score",
    [
        GOOD,
        replace(GOOD, level="low"),
        replace(GOOD, reasons=()),
        with_reason(start=None, end=None),
        *[replace(GOOD, probability=edge) for edge in (0, 1, 0.0, 1.0)],
        replace(GOOD, reasons=(Reason("phrase", "two\nlines", -1, 0, 9),)),
    ],
)
def test_a_sound_result_is_kept_as_it_is(scorer, score):
    scorer(score)
    assert assessing.assess("hello") is score


def test_the_reason_for_an_unscored_message_fits_its_column():
    assert len(assessing.unscored("E" * 200).model_version) == 60


@pytest.mark.django_db
def test_a_process_that_has_given_up_scoring_is_not_ready(settings):
    assert assessing.given_up() is False
    assert _model_part() == "ok"
    settings.RISK_SCORER, settings.SCORE_TIMEOUT_SECONDS = "tests.fakes.hanging", 0.02
    try:
        for _ in range(16):
            assessing.assess("hello")
        assert assessing.given_up() is True
        assert _model_part() == "failed: ScoringGivenUp"
    finally:
        fakes.let_go()
    assert processes.wait_until(lambda: not assessing.given_up(), seconds=20)
    assert _model_part() == "ok"


def _model_part():
    return Client().get("/health/ready").json()["parts"]["model"]
