"""Playing written conversations as clients over the real socket of a running service, and telling what came back."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

_ANSWER_WITHIN = 30.0
_TRIES = 5


class ServiceUnreachable(Exception):
    """The service does not answer at the address, or does not let a rehearsal in."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One line of a script: what a client says next in a conversation."""

    number: int
    conversation: str
    text: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a script that could not be read, and why."""

    number: int
    reason: str


@dataclass(slots=True)
class Played:
    """What came back for one line. `level`, `alert_open` and `state` are what staff see; a real client never does."""

    line: int
    conversation: str
    n: int
    text: str
    level: str = ""
    alert_open: bool = False
    state: str = ""
    replies: list[dict[str, str]] = field(default_factory=list)
    ms: float = 0.0
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object of `replay --json`; `error` only where there was one."""
        row: dict[str, Any] = {
            "conversation": self.conversation,
            "n": self.n,
            "text": self.text,
            "level": self.level,
            "alert_open": self.alert_open,
            "state": self.state,
            "replies": self.replies,
            "ms": round(self.ms, 2),
        }
        return row | ({"error": self.error} if self.error else {})


def read_script(path: Path) -> tuple[list[ScriptLine], list[BadLine]]:
    """Read a JSONL script; what cannot be read is named by its line number and the rest goes on."""
    lines: list[ScriptLine] = []
    bad: list[BadLine] = []
    with path.open("rb") as script:
        for number, raw in enumerate(script, start=1):
            if not raw.strip():
                continue
            try:
                lines.append(_script_line(number, raw))
            except ValueError as error:
                bad.append(BadLine(number, str(error)))
    return lines, bad


def _script_line(number: int, raw: bytes) -> ScriptLine:
    try:
        row = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1} of the line)") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON ({getattr(error, 'msg', 'nested too deeply')})") from None
    if not isinstance(row, dict):
        raise ValueError('not an object with "conversation" and "text"')
    for key in ("conversation", "text"):
        if not isinstance(row.get(key), str):
            raise ValueError(f'"{key}" is missing or not a text')
    return ScriptLine(number, row["conversation"], row["text"])


class Player:
    """Plays scripts against one clinic of one running service."""

    def __init__(self, url: str, clinic: str, token: str = "") -> None:
        """`url` is the service's address, `clinic` the clinic's slug, `token` an API token where one is needed."""
        self._base = url.rstrip("/")
        self._clinic = clinic
        self._token = token

    async def play(
        self, lines: Iterable[ScriptLine], *, at_once: int = 8, on_line: Callable[[Played], None] = lambda played: None
    ) -> list[Played]:
        """Play every conversation of the script, at most `at_once` together, each in its own order.

        Returns the results in the order of the script. Raises ServiceUnreachable if not even the first one can start.
        """
        ordered = sorted(lines, key=lambda line: line.conversation)
        places = asyncio.Semaphore(at_once)

        async def one(name: str, script: list[ScriptLine]) -> list[Played]:
            async with places:
                return [played async for played in self._conversation(name, script, on_line)]

        await asyncio.to_thread(self._start)
        jobs = [one(name, list(group)) for name, group in groupby(ordered, key=lambda line: line.conversation)]
        return sorted((played for part in await asyncio.gather(*jobs) for played in part), key=lambda row: row.line)

    async def _conversation(
        self, name: str, script: list[ScriptLine], on_line: Callable[[Played], None]
    ) -> AsyncIterator[Played]:
        token = (await asyncio.to_thread(self._start))["token"]
        line = _Line(self._socket_url(), token, lambda: asyncio.to_thread(self._again, token))
        for n, item in enumerate(script, start=1):
            played = Played(item.number, name, n, item.text)
            await line.say(played)
            on_line(played)
            yield played
        await line.hang_up()

    def _socket_url(self) -> str:
        return "ws" + self._base.removeprefix("http") + "/ws/chat/"

    def _start(self) -> dict[str, Any]:
        return self._post("start", {"rehearsal": self._token or True})

    def _again(self, token: str) -> dict[str, Any]:
        return self._post("return", {"token": token})

    def _post(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        address = f"{self._base}/c/{self._clinic}/{what}"
        if not address.startswith(("http://", "https://")):
            raise ServiceUnreachable(f"{self._base} is not an http address")
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
            address, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the scheme is checked above
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            raise ServiceUnreachable(f"{address} answers {error.code}: {_said(error)}") from None
        except OSError as error:
            raise ServiceUnreachable(f"{address} does not answer: {error}") from None


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"]["detail"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)


class _Line:
    """One client's socket that reconnects, resends and opens a new conversation when the old one has ended."""

    def __init__(self, url: str, token: str, again: Callable[[], Any]) -> None:
        self._url, self._token, self._again = url, token, again
        self._open_sockets = AsyncExitStack()
        self._socket: ClientConnection | None = None
        self._seq = 0

    async def say(self, played: Played) -> None:
        """Send one text and fill `played` with what came back."""
        ref = str(uuid4())
        started = time.perf_counter()
        for attempt in range(1, _TRIES + 1):
            try:
                await asyncio.wait_for(self._turn(ref, played), _ANSWER_WITHIN)
                break
            except (OSError, WebSocketException, TimeoutError) as error:
                await self.hang_up()
                if attempt == _TRIES:
                    played.error = f"no answer: {type(error).__name__}"
                    return
                await asyncio.sleep(0.2 * attempt)
        played.ms = (time.perf_counter() - started) * 1000

    async def hang_up(self) -> None:
        """Close the socket, if it is open."""
        self._socket = None
        await self._open_sockets.aclose()

    async def _open(self) -> ClientConnection:
        if self._socket is None:
            self._socket = await self._open_sockets.enter_async_context(connect(self._url, max_size=2**22))
            await self._send({"type": "hello", "token": self._token, "last_seq": self._seq})
            head = (await self._until("welcome"))["last_seq"]
            while self._seq < head:
                self._note(await self._read())
        return self._socket

    async def _turn(self, ref: str, played: Played) -> None:
        await self._open()
        frame = {"type": "message", "client_ref": ref, "text": played.text}
        await self._send(frame)
        replies: list[dict[str, str]] = []
        own, last = 0, 2**31
        while self._seq < last:
            answer = await self._read()
            self._note(answer)
            if answer["type"] == "ack" and answer["client_ref"] == ref:
                own, last = answer["seq"], answer["last_seq"]
                self._take_rehearsal(played, answer)
            elif answer["type"] == "message" and answer["sender"] in ("bot", "system"):
                replies.append({"seq": answer["seq"], "key": answer.get("content", ""), "text": answer["text"]})
            elif answer["type"] == "error" and await self._refused(answer, frame, played):
                return
        played.replies = [{"key": r["key"], "text": r["text"]} for r in replies if int(r["seq"]) > own]

    async def _refused(self, answer: dict[str, Any], frame: dict[str, Any], played: Played) -> bool:
        """Wait and send again where that is what the service asks for; otherwise note the error. True ends the turn."""
        if "retry_after_ms" in answer:
            await asyncio.sleep(answer["retry_after_ms"] / 1000)
            await self._send(frame)
            return False
        if answer["code"] == "closed":
            await self.hang_up()
            await self._again()
            self._seq = 0
            await self._open()
            await self._send(frame)
            return False
        played.error = f"{answer['code']}: {answer['detail']}"
        return True

    @staticmethod
    def _take_rehearsal(played: Played, ack: dict[str, Any]) -> None:
        shown = ack.get("rehearsal", {})
        played.level = shown.get("level", "")
        played.alert_open = shown.get("alert_open", False)
        played.state = shown.get("state", "")

    def _note(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "message":
            self._seq = max(self._seq, frame["seq"])

    async def _send(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None  # `_open` comes first
        await self._socket.send(json.dumps(frame))

    async def _read(self) -> dict[str, Any]:
        assert self._socket is not None  # `_open` comes first
        return dict(json.loads(await self._socket.recv()))

    async def _until(self, kind: str) -> dict[str, Any]:
        while True:
            frame = await self._read()
            if frame["type"] == kind:
                return frame
