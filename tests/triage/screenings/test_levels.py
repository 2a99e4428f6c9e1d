"""A score may raise what an answer calls for and never lower it, and words of a result name no finding."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.bot.talk import shipped
from triage.policy import URGENCY, AlertKind, counted_level, decide
from triage.screenings.instruments import instrument, instruments
from triage.screenings.scoring import level_of_answer

ANSWERS = [
    (key, item, value)
    for key, one in instruments().items()
    for item in range(1, one.items + 1)
    for value in (None, *range(one.least, one.most + 1))
]
SCREENINGS = [item for item in shipped().items() if item.kind == "screening"]


@given(
    model=st.sampled_from(sorted(URGENCY)),
    answer=st.sampled_from(ANSWERS),
    quiet=st.booleans(),
    state=st.sampled_from(["with_bot", "waiting"]),
    open_urgency=st.one_of(st.none(), st.sampled_from(sorted(URGENCY.values()))),
    bot_enabled=st.booleans(),
)
def test_ins_4_the_model_never_lowers_what_an_answer_calls_for(model, answer, quiet, state, open_urgency, bot_enabled):
    key, item, value = answer
    screened = level_of_answer(instrument(key), item, value)
    level = counted_level(model, screened, quiet_unscored=quiet)
    assert URGENCY[level] >= URGENCY.get(screened, 0)
    decision = decide(
        level=model,
        state=state,
        open_urgency=open_urgency,
        bot_enabled=bot_enabled,
        quiet_unscored=quiet,
        screened=screened,
    )
    if screened:
        rings = open_urgency is None or URGENCY[level] > open_urgency or state == "with_bot"
        assert (decision.alert is not None) is rings
        assert decision.call_person is (state == "with_bot")


@given(answer=st.sampled_from(ANSWERS), quiet=st.booleans())
def test_ins_4_with_a_model_that_sees_nothing_the_answer_alone_calls_as_a_screening(answer, quiet):
    screened = level_of_answer(instrument(answer[0]), *answer[1:])
    for model in ("none", "low", *(["unscored"] if quiet else [])):
        decision = decide(level=model, state="with_bot", open_urgency=None, quiet_unscored=quiet, screened=screened)
        assert decision.alert == (AlertKind.SCREENING if screened else None)


@pytest.mark.parametrize("item", SCREENINGS, ids=lambda item: item.key)
def test_ins_3_what_is_said_around_a_screening_names_no_band_and_no_finding(item):
    names = {
        word
        for one in instruments().values()
        for band in one.bands
        for word in re.findall(r"[a-z]{4,}", band.name.casefold())
        if word not in {"below", "more", "less", "follows", "cut-off", "women"}
    }
    for node in item.nodes.values():
        if node.kind != "item":
            said = " ".join((*node.texts, *(choice.label for choice in node.choices))).casefold()
            assert "you have" not in said
            assert not names & set(re.findall(r"[a-z]+", said)) - {"high"}


def test_ins_3_the_result_words_speak_of_the_answers_and_of_the_team():
    for item in SCREENINGS:
        if "higher" in item.nodes:
            [said] = item.nodes["higher"].texts
            assert "your answers suggest" in said.casefold()
            assert "care team" in said
