"""`manage.py serve`: the whole service by one command, in the topology of production."""

import argparse
import contextlib
import ipaddress
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from kombu.exceptions import OperationalError

from config import home
from config.celery import app
from config.embedded import CannotStart, listening
from config.embedded.children import Child
from config.embedded.postgres import Postgres
from config.embedded.supervisor import Stopped, Supervisor, sign, take_home
from config.embedded.valkey import Valkey
from config.tasks import worker_heartbeat

DEFAULT_PORT = 8000
_SLOW_SECONDS = 120


class Command(BaseCommand):
    help = (
        "Start PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), the web processes, the worker "
        "and beat; restart what ends; stop everything on Ctrl-C."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, help=f"port to listen on (default {DEFAULT_PORT}, or a free one)")
        parser.add_argument("--web-processes", type=_positive, default=1, metavar="N", help="web processes (default 1)")
        parser.add_argument(
            "--demonstration",
            action=argparse.BooleanOptionalAction,
            default=None,
            help="make the demonstration clinic (default: yes, when only this machine can reach the service)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        demonstration = _demonstration_wanted(options["demonstration"], options["host"])
        try:
            with take_home() as lock, Supervisor(self._say) as supervisor:
                self._serve(supervisor, lock, demonstration, options)
        except (CannotStart, home.HomeUnusable) as error:
            raise CommandError(str(error)) from error
        except Stopped:
            pass
        self._say("serve", "stopped")

    def _serve(self, supervisor: Supervisor, lock: Any, demonstration: bool, options: dict[str, Any]) -> None:
        sockets = _listen(options["host"], options["port"], options["web_processes"])
        url = _address(options["host"], sockets[0].getsockname()[1])
        sign(lock, f"{url}, process {os.getpid()}")
        self._say("serve", f"state directory {home.home()}")
        if not os.environ.get("DATABASE_URL"):
            supervisor.start(Postgres())
        if not os.environ.get("REDIS_URL"):
            supervisor.start(Valkey())
        self._run(supervisor, "migrate", "--no-input")
        if not _is_private(options["host"]) and (slugs := _demonstration_clinics()):
            raise CannotStart(
                f"The demonstration clinic ({', '.join(slugs)}) is in this database. One password opens all its roles, "
                f"so it is not served on {options['host']}. Set TRIAGE_HOME to a fresh directory, or DATABASE_URL."
            )
        signins = self._make_demonstration(supervisor) if demonstration else ""
        for child in _children(sockets):
            supervisor.start(child)
        self._wait_ready(supervisor, url)
        self._print_addresses(url, signins)
        supervisor.run()

    def _run(self, supervisor: Supervisor, name: str, *arguments: str) -> str:
        """Run one management command as a process; returns what it printed."""
        task = Child(name, _manage(name, *arguments), cwd=settings.BASE_DIR, env=_environment())
        task.log.unlink(missing_ok=True)
        self._say(name, "running")
        began = time.monotonic()
        supervisor.run_once(task)
        self._say(name, f"done in {time.monotonic() - began:.1f} s")
        return task.log.read_text(errors="replace")

    def _make_demonstration(self, supervisor: Supervisor) -> str:
        signins = self._run(supervisor, "demonstration")
        (home.log_dir() / "demonstration.log").unlink(missing_ok=True)  # it holds the password
        return signins

    def _wait_ready(self, supervisor: Supervisor, url: str) -> None:
        began, missing, is_slow = time.monotonic(), "", False
        _ask_worker()
        while (now_missing := _missing(url)) != "":
            if now_missing != missing:
                missing = now_missing
                self._say("serve", f"waiting for {missing}")
            if not is_slow and time.monotonic() - began > _SLOW_SECONDS:
                is_slow = True
                self._say("serve", f"not ready after {_SLOW_SECONDS} s; still trying. Logs are in {home.log_dir()}")
            supervisor.look_after()
        self._say("serve", f"ready in {time.monotonic() - began:.1f} s")

    def _print_addresses(self, url: str, signins: str) -> None:
        lines = ["", f"  Desk and review   {url}/", f"  API description   {url}/api/schema"]
        lines[1:1] = [f"  Client page       {url}/c/{slug}/" for slug in _demonstration_clinics()]
        lines += ["", *(f"  {line}" for line in signins.splitlines())]
        lines += ["", f"  Logs in {home.log_dir()}. Ctrl-C stops everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def _say(self, name: str, words: str) -> None:
        # The terminal may be gone (SIGHUP); stopping cleanly matters more than saying so.
        with contextlib.suppress(OSError, ValueError):
            for line in words.splitlines():
                self.stdout.write(f"{name:<13} | {line}")
            self.stdout.flush()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _demonstration_wanted(asked: bool | None, host: str) -> bool:
    """One password opens all roles of the demonstration, so it exists only where nobody else can reach it."""
    if asked and not _is_private(host):
        raise CommandError(f"--demonstration needs an address of this machine only, not {host}: one password opens it.")
    return _is_private(host) and settings.DEMONSTRATION if asked is None else asked


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int | None, processes: int) -> list[socket.socket]:
    try:
        return listening.bind_for(processes, host=host, port=DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is not None:
            raise CannotStart(f"Cannot listen on {host}:{port}: {error.strerror}") from error
    return listening.bind_for(processes, host=host, port=0)


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _children(sockets: list[socket.socket]) -> list[Child]:
    many = len(sockets) > 1
    web = [
        _child(f"web-{number}" if many else "web", listening.uvicorn(one.fileno()), pass_fds=(one.fileno(),))
        for number, one in enumerate(sockets, start=1)
    ]
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    schedule = home.home() / "beat-schedule"
    # fmt: off
    worker = _child("worker", [
        *celery, "worker", "-P", "threads", "-c", "2", "--without-gossip", "--without-mingle", "-l", "warning",
    ])
    beat = _child("beat", [*celery, "beat", "-s", str(schedule), "--pidfile=", "-l", "warning"])
    # fmt: on
    return [*web, worker, beat]


def _child(name: str, argv: list[str], **options: Any) -> Child:
    return Child(name, argv, cwd=settings.BASE_DIR, env=_environment(), **options)


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "django", *arguments]


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONUNBUFFERED": "1"}


def _ask_worker() -> None:
    """Queue a proof of life at once instead of waiting for beat's first; beat repeats it if Valkey is away."""
    with contextlib.suppress(OperationalError), app.connection_for_write() as broker:
        worker_heartbeat.apply_async(connection=broker, retry=False)


def _missing(url: str) -> str:
    """The parts that are not ready yet, "" when all are."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=3):  # noqa: S310 - our own address
            return ""
    except urllib.error.HTTPError as error:
        try:
            parts = json.load(error)["parts"]
        except (ValueError, KeyError, TypeError):
            return f"the web process (it answers {error.code})"
        return ", ".join(name for name, state in parts.items() if state != "ok")
    except (OSError, ValueError):
        return "the web process"


def _demonstration_clinics() -> list[str]:
    from accounts.models import Clinic

    try:
        return list(Clinic.objects.filter(is_demonstration=True).values_list("slug", flat=True))
    finally:
        connection.close()
