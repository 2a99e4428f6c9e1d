"""PostgreSQL and Valkey settings from an address: the same code for every set-up."""

from typing import Any

import dj_database_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# Nothing waits for PostgreSQL without end: not for a row, not in a transaction that somebody forgot, not for an answer.
# Verification, checkpoints and migrations take more time for themselves.
LIMITS = {"lock_timeout": "3s", "idle_in_transaction_session_timeout": "15s", "statement_timeout": "30s"}
# Seconds (tcp_user_timeout: milliseconds) until a machine that has vanished counts as gone; a Unix socket needs none.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def database(url: str) -> dict[str, Any]:
    """Settings of one PostgreSQL database; `url` is a libpq URL, a Unix socket directory percent-encoded as host.

    What the address says itself, for example another `connect_timeout` or `options`, stands above our limits.
    """
    # Age 0: under ASGI each request has a thread of its own, so a connection kept for the next would never be found.
    # The pool of the sockets keeps its own, and asks for the health check when one was idle.
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True))
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError("DATABASE_URL must be a postgresql:// address")
    own = config.get("OPTIONS", {})
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    # Prepared on the server at first use: the statements of a turn are few and constant.
    config["OPTIONS"] = {
        **_PATIENCE,
        **own,
        "options": f"{limits} {own.get('options', '')}".strip(),
        "server_side_binding": True,
        "prepare_threshold": 1,
    }
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
