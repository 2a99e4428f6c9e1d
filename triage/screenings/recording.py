"""Stores the answer to an item in the transaction of the turn that brought it, with what it calls for (INS-2)."""

from datetime import datetime, timedelta
from typing import Any

from audit.trail import Agent, Event
from triage.bot.position import Answered
from triage.models import CareTask, CareTaskKind, Conversation, Screening, ScreeningAnswer, ScreeningState
from triage.screenings.instruments import LEVELS, Instrument, instrument
from triage.screenings.scoring import Answers, calls_for_review, checked_answer, level_of_answer, score

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

    The caller holds the conversation's lock and records the events in the same transaction. Raises
    screenings.scoring.BadAnswer.
    """
    definition = instrument(answered.instrument)
    checked_answer(definition, answered.item, answered.value)
    events: list[Event] = []
    screening = _under_way(conversation, answered, definition, events, at=at)
    ScreeningAnswer.objects.update_or_create(
        screening=screening, item=answered.item, defaults={"value": answered.value, "answered_at": at}
    )
    # Which item, and never which answer: what somebody answered is theirs and stays in the row.
    events.append(_event("screening.answered", screening, _CLIENT, item=answered.item))
    level = level_called(answered)
    if level:
        events.append(_event("screening.flagged", screening, _SYSTEM, item=answered.item, level=level))
        screening.level = max(screening.level, level, key=lambda one: LEVELS.index(one) if one in LEVELS else -1)
    if answered.last:
        _finish(screening, definition, events, at=at)
    screening.changed_at = at
    screening.save()
    return events


def leave(conversation: Conversation, *, at: datetime) -> list[Event]:
    """Mark a screening under way as left in the middle: its answers stay, and there is no total.

    The caller holds the conversation's lock and records the events.
    """
    events = []
    for screening in Screening.objects.filter(conversation=conversation, state=ScreeningState.UNDER_WAY):
        screening.state, screening.changed_at = ScreeningState.LEFT, at
        screening.save(update_fields=["state", "changed_at"])
        events.append(_event("screening.left", screening, _SYSTEM, answered=screening.answers.count()))
    return events


def _under_way(
    conversation: Conversation, answered: Answered, definition: Instrument, events: list[Event], *, at: datetime
) -> Screening:
    found = Screening.objects.filter(conversation=conversation, state=ScreeningState.UNDER_WAY).first()
    if found is not None and not answered.first and found.instrument == answered.instrument:
        return found
    events += leave(conversation, at=at) if found is not None else []
    screening = Screening.objects.create(
        clinic_id=conversation.clinic_id,
        client_id=conversation.client_id,
        conversation=conversation,
        instrument=definition.key,
        instrument_version=definition.version,
        instrument_digest=definition.digest,
        content_version=answered.version,
        content_digest=answered.digest,
        locale=conversation.client.locale,
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
        task = CareTask.objects.create(
            clinic_id=screening.clinic_id,
            client_id=screening.client_id,
            conversation_id=screening.conversation_id,
            screening=screening,
            kind=CareTaskKind.SCREENING_REVIEW,
            made_at=at,
            due_at=at + REVIEW_WITHIN,
        )
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
