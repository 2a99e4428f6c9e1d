"""Clockwork of the desk."""

from celery import shared_task
from django.utils import timezone

from counselling import escalation, shifts


@shared_task
def escalate_alerts() -> int:
    """Call the next person for every alert whose step is due, and for every client who waits without an alert."""
    now = timezone.now()
    return escalation.escalate_due(at=now) + escalation.call_for_forgotten(at=now)


@shared_task
def end_unseen_shifts() -> int:
    """End the shift of everybody whose desk has gone without a word."""
    return shifts.end_unseen(at=timezone.now())
