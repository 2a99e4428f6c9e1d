"""Telling processes apart, ending them, and finding those that a killed supervisor left."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import home
from config.embedded import children, processes

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEPER)
    yield process
    process.kill()
    process.wait()


def test_a_process_keeps_its_birth_and_another_has_a_different_one(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.birth(sleeper.pid) == processes.birth(sleeper.pid) is not None
    assert processes.birth(sleeper.pid) != processes.birth(os.getppid())


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)  # not waited for: it stays in the table of processes
    assert processes.wait_until(lambda: processes.birth(sleeper.pid) is None, seconds=10)
    os.kill(sleeper.pid, 0)  # the number still answers, which is why it is not asked


def test_a_number_that_came_back_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.end(sleeper.pid, "another birth", steps=[(signal.SIGKILL, 1)])
    assert sleeper.poll() is None


def test_a_process_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    process = processes.spawn(DEAF, log=tmp_path / "deaf.log")
    assert processes.wait_until(lambda: "deaf" in processes.tail(tmp_path / "deaf.log"), seconds=20)
    born = processes.birth(process.pid)
    assert processes.end(process.pid, born, steps=[(signal.SIGTERM, 0.2), (signal.SIGKILL, 10)])
    assert process.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    script = (
        "import sys, time; from pathlib import Path; from config.embedded import processes\n"
        f"child = processes.spawn({SLEEPER!r}, log=Path({str(log)!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert processes.birth(child) is not None
    parent.kill()
    parent.communicate()
    assert processes.wait_until(lambda: processes.birth(child) is None, seconds=10)


def test_the_next_start_ends_what_a_killed_supervisor_left(state: Path, sleeper: subprocess.Popen[bytes]) -> None:
    home.make_home()
    entry = {"name": "worker", "pid": sleeper.pid, "born": processes.birth(sleeper.pid)}
    (home.run_dir() / "children.json").write_text(json.dumps([entry]))
    assert children.end_orphans() == ["worker"]
    assert sleeper.wait(timeout=10) == -signal.SIGTERM
    assert children.end_orphans() == [], "the record is used once"


def test_the_next_start_leaves_a_process_alone_that_only_has_the_same_number(
    state: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    home.make_home()
    entry = {"name": "worker", "pid": sleeper.pid, "born": "before the machine was restarted"}
    (home.run_dir() / "children.json").write_text(json.dumps([entry]))
    assert children.end_orphans() == []
    assert sleeper.poll() is None


@pytest.mark.parametrize("record", ["", "{", "not json"])
def test_a_damaged_record_of_children_does_not_stop_a_start(state: Path, record: str) -> None:
    home.make_home()
    (home.run_dir() / "children.json").write_text(record)
    assert children.end_orphans() == []
