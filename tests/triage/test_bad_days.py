"""Bad days: the database goes away, Valkey was never there, the scorer or the content is broken. Nothing is lost."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.utils import timezone

from config import home
from config.embedded import processes
from config.embedded.postgres import Postgres
from counselling import takeovers
from tests import fakes
from tests.live import LiveServer
from tests.servers import CHECKOUT
from tests.stories import Clock, a_client_starts
from tests.stubborn import StubbornPage
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


def sends_until_taken(tab, text, *, ref):
    """As the page does: the same message again after the pause that the service asks for. Returns all answers."""
    answers = []
    while not answers or answers[-1]["type"] == "error":
        answers.append(tab.writes(text, ref=ref))
        time.sleep(answers[-1].get("retry_after_ms", 0) / 1000)
    return answers


# -- PostgreSQL is away


class OwnDatabase:
    """A PostgreSQL of this module's own, with one clinic in it, that tests may stop and start."""

    def __init__(self, folder, environment) -> None:
        self._folder, self._environment = folder, environment
        with self._home():
            self._server = Postgres()
            self.url = home.database_url()
        self.start()
        self.manage("migrate", "--verbosity", "0")
        self.manage("add_clinic", "--name", "Lakeside", "--slug", "lakeside")

    @contextmanager
    def _home(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRIAGE_HOME", str(self._folder))
            yield

    def start(self) -> None:
        with self._home():
            self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def manage(self, *command: str) -> str:
        env = self._environment(DATABASE_URL=self.url)
        argv = [sys.executable, "manage.py", *command]
        return subprocess.run(argv, env=env, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="module")
def own_database(live_environment):
    folder = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    database = OwnDatabase(folder, live_environment)
    yield database
    database.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def lakeside(own_database, live_environment, worker_name):
    """The service on that database."""
    env = live_environment(DATABASE_URL=own_database.url, CLIENT_HEARTBEAT_SECONDS="0.3")
    server = LiveServer(env=env, log=home.log_dir() / f"lakeside-{worker_name}.log")
    yield server
    server.close()


def asks(url, body=None):
    """An HTTP request; returns status and JSON, whatever the status."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - own address
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def a_lakeside_client(lakeside):
    status, started = asks(f"{lakeside.url}/c/lakeside/start", {})
    assert status == 201
    return started


def test_while_the_database_is_away_the_client_is_told_and_the_resent_message_is_stored_once(own_database, lakeside):
    started = a_lakeside_client(lakeside)
    tab = ClientTab(lakeside, started["token"])
    assert tab.writes("hello")["type"] == "ack"
    own_database.stop()
    ref = str(uuid4())
    answer = tab.writes("are you there", ref=ref)
    assert (answer["type"], answer["code"], answer["client_ref"]) == ("error", "unavailable", ref)
    assert answer["retry_after_ms"] > 0
    assert asks(f"{lakeside.url}/health/live") == (200, {"status": "alive"})
    status, health = asks(f"{lakeside.url}/health/ready")
    assert (status, health["parts"]["database"]) == (503, "failed: OperationalError")
    late = ClientTab(lakeside, started["token"])
    assert late.until("error")["code"] == "unavailable"
    own_database.start()
    assert sends_until_taken(tab, "are you there", ref=ref)[-1]["type"] == "ack"
    late.send(type="hello", token=started["token"], last_seq=0)
    assert late.until("welcome")["conversation"] == started["conversation"]
    assert late.line("client", "are you there")["client_ref"] == ref
    assert own_database.rows("SELECT count(*) FROM triage_message WHERE client_ref = %s", ref) == [(1,)]
    tab.close()
    late.close()


def test_a_page_that_writes_on_while_the_database_stops_twice_loses_and_doubles_nothing(own_database, lakeside):
    started = a_lakeside_client(lakeside)
    page = StubbornPage(f"{lakeside.ws_url}/ws/chat/", started["token"])
    texts = [f"message {number}" for number in range(30)]
    taken = asyncio.Event()

    async def between():
        taken.set()

    async def outages():
        for _ in range(2):
            taken.clear()
            await taken.wait()
            await asyncio.to_thread(own_database.stop)
            await asyncio.to_thread(own_database.start)

    async def story():
        await asyncio.wait_for(asyncio.gather(page.send_all(texts, between=between), outages()), timeout=120)

    asyncio.run(story())
    rows = own_database.rows(
        "SELECT seq, client_ref::text FROM triage_message WHERE conversation_id = %s ORDER BY seq",
        started["conversation"],
    )
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    assert {ref: seq for seq, ref in rows if ref} == page.acknowledged
    assert len(page.acknowledged) == len(texts)
    assert page.doubled == []
    assert json.loads(own_database.manage("verify_audit_trail", "--json"))["intact"] is True


def test_an_idle_socket_outlives_the_database_and_goes_on(own_database, lakeside):
    started = a_lakeside_client(lakeside)
    tab = ClientTab(lakeside, started["token"])
    tab.until("heartbeat")
    own_database.stop()
    own_database.start()
    beat = tab.until("heartbeat")
    assert beat["last_seq"] >= 1
    assert sends_until_taken(tab, "still here", ref=str(uuid4()))[-1]["type"] == "ack"
    tab.close()


# -- Valkey was never there


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
    status, body = asks(f"{web.url}/c/riverside/start", {})
    assert (status, bool(body["token"])) == (201, True)


def test_when_valkey_is_back_the_tab_is_asked_to_come_back(start_web, own_valkey, started):
    own_valkey.stop()
    web = start_web(REDIS_URL=own_valkey.url)
    with tab_of(web, started) as tab:
        tab.until("welcome")
        own_valkey.start()
        assert tab.until_closed() == sockets.COME_BACK


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
