"""Celery tasks of the trail."""

import logging

from celery import shared_task
from django.utils import timezone

from audit import checkpoints

_log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def write_checkpoint() -> None:
    """Write a signed checkpoint. Another worker at it already is no failure; anything else is."""
    try:
        checkpoint = checkpoints.write_checkpoint(at=timezone.now())
    except checkpoints.CheckpointInProgress:
        _log.info("another worker is writing the checkpoint")
    else:
        _log.info("checkpoint %d written", checkpoint.number)
