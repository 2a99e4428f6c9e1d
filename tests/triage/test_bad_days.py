"""Bad days: Valkey was never there or hangs, the scorer or the content is broken. Nobody is left without help."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.embedded import processes
from counselling import takeovers
from tests import fakes
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab, DeskTab
from triage import assessing, clients, sockets
from triage.models import Alert, Conversation, Message, RiskAssessment

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def started(clinic):
    return clients.start(clinic=clinic, at=timezone.now())


@contextmanager
def tab_of(server, started, **more) -> Iterator[ClientTab]:
    tab = ClientTab(server, started.token, **more)
    yield tab
    tab.close()


# -- Valkey was never there, or hangs


def test_without_valkey_a_client_is_let_in_answered_and_shown_the_other_tabs_lines(start_web, started):
    web = start_web(REDIS_URL=NOWHERE)
    with tab_of(web, started) as tab, tab_of(web, started) as other:
        assert tab.until("welcome")["state"] == "with_bot"
        other.until("welcome")
        assert tab.writes("hello")["type"] == "ack"
        assert tab.line("bot", "")["content"]
        assert other.line("client")["text"] == "hello"
        assert tab.writes("please", wish="person")["type"] == "ack"
        assert other.until("state")["state"] == "waiting"
    request = urllib.request.Request(f"{web.url}/c/riverside/start", b"{}", {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - own address
        assert json.load(answer)["token"]


def test_while_valkey_hangs_clients_are_let_in_and_answered(start_web, own_valkey, started):
    web = start_web(REDIS_URL=own_valkey.url, CLIENT_HEARTBEAT_SECONDS="0.3")
    with tab_of(web, started) as tab:
        tab.until("welcome")
        os.kill(own_valkey.pid, signal.SIGSTOP)
        try:
            assert tab.writes("hello")["type"] == "ack"
            assert tab.line("bot")["content"]
            with tab_of(web, started) as late:
                assert late.line("client")["text"] == "hello"
                head = late.writes("are you there")["last_seq"]
                tab.until(lambda frame: frame["type"] == "heartbeat" and frame["last_seq"] == head)
                tab.send(type="catch_up", after=0)
                assert tab.line("client", "are you there")["seq"] <= head
        finally:
            os.kill(own_valkey.pid, signal.SIGCONT)
        assert tab.writes("still here")["type"] == "ack"


def test_when_valkey_is_back_the_tab_is_asked_to_come_back(start_web, own_valkey, started):
    own_valkey.stop()
    web = start_web(REDIS_URL=own_valkey.url)
    with tab_of(web, started) as tab:
        tab.until("welcome")
        own_valkey.start()
        assert tab.until_closed() == sockets.COME_BACK


# -- somebody holds a row and does not let go


def test_a_row_that_stays_locked_costs_its_own_conversation_only(asgi_server, clinic, started):
    """As many tabs as the service has threads wait for it; everybody else is served, and nothing is lost."""
    other = clients.start(clinic=clinic, at=timezone.now())
    tabs = [ClientTab(asgi_server, started.token) for _ in range(settings.DOMAIN_THREADS)]
    refs = [str(uuid4()) for _ in tabs]
    for tab in tabs:
        tab.until("welcome")
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=started.conversation_id)
        for tab, ref in zip(tabs, refs, strict=True):
            tab.send(type="message", client_ref=ref, text="hello")
        for tab, ref in zip(tabs, refs, strict=True):
            assert tab.until("error") | {"detail": ""} == {
                "type": "error",
                "code": "unavailable",
                "detail": "",
                "retry_after_ms": 1000,
                "client_ref": ref,
            }
        with tab_of(asgi_server, other) as tab:
            assert tab.writes("hello")["type"] == "ack"
    for tab, ref in zip(tabs, refs, strict=True):
        assert tab.writes("hello", ref=ref)["type"] == "ack"
        tab.close()
    assert Message.objects.filter(conversation_id=started.conversation_id, sender="client").count() == len(refs)


# -- the scorer is broken


def test_a_scorer_that_raises_calls_a_person_over_the_socket(start_web, started, counsellor):
    web = start_web(RISK_SCORER="tests.fakes.broken")
    desk = DeskTab(web, counsellor)
    desk.until("queue")
    with tab_of(web, started) as tab:
        assert tab.writes("the words nobody may see in a log")["type"] == "ack"
        assert tab.until(lambda frame: frame["type"] == "message" and frame["sender"] == "bot" and frame["card"])
        card = desk.card(started.conversation_id, lambda card: card["alert"] is not None)
        assert (card["state"], card["alert"]["kind"]) == ("waiting", "unscored")
    desk.close()
    assert RiskAssessment.objects.get().level == "unscored"
    assert "nobody may see" not in web.output()
    assert "scoring failed" in web.output()


def test_a_scorer_that_hangs_is_left_and_every_message_is_still_answered(start_web, started):
    web = start_web(RISK_SCORER="tests.fakes.hanging", SCORE_TIMEOUT_SECONDS="0.05")
    with tab_of(web, started) as tab:
        acks = [tab.writes(f"message {number}")["type"] for number in range(20)]
    web.kill()  # its threads would hang on for half a minute
    assert acks == ["ack"] * 20
    assert Alert.objects.get().kind == "unscored"
    assert set(RiskAssessment.objects.values_list("level", flat=True)) == {"unscored"}
    why = set(RiskAssessment.objects.values_list("model_version", flat=True))
    assert why == {"none (time-out)", "none (scorer given up after repeated hangs)"}


def test_a_scorer_that_was_only_slow_is_asked_again(settings):
    settings.RISK_SCORER, settings.SCORE_TIMEOUT_SECONDS = "tests.fakes.hanging", 0.02
    try:
        whys = [assessing.assess("hello").model_version for _ in range(17)]
    finally:
        fakes.let_go()
    assert whys[0] == "none (time-out)"
    assert whys[-1] == "none (scorer given up after repeated hangs)"
    settings.RISK_SCORER, settings.SCORE_TIMEOUT_SECONDS = "tests.fakes.marked", 5.0
    assert processes.wait_until(lambda: assessing.assess("[high] hello").level == "high", seconds=20)


# -- the content is broken


def at_position(writer, position):
    Conversation.objects.filter(pk=writer.conversation_id).update(bot_position=position)


GONE = {"flow": "no such flow", "node": "nowhere", "version": 1, "memory": {}}
UNREADABLE = [
    {},
    [],
    "somewhere",
    {"flow": 5, "node": [], "version": 1, "memory": {}},
    {"flow": "welcome", "node": "first", "version": 1, "memory": {"x": {}}},
]


@pytest.fixture
def writer(clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, Clock(timezone.now()))


def test_a_flow_that_is_no_longer_there_is_left_for_the_menu(writer):
    at_position(writer, GONE)
    turn = writer.writes("hello")
    assert turn.state == "with_bot"
    assert any(line.sender == "bot" and line.choices for line in turn.lines)


def test_from_a_flow_that_is_no_longer_there_a_risk_brings_card_and_person(writer):
    at_position(writer, GONE)
    turn = writer.writes("[high] I will end it")
    assert turn.state == "waiting"
    assert any(line.card == "crisis" for line in turn.lines)


@pytest.mark.parametrize("position", UNREADABLE, ids=str)
def test_a_bot_that_does_not_know_where_it_stands_calls_a_person(writer, position):
    at_position(writer, position)
    turn = writer.writes("hello")
    assert (turn.state, Alert.objects.get().kind) == ("waiting", "person")
    assert any(line.sender == "bot" for line in turn.lines)


@pytest.mark.parametrize("position", UNREADABLE, ids=str)
def test_a_bot_that_does_not_know_where_it_stands_still_shows_the_crisis_card(writer, position):
    at_position(writer, position)
    turn = writer.writes("[imminent] I have taken them")
    assert turn.state == "waiting"
    assert any(line.card == "crisis" for line in turn.lines)


@pytest.mark.parametrize("memory", [{"held.count": "many", "held.person": 1, "held.on_shift": 0}, {"unsure": "x"}])
def test_a_memory_of_no_use_does_not_silence_the_bot(writer, memory):
    writer.writes("I want to speak to a person please")
    at_position(writer, {"flow": "holding", "node": "person", "version": 1, "memory": memory})
    turn = writer.writes("hm")
    assert any(line.sender == "bot" for line in turn.lines)


def test_a_counsellor_can_take_over_and_hand_back_whatever_became_of_the_bot(writer, counsellor):
    at_position(writer, {})
    now = timezone.now()
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=now)
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=now)
    assert writer.conversation.state == "with_bot"
    last = Message.objects.filter(conversation_id=writer.conversation_id).latest("seq")
    assert (last.sender, bool(last.choices)) == ("bot", True)
