"""The states of a conversation as one table: who speaks, what leads out, who may, and what the trail calls it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices


class State(TextChoices):
    """Where a conversation stands."""

    WITH_BOT = "with_bot", "With the bot"
    WAITING = "waiting", "Waiting for a person"
    WITH_COUNSELLOR = "with_counsellor", "With a counsellor"
    CLOSED = "closed", "Closed"


class Verb(StrEnum):
    """What can move a conversation from one state to another."""

    CALL_PERSON = "call_person"  # an alert of any kind, the client's wish included
    TAKE_OVER = "take_over"
    HAND_BACK = "hand_back"
    CLOSE = "close"
    CLIENT_ENDS = "client_ends"
    GO_IDLE = "go_idle"


class Speaker(StrEnum):
    """Who may write to the client."""

    BOT = "bot"
    BOT_HOLDING = "bot_holding"
    HOLDER = "holder"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed move: its target, the kinds of agent that may make it, and its audit action."""

    target: State
    by: frozenset[str]
    action: str


SPEAKERS: Mapping[State, Speaker] = {
    State.WITH_BOT: Speaker.BOT,
    State.WAITING: Speaker.BOT_HOLDING,
    State.WITH_COUNSELLOR: Speaker.HOLDER,
    State.CLOSED: Speaker.NOBODY,
}

_HUMAN = frozenset({"human"})
_CLIENT = frozenset({"client"})
_SYSTEM = frozenset({"system"})

# `waiting` has no way out but a person: no timer, no bot and no client's leaving closes it (CRI-7).
# A client who leaves while waiting or while a counsellor holds stays on the desk for re-contact.
TRANSITIONS: Mapping[tuple[State, Verb], Transition] = {
    (State.WITH_BOT, Verb.CALL_PERSON): Transition(State.WAITING, _SYSTEM | _CLIENT, "alert.raised"),
    (State.WITH_BOT, Verb.TAKE_OVER): Transition(State.WITH_COUNSELLOR, _HUMAN, "conversation.taken_over"),
    (State.WITH_BOT, Verb.CLIENT_ENDS): Transition(State.CLOSED, _CLIENT, "conversation.ended_by_client"),
    (State.WITH_BOT, Verb.GO_IDLE): Transition(State.CLOSED, _SYSTEM, "conversation.closed"),
    (State.WAITING, Verb.TAKE_OVER): Transition(State.WITH_COUNSELLOR, _HUMAN, "conversation.taken_over"),
    # From one holder to another: a supervisor steps in, or the holder does not work here any more.
    (State.WITH_COUNSELLOR, Verb.TAKE_OVER): Transition(State.WITH_COUNSELLOR, _HUMAN, "conversation.taken_over"),
    (State.WITH_COUNSELLOR, Verb.HAND_BACK): Transition(State.WITH_BOT, _HUMAN, "conversation.handed_back"),
    (State.WITH_COUNSELLOR, Verb.CLOSE): Transition(State.CLOSED, _HUMAN, "conversation.closed"),
}


class NotAllowed(Exception):
    """The state table has no such move."""

    def __init__(self, state: str, verb: Verb) -> None:
        super().__init__(f"{verb} is not possible while a conversation is {state}")
        self.state = state
        self.verb = verb


def transition(state: str, verb: Verb, *, by: str) -> Transition:
    """The move that `verb` makes from `state` when an agent of kind `by` asks; raises NotAllowed otherwise."""
    move = TRANSITIONS.get((State(state), verb))
    if move is None or by not in move.by:
        raise NotAllowed(state, verb)
    return move
