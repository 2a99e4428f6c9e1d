"""What a client's tab shows when bells are lost or reads overtake one another, and what a socket leaves behind."""

import asyncio

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from audit.models import Entry
from config import home
from config.embedded import processes
from tests.direct_socket import DirectSocket, close_connections
from tests.live import LiveServer
from tests.locks import held_table, waiting_for
from tests.tabs import ClientTab
from triage import clients
from triage.models import Conversation, Message
from triage.sealing import Seal
from triage.sockets import call_domain
from triage.transcripts import message_place

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def brisk(live_environment, worker_name):
    """A service that looks at the head five times a second."""
    env = live_environment(CLIENT_HEARTBEAT_SECONDS="0.2")
    server = LiveServer(env=env, log=home.log_dir() / f"tab-catching-up-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def started(clinic):
    return clients.start(clinic=clinic, at=timezone.now())


@pytest.fixture
def tab(brisk, started):
    opened = ClientTab(brisk, started.token)
    opened.until("welcome")
    yield opened
    opened.close()


def added_silently(started, text):
    """A line whose bell was lost; returns its number."""
    conversation = Conversation.objects.get(pk=started.conversation_id)
    seq, now = conversation.last_seq + 1, timezone.now()
    sealed = Seal(conversation.pk, conversation.message_key).seal(text, place=message_place(seq))
    Message.objects.create(conversation=conversation, seq=seq, sender="system", sealed_text=sealed, sent_at=now)
    Conversation.objects.filter(pk=conversation.pk).update(last_seq=seq, changed_at=now)
    return seq


# -- lost bells


def test_a_line_whose_bell_was_lost_comes_with_the_next_beat(tab, started):
    seq = added_silently(started, "a line that nobody rang for")
    beats = [tab.until("heartbeat") for _ in range(5)]
    assert [frame["seq"] for frame in tab.frames if frame["type"] == "message" and frame["sender"] == "system"] == [seq]
    assert beats[-1]["last_seq"] == seq


def test_a_state_that_changed_without_a_line_or_a_bell_comes_with_the_next_beat(tab, started):
    assert tab.until("heartbeat")["state"] == "with_bot"
    Conversation.objects.filter(pk=started.conversation_id).update(state="closed", closed_at=timezone.now())
    beats = [tab.until("heartbeat") for _ in range(5)]
    assert [frame["state"] for frame in tab.frames if frame["type"] == "state"] == ["closed"]
    assert beats[-1]["state"] == "closed"


def test_a_beat_sends_nothing_that_the_tab_has(tab, started):
    tab.line("bot")
    for _ in range(3):
        tab.until("heartbeat")
    assert "message" not in [frame["type"] for frame in tab.frames if frame.get("seq") == 1]
    assert "state" not in [frame["type"] for frame in tab.frames]


def test_a_beat_and_a_request_that_read_at_once_send_a_line_once(tab, started):
    """Both want the lines after the same number, and both reads hang at the same table."""
    head = Conversation.objects.get(pk=started.conversation_id).last_seq
    with held_table("accounts_user"):
        seq = added_silently(started, "one line")
        tab.send(type="catch_up", after=head)
        processes.wait_until(lambda: len(waiting_for("accounts_user")) > 1, seconds=2)
    tab.line("system")
    for _ in range(3):
        tab.until("heartbeat")
    assert seq not in [frame.get("seq") for frame in tab.frames if frame["type"] == "message"]


# -- the country, named again and again


def test_a_country_named_again_is_answered_and_recorded_once(tab, started):
    for country in ("AT", "AT", "DE", "DE", "AT"):
        tab.send(type="country", country=country)
        assert tab.until("country")["card"]["country"] == country
    chosen = Entry.objects.filter(action="client.country_chosen").order_by("pk").values_list("detail", flat=True)
    assert list(chosen) == ['{"country":"AT"}', '{"country":"DE"}', '{"country":"AT"}']


# -- what a socket leaves behind in its process


@pytest.fixture(scope="module", autouse=True)
def threads_of_this_process(django_db_setup, django_db_blocker):
    """The sockets of the last tests work in this process, whose threads keep their connections."""
    yield
    with django_db_blocker.unblock():
        asyncio.run(close_connections())


async def come_and_go(token):
    async with DirectSocket("/ws/chat/") as socket:
        frames = await socket.ask({"type": "hello", "token": token, "last_seq": 0})
        assert "welcome" in [frame["type"] for frame in frames]


def kept():
    layer = get_channel_layer()
    return dict(layer.channels), dict(layer.groups)


async def test_a_socket_that_ends_leaves_neither_channel_nor_group_behind(started):
    for _ in range(3):
        await come_and_go(started.token)
        assert kept() == ({}, {})


async def test_a_socket_that_rings_to_the_very_end_leaves_nothing_behind(started):
    async with DirectSocket("/ws/chat/") as socket:
        await socket.ask({"type": "hello", "token": started.token, "last_seq": 0})
        for number in range(5):
            await socket.send({"type": "typing", "ref": number})
    assert kept() == ({}, {})


async def test_without_valkey_no_queue_is_kept_of_a_socket_that_could_not_subscribe(settings, started):
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    nowhere = {**config, "hosts": ["unix:///nowhere/valkey.sock"]}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": nowhere}}
    await come_and_go(started.token)
    assert kept() == ({}, {})


async def test_a_group_that_could_not_be_joined_is_not_kept(own_valkey, settings, started):
    """Valkey goes between the channel and the group."""
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    own = {**config, "hosts": [own_valkey.url]}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": own}}
    async with DirectSocket("/ws/chat/") as socket:
        assert len(kept()[0]) == 1
        await call_domain(own_valkey.stop)
        await socket.ask({"type": "hello", "token": started.token, "last_seq": 0})
    assert kept() == ({}, {})
