"""Tabs of one client: the same lines in the same order, whatever is lost, doubled, sent at once or too fast."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from config import home
from tests.live import LiveServer
from tests.tabs import ClientTab, Tab
from triage import clients, sockets
from triage.models import ClientSession, Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def brisk(live_environment, worker_name):
    """A service with short times and a low limit, so that no test has to wait for the ordinary ones."""
    env = live_environment(
        CLIENT_HELLO_SECONDS="1.5",
        CLIENT_HEARTBEAT_SECONDS="0.2",
        CLIENT_FRAMES_PER_SECOND="25",
        CLIENT_FRAMES_BURST="20",
    )
    server = LiveServer(env=env, log=home.log_dir() / f"brisk-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def started(clinic):
    return clients.start(clinic=clinic, at=timezone.now())


@pytest.fixture
def open_tab():
    """Opens tabs that are closed when the test ends: `open_tab(server, token, last_seq=3)`."""
    tabs = []

    def opened(server, token, **more):
        tabs.append(ClientTab(server, token, **more))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()


def lines_up_to(tab, seq):
    """All lines that the tab was sent, up to and with number `seq`, as (seq, text)."""
    tab.until(lambda frame: frame["type"] == "message" and frame["seq"] == seq and not tab.frames.append(frame))
    return [(frame["seq"], frame["text"]) for frame in tab.frames if frame["type"] == "message"]


def rows(started):
    return Message.objects.filter(conversation_id=started.conversation_id)


def test_two_tabs_that_write_at_once_show_the_same_lines_in_the_same_order(asgi_server, started, open_tab):
    tabs = [open_tab(asgi_server, started.token) for _ in range(2)]

    def write(tab, who):
        return [tab.writes(f"{who} {number}")["type"] for number in range(6)]

    with ThreadPoolExecutor(2) as pool:
        acks = list(pool.map(write, tabs, ("left", "right")))
    assert acks == [["ack"] * 6] * 2
    last = rows(started).order_by("-seq").first().seq
    left, right = (lines_up_to(tab, last) for tab in tabs)
    assert left == right
    assert [seq for seq, _ in left] == list(range(1, last + 1))
    for who in ("left", "right"):
        assert [text for _, text in left if text.startswith(who)] == [f"{who} {number}" for number in range(6)]


def test_a_tab_that_comes_back_gets_only_what_it_lacks(asgi_server, started, open_tab):
    first = open_tab(asgi_server, started.token)
    ack = first.writes("one")
    second = open_tab(asgi_server, started.token, last_seq=ack["seq"])
    assert second.until("welcome")["last_seq"] == ack["last_seq"]
    again = first.writes("two")
    lines = lines_up_to(second, again["last_seq"])
    assert [seq for seq, _ in lines] == list(range(ack["seq"] + 1, again["last_seq"] + 1))


def test_a_tab_that_claims_more_than_there_is_gets_the_head_and_no_old_line(asgi_server, started, open_tab):
    tab = open_tab(asgi_server, started.token, last_seq=1000)
    assert tab.until("welcome")["last_seq"] == rows(started).count()
    tab.send(type="catch_up", after=0)
    assert lines_up_to(tab, 1)[0][0] == 1


def test_catch_up_sends_everything_after_a_number_again(asgi_server, started, open_tab):
    tab = open_tab(asgi_server, started.token)
    last = tab.writes("hello")["last_seq"]
    before = lines_up_to(tab, last)
    tab.frames.clear()
    tab.send(type="catch_up", after=1)
    assert lines_up_to(tab, last) == before[1:]


def test_a_long_conversation_is_replayed_whole(asgi_server, started, open_tab):
    tab = open_tab(asgi_server, started.token)
    ack = [tab.writes(f"line {number}") for number in range(120)][-1]
    assert ack["last_seq"] > 200, "more than one page"
    late = open_tab(asgi_server, started.token)
    assert [seq for seq, _ in lines_up_to(late, ack["last_seq"])] == list(range(1, ack["last_seq"] + 1))


def test_one_message_sent_by_two_tabs_is_stored_once_and_acknowledged_to_both(asgi_server, started, open_tab):
    tabs = [open_tab(asgi_server, started.token) for _ in range(2)]
    for tab in tabs:
        tab.until("welcome")
    ref, together = str(uuid4()), threading.Barrier(2)

    def write(tab):
        together.wait()
        return tab.writes("from the outbox", ref=ref)

    with ThreadPoolExecutor(2) as pool:
        acks = list(pool.map(write, tabs))
    assert [ack["type"] for ack in acks] == ["ack", "ack"]
    assert acks[0]["seq"] == acks[1]["seq"]
    assert rows(started).filter(sender="client").count() == 1
    for tab in tabs:
        assert tab.line("client")["client_ref"] == ref


def test_an_acknowledgement_carries_the_reference_as_it_was_sent(asgi_server, started, open_tab):
    ref = str(uuid4()).upper()
    assert open_tab(asgi_server, started.token).writes("hello", ref=ref)["type"] == "ack"


def test_a_repeated_reference_shows_the_first_text(asgi_server, started, open_tab):
    tab, ref = open_tab(asgi_server, started.token), str(uuid4())
    first = tab.writes("the first text", ref=ref)
    assert tab.writes("another text", ref=ref)["seq"] == first["seq"]
    assert rows(started).filter(sender="client").count() == 1


def test_two_hundred_frames_in_a_second_are_all_answered_and_none_is_lost(brisk, started, open_tab):
    tab = open_tab(brisk, started.token)
    tab.until("welcome")
    refs = [str(uuid4()) for _ in range(200)]
    for number, ref in enumerate(refs):
        tab.send(type="message", client_ref=ref, text=f"number {number}")
    first = [tab.until(lambda frame, ref=ref: _answers(frame, ref)) for ref in refs]
    refused = [answer for answer in first if answer["type"] == "error"]
    assert {answer["code"] for answer in refused} == {"too_fast"}
    assert len(refused) > 100, "the limit is 25 a second and 20 at once"
    assert rows(started).filter(sender="client").count() == len(refs) - len(refused)

    wait = max(answer["retry_after_ms"] for answer in refused)
    for answer in refused:
        time.sleep(wait / 1000)  # what the service asked for
        assert tab.writes("again", ref=answer["client_ref"])["type"] == "ack"
        wait = 1000 / 25 + 1
    stored = [str(ref) for ref in rows(started).filter(sender="client").values_list("client_ref", flat=True)]
    assert sorted(stored) == sorted(refs)


def _answers(frame, ref):
    return frame["type"] in ("ack", "error") and frame.get("client_ref") == ref


def test_other_frames_that_come_too_fast_are_answered_as_well(brisk, started, open_tab):
    tab = open_tab(brisk, started.token)
    tab.until("welcome")
    for number in range(100):
        tab.send(type="catch_up", after=2**30, ref=number)
    tab.send(type="nothing", ref="the end")
    tab.until(lambda frame: frame.get("ref") == "the end" and not tab.frames.append(frame))
    refused = [frame["ref"] for frame in tab.frames if frame.get("code") == "too_fast" and frame["ref"] != "the end"]
    assert len(refused) >= 50
    assert refused == sorted(refused)


def test_who_says_no_hello_is_let_go(brisk):
    silent = Tab(f"{brisk.ws_url}/ws/chat/")
    assert silent.until_closed() == sockets.HELLO_MISSING
    noisy = Tab(f"{brisk.ws_url}/ws/chat/")
    noisy.send(type="typing")
    assert noisy.until_closed() == sockets.HELLO_MISSING


def test_the_heartbeat_shows_the_head_so_that_a_lost_line_is_noticed(brisk, started, open_tab):
    tab = open_tab(brisk, started.token)
    tab.until("welcome")
    other = open_tab(brisk, started.token)
    last = other.writes("hello")["last_seq"]
    assert tab.until(lambda frame: frame["type"] == "heartbeat" and frame["last_seq"] == last)


@pytest.mark.parametrize("how", ["left", "expired"])
def test_a_session_that_ends_closes_its_open_tabs(brisk, started, open_tab, how):
    tab = open_tab(brisk, started.token)
    tab.until("welcome")
    now = timezone.now()
    if how == "left":
        clients.leave(token=started.token, at=now)
    else:
        ClientSession.objects.update(expires_at=now - timedelta(seconds=1))
    assert tab.until_closed() == sockets.STRANGER
