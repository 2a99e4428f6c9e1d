"""The state table, whole: every state with every verb and every kind of agent."""

import itertools

import pytest

from audit.actions import MEANINGS
from triage.states import SPEAKERS, TRANSITIONS, NotAllowed, Speaker, State, Verb, transition

AGENT_KINDS = ("human", "bot", "model", "system", "client")

# Written out once more by hand, so that a changed table must be changed here too, on purpose.
ALLOWED = {
    ("with_bot", "call_person", "system"): "waiting",
    ("with_bot", "call_person", "client"): "waiting",
    ("with_bot", "take_over", "human"): "with_counsellor",
    ("with_bot", "client_ends", "client"): "closed",
    ("with_bot", "go_idle", "system"): "closed",
    ("waiting", "take_over", "human"): "with_counsellor",
    ("with_counsellor", "take_over", "human"): "with_counsellor",
    ("with_counsellor", "hand_back", "human"): "with_bot",
    ("with_counsellor", "close", "human"): "closed",
}


@pytest.mark.parametrize(("state", "verb", "kind"), list(itertools.product(State, Verb, AGENT_KINDS)))
def test_every_state_allows_exactly_what_the_table_says(state, verb, kind):
    expected = ALLOWED.get((state.value, verb.value, kind))
    if expected is None:
        with pytest.raises(NotAllowed):
            transition(state, verb, by=kind)
    else:
        assert transition(state, verb, by=kind).target == expected


def test_only_a_person_leads_out_of_waiting():
    ways_out = [move for (state, _), move in TRANSITIONS.items() if state == State.WAITING]
    assert ways_out
    assert all(move.by == {"human"} for move in ways_out)


def test_neither_bot_nor_model_can_move_a_conversation():
    assert not any({"bot", "model"} & move.by for move in TRANSITIONS.values())


def test_nothing_leads_out_of_closed():
    assert not [state for state, _ in TRANSITIONS if state == State.CLOSED]


def test_only_the_holder_speaks_while_with_a_counsellor():
    assert SPEAKERS[State.WITH_COUNSELLOR] is Speaker.HOLDER
    assert SPEAKERS[State.CLOSED] is Speaker.NOBODY
    assert set(SPEAKERS) == set(State)


def test_every_move_has_an_action_that_the_trail_knows():
    assert {move.action for move in TRANSITIONS.values()} <= set(MEANINGS)


def test_a_refusal_says_what_was_asked_in_which_state():
    with pytest.raises(NotAllowed, match="hand_back is not possible while a conversation is waiting"):
        transition("waiting", Verb.HAND_BACK, by="human")
