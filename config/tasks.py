"""Proof of life of beat and worker together: a real task that leaves the time behind."""

import time

import redis
from celery import shared_task
from django.conf import settings

HEARTBEAT_KEY = "triage:worker-heartbeat"


@shared_task
def worker_heartbeat() -> None:
    """Leave the time in Valkey, where `/health/ready` looks for it."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    client.set(HEARTBEAT_KEY, time.time(), ex=3600)
