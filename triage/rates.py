"""How often something may happen, counted in Valkey over fixed windows. Without Valkey help stays open to everybody."""

import hashlib
import logging
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def allowed(kind: str, who: str, *, limit: int, seconds: int) -> bool:
    """True while `who` has done `kind` at most `limit` times in the current window of `seconds`.

    `who` is stored as a digest, so no address stands in Valkey.
    """
    key = f"triage:rate:{kind}:{hashlib.sha256(who.encode()).hexdigest()[:24]}"
    try:
        pipe = _client(settings.REDIS_URL).pipeline()
        pipe.incr(key)
        pipe.expire(key, seconds, nx=True)
        count, _ = pipe.execute()
    except redis.RedisError as error:
        logger.warning("rate not counted: %s", type(error).__name__)
        return True
    return bool(count <= limit)
