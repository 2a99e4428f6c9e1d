"""Processes are killed at any point: no acknowledged message is missing, no alert is lost, the trail verifies."""

import asyncio
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from audit.verification import verify
from config.embedded import processes
from counselling import takeovers
from counselling.models import Takeover
from tests.stubborn import StubbornPage
from tests.tabs import ClientTab, DeskTab
from triage import clients
from triage.models import Alert, Conversation, Message, RiskAssessment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("kills")]

CLIENTS, MESSAGES = 50, 12


class Killable:
    """Gives Valkey the two words that the live processes have."""

    def __init__(self, valkey) -> None:
        self._valkey = valkey
        self.url = valkey.url

    def kill(self) -> None:
        os.kill(self._valkey.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: not self._valkey.is_running(), seconds=10)

    def restart(self) -> None:
        self._valkey.start()


@pytest.fixture
def valkey(own_valkey):
    return Killable(own_valkey)


def run(story) -> None:
    """Run a story in a thread of its own: a browser test before it may have left an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(story())).result()


def _texts(number: int) -> list[str]:
    texts = [f"hello {number}, this is message {n}" for n in range(MESSAGES)]
    if number % 5 == 0:
        texts[MESSAGES // 2] = "I want to kill myself tonight, I have the pills here"
    return texts


async def _everybody_sends_while(web, valkey, worker, pages):
    """All pages send; meanwhile web, Valkey and worker are killed and started again, each twice."""
    sent = 0
    enough = asyncio.Event()

    async def between():
        nonlocal sent
        sent += 1
        enough.set()
        await asyncio.sleep(random.uniform(0, 0.05))

    async def reaper():
        for share in (1, 2, 3, 4, 5, 6):
            while sent < share * CLIENTS * MESSAGES // 8:
                enough.clear()
                await enough.wait()
            part = (web, valkey, worker)[share % 3]
            part.kill()
            await asyncio.to_thread(part.restart)

    jobs = [page.send_all(_texts(number), between=between) for number, page in enumerate(pages)]
    await asyncio.wait_for(asyncio.gather(reaper(), *jobs), timeout=240)


def test_fifty_clients_lose_nothing_while_everything_is_killed(clinic, start_web, start_worker, valkey):
    web, worker = start_web(REDIS_URL=valkey.url), start_worker(REDIS_URL=valkey.url)
    started = [clients.start(clinic=clinic, at=timezone.now()) for _ in range(CLIENTS)]
    pages = [StubbornPage(f"{web.ws_url}/ws/chat/", one.token) for one in started]

    run(lambda: _everybody_sends_while(web, valkey, worker, pages))

    assert sum(page.reconnects for page in pages) >= CLIENTS, "the kills must have been felt"
    for one, page in zip(started, pages, strict=True):
        rows = Message.objects.filter(conversation_id=one.conversation_id).order_by("seq")
        stored = {str(row.client_ref): row.seq for row in rows if row.client_ref}
        assert stored == page.acknowledged
        assert len(stored) == MESSAGES
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert Conversation.objects.get(pk=one.conversation_id).last_seq == len(rows)
        assert page.doubled == []
    assert RiskAssessment.objects.count() == CLIENTS * MESSAGES
    assert Alert.objects.filter(level__in=["high", "imminent"]).count() == CLIENTS // 5
    report = verify()
    assert report.is_intact, report.findings


def test_the_bot_stays_silent_after_a_takeover_whatever_is_killed(clinic, counsellor, start_web, valkey):
    web = start_web(REDIS_URL=valkey.url)
    one = clients.start(clinic=clinic, at=timezone.now())
    page = StubbornPage(f"{web.ws_url}/ws/chat/", one.token)

    def take_over():
        try:
            takeovers.take_over(member=counsellor, conversation_id=one.conversation_id, at=timezone.now())
        finally:
            connection.close()

    async def story():
        takes = 0

        async def between():
            nonlocal takes
            takes += 1
            if takes == 5:
                await asyncio.to_thread(take_over)
                web.kill()
                await asyncio.to_thread(web.restart)

        await asyncio.wait_for(page.send_all([f"hello {n}" for n in range(10)], between=between), timeout=120)

    run(story)
    period = Takeover.objects.get()
    later = Message.objects.filter(conversation_id=one.conversation_id, seq__gt=period.from_seq)
    assert {row.sender for row in later} == {"client"}
    assert later.count() == 5


def test_while_valkey_is_away_turns_are_answered_and_the_desk_catches_up(clinic, counsellor, start_web, valkey):
    web = start_web(REDIS_URL=valkey.url)
    one = clients.start(clinic=clinic, at=timezone.now())
    page, desk = ClientTab(web, one.token), DeskTab(web, counsellor)
    page.line("bot")
    desk.until("queue")
    valkey.kill()
    ack = page.writes("I want to kill myself tonight, I have the pills here")
    assert ack["type"] == "ack"
    page.until(lambda frame: frame["type"] == "message" and frame["card"])
    assert desk.card(one.conversation_id, lambda card: card["alert"] is not None)["state"] == "waiting"
    late = ClientTab(web, one.token)
    assert late.until("welcome")["state"] == "waiting"
    valkey.restart()
    page.close()
    desk.close()
    late.close()
