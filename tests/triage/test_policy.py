"""What a message leads to: every level in every state, and the rules that no combination may break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.policy import ALERT_FROM, URGENCY, AlertKind, BotPart, decide, is_concern
from triage.states import State

OPEN_STATES = [State.WITH_BOT, State.WAITING, State.WITH_COUNSELLOR]
levels = st.sampled_from(sorted(URGENCY))
open_states = st.sampled_from(OPEN_STATES)
open_urgencies = st.none() | st.sampled_from(sorted(URGENCY.values()))


@pytest.mark.parametrize("level", ["moderate", "unscored", "high", "imminent"])
def test_a_message_of_concern_calls_a_person_and_the_bot_only_holds(level):
    decision = decide(level=level, state=State.WITH_BOT, open_urgency=None)
    assert decision.alert == (AlertKind.UNSCORED if level == "unscored" else AlertKind.RISK)
    assert decision.call_person
    assert decision.bot is BotPart.HOLDING


@pytest.mark.parametrize("level", ["none", "low"])
def test_an_everyday_message_is_answered_by_the_bot(level):
    decision = decide(level=level, state=State.WITH_BOT, open_urgency=None)
    assert decision.alert is None
    assert not decision.call_person
    assert decision.bot is BotPart.FLOW


def test_a_wish_for_a_person_calls_one_whatever_the_level():
    decision = decide(level="none", state=State.WITH_BOT, open_urgency=None, wishes_person=True)
    assert decision.alert == AlertKind.PERSON
    assert decision.call_person


def test_with_the_bot_switched_off_every_message_goes_to_a_person():
    decision = decide(level="none", state=State.WITH_BOT, open_urgency=None, bot_enabled=False)
    assert decision.alert == AlertKind.PERSON
    assert decision.bot is BotPart.HOLDING


def test_a_rise_raises_the_open_alert_again():
    assert decide(level="imminent", state=State.WAITING, open_urgency=URGENCY["moderate"]).alert == AlertKind.RISK


def test_the_same_level_again_does_not_ring_twice():
    assert decide(level="high", state=State.WAITING, open_urgency=URGENCY["high"]).alert is None


def test_a_denial_after_risk_changes_nothing():
    decision = decide(level="none", state=State.WAITING, open_urgency=URGENCY["high"])
    assert decision.alert is None
    assert decision.bot is BotPart.HOLDING


def test_while_a_counsellor_reads_only_a_high_message_calls_the_others():
    assert decide(level="moderate", state=State.WITH_COUNSELLOR, open_urgency=None).alert is None
    assert decide(level="high", state=State.WITH_COUNSELLOR, open_urgency=None).alert == AlertKind.RISK


@given(levels, open_urgencies, st.booleans(), st.booleans())
def test_the_bot_never_speaks_while_a_counsellor_holds(level, open_urgency, wish, bot_enabled):
    decision = decide(
        level=level,
        state=State.WITH_COUNSELLOR,
        open_urgency=open_urgency,
        wishes_person=wish,
        bot_enabled=bot_enabled,
    )
    assert decision.bot is BotPart.SILENT
    assert not decision.call_person


@given(levels, open_urgencies, st.booleans(), st.booleans())
def test_a_waiting_client_gets_holding_content_only(level, open_urgency, wish, bot_enabled):
    decision = decide(
        level=level, state=State.WAITING, open_urgency=open_urgency, wishes_person=wish, bot_enabled=bot_enabled
    )
    assert decision.bot is BotPart.HOLDING


@given(levels, st.booleans())
def test_no_alert_worthy_message_stays_with_the_bot(level, wish):
    decision = decide(level=level, state=State.WITH_BOT, open_urgency=None, wishes_person=wish)
    if URGENCY[level] >= ALERT_FROM or wish:
        assert decision.call_person
        assert decision.alert is not None


@given(st.tuples(levels, levels), open_states, open_urgencies)
def test_a_higher_level_never_leads_to_less(pair, state, open_urgency):
    lower, higher = sorted(pair, key=URGENCY.__getitem__)
    less = decide(level=lower, state=state, open_urgency=open_urgency)
    more = decide(level=higher, state=state, open_urgency=open_urgency)
    assert bool(more.alert) >= bool(less.alert)
    assert more.call_person >= less.call_person


def test_an_unscored_message_stands_between_moderate_and_high():
    assert URGENCY["moderate"] < URGENCY["unscored"] < URGENCY["high"] < URGENCY["imminent"]


# -- Rules only: what is unscored and quiet calls nobody, everything else as ever


def test_a_quiet_unscored_message_calls_nobody_and_the_bot_goes_on():
    decision = decide(level="unscored", state=State.WITH_BOT, open_urgency=None, quiet_unscored=True)
    assert (decision.alert, decision.call_person, decision.bot) == (None, False, BotPart.FLOW)


@given(levels.filter(lambda level: level != "unscored"), open_states, open_urgencies, st.booleans(), st.booleans())
def test_quiet_is_the_unscored_message_alone(level, state, open_urgency, wish, bot_enabled):
    case = {"level": level, "state": state, "open_urgency": open_urgency, "wishes_person": wish}
    assert decide(**case, bot_enabled=bot_enabled, quiet_unscored=True) == decide(**case, bot_enabled=bot_enabled)


@given(open_states, st.booleans())
def test_a_wish_for_a_person_is_heard_though_the_message_is_quiet(state, bot_enabled):
    case = {"state": state, "open_urgency": None, "wishes_person": True, "bot_enabled": bot_enabled}
    assert decide(level="unscored", **case, quiet_unscored=True) == decide(level="none", **case)


@pytest.mark.parametrize("level", sorted(URGENCY))
def test_a_message_is_of_concern_exactly_when_it_would_call_a_person_from_the_bot(level):
    for quiet in (True, False):
        called = decide(level=level, state=State.WITH_BOT, open_urgency=None, quiet_unscored=quiet).call_person
        assert is_concern(level, quiet_unscored=quiet) is called
