"""The ladder: an alert that nobody acknowledges calls the next person. Timers are rows, so a restart loses none.

Steps: another counsellor, then the supervisors, then the supervisors again at the last interval until a person acts.
An alert never falls silent by itself (CRI-5).
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.permissions import Role
from audit.trail import Agent, Event
from counselling.models import Escalation
from triage import alerts, locking, publishing
from triage.models import Alert, AlertState, Conversation
from triage.policy import AlertKind
from triage.states import State
from triage.trail import record_in

logger = logging.getLogger(__name__)

LADDER = Agent("system", "escalation")
# Roles called by step 1, 2 and 3; later steps call the last one again.
CALLED = (Role.COUNSELLOR, Role.SUPERVISOR, Role.SUPERVISOR)
# A clinic may set its first steps as close as it likes; the endless repetition of the last one keeps this distance.
_REPEAT_AT_LEAST = 60
# A client who waits with no alert (a person resolved it and did not take over) is called for again after this long.
FORGOTTEN_AFTER = timedelta(minutes=2)
# A sweep runs every five seconds; an open alert this far behind means that none runs, or that it fails.
OVERDUE_AFTER = timedelta(minutes=2)


def escalate_due(*, at: datetime, limit: int = 200) -> int:
    """Fire every step that is due; returns how many fired. Safe to run twice and by two workers at once.

    One alert that cannot be escalated is logged and keeps no other one waiting.
    """
    due = Alert.objects.filter(escalate_at__lte=at).exclude(state=AlertState.RESOLVED)
    places = list(due.order_by("-urgency", "escalate_at").values_list("pk", "conversation_id")[:limit])
    return sum(_guarded(_escalate, conversation_id, at=at, alert_id=alert_id) for alert_id, conversation_id in places)


def call_for_forgotten(*, at: datetime, limit: int = 200) -> int:
    """Raise an alert for every client who waits for a person without one; returns for how many."""
    alone = Conversation.objects.filter(state=State.WAITING, changed_at__lte=at - FORGOTTEN_AFTER)
    alone = alone.exclude(alerts__state__in=[AlertState.OPEN, AlertState.ACKNOWLEDGED])
    places = list(alone.order_by("waiting_since").values_list("pk", flat=True)[:limit])
    return sum(_guarded(_call_again, conversation_id, at=at) for conversation_id in places)


def is_behind(*, at: datetime) -> bool:
    """True when an open alert should have called somebody long ago: the operator must know."""
    return Alert.objects.filter(state=AlertState.OPEN, escalate_at__lt=at - OVERDUE_AFTER).exists()


def _guarded(step: Callable[..., bool], conversation_id: UUID, **more: Any) -> bool:
    try:
        with transaction.atomic(durable=True):
            # The conversation's lock comes first, as everywhere. If somebody acts on it now, a later sweep looks.
            return step(locking.locked(conversation_id, skip_locked=True), **more)
    except locking.UnknownConversation:
        return False
    except Exception:  # whatever is wrong with this one, the others must be called for
        logger.exception("escalation failed", extra={"conversation": conversation_id})
        return False


def _escalate(conversation: Conversation, *, alert_id: UUID, at: datetime) -> bool:
    alert = Alert.objects.get(pk=alert_id)
    if alert.state == AlertState.RESOLVED or alert.escalate_at is None or alert.escalate_at > at:
        return False
    if alert.state == AlertState.ACKNOWLEDGED and conversation.state != State.WAITING:
        alert.escalate_at = None
        alert.save(update_fields=["escalate_at"])
        return False
    step, due_at = alert.escalation_step + 1, alert.escalate_at
    role = CALLED[min(step, len(CALLED)) - 1]
    Escalation.objects.create(
        alert=alert, step=step, called_role=role, raised_at=alert.raised_at, due_at=due_at, fired_at=at
    )
    # Somebody said "I act" and nobody took over: the alert is open again.
    alert.state, alert.acknowledged_by, alert.acknowledged_at = AlertState.OPEN, None, None
    alert.escalation_step, alert.escalate_at = step, next_due(conversation, step, at=at)
    alert.save()
    _tell(conversation, alert, role, due_at, at=at)
    return True


def _call_again(conversation: Conversation, *, at: datetime) -> bool:
    if conversation.state != State.WAITING or alerts.unresolved(conversation) is not None:
        return False
    seq = conversation.last_seq
    _, raised = alerts.raise_alert(conversation, None, kind=AlertKind.PERSON, level="none", seq=seq, at=at)
    conversation.changed_at = at
    conversation.save(update_fields=["changed_at"])
    record_in(conversation, raised, at=at)
    publishing.ring_conversation(conversation, urgent=True)
    return True


def next_due(conversation: Conversation, step: int, *, at: datetime) -> datetime:
    """When the step after `step` is due: the clinic's times count from the raising, the last interval repeats."""
    seconds = conversation.clinic.escalation_seconds or [_REPEAT_AT_LEAST]
    if step < len(seconds):
        return at + timedelta(seconds=max(1, seconds[step] - seconds[step - 1]))
    last = seconds[-1] - (seconds[-2] if len(seconds) > 1 else 0)
    return at + timedelta(seconds=max(_REPEAT_AT_LEAST, last))


def _tell(conversation: Conversation, alert: Alert, role: str, due_at: datetime, *, at: datetime) -> None:
    conversation.changed_at = at
    conversation.save(update_fields=["changed_at"])
    late = round((at - due_at).total_seconds(), 1)
    detail = {"step": alert.escalation_step, "called_role": str(role), "level": alert.level, "late_seconds": late}
    event = Event("alert.escalated", LADDER, "alert", str(alert.pk), detail=detail)
    record_in(conversation, event, at=at)
    publishing.ring_conversation(conversation, urgent=True)
    if late > 30:
        logger.warning("escalation fired late", extra={"alert": alert.pk, "count": late})
