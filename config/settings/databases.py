"""PostgreSQL and Valkey settings from an address: the same code for every set-up."""

from typing import Any

import dj_database_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def database(url: str) -> dict[str, Any]:
    """Settings of one PostgreSQL database; `url` is a libpq URL, a Unix socket directory percent-encoded as host."""
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError("DATABASE_URL must be a postgresql:// address")
    # Prepared on the server at first use: the statements of a turn are few and constant.
    config.setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=1)
    return config


def channel_layer(redis_url: str, prefix: str = "triage") -> dict[str, Any]:
    """The pubsub layer: no capacity limit, re-subscribes by itself after Valkey restarts."""
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # redis-py would wait up to ten seconds between its tries; a socket that cannot listen must know at once.
        "CONFIG": {
            "hosts": [{"address": redis_url, "retry": Retry(NoBackoff(), 1), "socket_connect_timeout": 1}],
            "prefix": prefix,
        },
    }


def broker_url(redis_url: str) -> str:
    """The address in Celery's spelling (`redis+socket://` for a Unix socket)."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://").replace("?db=", "?virtual_host=")
    return redis_url
