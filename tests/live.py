"""The real service as processes of its own, working on this worker's test database.

Tests that use it need committed rows, so they ask for `transactional_db` as well.
"""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config import home
from config.embedded import listening, processes
from tests.servers import CHECKOUT

_READY_SECONDS = 90


class LiveProcess:
    """A part of the service that a test may kill and start again."""

    def __init__(self, argv: list[str], *, env: Mapping[str, str], log: Path, pass_fds: tuple[int, ...] = ()) -> None:
        self.log = log
        self._argv, self._env, self._fds = argv, env, pass_fds
        self.log.unlink(missing_ok=True)
        self._start()

    def _start(self) -> None:
        self._process = processes.spawn(self._argv, log=self.log, env=self._env, cwd=CHECKOUT, pass_fds=self._fds)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """As a power cut would: SIGKILL, nothing is tidied up."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it if it still runs, and start it again."""
        self.kill()
        self._start()

    def stop(self) -> None:
        """Clean stop by SIGTERM."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()

    def output(self) -> str:
        """Everything it wrote since the first start."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class LiveServer(LiveProcess):
    """uvicorn with the real application. Its socket belongs to the test, so `restart` keeps the address."""

    def __init__(self, *, env: Mapping[str, str], log: Path) -> None:
        self._socket = listening.bind("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"
        fd = self._socket.fileno()
        super().__init__(listening.uvicorn(fd), env=env, log=log, pass_fds=(fd,))
        self.wait_live()

    def wait_live(self) -> None:
        """Wait until `/health/live` answers; fails with the end of the output when the process ends instead."""
        alive = processes.wait_until(self._answers, seconds=_READY_SECONDS, give_up=lambda: not self.is_running())
        if not alive:
            self.close()
            pytest.fail(f"The service did not start. Its output:\n{processes.tail(self.log, lines=60)}")

    def restart(self) -> None:
        """Kill it if it still runs, start it again and wait until it answers."""
        super().restart()
        self.wait_live()

    def close(self) -> None:
        """Stop and give the address up."""
        self.stop()
        self._socket.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=5) as answer:  # noqa: S310 - own address
                return answer.status == 200
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


@pytest.fixture(scope="session")
def live_environment(django_db_setup: None) -> Callable[..., dict[str, str]]:
    """Environment for a process that works on this worker's test database; keywords add to it or replace."""

    def environment(**more: str) -> dict[str, str]:
        ours = {
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": home.database_url(connection.settings_dict["NAME"]),
            "REDIS_URL": settings.REDIS_URL,
            "PYTHONUNBUFFERED": "1",
        }
        return dict(os.environ) | ours | more

    return environment


@pytest.fixture(scope="session")
def asgi_server(
    live_environment: Callable[..., dict[str, str]], worker_name: str, request: pytest.FixtureRequest
) -> Iterator[LiveServer]:
    """The service over real HTTP and sockets: `.url`, `.ws_url`, `.kill()`, `.restart()`, `.output()`."""
    server = LiveServer(env=live_environment(), log=home.log_dir() / f"web-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def start_web(live_environment: Callable[..., dict[str, str]], worker_name: str) -> Iterator[Callable[..., LiveServer]]:
    """Starts a further server for one test: `start_web(REDIS_URL=own_valkey.url)`."""
    started: list[LiveServer] = []

    def start(**env: str) -> LiveServer:
        log = home.log_dir() / f"web-{worker_name}-{len(started) + 1}.log"
        started.append(LiveServer(env=live_environment(**env), log=log))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def start_worker(
    live_environment: Callable[..., dict[str, str]], worker_name: str
) -> Iterator[Callable[..., LiveProcess]]:
    """Starts a Celery worker for one test: `start_worker(REDIS_URL=own_valkey.url)`."""
    started: list[LiveProcess] = []
    argv = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "2", "-l", "info"]

    def start(**env: str) -> LiveProcess:
        log = home.log_dir() / f"worker-{worker_name}-{len(started) + 1}.log"
        started.append(LiveProcess(argv, env=live_environment(**env), log=log))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the service wrote when a test that talks to it fails."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when != "call" or not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        if isinstance(value, LiveProcess):
            report.sections.append((f"output of {name}", processes.tail(value.log, lines=40)))


# Signals that tests name when they end a process on purpose.
HARD, SOFT = signal.SIGKILL, signal.SIGTERM
