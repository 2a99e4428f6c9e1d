"""Keeps the parts of the service running: starts them in order, restarts what ends, stops them in reverse order."""

import contextlib
import fcntl
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from config import home
from config.embedded import CannotStart
from config.embedded.children import Child, Part, end_orphans, record_children
from config.embedded.logwatch import LogWatch
from config.embedded.restarts import Rest

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_SECONDS = 0.2


class Stopped(Exception):
    """Somebody asked to stop while the service was still starting."""


def take_home() -> IO[str]:
    """Claim the state directory for this supervisor; the claim lasts until the returned file is closed.

    Raises CannotStart when another supervisor has it.
    """
    lock = (home.make_home() / "serve.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        lock.close()
        raise CannotStart(
            f"The service already runs in {home.home()} ({holder}). Stop it first, or set TRIAGE_HOME to another "
            "directory for a second one."
        ) from None
    return lock


def sign(lock: IO[str], words: str) -> None:
    """Leave in the claimed directory who we are, for the message that a second start shows."""
    lock.truncate(0)
    lock.write(words + "\n")
    lock.flush()


class Supervisor:
    """Owns the running parts. `say(name, words)` prints one line."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say
        self._parts: list[Part] = []
        self._rests: dict[str, Rest] = {}
        self._due: dict[str, float] = {}
        self._logs: dict[str, LogWatch] = {}
        self._asked_to_stop = False
        self._stopping = False
        self._wake, self._waker = os.pipe()
        for end in (self._wake, self._waker):
            os.set_blocking(end, False)

    def __enter__(self) -> "Supervisor":
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        # Python must see that a child ended for the wake-up to happen; the loop then finds out which.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for name in end_orphans():
            self._say(name, "ended the one that a killed supervisor left behind")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_all()
        signal.set_wakeup_fd(-1)
        os.close(self._wake)
        os.close(self._waker)

    def stop_requested(self) -> bool:
        """Has SIGINT, SIGTERM or SIGHUP arrived?"""
        return self._asked_to_stop

    def start(self, part: Part) -> None:
        """Start a part and keep it running from now on. Raises CannotStart, or Stopped when asked to stop meanwhile."""
        self._raise_if_stopped()
        self._logs[part.name] = LogWatch(part.log, only_grave=part.name == "postgres")
        self._rests[part.name] = Rest()
        self._parts.append(part)
        self._launch(part)
        self._raise_if_stopped()

    def run_once(self, task: Child) -> None:
        """Run a process to its end beside the parts. Raises CannotStart when it fails, Stopped when asked to stop."""
        self._raise_if_stopped()
        before = task.log.stat().st_size if task.log.exists() else 0
        task.start()
        try:
            while task.is_running():
                self.look_after()
        finally:
            task.stop()
        if task.exit_code:
            raise CannotStart(f"{task.name} failed:\n{_since(task.log, before)}")

    def look_after(self) -> None:
        """One round: restart what ended and is due, show errors out of the logs, then wait for the next event.

        Raises Stopped when asked to stop.
        """
        for part in self._parts:
            if part.name in self._due:
                if time.monotonic() >= self._due[part.name]:
                    self._restart(part)
            elif not part.is_running():
                self._schedule(part)
            for line in self._logs[part.name].new_errors():
                self._say(part.name, line)
        self._raise_if_stopped()
        self._sleep()
        self._raise_if_stopped()

    def run(self) -> None:
        """Look after the parts until asked to stop."""
        try:
            while True:
                self.look_after()
        except Stopped:
            return

    def _launch(self, part: Part) -> None:
        self._rests[part.name].began(at=time.monotonic())
        self._say(part.name, part.start(self.stop_requested))
        record_children(one for one in self._parts if isinstance(one, Child))

    def _schedule(self, part: Part) -> None:
        wait = self._rests[part.name].ended(at=time.monotonic())
        self._due[part.name] = time.monotonic() + wait
        self._say(part.name, f"ended unexpectedly{_how(part)}; starting again in {wait:g} s (log: {part.log})")

    def _restart(self, part: Part) -> None:
        del self._due[part.name]
        try:
            self._launch(part)
        except CannotStart as error:
            self._say(part.name, str(error))  # the next round sees that it does not run, and waits longer

    def _stop_all(self) -> None:
        self._stopping = True
        for part in reversed(self._parts):
            if part.is_running():
                self._say(part.name, "stopping")
            try:
                part.stop()
            except Exception as error:  # one part that will not end must not keep the others from ending cleanly
                self._say(part.name, f"did not stop cleanly: {error}")
        record_children([])

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked_to_stop:
            # Not by `say`: the handler may have interrupted it in the middle of a line.
            with contextlib.suppress(OSError):
                os.write(2, b"serve         | already stopping, one moment\n")
        self._asked_to_stop = True

    def _raise_if_stopped(self) -> None:
        if self._asked_to_stop and not self._stopping:
            raise Stopped

    def _sleep(self) -> None:
        select.select([self._wake], [], [], _LOOK_SECONDS)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake, 512):
                pass


def _how(part: Part) -> str:
    code = getattr(part, "exit_code", None)
    if code is None:
        return ""
    return f" (signal {-code})" if code < 0 else f" (exit status {code})"


def _since(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return "\n".join(file.read().decode(errors="replace").splitlines()[-12:])
