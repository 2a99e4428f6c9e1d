"""Clockwork of the conversations."""

from celery import shared_task
from django.utils import timezone

from triage import aftercare, conversations, drift, shadowing


@shared_task
def close_idle_conversations() -> int:
    """Close what only the bot held and nobody has written in for a long time."""
    return conversations.close_idle(at=timezone.now())


@shared_task
def shadow_score() -> int:
    """Let candidates score silently what the setup in force has scored."""
    return shadowing.sweep(at=timezone.now())


@shared_task
def report_drift() -> int:
    """Make the weekly reports of drift that are missing."""
    return drift.sweep(at=timezone.now())


@shared_task
def send_check_ins() -> int:
    """Send the check-ins that are due."""
    return aftercare.send_due(at=timezone.now())


@shared_task
def mark_missed_check_ins() -> int:
    """Ask a person to look at the check-ins that were missed."""
    return aftercare.mark_missed(at=timezone.now())
