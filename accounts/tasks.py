"""Tidying that Celery does now and then. Nothing waits for it."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts.lockout import forget_old_attempts


@shared_task  # type: ignore[untyped-decorator]
def forget_old_sign_ins() -> None:
    """Delete failures that can no longer lock anything, and sessions that are over."""
    forget_old_attempts(at=timezone.now())
    SessionStore.clear_expired()
