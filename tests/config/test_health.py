"""Health answers name the part that fails, need nothing that may be away, and tell a stranger nothing else."""

import json
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
import redis
from django.conf import settings as current
from django.utils import timezone

from config import health
from config.tasks import HEARTBEAT_KEY, worker_heartbeat
from tests.stories import Clock, a_client_starts

NOWHERE = "unix:///nowhere/valkey.sock"
PARTS = {"database", "valkey", "model", "content", "worker"}


@pytest.fixture
def valkey():
    with redis.Redis.from_url(current.REDIS_URL) as client:
        yield client
        client.delete(HEARTBEAT_KEY)


def parts(client, status):
    """What `/health/ready` says of each part."""
    answer = client.get("/health/ready")
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert body["status"] == ("ready" if status == 200 else "not ready")
    assert set(body["parts"]) == PARTS
    return body["parts"]


def failing(client):
    return {name for name, state in parts(client, 503).items() if state != "ok"}


def test_a_process_that_answers_is_alive_whatever_else_is_away(client, settings):
    """Without the database fixture any query would fail this test."""
    settings.REDIS_URL = NOWHERE
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_with_every_part_at_work_the_service_is_ready(client, valkey):
    worker_heartbeat()
    assert parts(client, 200) == dict.fromkeys(PARTS, "ok")


@pytest.mark.django_db
def test_without_valkey_it_is_not_ready(client, settings):
    settings.REDIS_URL = NOWHERE
    assert failing(client) == {"valkey", "worker"}


@pytest.mark.django_db
def test_without_a_worker_it_is_not_ready(client, valkey):
    valkey.delete(HEARTBEAT_KEY)
    assert failing(client) == {"worker"}
    assert parts(client, 503)["worker"] == "failed: WorkerSilent"


@pytest.mark.django_db
def test_a_worker_that_fell_silent_is_noticed(client, valkey):
    valkey.set(HEARTBEAT_KEY, time.time() - current.WORKER_HEARTBEAT_STALE_SECONDS - 1)
    assert failing(client) == {"worker"}
    valkey.set(HEARTBEAT_KEY, time.time() - current.WORKER_HEARTBEAT_STALE_SECONDS + 30)
    parts(client, 200)


@pytest.mark.django_db
def test_an_alert_that_should_have_called_somebody_long_ago_is_told_to_the_operator(client, valkey, clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    worker_heartbeat()
    a_client_starts(clinic, Clock(timezone.now() - timedelta(minutes=10))).writes("[high] I will end it")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["warnings"]) == (200, {"ladder": "failed: LadderBehind"})


def test_without_its_database_the_process_lives_and_is_not_ready(start_web):
    web = start_web(DATABASE_URL="postgresql://app@%2Fnowhere/none")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{web.url}/health/ready", timeout=30)  # noqa: S310 - own address
    with refused.value as answer:
        assert answer.code == 503
        assert json.load(answer)["parts"]["database"] == "failed: OperationalError"


def test_a_part_that_fails_is_named_by_its_kind_and_quotes_nothing():
    def broken():
        raise RuntimeError("postgresql://triage:password@host/triage")

    assert health._state(broken) == "failed: RuntimeError"
    assert health._state(lambda: None) == "ok"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.django_db
def test_health_is_asked_anew_each_time_and_only_read(client, path):
    assert "no-store" in client.get(path).headers["Cache-Control"]
    assert client.post(path).status_code == 405
