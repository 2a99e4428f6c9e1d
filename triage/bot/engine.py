"""The bot as pure functions: a position and a message in, approved replies and a new position out.

It never raises for any text of a client, never says a text outside the catalogue, and never argues with a wish for a
person (BOT-5, BOT-8).
"""

from triage.bot import asking
from triage.bot.catalogue import Catalogue
from triage.bot.content import PERSON, ChoiceSpec
from triage.bot.hearing import take_meaning, told_of_feeling
from triage.bot.holding import hold
from triage.bot.intents import Heard
from triage.bot.position import BadPosition, Choice, Position, Reply, Step, Wish
from triage.bot.run import MENU, Run

__all__ = [
    "BadPosition",
    "Choice",
    "Position",
    "Reply",
    "Step",
    "Wish",
    "begin",
    "closing",
    "hand_back",
    "hold",
    "step",
]

# In a step that asks for the client's own words, only these whole messages are not the answer, and a short doubt
# who writes.
_SHORT = 6
_HEARD_IN_ASK = frozenset({"ask_real", "stop", "pause", "back", "help", "urgent", "goodbye", "menu", "safety_plan"})
_ASIDES = {
    "ask_real": "are_you_real",
    "soft_person": "offer_person",
    "help": "help",
    "urgent": "urgent",
    "danger": "danger",
    "goodbye": "goodbye",
    "about": "about_chat",
    "declines_person": "no_person",
    "complaint": "complaint",
    "language": "language",
    "safety_plan": "my_plan",
}
_FLOWS = {"mood": "mood_check", "exercises": "exercises", "learn": "learn", "questions": "questions", "menu": MENU}
_REMARKS = {"greeting": "controls.greeting", "thanks": "controls.thanks"}
_UNSURE_BEFORE_OFFER = 3
# These bring the card or a person themselves, or end what the client does not want.
_ABOVE_DOUBT = frozenset({"person", "danger", "urgent", "stop", "declines_person", "ask_real"})
_DOUBTS_BEFORE_NEXT_CHECK = 3


def begin(catalogue: Catalogue, *, locale: str = "en") -> Step:
    """The opening: what the bot is comes before the client's first word (LAW-10), then a first choice."""
    run = Run(catalogue, None, locale)
    run.enter("welcome")
    return run.done()


def hand_back(catalogue: Catalogue, position: Position, *, locale: str = "en") -> Step:
    """The first words after a counsellor handed back: says that it is the bot again, and asks what would help."""
    run = Run(catalogue, position, locale)
    run.memory = {name: value for name, value in run.memory.items() if not name.startswith("held.")}
    run.enter("hand_back")
    return run.done()


def closing(catalogue: Catalogue, *, locale: str = "en") -> Step:
    """The goodbye when a conversation ends."""
    run = Run(catalogue, None, locale)
    run.item = catalogue.flow("closing", locale)
    run.go(run.item.start)
    return run.done()


def step(catalogue: Catalogue, position: Position, text: str, *, doubtful: bool = False, locale: str = "en") -> Step:
    """Answer one message while the bot has the conversation.

    On a wish for a person the step says that it is asking and names the wish; what happens next (somebody on shift or
    not) is said by `hold(reason="person")`, which the caller adds in the same turn.
    """
    run = Run(catalogue, position, locale)
    if run.item is None or run.node is None or not run.node.rests:
        # The content under this position is no longer served, or somebody else spoke in between.
        run.say("controls.moved_on")
        run.enter(MENU)
        return run.done()
    heard = catalogue.intents(locale).hear(text)
    if not (
        _take_answer(run, heard)
        or (doubtful and _check_gently(run, heard))
        or _take_intent(run, heard, text)
        or _take_free_text(run)
        or take_meaning(run, text)
    ):
        _ask_which(run)
    return run.done()


def _take_answer(run: Run, heard: Heard) -> bool:
    """A pressed or typed choice, a number where one is asked, a yes or no where one fits."""
    _, node = run.here
    if run.memory.get("paused") and (heard.intent in {"carry_on", "yes"} or _is_control(run, heard, "carry_on")):
        del run.memory["paused"]
        run.go(node.key)
        return True
    choice = _chosen(run, heard)
    if choice:
        _follow(run, choice)
        return True
    if node.kind == "item":
        return asking.take_answer(run, heard)
    if node.kind == "rate" and heard.number is not None and node.low <= heard.number <= node.high:
        run.memory[node.remember] = heard.number
        run.forward(node.next)
        return True
    skips = node.kind in {"rate", "ask"} and (heard.intent == "skip" or _is_control(run, heard, "skip"))
    if skips or (node.kind == "ask" and (heard.intent == "done" or _is_control(run, heard, "done"))):
        run.forward(node.skip or node.next)
        return True
    return False


def _check_gently(run: Run, heard: Heard) -> bool:
    """The crisis card and the offer of a person, before anything else but what the client asks for by itself (BOT-7).

    Not after each such message: whoever has said no is not asked again at once.
    """
    if heard.intent in _ABOVE_DOUBT:
        return False
    doubts = int(run.memory.get("doubts", 0))
    run.memory["doubts"] = doubts + 1
    if doubts % _DOUBTS_BEFORE_NEXT_CHECK:
        return False
    run.aside("gentle_check")
    return True


def _is_control(run: Run, heard: Heard, name: str) -> bool:
    return run.catalogue.intents(run.locale).same(heard, run.control(name).label)


def _chosen(run: Run, heard: Heard) -> ChoiceSpec | None:
    """The choice of the current node that a message names, by label, or by yes or no."""
    if run.item is None or run.node is None:
        return None
    choices = run.open_choices(run.item, run.node)
    if run.node.kind == "offer_person":
        choices = [
            ChoiceSpec("yes_person", run.control("yes_person").label, means="yes", wish=PERSON),
            ChoiceSpec("not_now", run.control("not_now").label, next=run.node.next, means="no"),
        ]
    table = run.catalogue.intents(run.locale)
    named = next((choice for choice in choices if table.same(heard, choice.label)), None)
    if named or not choices:
        return named
    if len(choices) == 1 and heard.whole and heard.intent in {"yes", "done", "carry_on", "skip"}:
        return choices[0]  # a step that only waits for "next"
    meant = heard.intent if heard.whole else "" if heard.intent else heard.leans
    by_meaning = next((choice for choice in choices if choice.means and choice.means == meant), None)
    if by_meaning or heard.intent:
        return by_meaning
    near = table.near(heard, [choice.label for choice in choices])
    return None if near is None else choices[near]


def _follow(run: Run, choice: ChoiceSpec) -> None:
    if choice.count:
        run.memory[choice.count] = int(run.memory.get(choice.count, 0)) + 1
    if choice.wish == PERSON:
        _ask_for_person(run)
    else:
        run.forward(choice.next)


def _ask_for_person(run: Run, heard: Heard | None = None) -> None:
    if heard and "ask_real" in heard.all:
        run.say("controls.automated")
    run.say("controls.asking_person")
    run.wishes.add(Wish.PERSON)


def _take_intent(run: Run, heard: Heard, text: str) -> bool:
    """What the table is sure of. A wish for a person stands above everything (BOT-8)."""
    intent = heard.intent
    if intent == "person":
        _ask_for_person(run, heard)
        return True
    doubts = intent == "ask_real" and len(heard.words) <= _SHORT
    known = doubts or intent == "danger" or (heard.whole and intent in _HEARD_IN_ASK)
    if run.here[1].kind == "ask" and not known:
        return False
    if intent in {"stop", "pause", "back"}:
        return _take_control(run, intent)
    if intent == "feeling":
        if not take_meaning(run, text):
            _hear_feeling(run)
    elif intent in _ASIDES:
        run.aside(_ASIDES[intent])
    elif intent.startswith("know_"):
        run.aside(intent)  # a topic is named by its content key; whoever has read it goes on where they were
    elif intent in _FLOWS:
        run.enter(_FLOWS[intent])
    elif intent.startswith("exercise_"):
        run.enter(intent.removeprefix("exercise_"))
    elif intent in _REMARKS:
        run.say(_REMARKS[intent])
        run.repeat_choices()
    else:
        return False
    run.memory.pop("unsure", None)
    return True


def _hear_feeling(run: Run) -> None:
    """Acknowledge it and leave the choice; after a few times a person is offered, since set texts only go so far."""
    if not told_of_feeling(run):
        run.say("controls.heard_feeling")
        run.repeat_choices()


def _take_control(run: Run, intent: str) -> bool:
    exercising = run.is_step_of_exercise(*run.here)
    if intent == "back":
        if not (exercising and run.back()):
            run.enter(MENU)
    elif not exercising:
        run.say("controls.quiet")
        run.repeat_choices()
    elif intent == "pause":
        run.memory["paused"] = 1
        run.say("controls.paused", choices=(run.control("carry_on"), run.control("stop")))
    else:
        run.say("controls.stopped")
        run.enter(MENU)
    return True


def _take_free_text(run: Run) -> bool:
    """The client's own words where they were asked for. They are not kept and not judged here."""
    _, node = run.here
    if node.kind != "ask":
        return False
    run.forward(node.next)
    return True


def _ask_which(run: Run) -> None:
    """Not sure what was meant: ask, in other words each time, and after a few times offer a person."""
    unsure = int(run.memory.get("unsure", 0)) + 1
    run.memory["unsure"] = unsure
    if unsure % _UNSURE_BEFORE_OFFER == 0:
        run.aside("unsure_offer")
        return
    kind = run.node.kind if run.node else ""
    run.say("controls.number_please" if kind == "rate" else "controls.unsure")
    run.repeat_choices()
