"""A page that does not give up: it reconnects, says hello with what it has, and resends what was not acknowledged."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


class StubbornPage:
    """One client's page over the real socket, as `static/client/socket.js` behaves."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self.acknowledged: dict[str, int] = {}
        self.shown: dict[int, str] = {}
        self.doubled: list[int] = []
        self.reconnects = -1

    async def send_all(self, texts: list[str], *, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """Send the texts one after the other, each until it is acknowledged."""
        pending = [(str(uuid4()), text) for text in texts]
        while pending:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, EOFError):
                await self._serve(pending, between)
            if pending:
                await asyncio.sleep(0.1)

    async def _serve(self, pending: list[tuple[str, str]], between: Callable[[], Awaitable[None]] | None) -> None:
        async with connect(self._url, max_size=2**22, open_timeout=5, close_timeout=1) as socket:
            self.reconnects += 1
            await socket.send(json.dumps({"type": "hello", "token": self._token, "last_seq": self.head}))
            while pending:
                ref, text = pending[0]
                await socket.send(json.dumps({"type": "message", "client_ref": ref, "text": text}))
                while ref not in self.acknowledged:
                    frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
                    if frame["type"] == "error" and frame.get("client_ref") == ref:
                        await asyncio.sleep(frame.get("retry_after_ms", 100) / 1000)
                        await socket.send(json.dumps({"type": "message", "client_ref": ref, "text": text}))
                    self._take(frame)
                pending.pop(0)
                if between is not None:
                    await between()

    @property
    def head(self) -> int:
        """The highest number up to which every line is shown."""
        head = 0
        while head + 1 in self.shown:
            head += 1
        return head

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "ack":
            self.acknowledged[frame["client_ref"]] = frame["seq"]
        # The page drops what it has; a line that came twice with another text would be a fault of the service.
        elif frame["type"] == "message" and self.shown.setdefault(frame["seq"], frame["text"]) != frame["text"]:
            self.doubled.append(frame["seq"])
