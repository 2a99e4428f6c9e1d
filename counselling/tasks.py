"""Clockwork of the desk."""

from celery import shared_task
from django.utils import timezone

from counselling import escalation


@shared_task
def escalate_alerts() -> int:
    """Call the next person for every alert whose step is due."""
    return escalation.escalate_due(at=timezone.now())
