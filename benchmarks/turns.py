"""`make bench`: what a full turn costs beside the bare pipeline, in one run on one machine.

Closed loop: each client sends its next message when the last one is acknowledged (bare: when its own published copy
arrives). Every conversation has one observer, a second socket of the same client.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import uvloop

from benchmarks.lean_client import LeanSocket, cpu_seconds, fdatasync_rate, percentile, resident_mb
from benchmarks.stage import Stage, service_pids, stage

EVERYDAY = [
    "I had a long day at work and my head is still spinning",
    "the kids are finally asleep and I am just sitting here",
    "not much to say, a bit tired",
    "we argued about money again and I could not sleep afterwards",
    "my exam is on Thursday and I keep going over the same page",
    "it rained all day, I stayed in and read",
    "thanks, that was nice of you to say",
    "I miss my old flat, the new one is so loud",
]
RISKY = "I want to kill myself tonight, I have the pills here"


@dataclass
class Run:
    """What one closed loop measured."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    observed: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def text(self) -> str:
        p50, p99 = (percentile(self.latencies, share) * 1000 for share in (0.5, 0.99))
        return f"{self.rate:7.0f}/s  p50 {p50:7.1f} ms  p99 {p99:7.1f} ms"


class Talker:
    """One conversation: the sender's socket and the observer's."""

    def __init__(self) -> None:
        self.run = Run()
        self._arrived: asyncio.Future[None] | None = None
        self._ref = ""

    async def connect(self, port: int, path: str, hello: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        self.ready = [loop.create_future(), loop.create_future()]
        self.sender = await LeanSocket.connect(port, path, lambda frame: self._sent(frame, 0))
        self.observer = await LeanSocket.connect(port, path, lambda frame: self._seen(frame, 1))
        for socket in (self.sender, self.observer):
            socket.send(hello)
        await asyncio.wait_for(asyncio.gather(*self.ready), 60)

    def _welcome(self, frame: dict[str, Any], which: int) -> None:
        if frame["type"] == "welcome" and not self.ready[which].done():
            self.ready[which].set_result(None)

    def _sent(self, frame: dict[str, Any], which: int) -> None:
        self._welcome(frame, which)
        if frame["type"] == "error":
            raise RuntimeError(f"refused: {frame['code']}")
        if frame.get("client_ref") == self._ref and self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _seen(self, frame: dict[str, Any], which: int) -> None:
        self._welcome(frame, which)
        if frame["type"] == "message" and frame.get("client_ref"):
            self.run.observed += 1

    async def talk(self, until: float, *, count: bool) -> None:
        """Send one message after the other until the time is up."""
        while time.perf_counter() < until:
            await self.say(random.choice(EVERYDAY), count=count)

    async def say(self, text: str, *, count: bool = True) -> float:
        """Send one message and wait for its acknowledgement; returns the seconds it took."""
        self._ref = str(uuid4())
        self._arrived = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.sender.send({"type": "message", "client_ref": self._ref, "text": text})
        await asyncio.wait_for(self._arrived, 60)
        took = time.perf_counter() - began
        if count:
            self.run.latencies.append(took)
        return took

    def hang_up(self) -> None:
        self.sender.close()
        self.observer.close()


@dataclass
class Service:
    """One running pipeline that talkers can talk to."""

    port: int
    path: str
    pids: list[int]
    home: Any
    hello: Callable[[], Awaitable[dict[str, Any]]]

    async def talkers(self, count: int) -> list[Talker]:
        talkers = [Talker() for _ in range(count)]
        for talker in talkers:
            await talker.connect(self.port, self.path, await self.hello())
        return talkers


def post(port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own http address
        f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own http address
        return dict(json.load(response))


async def closed_loop(service: Service, clients: int, seconds: float) -> tuple[Run, str]:
    """All clients talk at once; returns what they measured and the CPU time a turn of each part."""
    talkers = await service.talkers(clients)
    await asyncio.gather(*(talker.talk(time.perf_counter() + 1.5, count=False) for talker in talkers))
    for talker in talkers:
        talker.run.observed = 0
    postgres, valkey = service_pids(service.home)
    before = [cpu_seconds(pids) for pids in (service.pids, postgres, valkey)]
    began = time.perf_counter()
    await asyncio.gather(*(talker.talk(began + seconds, count=True) for talker in talkers))
    total = Run(time.perf_counter() - began)
    after = [cpu_seconds(pids) for pids in (service.pids, postgres, valkey)]
    for talker in talkers:
        total.latencies += talker.run.latencies
        talker.hang_up()
    turns = max(1, len(total.latencies))
    web, database, layer = ((b - a) * 1000 / turns for a, b in zip(before, after, strict=True))
    return total, f"CPU a turn: web {web:.2f} ms, PostgreSQL {database:.2f} ms, Valkey {layer:.2f} ms"


async def along_a_conversation(service: Service) -> str:
    """The cost of a turn early and late in one conversation."""
    [talker] = await service.talkers(1)
    times = [await talker.say(random.choice(EVERYDAY)) for _ in range(1010)]
    talker.hang_up()
    early, late = (statistics.median(times[a : a + 20]) * 1000 for a in (5, 985))
    return f"turn at message 10: median {early:.1f} ms; at message 1,000: {late:.1f} ms; ratio {late / early:.2f}"


async def idle_memory(service: Service, sockets: int) -> str:
    """Resident memory that idle client sockets add."""
    before = resident_mb(service.pids)
    open_sockets = []
    for _ in range(sockets):
        socket = await LeanSocket.connect(service.port, service.path, lambda frame: None)
        socket.send(await service.hello())
        open_sockets.append(socket)
    await asyncio.sleep(3)
    after = resident_mb(service.pids)
    for socket in open_sockets:
        socket.close()
    return f"{(after - before) * 1000 / sockets:.0f} MB per 1,000 idle sockets ({before:.0f} MB before)"


async def alert_latency(service: Service, cookie: str, *, rate: float, seconds: float) -> str:
    """From a risky message to its alert in a desk's queue frame, while everyday turns go on at `rate` a second."""
    waiting: dict[str, float] = {}
    delays: list[float] = []

    def on_frame(frame: dict[str, Any]) -> None:
        if frame["type"] != "queue":
            return
        now = time.perf_counter()
        for card in frame["conversations"]:
            if card["alert"] and card["id"] in waiting:
                delays.append(now - waiting.pop(card["id"]))

    headers = f"Cookie: {cookie}\r\nOrigin: http://127.0.0.1:{service.port}\r\n"
    desk = await LeanSocket.connect(service.port, "/ws/desk/", on_frame, headers=headers)
    desk.send({"type": "hello"})
    everyday = await service.talkers(25)
    risky = []
    for _ in range(int(seconds * 2)):
        hello = await service.hello()
        talker = Talker()
        await talker.connect(service.port, service.path, hello)
        risky.append((talker, hello["conversation"]))
    turns = [0]

    async def chatter() -> None:
        until = time.perf_counter() + seconds + 1
        while time.perf_counter() < until:
            asyncio.ensure_future(random.choice(everyday).say(random.choice(EVERYDAY), count=False))
            turns[0] += 1
            await asyncio.sleep(1 / rate)

    async def alarms() -> None:
        for talker, conversation in risky:
            waiting[conversation] = time.perf_counter()
            asyncio.ensure_future(talker.say(RISKY, count=False))
            await asyncio.sleep(0.5)

    began = time.perf_counter()
    await asyncio.gather(chatter(), alarms())
    reached = turns[0] / (time.perf_counter() - began)
    await asyncio.sleep(3)
    desk.close()
    p50, p99 = (percentile(delays, share) * 1000 for share in (0.5, 0.99))
    return (
        f"risky message to desk frame at {reached:.0f} turns/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
        f"{len(delays)} of {len(risky)} alerts seen"
    )


async def full_service(port: int, pids: list[int], home: Any) -> Service:
    async def hello() -> dict[str, Any]:
        started = await asyncio.to_thread(post, port, "/c/demonstration/start", {"rehearsal": True})
        return {
            "type": "hello",
            "token": started["token"],
            "last_seq": 0,
            "conversation": started["conversation"],
        }

    return Service(port, "/ws/chat/", pids, home, hello)


async def bare_service(port: int, pids: list[int], home: Any, places: list[int]) -> Service:
    async def hello() -> dict[str, Any]:
        return {"type": "hello", "conversation": places.pop()}

    return Service(port, "/ws/bare/", pids, home, hello)


BARE_TABLES = """
from django.db import connection
from benchmarks.bare.models import BareConversation, BareMessage
with connection.schema_editor() as editor:
    editor.create_model(BareConversation); editor.create_model(BareMessage)
rows = BareConversation.objects.bulk_create([BareConversation() for _ in range(4000)])
"""

STAFF_SESSION = """
import time
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import Membership
member = Membership.objects.filter(role="counsellor").first()
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(member.user_id)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
session["membership"] = str(member.pk)
session["signed_in_at"] = session["seen_at"] = time.time()
session.create()
print("COOKIE", f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
"""


def measure(on: Stage, options: argparse.Namespace) -> None:
    """Bare and full in turn at each number of clients, then what only the full service has."""
    places = list(range(1, 4001))
    for processes in options.processes:
        print(f"\n## {processes} web process{'es' if processes > 1 else ''}")
        bare_rates: dict[int, float] = {}
        with on.web("benchmarks.bare.asgi:application", "benchmarks.bare.settings", processes) as (port, pids):
            for clients in options.clients:
                service = uvloop.run(bare_service(port, pids, on.home, places))
                run, cpu = uvloop.run(closed_loop(service, clients, options.seconds))
                bare_rates[clients] = run.rate
                print(f"bare {clients:4} clients {run.text()}   {cpu}")
        with on.web("config.asgi:application", "config.settings.local", processes) as (port, pids):
            service = uvloop.run(full_service(port, pids, on.home))
            for clients in options.clients:
                run, cpu = uvloop.run(closed_loop(service, clients, options.seconds))
                ratio = run.rate / bare_rates[clients]
                print(f"full {clients:4} clients {run.text()}   {cpu}   full/bare {ratio:.2f}")
            if processes == max(options.processes):
                cookie = on.manage("shell", "-v0", "-c", STAFF_SESSION).split("COOKIE ")[1].strip()
                print(uvloop.run(alert_latency(service, cookie, rate=50, seconds=options.seconds * 2)))
                print(uvloop.run(along_a_conversation(service)))
                print(uvloop.run(idle_memory(service, options.idle)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--idle", type=int, default=1000)
    options = parser.parse_args()
    with stage() as on:
        print(f"fdatasync: {fdatasync_rate(str(on.home)):.0f} a second")
        on.manage("migrate", "-v0")
        on.manage("demonstration")
        on.manage("shell", "-v0", "-c", BARE_TABLES, settings="benchmarks.bare.settings")
        measure(on, options)
        print(f"fdatasync afterwards: {fdatasync_rate(str(on.home)):.0f} a second")


if __name__ == "__main__":
    main()
