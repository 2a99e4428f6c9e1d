"""How tasks, screenings and answers are told to staff: plain words, exact numbers, and no finding about anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from counselling.timeline import title_of, waited
from triage.bot.catalogue import CONTENT, read_library
from triage.bot.content import Item, Node
from triage.models import CareTask, Screening, ScreeningAnswer, ScreeningState
from triage.screenings.instruments import Instrument, UnknownInstrument, instrument
from triage.screenings.scoring import level_of_answer

RATHER_NOT, NOT_ASKED = "Would rather not say", "Not asked"


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task and what its line says: what to do, with which questionnaire, how it stands, and whether it is late."""

    task: CareTask
    what: str
    of: str
    standing: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """A screening and what its line says; `of` is the highest total, 0 where there is none."""

    screening: Screening
    title: str
    standing: str
    left_out: str
    of: int
    items: int


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An item, what was asked (empty where the wording is gone), the answer in words, its number, what it called for.

    `state` is answered, refused or not_asked.
    """

    item: int
    asked: str
    answer: str
    value: int | None
    state: str
    level: str
    answered_at: datetime | None


def definition_of(screening: Screening) -> Instrument | None:
    """The present definition of the screening's instrument; None for one that is not shipped any more."""
    try:
        return instrument(screening.instrument)
    except UnknownInstrument:
        return None


def task_row(task: CareTask, *, overdue: bool, at: datetime) -> TaskRow:
    """What the list says of a task at the moment `at`."""
    of = title_of(task.screening.instrument) if task.screening else ""
    if task.done_at is not None:
        late = (task.done_at - task.due_at).total_seconds()
        standing = f"{_span(late)} after it was due" if late > 0 else "in time"
    else:
        left = (task.due_at - at).total_seconds()
        standing = f"Overdue by {_span(-left)}" if overdue else f"Due in {_span(left)}"
    what = f"{task.get_kind_display()}: {of}" if of else str(task.get_kind_display())
    return TaskRow(task, what, of, standing, overdue)


def screening_row(screening: Screening) -> ScreeningRow:
    """What a list says of a screening, which `care_pages.with_counts` has counted."""
    definition = definition_of(screening)
    answered: int = screening.answered  # type: ignore[attr-defined]
    items = definition.items if definition else 0
    standing = str(screening.get_state_display())
    if screening.state != ScreeningState.FINISHED:
        standing += f": {answered} of {items} answered" if items else f": {answered} answered"
    has_total = definition is not None and definition.has_total
    return ScreeningRow(
        screening=screening,
        title=title_of(screening.instrument),
        standing=standing,
        left_out=_left_out(screening, has_total=has_total),
        of=definition.highest_total if definition and has_total else 0,
        items=items,
    )


def answer_rows(screening: Screening, stored: Mapping[int, ScreeningAnswer]) -> tuple[list[AnswerRow], bool]:
    """Every item of a screening in its order, asked or not; and whether the wording that was asked is still at hand."""
    definition = definition_of(screening)
    nodes = _nodes_of(screening)
    items = range(1, definition.items + 1) if definition else sorted(stored)
    return [_answer_row(item, definition, nodes.get(item), stored.get(item)) for item in items], bool(nodes)


def _answer_row(
    item: int, definition: Instrument | None, node: Node | None, answer: ScreeningAnswer | None
) -> AnswerRow:
    asked = node.texts[0] if node and node.texts else ""
    if answer is None:
        return AnswerRow(item, asked, NOT_ASKED, None, "not_asked", "", None)
    level = level_of_answer(definition, item, answer.value) if definition else ""
    if answer.value is None:
        return AnswerRow(item, asked, RATHER_NOT, None, "refused", level, answer.answered_at)
    labels = {option.value: option.label for option in node.options} if node else {}
    return AnswerRow(item, asked, labels.get(answer.value, ""), answer.value, "answered", level, answer.answered_at)


def _left_out(screening: Screening, *, has_total: bool) -> str:
    skipped: int = screening.skipped  # type: ignore[attr-defined]
    if screening.state != ScreeningState.FINISHED or not has_total:
        return f"{skipped} skipped" if skipped else ""
    if screening.total is None:
        return f"{screening.missing} left out: too many for a total"
    return f"{screening.missing} left out, filled with the mean of the others" if screening.prorated else ""


def _nodes_of(screening: Screening) -> Mapping[int, Node]:
    item = _wordings().get(screening.content_digest)
    return {node.number: node for node in item.nodes.values() if node.number} if item else {}


@cache
def _wordings() -> Mapping[str, Item]:
    """Every shipped wording of a screening by its digest, expired ones too: what was asked once stays readable."""
    return {item.digest: item for item in read_library(CONTENT).items if item.kind == "screening"}


def _span(seconds: float) -> str:
    days = int(seconds // 86_400)
    return f"{days} days" if days >= 2 else waited(seconds)
