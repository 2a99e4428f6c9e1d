"""Takes the answers to a screening, one item at a time, and never guesses what somebody meant by one."""

from triage.bot.content import Item, Node
from triage.bot.holding import FLOW as HOLDING
from triage.bot.intents import Heard
from triage.bot.position import Answered, Position
from triage.bot.run import SCREENING, Run
from triage.bot.wording import words
from triage.screenings.instruments import Instrument, instrument
from triage.screenings.scoring import Answers, counted, level_of_answer, score

# What is remembered of the screening under way: numbers, never words.
_ANSWER = f"{SCREENING}."
_REFUSED = -1
_ASKED_AGAIN = f"{SCREENING}_again"
_TOTAL, _ANY = f"{SCREENING}_total", f"{SCREENING}_any"
_FLOW = f"{SCREENING}_flow"


def asks_screening(position: Position) -> bool:
    """Whether the bot stands in a screening that was begun, or in something that leads back into it."""
    flow = position.memory.get(_FLOW)
    return flow is not None and position.flow != HOLDING and flow in (position.flow, position.memory.get("return_flow"))


def take_answer(run: Run, heard: Heard) -> bool:
    """Take a message as the answer to the item where the bot stands. False when it is none of the answers.

    Nobody has to answer (BOT-2). An item of which a refusal would call a person is asked once more, in gentler words
    (clinical_standards 3.3); skipped again, the refusal stands.
    """
    item, node = run.here
    table = run.catalogue.intents(run.locale)
    value = next((option.value for option in node.options if table.same(heard, option.label)), None)
    skips = value is None and (heard.intent == "skip" or table.same(heard, run.control("skip").label))
    if value is None and not skips:
        near = _counted(heard, node)
        if near is None:
            near = table.near(heard, [option.label for option in node.options])
        if near is None:
            return False
        value = node.options[near].value
    definition = instrument(item.instrument)
    if skips and _asks_again(run, definition, node):
        return True
    _answered(run, item, node, definition, value)
    return True


def _counted(heard: Heard, node: Node) -> int | None:
    """The option that names the number written, where all of them count and none overlaps ("5" for "5 or 6").

    Not where two share a number ("2 to 4 times a month", "2 to 3 times a week"): there a number alone says nothing.
    """
    spans = [[int(word) for word in words(option.label) if word.isdigit()] for option in node.options]
    every = [number for span in spans for number in span]
    if heard.number is None or not all(spans) or len(set(every)) < len(every):
        return None
    if len(spans[-1]) == 1 and heard.number > spans[-1][0]:
        return len(spans) - 1  # "10 or more"
    return next((place for place, span in enumerate(spans) if heard.number in span), None)


def _asks_again(run: Run, definition: Instrument, node: Node) -> bool:
    calls = level_of_answer(definition, node.number, None)
    if not calls or not node.again or run.memory.get(_ASKED_AGAIN) == node.number:
        return False
    run.memory[_ASKED_AGAIN] = node.number
    run.say_again(node)
    return True


def _answered(run: Run, item: Item, node: Node, definition: Instrument, value: int | None) -> None:
    known = _known(run)
    run.memory[f"{_ANSWER}{node.number}"] = _REFUSED if value is None else value
    answers = {**known, node.number: value}
    found = score(definition, answers)
    run.memory[_TOTAL] = -1 if found.total is None else found.total
    run.memory[_ANY] = int(any(_is_more_than_least(definition, *one) for one in answers.items()))
    run.memory[_FLOW] = item.key
    run.forward(node.next)
    last = run.item is not item or run.node is None or run.node.kind != "item"
    run.answered = Answered(
        instrument=definition.key,
        content=item.key,
        version=item.version,
        digest=item.digest,
        item=node.number,
        value=value,
        first=not known,
        last=last,
        locale=item.locale,
    )


def _is_more_than_least(definition: Instrument, item: int, value: int | None) -> bool:
    return value is None or counted(definition, item, value) > definition.least


def _known(run: Run) -> Answers:
    found = {int(name[len(_ANSWER) :]): int(n) for name, n in run.memory.items() if name.startswith(_ANSWER)}
    return {number: None if value == _REFUSED else value for number, value in found.items()}
