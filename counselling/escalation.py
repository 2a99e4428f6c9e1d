"""The ladder: an alert that nobody acknowledges calls the next person. Timers are rows, so a restart loses none.

Steps: another counsellor, then the supervisors, then the supervisors again at the last interval until a person acts.
An alert never falls silent by itself (CRI-5).
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.permissions import Role
from audit.trail import Agent, Event
from counselling.models import Escalation
from triage import locking, publishing
from triage.models import Alert, AlertState, Conversation
from triage.trail import record_in

logger = logging.getLogger(__name__)

LADDER = Agent("system", "escalation")
# Roles called by the first, second and third step; later ones call the last one again.
CALLED = (Role.COUNSELLOR, Role.SUPERVISOR, Role.SUPERVISOR)


def escalate_due(*, at: datetime, limit: int = 200) -> int:
    """Fire every step that is due; returns how many fired. Safe to run twice and by two workers at once."""
    due = Alert.objects.filter(state=AlertState.OPEN, escalate_at__lte=at).order_by("-urgency", "escalate_at")
    places = due.values_list("pk", "conversation_id")[:limit]
    return sum(_escalate(alert_id, conversation_id, at=at) for alert_id, conversation_id in list(places))


def _escalate(alert_id: UUID, conversation_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        try:
            # The conversation's lock comes first, as everywhere. If somebody acts on it now, a later sweep looks.
            conversation = locking.locked(conversation_id, skip_locked=True)
        except locking.UnknownConversation:
            return False
        alert = Alert.objects.get(pk=alert_id)
        if alert.state != AlertState.OPEN or alert.escalate_at is None or alert.escalate_at > at:
            return False
        step, due_at = alert.escalation_step + 1, alert.escalate_at
        role = CALLED[min(step, len(CALLED)) - 1]
        Escalation.objects.create(
            alert=alert, step=step, called_role=role, raised_at=alert.raised_at, due_at=due_at, fired_at=at
        )
        alert.escalation_step, alert.escalate_at = step, next_due(conversation, step, at=at)
        alert.save(update_fields=["escalation_step", "escalate_at"])
        _tell(conversation, alert, role, due_at, at=at)
    return True


def next_due(conversation: Conversation, step: int, *, at: datetime) -> datetime:
    """When the step after `step` is due: the clinic's times count from the raising, the last interval repeats."""
    seconds = conversation.clinic.escalation_seconds or [60]
    if step < len(seconds):
        return at + timedelta(seconds=max(1, seconds[step] - seconds[step - 1]))
    return at + timedelta(seconds=max(1, seconds[-1] - (seconds[-2] if len(seconds) > 1 else 0)))


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
