"""What both sockets share: frames in and out, a bounded pool for domain calls, bells, and life without Valkey."""

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import redis
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.utils import await_many_dispatch
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from triage.pacing import Bucket

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

HELLO_MISSING = 4408
STRANGER = 4401
COME_BACK = 1012
TOO_MANY = 4429
_CHECK_CONNECTION_AFTER = 5.0
_KEEP_CONNECTION = 600.0
_LAYER_PATIENCE = 2.0
_STATEMENT_PATIENCE = "7s"
_LONGEST_REFERENCE = 100
_used = threading.local()


class _Trouble:
    """When a connection failed last. After a restart of PostgreSQL every thread of the pool holds a dead one: the first
    that notices lets the others look before they use theirs, instead of each failing one more frame.
    """

    at = 0.0


_trouble = _Trouble()


@receiver(connection_created)
def _limit_waits(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Let no thread of the pool wait for a row without end: eight that wait for the same one would stop everybody.

    Unlike those of requests, the pool's connections are kept: its threads stay.
    """
    if hasattr(_used, "at"):
        connection.close_at = time.monotonic() + _KEEP_CONNECTION
        with connection.cursor() as cursor:
            # lock_timeout alone is too little: it begins anew for each who moves up in the queue for a row.
            cursor.execute(f"SET statement_timeout = '{_STATEMENT_PATIENCE}'")


class Unavailable(Exception):
    """The database cannot be reached right now. Nothing was stored; the sender tries again."""


@functools.cache
def _domain_pool() -> ThreadPoolExecutor:
    # Channels would push every synchronous call of the process through one thread (channels issue 1937).
    return ThreadPoolExecutor(max_workers=settings.DOMAIN_THREADS, thread_name_prefix="domain")


async def call_domain(verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run one domain call in the bounded pool and return its result; raises Unavailable when the database is away."""
    work = functools.partial(_run, verb, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_domain_pool(), work)


def _run(verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    now = time.monotonic()
    used = getattr(_used, "at", 0.0)
    if now - used > _CHECK_CONNECTION_AFTER or used <= _trouble.at:
        connection.close_if_unusable_or_obsolete()
    _used.at = now
    try:
        return verb(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        _trouble.at = time.monotonic()
        raise Unavailable from error
    except DatabaseError:
        connection.close()
        raise


class BadFrame(Exception):
    """A frame that cannot be read. `code` is the protocol's word, `detail` is for whoever sent it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def read_frame(text: str | None) -> dict[str, Any]:
    """The JSON object of a text frame; raises BadFrame with the reason."""
    if text is None:
        raise BadFrame("bad_frame", "Only text frames are read here.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("bad_json", "This frame is not valid JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadFrame("bad_frame", 'A frame is a JSON object with a "type".')
    return frame


def read_uuid(frame: Mapping[str, Any], name: str) -> UUID:
    """The UUID that `frame` carries under `name`; raises BadFrame."""
    try:
        return UUID(frame[name])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BadFrame("bad_frame", f"{name} must be a UUID.") from None


def read_moment(frame: Mapping[str, Any], name: str) -> datetime | None:
    """The moment that `frame` carries under `name` (ISO 8601 with an offset), None without; raises BadFrame."""
    if frame.get(name) is None:
        return None
    try:
        moment = datetime.fromisoformat(frame[name])
    except (ValueError, TypeError):
        raise BadFrame("bad_frame", f"{name} must be a date and time.") from None
    if moment.tzinfo is None:
        raise BadFrame("bad_frame", f"{name} must name its offset from UTC.")
    return moment


def read_number(frame: Mapping[str, Any], name: str) -> int:
    """The sequence number that `frame` carries under `name`, 0 when it has none; raises BadFrame."""
    value = frame.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise BadFrame("bad_frame", f"{name} must be a whole number, 0 or more.")
    return value


def _is_reference(value: object) -> bool:
    """A short name or number that can be sent back as it came: no text, no half character that no frame can hold."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_REFERENCE and value.isascii()
    return isinstance(value, int) and abs(value) < 2**53


class Socket(AsyncWebsocketConsumer):
    """A socket that answers every bad frame with an error, never dies of one, and works without Valkey."""

    # Frame type -> name of the coroutine that takes the frame. The door table of the tests reads this.
    actions: ClassVar[Mapping[str, str]] = {}
    too_fast: ClassVar[str] = "Too many requests at once."
    bucket: Bucket
    channel_name: str = ""
    closing = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection. Without Valkey the socket is deaf to bells and looks at the table more often."""
        self.scope, self.base_send = scope, send
        sources = [receive]
        self._layer, self._groups = get_channel_layer(), set[str]()
        await self._open_channel()
        if not self.deaf:
            sources.append(functools.partial(self._layer.receive, self.channel_name))
        self.watch: asyncio.Task[None] | None = None
        try:
            await await_many_dispatch(sources, self.dispatch)
        except StopConsumer:
            pass
        finally:
            if self.watch is not None:
                self.watch.cancel()
            await self._leave_layer()

    async def _open_channel(self) -> None:
        mark = f"specific.{uuid4().hex}."
        self.channel_layer = self._layer
        try:
            self.channel_name = await asyncio.wait_for(self._layer.new_channel(mark), _LAYER_PATIENCE)
        except (redis.RedisError, OSError, TimeoutError):
            self.channel_layer = None
            # The layer keeps the queue of a channel that it could not subscribe to.
            for name in [name for name in self._layer.channels if mark in name]:
                del self._layer.channels[name]

    async def _leave_layer(self) -> None:
        """Give back what the layer holds for this socket; it does none of it by itself when a socket ends."""
        for group in list(self._groups):
            await self.part(group)
        # A bell that came at the last moment keeps the layer from noticing that nobody listens any more.
        while self.channel_name in self._layer.channels:
            try:
                await asyncio.wait_for(self._layer.receive(self.channel_name), 0.01)
            except TimeoutError:
                break

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand an event to its method. Channels' own version hops to a shared thread for each event of each socket."""
        act = getattr(self, message["type"].replace(".", "_"))
        if message["type"].startswith("websocket."):
            await act(message)
            return
        try:
            await act(message)
        except Unavailable:
            pass  # a bell while the database is away: the next beat finds the rows
        except Exception:  # one bad event must not cost somebody the socket
            logger.exception("event failed")

    @property
    def deaf(self) -> bool:
        """True when this socket could not join the channel layer."""
        return self.channel_layer is None

    async def join(self, group: str) -> None:
        """Follow the bells of `group`; without Valkey the socket goes on and looks at the table instead."""
        if self.channel_layer is None:
            return
        self._groups.add(group)
        try:
            await asyncio.wait_for(self._layer.group_add(group, self.channel_name), _LAYER_PATIENCE)
        except (redis.RedisError, OSError, TimeoutError):
            self.channel_layer = None

    async def part(self, group: str) -> None:
        """Stop following `group`, also when joining it failed half way."""
        if group not in self._groups:
            return
        self._groups.discard(group)
        try:
            await asyncio.wait_for(self._layer.group_discard(group, self.channel_name), _LAYER_PATIENCE)
        except (redis.RedisError, OSError, TimeoutError) as error:
            logger.warning("group not left: %s", type(error).__name__)

    async def tell_group(self, group: str, event: dict[str, Any]) -> None:
        """Pass a fleeting event (typing) to the others; it may be lost."""
        if self.channel_layer is None:
            return
        try:
            await asyncio.wait_for(self.channel_layer.group_send(group, event), _LAYER_PATIENCE)
        except (redis.RedisError, OSError, TimeoutError) as error:
            logger.warning("event not sent: %s", type(error).__name__)

    async def layer_is_back(self) -> bool:
        """True when Valkey answers again, so that a deaf socket can ask its page to connect anew."""
        try:
            layer = get_channel_layer()
            await asyncio.wait_for(layer.group_send("probe", {"type": "probe"}), _LAYER_PATIENCE)
        except (redis.RedisError, OSError, TimeoutError):
            return False
        return True

    async def send_frame(self, frame: Mapping[str, Any]) -> None:
        """Send one JSON frame; nothing once the socket is closed from either side."""
        if self.closing:
            return
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        try:
            await self.base_send({"type": "websocket.send", "text": text})
        except OSError:  # what ASGI servers raise when the other side has gone; the disconnect follows
            self.closing = True

    async def send_error(self, code: str, detail: str, **more: Any) -> None:
        """Send an error frame; the socket stays open."""
        await self.send_frame({"type": "error", "code": code, "detail": detail, **more})

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Close once; what is still on its way in or out is dropped."""
        if not self.closing:
            self.closing = True
            await super().close(code, reason)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Read one frame and hand it to its action; whatever goes wrong is said to the sender."""
        if self.closing:
            return
        frame: dict[str, Any] = {}
        wait = self.bucket.wait_ms()  # spent before anything is looked at: what cannot be read counts too
        try:
            frame = read_frame(message.get("text"))
            if wait:
                raise BadFrame("too_fast", self.too_fast)
            name = self.actions.get(frame["type"])
            if name is None:
                raise BadFrame("bad_type", "This type of frame is not known.")
            await self.act(name, frame)
        except BadFrame as bad:
            if wait:
                await self.send_error("too_fast", self.too_fast, retry_after_ms=wait, **self.echo(frame))
            else:
                await self.send_error(bad.code, bad.detail, **self.echo(frame))
        except Unavailable:
            await self.send_error(
                "unavailable", "Not stored yet. Please try again.", retry_after_ms=1000, **self.echo(frame)
            )
        except Exception:  # one bad event must not cost somebody the socket (channels issue 1466)
            logger.exception("frame failed")
            await self.send_error(
                "unavailable", "Something went wrong here. Please try again.", retry_after_ms=1000, **self.echo(frame)
            )

    async def act(self, name: str, frame: dict[str, Any]) -> None:
        """Run one action. Subclasses refuse here what may not be done."""
        action: Callable[[dict[str, Any]], Awaitable[None]] = getattr(self, name)
        await action(frame)

    def echo(self, frame: Mapping[str, Any]) -> dict[str, Any]:
        """What an error repeats so that the sender knows which frame it is about; never a text."""
        return {key: frame[key] for key in ("client_ref", "ref") if _is_reference(frame.get(key))}

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Leave quietly."""
        raise StopConsumer
