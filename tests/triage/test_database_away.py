"""PostgreSQL stops under clients who write and staff who watch: they are told, they come back, nothing is lost."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from websockets.exceptions import InvalidStatus

from config import home
from config.embedded.postgres import Postgres
from tests.live import LiveServer
from tests.servers import CHECKOUT
from tests.stubborn import StubbornPage
from tests.tabs import ClientTab, Tab


def sends_until_taken(tab, text, *, ref, **more):
    """As the page does: the same message again after the pause that the service asks for. Returns all answers."""
    answers = []
    while not answers or answers[-1]["type"] == "error":
        answers.append(tab.writes(text, ref=ref, **more))
        time.sleep(answers[-1].get("retry_after_ms", 0) / 1000)
    return answers


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
        env = self._environment(DATABASE_URL=self.url, TRIAGE_HOME=str(self._folder))
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


def comes_back(server, token):
    """A tab as the page opens it: it says hello until it is welcome."""
    tab = ClientTab(server, token)
    while tab.until(lambda frame: frame["type"] in ("welcome", "error"))["type"] == "error":
        tab.send(type="hello", token=token, last_seq=0)
    return tab


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


def test_after_a_restart_of_the_database_one_refusal_is_enough(own_database, lakeside):
    """Each thread of the service holds a connection of its own, and all of them are dead."""
    tabs = [comes_back(lakeside, a_lakeside_client(lakeside)["token"]) for _ in range(12)]
    with ThreadPoolExecutor(len(tabs)) as pool:
        assert {answer["type"] for answer in pool.map(lambda tab: tab.writes("hello"), tabs)} == {"ack"}
        own_database.stop()
        own_database.start()
        sends_until_taken(tabs[0], "are you there", ref=str(uuid4()))
        assert {answer["type"] for answer in pool.map(lambda tab: tab.writes("and now"), tabs)} == {"ack"}
    for tab in tabs:
        tab.close()


def a_lakeside_desk(own_database):
    """The session key of a counsellor there, made by a process of that service."""
    code = (
        "from tests.people import make_member, session_of; from accounts.models import Clinic; "
        "print(session_of(make_member(Clinic.objects.get(), 'counsellor', 'Counsellor One')))"
    )
    return own_database.manage("shell", "-c", code).split()[-1]


def test_an_open_desk_is_told_that_the_database_is_away_and_then_sees_what_came(own_database, lakeside):
    started = a_lakeside_client(lakeside)
    headers = {"Cookie": f"staff_session={a_lakeside_desk(own_database)}"}
    desk = Tab(f"{lakeside.ws_url}/ws/desk/", origin=lakeside.url, additional_headers=headers)
    desk.send(type="hello")
    desk.until("queue")
    own_database.stop()
    desk.send(type="shift", on=True, ref="while away")
    answer = desk.until(lambda frame: frame.get("ref") == "while away")
    assert (answer["code"], answer["retry_after_ms"] > 0) == ("unavailable", True)
    with pytest.raises(InvalidStatus):
        Tab(f"{lakeside.ws_url}/ws/desk/", origin=lakeside.url, additional_headers=headers)
    own_database.start()
    tab = comes_back(lakeside, started["token"])
    assert sends_until_taken(tab, "please", ref=str(uuid4()), wish="person")[-1]["type"] == "ack"
    desk.until(
        lambda frame: (
            frame["type"] == "queue"
            and any(card["id"] == started["conversation"] and card["alert"] for card in frame["conversations"])
        )
    )
    desk.send(type="shift", on=True, ref="afterwards")
    assert desk.until(lambda frame: frame.get("ref") == "afterwards")["type"] == "done"
    tab.close()
    desk.close()
