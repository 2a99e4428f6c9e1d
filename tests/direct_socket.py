"""A websocket without a network: the real ASGI application, called in this process as a server would call it."""

import asyncio
import json
import threading
from types import TracebackType
from typing import Any
from uuid import uuid4

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection

from triage.sockets import call_domain

PATIENCE = 15.0
ORIGIN = "http://testserver"


class DirectSocket:
    """One connection. `frames` holds what has come so far, `code` the close code once the service closed it."""

    def __init__(self, path: str, *, session: str = "", origin: str = ORIGIN) -> None:
        headers = [(b"host", b"testserver"), (b"origin", origin.encode())]
        if session:
            headers.append((b"cookie", f"staff_session={session}".encode()))
        self.scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "ws",
            "headers": headers,
            "subprotocols": [],
            "client": ["127.0.0.1", 1],
            "server": ["testserver", 80],
        }
        self.frames: list[dict[str, Any]] = []
        self.code: int | None = None
        self._to_service: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_service: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> "DirectSocket":
        from config.asgi import application  # loads the risk model; a refused one fails this test, not the whole run

        self._service = asyncio.create_task(
            application(self.scope, self._to_service.get, self._from_service.put)  # type: ignore[arg-type]
        )
        await self._to_service.put({"type": "websocket.connect"})
        await self._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._to_service.put({"type": "websocket.disconnect", "code": self.code or 1000})
        await asyncio.wait_for(asyncio.gather(self._service, return_exceptions=True), PATIENCE)

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one frame."""
        await self._to_service.put({"type": "websocket.receive", "text": json.dumps(frame)})

    async def ask(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        """Send `frame` and return what it led to, however little that is: frames are taken strictly in order."""
        start, end = len(self.frames), str(uuid4())
        await self.send(frame)
        await self.send({"type": "no such type", "ref": end})
        while self.code is None and not any(one.get("ref") == end for one in self.frames[start:]):
            await self._take()
        return [one for one in self.frames[start:] if one.get("ref") != end]

    async def until_closed(self) -> int:
        """Wait until the service closes; returns the close code."""
        while self.code is None:
            await self._take()
        return self.code

    async def _take(self) -> None:
        message = await asyncio.wait_for(self._from_service.get(), PATIENCE)
        if message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.code = message.get("code", 1000)


async def close_connections() -> None:
    """Close the connections of all threads that worked for sockets, so that the test database can be dropped."""
    together = threading.Barrier(settings.DOMAIN_THREADS)

    def close() -> None:
        together.wait(timeout=30)
        connection.close()

    await asyncio.gather(*(call_domain(close) for _ in range(settings.DOMAIN_THREADS)))
    await database_sync_to_async(lambda: connection.close())()
