"""The stage of a benchmark: PostgreSQL, Valkey and web processes of its own in a throw-away home."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Stage:
    """Services that run until the block is left."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # Limits that protect people from scripts would measure themselves here.
        self.env = os.environ | {
            "TRIAGE_HOME": str(home),
            "CLIENT_FRAMES_PER_SECOND": "100000",
            "CLIENT_FRAMES_BURST": "100000",
            "CLIENT_STARTS_PER_MINUTE": "1000000",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self.env.pop(name, None)

    def manage(self, *arguments: str, settings: str = "config.settings.local") -> str:
        """Run a management command and return what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        env = self.env | {"DJANGO_SETTINGS_MODULE": settings}
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True, cwd=ROOT).stdout

    @contextlib.contextmanager
    def web(self, application: str, settings: str, processes: int) -> Iterator[tuple[int, list[int]]]:
        """Serve `application` by uvicorn in `processes` processes, as `serve` does; yields the port and their ids."""
        from config.embedded import listening

        sockets = listening.bind_for(processes, host="127.0.0.1", port=0)
        port = sockets[0].getsockname()[1]
        env = self.env | {"DJANGO_SETTINGS_MODULE": settings}
        with (self.home / "web.log").open("ab") as log:
            children = [
                subprocess.Popen(
                    listening.uvicorn(one.fileno(), application), env=env, pass_fds=[one.fileno()], cwd=ROOT, stderr=log
                )
                for one in sockets
            ]
            try:
                _wait_for(f"http://127.0.0.1:{port}/health/live", processes)
                yield port, [child.pid for child in children]
            finally:
                _end(children)
                for one in sockets:
                    one.close()


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()


def _wait_for(address: str, processes: int) -> None:
    """Wait until the server answers; several times, so that each process has most likely had its turn."""
    answers, until = 0, time.monotonic() + 60
    while answers < 8 * processes:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own http address
                answers += 1
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """An empty PostgreSQL and Valkey; whoever measures migrates and makes what it needs."""
    with tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as folder:  # noqa: S108 - short path for Unix sockets
        home = Path(folder)
        home.chmod(0o711)
        os.environ["TRIAGE_HOME"] = folder
        from config.embedded.postgres import Postgres
        from config.embedded.valkey import Valkey
        from config.home import make_home

        make_home()
        postgres, valkey = Postgres(), Valkey()
        postgres.start()
        valkey.start()
        try:
            yield Stage(home)
        finally:
            valkey.stop()
            postgres.stop()


def service_pids(home: Path) -> tuple[list[int], list[int]]:
    """The process ids of PostgreSQL (with its children) and of Valkey that belong to `home`."""
    postmaster = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    postgres, valkey = [postmaster], []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            command = (entry / "cmdline").read_text()
            if int(fields[1]) == postmaster:
                postgres.append(int(entry.name))
            if "valkey-server" in command and str(home) in command:
                valkey.append(int(entry.name))
    return postgres, valkey
