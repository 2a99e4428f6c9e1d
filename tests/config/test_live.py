"""The live service that journeys talk to is the real one, and it can be killed and started again."""

import asyncio
import os
import signal
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis
from django.conf import settings

from accounts.models import Clinic
from config.embedded import processes
from config.embedded.valkey import Valkey
from config.tasks import HEARTBEAT_KEY, worker_heartbeat
from tests.live import LiveProcess, LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own address
        return answer.status


@pytest.mark.django_db(transaction=True)
def test_a_web_process_that_is_killed_comes_back_at_the_same_address(start_web: Callable[..., LiveServer]) -> None:
    server = start_web()
    address, first = server.url, server.pid
    os.kill(server.pid, signal.SIGKILL)
    server.restart()
    assert server.pid != first
    assert server.url == address
    assert status(f"{address}/health/live") == 200


@pytest.mark.django_db(transaction=True)
def test_a_task_given_while_the_worker_was_dead_is_done_by_the_next(
    start_worker: Callable[..., LiveProcess], worker_name: str
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(HEARTBEAT_KEY)
        worker = start_worker()
        worker.kill()
        worker_heartbeat.delay()
        worker.restart()
        assert processes.wait_until(lambda: client.exists(HEARTBEAT_KEY) == 1, seconds=60), worker.output()


def test_a_test_may_kill_a_valkey_of_its_own(own_valkey: Valkey) -> None:
    os.kill(own_valkey.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not own_valkey.is_running(), seconds=10)
    own_valkey.start()
    with redis.Redis.from_url(own_valkey.url) as client:
        assert client.ping()


@pytest.mark.browser
@pytest.mark.xdist_group("browser_then_loop")
def test_the_accessibility_check_finds_a_field_without_a_name(
    browser: "Browser", axe: Callable[["Page"], None]
) -> None:
    page = browser.new_page()
    page.set_content("<!doctype html><html lang=en><title>t</title><main><h1>t</h1><input></main>")
    with pytest.raises(AssertionError, match="label"):
        axe(page)
    page.set_content("<!doctype html><html lang=en><title>t</title><main><h1>t</h1><label>n <input></label></main>")
    axe(page)
    page.close()


@pytest.mark.xdist_group("browser_then_loop")
@pytest.mark.django_db
def test_a_test_after_a_browser_test_may_run_an_event_loop_and_query_of_its_own() -> None:
    async def story() -> str:
        return "told"

    assert asyncio.run(story()) == "told"
    assert Clinic.objects.count() == 0
    assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in os.environ


@pytest.mark.browser
@pytest.mark.django_db
@pytest.mark.xdist_group("browser_then_loop")
def test_a_second_browser_test_goes_on_and_may_query(browser: "Browser") -> None:
    page = browser.new_page()
    page.set_content("<title>second</title>")
    assert page.title() == "second"
    assert Clinic.objects.count() == 0
    page.close()
