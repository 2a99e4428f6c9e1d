"""Is this process alive, and can it do its work? For load balancers and for the supervisor."""

import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

import riskmodel
from config.tasks import HEARTBEAT_KEY
from counselling import escalation
from triage import assessing, content_checks
from triage.bot import understanding
from triage.bot.catalogue import current_catalogue


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 when database, Valkey, model and worker all work; 503 otherwise, with the part that does not."""
    parts = {name: _state(check) for name, check in _CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    # For the operator's monitoring only: one alert that cannot be escalated must not take the chat from everybody.
    warnings = {name: state for name, check in _WATCHED.items() if (state := _state(check)) != "ok"}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "parts": parts, "warnings": warnings},
        status=200 if is_ready else 503,
    )


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # any failure of a part is the answer, and its type says enough
        return f"failed: {type(error).__name__}"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _valkey() -> None:
    with _valkey_client() as client:
        client.ping()


def _valkey_client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


class ScoringGivenUp(Exception):
    """So many scorings hang in this process that it tries none any more."""


def _model() -> None:
    riskmodel.warm_up()
    if assessing.given_up():
        raise ScoringGivenUp


def _content() -> None:
    current_catalogue()


def _understanding() -> None:
    understanding.warm_up()


class LadderBehind(Exception):
    """An open alert should have called the next person long ago."""


def _ladder() -> None:
    if escalation.is_behind(at=timezone.now()):
        raise LadderBehind


class WorkerSilent(Exception):
    """No worker has run a task lately: escalations would not fire."""


def _worker() -> None:
    with _valkey_client() as client:
        beat = client.get(HEARTBEAT_KEY)
    if beat is None or time.time() - float(beat) > settings.WORKER_HEARTBEAT_STALE_SECONDS:
        raise WorkerSilent


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "valkey": _valkey,
    "model": _model,
    "content": _content,
    "worker": _worker,
}
_WATCHED: dict[str, Callable[[], None]] = {
    "ladder": _ladder,
    "content_approvals": content_checks.check_readiness,
    # Without it the bot asks what was meant, and nothing else is different.
    "understanding": _understanding,
}
