"""Browser tabs without a browser: a client's and a desk's socket over the real ASGI server."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import Membership
from tests.people import session_of

PATIENCE = 15.0


class Tab:
    """One socket. Frames that a story has not asked for yet are kept in order."""

    def __init__(self, url: str, **options: Any) -> None:
        self._open = ExitStack()
        opening = connect(url, max_size=2**22, open_timeout=PATIENCE, **options)
        self.socket: ClientConnection = self._open.enter_context(opening)
        self.frames: list[dict[str, Any]] = []

    def send(self, **frame: Any) -> None:
        """Send one frame."""
        self.socket.send(json.dumps(frame))

    def send_raw(self, data: str | bytes) -> None:
        """Send what is no frame."""
        self.socket.send(data)

    def until(self, wanted: Callable[[dict[str, Any]], bool] | str) -> dict[str, Any]:
        """Wait for a frame (by type or by a test); the ones before it stay in `frames`."""
        matches = wanted if callable(wanted) else (lambda frame: frame["type"] == wanted)
        for position, frame in enumerate(self.frames):
            if matches(frame):
                return self.frames.pop(position)
        while True:
            frame = json.loads(self.socket.recv(timeout=PATIENCE))
            if matches(frame):
                return frame
            self.frames.append(frame)

    def until_closed(self) -> int:
        """Wait until the service closes the socket; returns the close code."""
        while True:
            try:
                self.frames.append(json.loads(self.socket.recv(timeout=PATIENCE)))
            except ConnectionClosed:
                return self.socket.protocol.close_code or 0

    def close(self) -> None:
        """Close the tab."""
        self._open.close()


class ClientTab(Tab):
    """A client's page."""

    def __init__(self, server: Any, token: str, *, last_seq: int = 0) -> None:
        super().__init__(f"{server.ws_url}/ws/chat/")
        self.seen: list[dict[str, Any]] = []
        self.send(type="hello", token=token, last_seq=last_seq)

    def writes(self, text: str, *, ref: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a message and wait for its acknowledgement."""
        ref = ref or str(uuid4())
        self.send(type="message", client_ref=ref, text=text, **more)
        return self.until(lambda frame: frame["type"] in ("ack", "error") and frame.get("client_ref") == ref)

    def line(self, sender: str, containing: str = "") -> dict[str, Any]:
        """Wait for a line of `sender`."""
        return self.until(
            lambda frame: frame["type"] == "message" and frame["sender"] == sender and containing in frame["text"]
        )


class DeskTab(Tab):
    """A member's desk."""

    def __init__(self, server: Any, member: Membership) -> None:
        cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(member)}"
        super().__init__(f"{server.ws_url}/ws/desk/", origin=server.url, additional_headers={"Cookie": cookie})
        self.send(type="hello")

    def asks(self, kind: str, **frame: Any) -> dict[str, Any]:
        """Send a request and wait for its answer, whatever it is."""
        ref = str(uuid4())
        self.send(type=kind, ref=ref, **frame)
        return self.until(lambda answer: answer.get("ref") == ref)

    def card(self, conversation_id: Any, test: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
        """Wait for a queue that shows the conversation as `test` wants it; returns its card."""
        found: list[dict[str, Any]] = []

        def matches(frame: dict[str, Any]) -> bool:
            if frame["type"] != "queue":
                return False
            found[:] = [one for one in frame["conversations"] if one["id"] == str(conversation_id) and test(one)]
            return bool(found)

        self.until(matches)
        return found[0]
