"""What the bot says while a person is called: holding content only, honest about whether anybody is on shift."""

from triage.bot.catalogue import Catalogue
from triage.bot.position import Position, Step
from triage.bot.run import Run

FLOW = "holding"
_PLAN = "my_plan"
# An answer in a screening is met with the same words as danger told in a message.
_WORDS_OF = {"risk": "risk", "person": "person", "unscored": "unscored", "screening": "risk"}
REASONS = frozenset(_WORDS_OF)
_CARD = "crisis"
# The card comes again on every third holding message: in sight, without burying what the client writes.
_CARD_EVERY = 3
_ANSWERS = {
    "ask_real": "holding.automated",
    "thanks": "holding.thanks",
    "declines_person": "holding.no_need",
    "stop": "holding.no_need",
    "goodbye": "holding.leaving",
}
_NUMBERS = frozenset({"urgent", "help"})
_GROUNDING = frozenset({"exercise_grounding", "exercise_paced_breathing", "exercises"})


def hold(
    catalogue: Catalogue,
    position: Position,
    text: str,
    *,
    reason: str,
    person_on_shift: bool,
    logistics_only: bool = False,
    locale: str = "en",
) -> Step:
    """Answer one message while the client waits for a person.

    `reason` is one of `REASONS` (ValueError otherwise). The first message of a reason says what happens
    now; for a risk it carries the crisis card. Nobody on shift is said as such (CRI-8). No exercise, no survey (BOT-7).
    """
    if reason not in REASONS:
        raise ValueError(f"'{reason}' is none of {', '.join(sorted(REASONS))}")
    reason = _WORDS_OF[reason]
    run = Run(catalogue, position, locale)
    run.item = catalogue.find(FLOW, locale)
    first = not run.memory.get(f"held.{reason}")
    nobody_left = not person_on_shift and run.memory.get("held.on_shift") == 1
    somebody_came = person_on_shift and run.memory.get("held.on_shift") == 0
    run.memory[f"held.{reason}"] = 1
    run.memory["held.on_shift"] = int(person_on_shift)
    suffix = "" if person_on_shift else "_nobody"
    if first:
        if "ask_real" in catalogue.intents(locale).hear(text).all:
            run.say("controls.automated")  # the truth comes first, whatever else was asked (LAW-10)
        run.say(f"holding.{reason}{suffix}", card="" if reason == "person" and person_on_shift else _CARD)
    elif nobody_left:
        run.say("holding.shift_ended", card=_CARD)
    elif not _answer(run, text, logistics_only=logistics_only):
        waited = int(run.memory.get("held.count", 0)) + 1
        run.memory["held.count"] = waited
        waiting = "logistics.waiting" if logistics_only else f"holding.waiting{suffix}"
        key = "holding.shift_began" if somebody_came else waiting
        run.say(key, card=_CARD if waited % _CARD_EVERY == 0 else "")
    return run.done(flow=FLOW, node=reason)


def _answer(run: Run, text: str, *, logistics_only: bool) -> bool:
    """A plain question while waiting gets its own answer; grounding only on request, and where the law allows it."""
    intent = run.catalogue.intents(run.locale).hear(text).intent
    if intent == "danger":
        run.say("holding.danger", card=_CARD)
    elif intent in _GROUNDING and not logistics_only:
        run.say("holding.grounding_1")
        run.say("holding.grounding_2")
    elif intent == "safety_plan" and (shown := run.catalogue.find(_PLAN, run.locale)):
        run.say_node(shown, shown.nodes[shown.start])  # one that is saved; nothing is begun while a person is called
    elif intent in _NUMBERS:
        run.say("holding.numbers", card=_CARD)
    elif intent in _ANSWERS:
        run.say(_ANSWERS[intent], card=_CARD if intent == "goodbye" else "")
    else:
        return False
    return True
