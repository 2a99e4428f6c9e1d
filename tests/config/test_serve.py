"""`manage.py serve` as a person runs it: it comes up, survives killing, refuses a second, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import processes
from tests.servers import CHECKOUT

pytestmark = pytest.mark.xdist_group("embedded")

CHILDREN = ("web", "worker", "beat", "valkey", "postgres")
_UP_SECONDS = 120


class Serve:
    """One `manage.py serve` and what it printed."""

    def __init__(self, state: Path, *options: str) -> None:
        self.output_file = state / "output.txt"
        self.output_file.unlink(missing_ok=True)
        env = dict(os.environ) | {"TRIAGE_HOME": str(state), "DJANGO_SETTINGS_MODULE": "config.settings.local"}
        argv = [sys.executable, "manage.py", "serve", "--port", "0", *(options or ["--no-demonstration"])]
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                argv, cwd=CHECKOUT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def wait_for(self, words: str, *, times: int = 1) -> None:
        shown = processes.wait_until(
            lambda: len(re.findall(words, self.output)) >= times,
            seconds=_UP_SECONDS,
            give_up=lambda: self.process.poll() is not None,
        )
        assert shown or len(re.findall(words, self.output)) >= times, self.output

    def pid(self, name: str) -> int:
        """The number that it printed last for a child."""
        return int(re.findall(rf"^{name} +\| (?:started|adopted) \(pid (\d+)\)", self.output, re.MULTILINE)[-1])

    def address(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.output)
        assert found, self.output
        return found[0]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.address() + "/health/ready", timeout=10) as answer:  # noqa: S310 - own
                return answer.status == 200
        except OSError:
            return False

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@pytest.fixture
def serve(state: Path) -> Iterator[Serve]:
    running = Serve(state)
    running.wait_for("Ctrl-C stops everything")
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


def test_every_child_comes_back_after_kill_9_and_ctrl_c_leaves_nothing(serve: Serve, state: Path) -> None:
    assert serve.is_ready()
    killed = {name: serve.pid(name) for name in CHILDREN}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    for name in CHILDREN:
        serve.wait_for(rf"{name} +\| ended unexpectedly.*starting again in")
        serve.wait_for(rf"{name} +\| (started|adopted)", times=2)
    assert processes.wait_until(serve.is_ready, seconds=60), serve.output
    now = {name: serve.pid(name) for name in CHILDREN}
    assert not set(now.values()) & set(killed.values())

    serve.process.send_signal(signal.SIGINT)
    assert serve.end(signal.SIGINT) == 0, "a second Ctrl-C does not break the clean stop"
    assert "Traceback" not in serve.output
    assert [name for name, pid in now.items() if processes.birth(pid)] == []
    stopped = re.findall(r"^([\w-]+) +\| stopping", serve.output, re.MULTILINE)
    assert stopped == ["beat", "worker", "web", "valkey", "postgres"]
    assert "database system is shut down" in processes.tail(state / "log" / "postgres.log")


def test_a_second_serve_on_the_same_state_is_told_who_runs(serve: Serve, state: Path) -> None:
    env = dict(os.environ) | {"TRIAGE_HOME": str(state), "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    second = subprocess.run(
        [sys.executable, "manage.py", "serve"], cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert f"already runs in {state}" in second.stderr
    assert serve.address() in second.stderr
    assert "Traceback" not in second.stderr
    assert serve.is_ready()

    # With a state of its own it may run, but a port asked for by number is not silently changed.
    port = serve.address().rpartition(":")[2]
    (state / "other").mkdir()
    third = Serve(state / "other", "--port", port)
    assert third.process.wait(timeout=60) == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in third.output


def test_the_next_serve_takes_over_after_kill_9_of_the_supervisor(serve: Serve, state: Path) -> None:
    database = serve.pid("postgres")
    serve.process.kill()
    serve.process.wait()
    following = Serve(state)
    following.wait_for("Ctrl-C stops everything")
    assert following.pid("postgres") == database
    assert "adopted" in following.output
    for name in ("web", "worker", "beat"):
        assert processes.birth(serve_pid := following.pid(name)), (name, serve_pid)
    assert following.end(signal.SIGHUP) == 0
    assert processes.birth(database) is None


def test_asked_to_stop_while_starting_it_stops(state: Path) -> None:
    early = Serve(state)
    early.wait_for(r"migrate +\| running")
    assert early.end(signal.SIGTERM) == 0
    assert "Traceback" not in early.output
    assert processes.birth(early.pid("postgres")) is None


def test_the_demonstration_is_printed_works_and_stays_on_this_machine(state: Path) -> None:
    for _ in range(2):  # the second start prints the same sign-ins
        running = Serve(state, "--demonstration")
        running.wait_for("Ctrl-C stops everything")
        signins = re.findall(r"^  (\w+ +\S+@demonstration\.invalid +\S+)$", running.output, re.MULTILINE)
        assert len(signins) >= 4
        addresses = re.findall(r"^  [A-Z].* (http://\S+)$", running.output, re.MULTILINE)
        assert len(addresses) == 3
        for address in addresses:
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own address
                assert answer.status == 200, address
        assert running.end(signal.SIGINT) == 0
    password = signins[0].split()[-1]
    assert [log for log in (state / "log").iterdir() if password in log.read_text(errors="replace")] == []

    open_to_all = Serve(state, "--host", "0.0.0.0")  # noqa: S104 - it must be refused
    assert open_to_all.process.wait(timeout=60) == 1
    assert "it is not served on 0.0.0.0" in open_to_all.output


def test_a_demonstration_is_refused_where_others_can_reach_it(state: Path) -> None:
    open_to_all = Serve(state, "--demonstration", "--host", "0.0.0.0")  # noqa: S104 - it must be refused
    assert open_to_all.process.wait(timeout=60) == 1
    assert "one password opens" in open_to_all.output
    assert not (state / "postgres").exists()
