"""Starting, recognising and ending operating system processes, on Linux and macOS."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account that a child runs as when it may not run as root."""

    name: str
    uid: int
    gid: int


def never() -> bool:
    """Nobody has asked to stop."""
    return False


def birth(pid: int) -> str | None:
    """When the process began, as an opaque token; None when there is no such process or it is a zombie.

    A pid alone is not enough to signal a process by: numbers come back, most of all in containers.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in ("Z", "X") else fields[19]
    shown = subprocess.run(["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, began = shown.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def command_name(pid: int) -> str:
    """The name of the program that a process runs, "" when it is gone."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True)
    return Path(shown.stdout.strip()).name


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Iterable[int] = (),
    outlives_us: bool = False,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that writes to the end of `log`.

    It gets a session of its own, so Ctrl-C reaches the supervisor alone, which then stops its children in order.
    On Linux it ends with this process unless `outlives_us`. Call from the main thread only: the kernel ties the
    child to the thread that made it.
    """
    with _log_file(log) as output:
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if env is None else dict(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            umask=0o077,
            preexec_fn=None if outlives_us else _tie_to_parent(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
        )


def _log_file(log: Path) -> IO[bytes]:
    return open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb", buffering=0)


def _tie_to_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be loaded after it
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return tie


def end(pid: int, born: str | None, *, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn and wait its seconds; True as soon as the process born at `born` is gone."""
    for number, seconds in steps:
        if born is None or birth(pid) != born:
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: birth(pid) != born, seconds=seconds):
            return True
    return False


def wait_until(reached: Callable[[], bool], *, seconds: float, give_up: Callable[[], bool] = never) -> bool:
    """Poll until `reached`; False after `seconds` or when `give_up` says so."""
    limit = time.monotonic() + seconds
    while not reached():
        if time.monotonic() >= limit or give_up():
            return False
        time.sleep(_POLL_SECONDS)
    return True


def tail(log: Path, *, lines: int = 8) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
