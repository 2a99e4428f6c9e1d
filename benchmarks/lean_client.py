"""A websocket client that costs little: it shares the machine with the server that it measures."""

import asyncio
import base64
import json
import os
import struct
import time
from collections.abc import Callable
from typing import Any


class LeanSocket(asyncio.Protocol):
    """Text frames out, whole text frames in; no extensions, no fragments."""

    def __init__(self, on_frame: Callable[[dict[str, Any]], None]) -> None:
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._open = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(
        cls, port: int, path: str, on_frame: Callable[[dict[str, Any]], None], *, headers: str = ""
    ) -> "LeanSocket":
        """Open `path` on 127.0.0.1:`port`; `headers` are further header lines, each ended by CRLF."""
        loop = asyncio.get_running_loop()
        transport, socket = await loop.create_connection(lambda: cls(on_frame), "127.0.0.1", port)
        socket.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
        )
        await asyncio.wait_for(socket._open, 30)
        return socket

    def send(self, frame: dict[str, Any]) -> None:
        """Send one JSON text frame. The mask is zero, which the standard allows and costs nothing."""
        data = json.dumps(frame, separators=(",", ":")).encode()
        size = len(data)
        head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
        self.transport.write(head + b"\0\0\0\0" + data)

    def close(self) -> None:
        """Drop the connection."""
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:20]:
                self._open.set_exception(ConnectionError(self._buffer[:80].decode("latin1")))
                return
            del self._buffer[: end + 4]
            self._open.set_result(None)
        self._read_frames()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._open.done():
            self._open.set_exception(error or ConnectionError("closed during the handshake"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _read_frames(self) -> None:
        buffer = self._buffer
        while len(buffer) >= 2:
            size, start = buffer[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(buffer[2:10], "big"), 10
            if len(buffer) < start + size:
                return
            opcode, payload = buffer[0] & 0x0F, bytes(buffer[start : start + size])
            del buffer[: start + size]
            if opcode == 1:
                self._on_frame(json.loads(payload))
            elif opcode == 9:
                self.transport.write(struct.pack("!BB", 0x8A, 0x80 | len(payload)) + b"\0\0\0\0" + payload)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes so far, from /proc (Linux)."""
    total = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()  # noqa: SIM115 - /proc
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_mb(pids: list[int]) -> float:
    """Resident memory of the processes in MB."""
    pages = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm") as statm:
            pages += int(statm.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def fdatasync_rate(folder: str, seconds: float = 2.0) -> float:
    """How many 8 KB appends with fdatasync the disk takes in a second: commits cannot be faster by much."""
    path = os.path.join(folder, "fdatasync-probe")
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    count, until = 0, time.perf_counter() + seconds
    try:
        while time.perf_counter() < until:
            os.write(handle, b"\0" * 8192)
            os.fdatasync(handle)
            count += 1
    finally:
        os.close(handle)
        os.unlink(path)
    return count / seconds
