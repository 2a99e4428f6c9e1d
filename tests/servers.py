"""Pytest plugin that gives a test run its own PostgreSQL and Valkey.

Loaded by `-p tests.servers`, before Django reads its settings. The controller starts and stops the servers; xdist
workers only connect, each to its own database and Valkey database.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def _test_home() -> str:
    chosen = os.environ.get("TRIAGE_TEST_HOME")
    if chosen:
        return chosen
    # The same path at every run of this checkout, so that a server left by a killed run is found and adopted.
    digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:8]
    return f"/tmp/clinic-triage-tests-{os.geteuid()}-{digest}"


# Settings are read soon after this import; a DATABASE_URL of the developer's must never be what the tests empty.
os.environ["TRIAGE_HOME"] = _test_home()
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
for _address in ("DATABASE_URL", "REDIS_URL"):
    os.environ.pop(_address, None)

from config import home  # noqa: E402 - reads the environment set above
from config.embedded import CannotStart  # noqa: E402
from config.embedded.postgres import Postgres  # noqa: E402
from config.embedded.valkey import Valkey  # noqa: E402

_lock = pytest.StashKey[IO[str]]()
_running = pytest.StashKey[list[Postgres | Valkey]]()


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_report_header(config: pytest.Config) -> str:
    return f"servers: PostgreSQL and Valkey in {home.home()}"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before xdist starts its workers, and so before any thread: children are tied to the main thread."""
    config = session.config
    if not _is_controller(config) or config.option.collectonly:
        return
    try:
        config.stash[_lock] = _take_lock()
        config.stash[_running] = []
        for server in (Postgres(), Valkey()):
            server.start()
            config.stash[_running].append(server)
    except (CannotStart, home.HomeUnusable) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in reversed(config.stash.get(_running, [])):
        server.stop()
    if lock := config.stash.get(_lock, None):
        lock.close()


def _take_lock() -> IO[str]:
    lock = (home.make_home() / "tests.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise pytest.UsageError(
            f"Another test run uses {home.home()}. Wait for it, or set TRIAGE_TEST_HOME to another short path."
        ) from None
    return lock


@pytest.fixture
def own_valkey(worker_name: str) -> Iterator[Valkey]:
    """A Valkey that this test alone may kill (`processes.end`, `stop`) and start again."""
    server = Valkey(label=f"valkey-{worker_name}")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def worker_name() -> str:
    """`main`, or the xdist worker's name."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
