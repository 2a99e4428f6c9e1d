"""Stores the answer to an item in the transaction of the turn that brought it, with what it calls for (INS-2)."""

from datetime import datetime, timedelta
from typing import Any

from audit.trail import Agent, Event
from triage.bot.asking import asks_screening
from triage.bot.position import Answered, BadPosition, Position
from triage.models import CareTask, CareTaskKind, Conversation, Screening, ScreeningAnswer, ScreeningState
from triage.screenings.instruments import Instrument, instrument, instruments
from triage.screenings.scoring import (
    Answers,
    calls_for_review,
    checked_answer,
    highest_level,
    level_of_answer,
    score,
)
from triage.states import State

# A person reads high totals within the day (clinical_standards 3.3).
REVIEW_WITHIN = timedelta(hours=24)
_CLIENT, _SYSTEM = Agent("client"), Agent("system", "screenings")


def level_called(answered: Answered | None) -> str:
    """The level that the answer calls for by itself, before and regardless of any model; empty for none."""
    if answered is None:
        return ""
    return level_of_answer(instrument(answered.instrument), answered.item, answered.value)


def record_answer(conversation: Conversation, answered: Answered, *, at: datetime) -> list[Event]:
    """Store one answer; the last one scores the screening. Returns the events for the trail.

    Somebody who goes back changes their answer, also after the last one; a level that an answer called for stays. The
    caller holds the conversation's lock and records the events in the same transaction. Raises
    screenings.scoring.BadAnswer.
    """
    definition = instrument(answered.instrument)
    checked_answer(definition, answered.item, answered.value)
    events: list[Event] = []
    screening = _screening_of(conversation, answered, definition, events, at=at)
    ScreeningAnswer.objects.update_or_create(
        screening=screening, item=answered.item, defaults={"value": answered.value, "answered_at": at}
    )
    # Which item, and never which answer: what somebody answered is theirs and stays in the row.
    events.append(_event("screening.answered", screening, _CLIENT, item=answered.item))
    level = level_called(answered)
    if level:
        events.append(_event("screening.flagged", screening, _SYSTEM, item=answered.item, level=level))
        screening.level = highest_level(screening.level, level)
    if answered.last or screening.state == ScreeningState.FINISHED:
        _finish(screening, definition, events, at=at)
    screening.changed_at = at
    screening.save()
    return events


def leave(conversation: Conversation, *, at: datetime) -> list[Event]:
    """Mark a screening under way as left in the middle: its answers stay, and there is no total.

    What was answered may still call for a person to read it. The caller holds the conversation's lock and records the
    events.
    """
    events: list[Event] = []
    for screening in Screening.objects.filter(conversation=conversation, state=ScreeningState.UNDER_WAY):
        screening.state, screening.changed_at = ScreeningState.LEFT, at
        screening.save(update_fields=["state", "changed_at"])
        answers = answers_of(screening)
        events.append(_event("screening.left", screening, _SYSTEM, answered=len(answers)))
        definition = instruments().get(screening.instrument)
        # By another definition than it began with the answers may mean something else.
        is_same = definition is not None and definition.digest == screening.instrument_digest
        if definition is not None and is_same and calls_for_review(definition, answers):
            _make_task(screening, events, at=at)
    return events


def leave_if_moved(conversation: Conversation, before: Any, answered: Answered | None, *, at: datetime) -> list[Event]:
    """After a turn: mark the screening as left when the bot does not stand in it any more, or the conversation ended.

    `before` is the stored position before the turn. A question that is answered in between leaves nothing. An answer
    that called a person ends the questions, since the rest is for that person to ask. The caller as for `leave`.
    """
    stays = conversation.state != State.CLOSED and _asks(conversation.bot_position)
    if stays or not (answered is not None or _asks(before)):
        return []
    return leave(conversation, at=at)


def _asks(stored: Any) -> bool:
    """Whether a stored position stands in a screening that was begun; False for one that cannot be read."""
    try:
        return asks_screening(Position.from_json(stored))
    except BadPosition:
        return False


def _screening_of(
    conversation: Conversation, answered: Answered, definition: Instrument, events: list[Event], *, at: datetime
) -> Screening:
    """The screening that the answer belongs to: the one under way, the one just finished, or a new one."""
    if not answered.first:
        latest = Screening.objects.filter(conversation=conversation).order_by("-started_at", "-changed_at").first()
        if (
            latest is not None
            and latest.instrument == answered.instrument
            and latest.content_digest == answered.digest
            and latest.instrument_digest == definition.digest
            and latest.state != ScreeningState.LEFT
        ):
            return latest
    events += leave(conversation, at=at)
    screening = Screening.objects.create(
        clinic_id=conversation.clinic_id,
        client_id=conversation.client_id,
        conversation=conversation,
        instrument=definition.key,
        instrument_version=definition.version,
        instrument_digest=definition.digest,
        content_version=answered.version,
        content_digest=answered.digest,
        locale=answered.locale,
        started_at=at,
        changed_at=at,
    )
    events.append(_event("screening.started", screening, _CLIENT))
    return screening


def _finish(screening: Screening, definition: Instrument, events: list[Event], *, at: datetime) -> None:
    answers = answers_of(screening)
    result = score(definition, answers)
    screening.state, screening.finished_at = ScreeningState.FINISHED, at
    screening.total, screening.band = result.total, result.band
    screening.missing, screening.prorated = result.missing, result.prorated
    events.append(_event("screening.finished", screening, _CLIENT, missing=result.missing))
    if calls_for_review(definition, answers, before=_total_before(screening)):
        _make_task(screening, events, at=at)


def _make_task(screening: Screening, events: list[Event], *, at: datetime) -> None:
    """Ask a person to read the answers, once a screening."""
    task, is_new = CareTask.objects.get_or_create(
        screening=screening,
        defaults={
            "clinic_id": screening.clinic_id,
            "client_id": screening.client_id,
            "conversation_id": screening.conversation_id,
            "kind": CareTaskKind.SCREENING_REVIEW,
            "made_at": at,
            "due_at": at + REVIEW_WITHIN,
        },
    )
    if is_new:
        detail = {"kind": task.kind, "screening": str(screening.pk)}
        events.append(Event("care_task.made", _SYSTEM, "care_task", str(task.pk), detail=detail))


def answers_of(screening: Screening) -> Answers:
    """The stored answers by item."""
    return dict(screening.answers.values_list("item", "value"))


def _total_before(screening: Screening) -> int | None:
    finished = Screening.objects.filter(
        client_id=screening.client_id,
        instrument=screening.instrument,
        state=ScreeningState.FINISHED,
        total__isnull=False,
    ).exclude(pk=screening.pk)
    return finished.order_by("-finished_at").values_list("total", flat=True).first()


def _event(action: str, screening: Screening, agent: Agent, **more: Any) -> Event:
    detail = {"instrument": screening.instrument, "digest": screening.instrument_digest[:16], **more}
    return Event(action, agent, "screening", str(screening.pk), detail=detail)
