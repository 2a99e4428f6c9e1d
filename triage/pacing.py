"""How much one sender may ask of one process: frames a second, messages at a time, and tabs."""

import asyncio
import time
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Tab = TypeVar("Tab")


class Bucket:
    """A token bucket: `rate` frames a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = float(burst), time.monotonic()

    def wait_ms(self) -> int:
        """0 when one more frame may pass now, otherwise how many milliseconds until it may."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return int((1 - self._tokens) / self._rate * 1000) + 1


class WaitedTooLong(Exception):
    """The one before did not finish in time; nothing was done."""


class _Line:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.people = 0


class OneAtATime:
    """Lets through one at a time for each key. Tabs that wait here hold no thread, so others are served meanwhile."""

    def __init__(self, patience: float) -> None:
        """`patience` is how long (seconds) somebody waits for those before."""
        self._patience = patience
        self._lines: dict[Hashable, _Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for the others of the same key; raises WaitedTooLong."""
        line = self._lines.setdefault(key, _Line())
        line.people += 1
        try:
            try:
                # Not wait_for: before Python 3.12 it may swallow a cancellation that comes as the lock does.
                async with asyncio.timeout(self._patience):
                    await line.lock.acquire()
            except TimeoutError:
                raise WaitedTooLong from None
            try:
                yield
            finally:
                line.lock.release()
        finally:
            line.people -= 1
            if not line.people:
                del self._lines[key]


class Places(Generic[Tab]):
    """At most `most` tabs for each key. The newest is let in: somebody sits in front of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tabs: dict[Hashable, list[Tab]] = {}

    def __len__(self) -> int:
        return len(self._tabs)

    def take(self, key: Hashable, tab: Tab) -> Tab | None:
        """Give `tab` a place; returns the oldest one, which has lost its own, when there were too many."""
        tabs = self._tabs.setdefault(key, [])
        if tab not in tabs:
            tabs.append(tab)
        return tabs.pop(0) if len(tabs) > self._most else None

    def leave(self, key: Hashable, tab: Tab) -> None:
        """Give the place up; nothing happens when it was lost before."""
        tabs = self._tabs.get(key, [])
        if tab in tabs:
            tabs.remove(tab)
        if not tabs:
            self._tabs.pop(key, None)
