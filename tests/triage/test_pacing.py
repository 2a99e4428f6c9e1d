"""What one sender may ask of one process: nobody can take the service away from the others."""

import asyncio
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from config import home
from config.embedded import processes
from tests.live import LiveServer
from tests.tabs import ClientTab, DeskTab
from triage import clients, sockets
from triage.models import Conversation, Message
from triage.pacing import OneAtATime, Places, WaitedTooLong

# -- the rules by themselves


async def test_one_key_lets_through_one_at_a_time_and_other_keys_at_once():
    queue, inside, most = OneAtATime(patience=5), [], []

    async def pass_through(key):
        async with queue.turn(key):
            inside.append(key)
            most.append(inside.count(key))
            await asyncio.sleep(0)
            inside.remove(key)

    await asyncio.gather(*[pass_through(key) for key in "aaabbb"])
    assert set(most) == {1}
    async with queue.turn("a"), queue.turn("b"):
        assert len(queue) == 2
    assert len(queue) == 0, "nothing is kept of who has gone"


async def test_who_waits_too_long_is_told_and_does_not_keep_the_others_out():
    queue = OneAtATime(patience=0.01)
    async with queue.turn("a"):
        with pytest.raises(WaitedTooLong):
            async with queue.turn("a"):
                pytest.fail("two at a time")
    async with queue.turn("a"):
        pass
    assert len(queue) == 0


async def test_a_failure_or_a_departure_inside_lets_the_next_one_in():
    queue = OneAtATime(patience=5)
    with pytest.raises(ValueError, match="inside"):
        async with queue.turn("a"):
            raise ValueError("inside")

    async def stay():
        async with queue.turn("a"):
            await asyncio.Event().wait()

    staying, waiting = asyncio.create_task(stay()), asyncio.create_task(stay())
    await asyncio.sleep(0)
    for task in (waiting, staying):
        task.cancel()
    await asyncio.gather(staying, waiting, return_exceptions=True)
    async with queue.turn("a"):
        pass
    assert len(queue) == 0


def test_the_oldest_tab_gives_its_place_to_the_newest():
    places = Places(most=2)
    assert [places.take("client", tab) for tab in ("first", "second", "third")] == [None, None, "first"]
    assert places.take("client", "third") is None, "once more the same one"
    assert places.take("another", "first") is None
    places.leave("client", "first")  # it lost its place before
    places.leave("client", "second")
    assert places.take("client", "fourth") is None


def test_nothing_is_kept_of_a_client_whose_tabs_have_gone():
    places = Places(most=2)
    places.take("client", "tab")
    places.leave("client", "tab")
    places.leave("client", "tab")
    assert len(places) == 0


# -- over the socket


@pytest.fixture(scope="module")
def strict(live_environment, worker_name):
    """A service that takes two frames a second."""
    env = live_environment(CLIENT_FRAMES_PER_SECOND="2", CLIENT_FRAMES_BURST="10")
    server = LiveServer(env=env, log=home.log_dir() / f"strict-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def started(clinic):
    return clients.start(clinic=clinic, at=timezone.now())


@pytest.fixture
def open_tab():
    """Opens tabs that are welcome, and closes them when the test ends."""
    tabs = []

    def opened(server, token):
        tabs.append(ClientTab(server, token))
        tabs[-1].until("welcome")
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("raw", ["{", "[]", '{"type": "nothing"}', b"\x00"])
def test_frames_that_cannot_be_read_count_as_well(strict, started, open_tab, raw):
    tab = open_tab(strict, started.token)
    for _ in range(30):
        tab.send_raw(raw)
    codes = [tab.until("error")["code"] for _ in range(30)]
    assert codes.count("too_fast") >= 10
    assert codes[0] != "too_fast"


@pytest.mark.django_db(transaction=True)
def test_a_desks_frames_that_cannot_be_read_count_as_well(asgi_server, counsellor):
    desk = DeskTab(asgi_server, counsellor)
    desk.until("queue")
    for _ in range(200):
        desk.send_raw("{")
    codes = [desk.until("error")["code"] for _ in range(200)]
    assert {"too_fast", "bad_json"} == set(codes)
    desk.close()


@pytest.mark.django_db(transaction=True)
def test_a_ninth_window_closes_the_first_and_only_that(asgi_server, clinic, started, open_tab):
    stranger = open_tab(asgi_server, clients.start(clinic=clinic, at=timezone.now()).token)
    tabs = [open_tab(asgi_server, started.token) for _ in range(9)]
    assert tabs[0].until_closed() == sockets.TOO_MANY
    assert [frame["code"] for frame in tabs[0].frames if frame["type"] == "error"] == ["too_many"]
    for tab in (*tabs[1:], stranger):
        assert tab.writes("hello")["type"] == "ack"


@pytest.mark.django_db(transaction=True)
def test_a_window_that_was_closed_makes_room(asgi_server, started, open_tab):
    first = open_tab(asgi_server, started.token)
    for _ in range(12):
        again = ClientTab(asgi_server, started.token)
        again.until("welcome")
        again.close()
    assert first.writes("still here")["type"] == "ack"


def waiting_statements():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_many_windows_that_write_at_once_hold_one_thread(asgi_server, started, open_tab):
    tabs = [open_tab(asgi_server, started.token) for _ in range(settings.DOMAIN_THREADS)]
    refs = [str(uuid4()) for _ in tabs]
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=started.conversation_id)
        for tab, ref in zip(tabs, refs, strict=True):
            tab.send(type="message", client_ref=ref, text="hello")
        assert processes.wait_until(lambda: waiting_statements() == 1, seconds=10)
        assert not processes.wait_until(lambda: waiting_statements() > 1, seconds=1.5)
    for tab, ref in zip(tabs, refs, strict=True):
        assert tab.until("ack")["client_ref"] == ref
    assert Message.objects.filter(conversation_id=started.conversation_id, sender="client").count() == len(tabs)
