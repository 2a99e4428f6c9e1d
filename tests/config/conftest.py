"""A state directory for one test, short enough for sockets and reachable for PostgreSQL's account."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import processes


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh TRIAGE_HOME. Whatever a failed test left running in it is ended before it is removed."""
    folder = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    monkeypatch.setenv("TRIAGE_HOME", str(folder))
    yield folder
    for pid in _left_running(folder):
        processes.end(pid, processes.birth(pid), steps=[(signal.SIGINT, 20), (signal.SIGKILL, 5)])
    shutil.rmtree(folder, ignore_errors=True)


def _left_running(folder: Path) -> list[int]:
    """A supervisor first, since it would start the server again, then the server."""
    found = []
    for path, place in ((folder / "serve.lock", -1), (folder / "postgres" / "postmaster.pid", 0)):
        words = path.read_text().split() if path.exists() else []
        found += [int(words[place])] if words else []
    return [pid for pid in found if str(folder) in _environment_or_command(pid)]


def _environment_or_command(pid: int) -> str:
    try:
        return "".join(Path(f"/proc/{pid}/{name}").read_text(errors="replace") for name in ("environ", "cmdline"))
    except OSError:
        return ""
