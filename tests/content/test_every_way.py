"""Walks every flow by every choice to every end: nothing unapproved, nothing too long, a person one word away."""

from collections import deque

import pytest

from tests.triage.bot.talk import A_DAY, AFTER_EXPIRY, shipped
from triage.bot import engine
from triage.bot.catalogue import text_digest
from triage.bot.engine import Position, Step, Wish

CATALOGUE = shipped(A_DAY)
# What only changes the wording is left out, so that the walk ends.
SHAPE = ("told_limits", "worse", "paused", "unsure", "feelings", "screen_any", "screen_again")
TYPED = [
    "yes",
    "no",
    "stop",
    "back",
    "pause",
    "carry on",
    "help",
    "bye",
    "are you a bot",
    "urgent help",
    "the trumpet",
    "I want to die",
    "this is useless",
    "do you speak french",
    "7",
]
TYPED += [
    "I feel sad",
    "thanks",
    "nobody to talk to",
    "I don't want to talk to a person",
    "grounding",
    "menu",
    "what is this chat",
]


# What the model is in doubt about, as the service tells the engine.
DOUBTFUL = "it would be easier for them all next year"


def shape(position: Position) -> tuple:
    memory = {key: value for key, value in position.memory.items() if key in SHAPE}
    memory["returns"] = "return_flow" in position.memory
    kind = CATALOGUE.flow(position.flow).kind
    if kind == "screening":
        # A branch asks from which total on, not which; three items left out leave no total.
        answers = [int(value) for name, value in position.memory.items() if name.startswith("screen.")]
        memory["sum"] = sum(sum(value for value in answers if value > 0) >= least for least in (3, 5, 8, 10))
        memory["left_out"] = min(answers.count(-1), 3)
        memory["told_limits"] = 0
    else:
        # What was answered before stays behind, and nothing asks for it.
        memory |= {"screen_any": 0, "screen_again": 0}
    # How often it got worse is asked after an exercise only; the menu is where one leads to the next.
    memory["worse"] = min(int(memory.get("worse", 0)), 2) if kind == "exercise" or position.flow == "menu" else 0
    # Every third one leads to the offer of a person; to follow the count at the menu is enough.
    for count in ("unsure", "feelings"):
        memory[count] = int(memory.get(count, 0)) % 3 if position.flow == "menu" else 0
    return (position.flow, position.node, tuple(sorted(memory.items())))


def walk(catalogue) -> dict[tuple, Step]:
    """Every place that a client can come to, with one step that leads there."""
    first = engine.begin(catalogue)
    found = {shape(first.position): first}
    ahead = deque([first])
    while ahead:
        step = ahead.popleft()
        if Wish.END in step.wishes:
            continue
        ways = [*(choice.label for choice in step.replies[-1].choices), *TYPED, DOUBTFUL]
        for text in ways:
            after = engine.step(catalogue, step.position, text, doubtful=text == DOUBTFUL)
            if shape(after.position) not in found:
                found[shape(after.position)] = after
                ahead.append(after)
    return found


@pytest.fixture(scope="module")
def places():
    return walk(CATALOGUE)


def test_every_node_that_waits_for_the_client_is_reached(places):
    reached = {(position_flow, node) for position_flow, node, _ in places}
    waiting = {(item.key, node.key) for item in CATALOGUE.items() for node in item.nodes.values() if node.rests}
    # The first words after a hand-back come only from a counsellor's hand-back.
    assert waiting - reached == {("hand_back", "what_now")}


def test_every_flow_comes_to_an_end(places):
    assert any(Wish.END in step.wishes for step in places.values())


def test_a_person_can_be_reached_from_every_place(places):
    for step in places.values():
        if Wish.END not in step.wishes:
            assert engine.step(CATALOGUE, step.position, "can I talk to a person").wishes == {Wish.PERSON}


def test_bot_5_no_reply_is_outside_the_approved_digests(places):
    approved = CATALOGUE.approved_digests("en")
    for step in places.values():
        for reply in step.replies:
            assert reply.digest == text_digest(reply.text)
            assert reply.digest in approved
            assert all(choice.label.isdecimal() or text_digest(choice.label) in approved for choice in reply.choices)


def test_every_reply_fits_and_asks_one_thing(places):
    for step in places.values():
        assert step.replies
        for reply in step.replies:
            assert len(reply.text.split()) <= 60
            assert reply.text.count("?") <= 1
            assert len(reply.key) <= 80
            assert len(reply.exercise) <= 40


def test_only_the_last_reply_of_a_step_waits_for_an_answer(places):
    for step in places.values():
        assert not any(reply.choices for reply in step.replies[:-1])
        if Wish.END not in step.wishes and Wish.PERSON not in step.wishes:
            assert step.replies[-1].choices


def test_every_place_can_be_called_to_hold_and_back(places):
    for step in places.values():
        held = engine.hold(CATALOGUE, step.position, "hello", reason="risk", person_on_shift=False)
        assert held.replies[0].card == "crisis"
        assert engine.hand_back(CATALOGUE, held.position).replies[-1].choices


def test_after_all_exercises_have_expired_no_way_leads_to_one():
    late = shipped(AFTER_EXPIRY)
    for step in walk(late).values():
        assert late.find(step.position.flow).safety
        assert not any(reply.exercise for reply in step.replies)
        assert "Try a short exercise" not in [choice.label for choice in step.replies[-1].choices]


def test_the_safety_path_is_whole_after_everything_has_expired():
    late = shipped(AFTER_EXPIRY)
    assert not late.missing_safety()
    assert engine.step(late, engine.begin(late).position, "human").wishes == {Wish.PERSON}
    assert (
        engine.hold(late, engine.begin(late).position, "x", reason="risk", person_on_shift=True).replies[0].card
        == "crisis"
    )
