"""Bells for the sockets: ids and numbers only, rung after commit. A lost bell costs time, never a row.

The bell is rung with a plain Redis client in the wire format of the pubsub channel layer: a turn runs in a worker
thread without an event loop, and the layer's own `group_send` would start one for each call.
"""

import logging
import threading
import time
from functools import cache
from uuid import UUID

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from triage.models import Conversation

logger = logging.getLogger(__name__)

# While Valkey is away nobody waits for it: one failed try, then silence for this long (seconds).
_PAUSE_AFTER_FAILURE = 0.5
_pause = threading.local()


def conversation_group(conversation_id: UUID | str) -> str:
    """The group of everybody who follows one conversation."""
    return f"conversation.{conversation_id}"


def desk_group(clinic_id: UUID | str) -> str:
    """The group of a clinic's desks."""
    return f"clinic.{clinic_id}.desk"


def ring_conversation(conversation: Conversation, *, urgent: bool = False) -> None:
    """After commit, tell the conversation's followers and the clinic's desks how it stands now.

    `urgent` asks the desks to look at once (an alert, a takeover) instead of at their next tick.
    """
    event = {
        "type": "bell",
        "conversation": str(conversation.pk),
        "seq": conversation.last_seq,
        "state": conversation.state,
        "urgent": urgent,
        "rung_at": time.time(),
    }
    groups = (conversation_group(conversation.pk), desk_group(conversation.clinic_id))
    transaction.on_commit(lambda: _publish(groups, event), robust=True)


def ring_desk(clinic_id: UUID) -> None:
    """After commit, tell the clinic's desks that the shift or a setting changed."""
    event = {"type": "bell", "conversation": "", "seq": 0, "state": "", "urgent": True, "rung_at": time.time()}
    transaction.on_commit(lambda: _publish((desk_group(clinic_id),), event), robust=True)


@cache
def _client(url: str) -> redis.Redis:
    # Tried again at once where the connection is one from before a restart; a server that hangs is not asked twice.
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(
        url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=retry, health_check_interval=0
    )


def _publish(groups: tuple[str, ...], event: dict[str, object]) -> None:
    if time.monotonic() < getattr(_pause, "until", 0.0):
        return
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    payload = get_channel_layer().serialize(event)
    pipe = _client(settings.REDIS_URL).pipeline(transaction=False)
    for group in groups:
        pipe.publish(f"{prefix}__group__{group}", payload)
    try:
        pipe.execute()
    except redis.RedisError as error:
        # The rows are committed; followers find them by sequence number at their next beat.
        _pause.until = time.monotonic() + _PAUSE_AFTER_FAILURE
        logger.warning("bell not rung: %s", type(error).__name__)
