"""A child process of the supervisor, and the record that lets the next supervisor find those a killed one left."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from config import home
from config.embedded import CannotStart, processes
from config.embedded.processes import never


class Part(Protocol):
    """What the supervisor keeps running."""

    name: str
    log: Path
    pid: int

    def start(self, give_up: Callable[[], bool] = never) -> str:
        """Start it and say how; raises CannotStart."""

    def is_running(self) -> bool:
        """Is it alive?"""

    def stop(self) -> None:
        """End it cleanly, or by force when it does not listen. Does nothing when it is not running."""


class Child:
    """One process that is a child of ours and ends with us."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
        stop_seconds: float = 15,
    ) -> None:
        self.name = name
        self.log = home.log_dir() / f"{name}.log"
        self.pid = 0
        self._argv, self._cwd, self._env, self._fds = argv, cwd, env, pass_fds
        self._stop_seconds = stop_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, give_up: Callable[[], bool] = never) -> str:
        """Start the process; it may need a while until it works."""
        try:
            self._process = processes.spawn(self._argv, log=self.log, env=self._env, cwd=self._cwd, pass_fds=self._fds)
        except OSError as error:
            raise CannotStart(f"{self.name}: {error.strerror or error}") from error
        self.pid = self._process.pid
        return f"started (pid {self.pid})"

    def is_running(self) -> bool:
        """Is the process alive?"""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Its exit status, negative for a signal, None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it has not ended in time."""
        if self._process is None:
            return
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(timeout=self._stop_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def record_children(children: Iterable[Part]) -> None:
    """Note who runs, so that the next start can end what a killed supervisor left behind."""
    known = [{"name": part.name, "pid": part.pid, "born": processes.birth(part.pid)} for part in children if part.pid]
    draft = _record_file().with_suffix(".draft")
    draft.write_text(json.dumps(known))
    os.replace(draft, _record_file())


def end_orphans() -> list[str]:
    """End the recorded children of a supervisor that was killed; returns their names.

    On Linux they have ended with it. A number that meanwhile names another process is left alone.
    """
    try:
        known = json.loads(_record_file().read_text())
    except (OSError, ValueError):
        return []
    ended = []
    for entry in known:
        if entry["born"] is not None and processes.birth(entry["pid"]) == entry["born"]:
            processes.end(entry["pid"], entry["born"], steps=[(signal.SIGTERM, 15), (signal.SIGKILL, 5)])
            ended.append(entry["name"])
    _record_file().unlink(missing_ok=True)
    return ended


def _record_file() -> Path:
    return home.run_dir() / "children.json"
