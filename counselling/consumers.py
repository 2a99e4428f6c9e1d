"""The desk's socket, `/ws/desk/`: each action translates, makes one domain call, and translates back."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.access import NotPermitted, member_of_session, recheck, record_refusal, touch_session
from accounts.models import Membership
from accounts.permissions import ROLE_ACTIONS, Action, Role, may
from counselling import desk, shifts, takeovers
from triage import alerts, messages, texts
from triage.access import UnknownConversation
from triage.models import Resolution
from triage.pacing import Bucket
from triage.publishing import conversation_group, desk_group
from triage.sockets import (
    COME_BACK,
    STRANGER,
    BadFrame,
    Socket,
    Unavailable,
    call_domain,
    read_moment,
    read_number,
    read_uuid,
)
from triage.transcripts import staff_frame

logger = logging.getLogger(__name__)

# Ordinary changes are shown at most this often, urgent ones at once but never closer than the second figure (seconds).
_CALM, _URGENT = 1.0, 0.1
# The queue is shown again after this long even if nothing seems to have changed (seconds).
_REDRAW = 10.0
_FRAMES_PER_SECOND, _BURST = 30.0, 60


class DeskConsumer(Socket):
    """One desk: a tab of a member of staff."""

    actions: ClassVar = {
        "hello": "hello",
        "open": "open",
        "leave": "leave",
        "catch_up": "catch_up",
        "take_over": "take_over",
        "message": "message",
        "hand_back": "hand_back",
        "close": "close_conversation",
        "acknowledge": "acknowledge",
        "resolve": "resolve",
        "shift": "shift",
        "typing": "typing",
    }

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accept members of staff who may see the desk; refuse everybody else before a word is read."""
        self.member: Membership | None = await call_domain(member_of_session, self.scope["session"], self.scope["user"])
        await self.accept()
        if self.member is None or not may(self.member.role, Action.VIEW_DESK):
            await self.send_error("not_permitted", "Please sign in again.")
            await self.close(STRANGER)
            return
        self.followed: dict[UUID, int] = {}
        self.shown = ""
        self.showing, self.following = asyncio.Lock(), asyncio.Lock()
        self.next_look = self.look_due = 0.0
        self.look: asyncio.Task[None] | None = None
        self.bucket = Bucket(_FRAMES_PER_SECOND, _BURST)
        await self.join(desk_group(self.member.clinic_id))
        self.watch = asyncio.create_task(self._watch())

    async def act(self, name: str, frame: dict[str, Any]) -> None:
        """Ask anew who this is (a role may have been taken away), then act; refusals are said with their reason."""
        self.member = await call_domain(recheck, self._member().pk)
        if self.member is None:
            await self.close(STRANGER)
            return
        try:
            await super().act(name, frame)
        except takeovers.HeldByAnother as held:
            holder = {"id": str(held.holder.pk), "name": held.holder.user.name}
            await self.send_error(
                "held_by_another", f"{held.holder.user.name} has taken this over.", holder=holder, **self.echo(frame)
            )
        except tuple(_REFUSALS) as refused:
            code, detail = _REFUSALS[type(refused)]
            if isinstance(refused, NotPermitted):
                await call_domain(record_refusal, refused, at=timezone.now(), where=f"desk.{frame['type']}")
            await self.send_error(code, detail, **self.echo(frame))

    async def hello(self, frame: dict[str, Any]) -> None:
        """Who am I, what may I do, and what is waiting."""
        member = self._member()
        on = await call_domain(shifts.on_shift, member)
        await self.send_frame(
            {
                "type": "welcome",
                "member": {"id": str(member.pk), "name": member.user.name, "role": member.get_role_display()},
                "clinic": {"name": member.clinic.name, "demonstration": member.clinic.is_demonstration},
                "on_shift": on,
                "may": sorted(ROLE_ACTIONS[Role(member.role)]),
                "dispositions": [list(choice) for choice in takeovers.Disposition.choices],
                "resolutions": [list(choice) for choice in Resolution.choices],
                **self.echo(frame),
            }
        )
        await self._show_queue()

    async def open(self, frame: dict[str, Any]) -> None:
        """Open a conversation: recorded as viewed, shown from `last_seq` on, followed from now on."""
        conversation_id, after = read_uuid(frame, "conversation"), read_number(frame, "last_seq")
        # Joined first: a line that arrives between reading and joining would otherwise be missed.
        await self.join(conversation_group(conversation_id))
        was_open = conversation_id in self.followed
        try:
            async with self.following:
                await self._open(frame, conversation_id, after)
        except BaseException as error:  # whatever went wrong: who was not let in must not stay in the group
            if not was_open or isinstance(error, (UnknownConversation, NotPermitted)):
                self.followed.pop(conversation_id, None)
                await self.part(conversation_group(conversation_id))
            raise
        await self._follow(conversation_id)

    async def _open(self, frame: dict[str, Any], conversation_id: UUID, after: int) -> None:
        conversation, lines = await self._call(desk.open_transcript, conversation_id=conversation_id, after=after)
        [card] = await call_domain(desk.cards, [conversation])
        self.followed[conversation_id] = lines[-1].seq if lines else after
        transcript = [staff_frame(line) for line in lines]
        await self._done(frame, "transcript", conversation=card, messages=transcript)

    async def leave(self, frame: dict[str, Any]) -> None:
        """Stop following a conversation."""
        conversation_id = read_uuid(frame, "conversation")
        self.followed.pop(conversation_id, None)
        await self.part(conversation_group(conversation_id))
        await self._done(frame)

    async def catch_up(self, frame: dict[str, Any]) -> None:
        """Send everything after `after` once more, of a conversation that is open here."""
        conversation_id = read_uuid(frame, "conversation")
        after = read_number(frame, "after")
        async with self.following:
            if conversation_id not in self.followed:
                raise UnknownConversation(str(conversation_id))
            self.followed[conversation_id] = after
        await self._follow(conversation_id)
        await self._done(frame)

    async def take_over(self, frame: dict[str, Any]) -> None:
        """Become the holder."""
        from_holder = read_uuid(frame, "from") if frame.get("from") is not None else None
        conversation_id = read_uuid(frame, "conversation")
        await self._call(takeovers.take_over, conversation_id=conversation_id, from_holder=from_holder)
        await self._done(frame)

    async def message(self, frame: dict[str, Any]) -> None:
        """Write to the client; acknowledged after commit."""
        conversation_id, ref = read_uuid(frame, "conversation"), read_uuid(frame, "client_ref")
        try:
            posted = await self._call(
                messages.post_counsellor_message,
                conversation_id=conversation_id,
                client_ref=ref,
                text=frame.get("text"),
            )
        except texts.BadText as bad:
            raise BadFrame(bad.code, bad.detail) from bad
        await self._done(frame, "ack", conversation=str(conversation_id), client_ref=str(ref), seq=posted.seq)
        if conversation_id in self.followed:
            await self._follow(conversation_id)

    async def hand_back(self, frame: dict[str, Any]) -> None:
        """Give the conversation back to the bot."""
        await self._call(takeovers.hand_back, conversation_id=read_uuid(frame, "conversation"))
        await self._done(frame)

    async def close_conversation(self, frame: dict[str, Any]) -> None:
        """End a held conversation with its disposition."""
        disposition = str(frame.get("disposition", ""))
        await self._call(
            takeovers.close_conversation, conversation_id=read_uuid(frame, "conversation"), disposition=disposition
        )
        await self._done(frame)

    async def acknowledge(self, frame: dict[str, Any]) -> None:
        """I have seen this alert and I act."""
        await self._call(alerts.acknowledge, alert_id=read_uuid(frame, "alert"), seen=read_moment(frame, "raised_at"))
        await self._done(frame)

    async def resolve(self, frame: dict[str, Any]) -> None:
        """Close an alert with one of the fixed reasons."""
        alert_id, resolution = read_uuid(frame, "alert"), str(frame.get("resolution", ""))
        await self._call(alerts.resolve, alert_id=alert_id, resolution=resolution, seen=read_moment(frame, "raised_at"))
        await self._done(frame)

    async def shift(self, frame: dict[str, Any]) -> None:
        """Say that I am here, or off."""
        if not isinstance(frame.get("on"), bool):
            raise BadFrame("bad_frame", '"on" must be true or false.')
        await self._call(shifts.start_shift if frame["on"] else shifts.end_shift)
        await self._done(frame, on=frame["on"])

    async def typing(self, frame: dict[str, Any]) -> None:
        """Tell the client that the counsellor is typing; never stored."""
        conversation_id = read_uuid(frame, "conversation")
        conversation, _ = await call_domain(
            desk.follow, member=self._member(), conversation_id=conversation_id, after=2**31 - 1
        )
        if conversation.holder_id != self._member().pk:
            raise messages.NotHolder
        event = {"type": "typing.seen", "conversation": str(conversation_id), "sender": "counsellor"}
        await self.tell_group(conversation_group(conversation_id), event)

    async def bell(self, event: dict[str, Any]) -> None:
        """Something changed: follow the open conversation, and look at the queue now or at the next calm moment."""
        if event["conversation"]:
            conversation_id = UUID(event["conversation"])
            if event["seq"] > self.followed.get(conversation_id, 2**31):
                await self._follow(conversation_id)
        self._look_soon(_URGENT if event["urgent"] else _CALM)

    async def typing_seen(self, event: dict[str, Any]) -> None:
        """Pass on that the client is typing, of a conversation that is open here."""
        if event["sender"] == "client" and UUID(event["conversation"]) in self.followed:
            await self.send_frame({"type": "typing", "conversation": event["conversation"], "sender": "client"})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Stop looking."""
        if getattr(self, "look", None) is not None:
            self.look.cancel()  # type: ignore[union-attr]
        await super().websocket_disconnect(message)

    def _member(self) -> Membership:
        assert self.member is not None  # the socket was closed otherwise
        return self.member

    async def _call(self, verb: Callable[..., Any], **kwargs: Any) -> Any:
        return await call_domain(verb, member=self._member(), at=timezone.now(), **kwargs)

    async def _done(self, frame: dict[str, Any], kind: str = "done", **more: Any) -> None:
        await self.send_frame({"type": kind, **self.echo(frame), **more})

    async def _follow(self, conversation_id: UUID) -> None:
        """Send the lines of a followed conversation that this desk does not have; one reader at a time."""
        async with self.following:
            while conversation_id in self.followed:
                after = self.followed[conversation_id]
                _, lines = await call_domain(
                    desk.follow, member=self._member(), conversation_id=conversation_id, after=after
                )
                if not lines:
                    return
                for line in lines:
                    if conversation_id not in self.followed:  # left while this was read or sent
                        return
                    self.followed[conversation_id] = line.seq
                    frame = {"type": "message", "conversation": str(conversation_id), **staff_frame(line)}
                    await self.send_frame(frame)

    def _look_soon(self, interval: float) -> None:
        """Plan a look at the queue: `interval` after the last one at the earliest, and only one at a time."""
        now = time.monotonic()
        due = max(now, self.next_look - _CALM + interval)
        if self.look is not None and not self.look.done():
            if self.look_due <= due:
                return
            self.look.cancel()
        self.look_due = due
        self.look = asyncio.create_task(self._look_after(due - now))

    async def _look_after(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
        try:
            await asyncio.shield(self._show_queue())
        except (Unavailable, NotPermitted):
            self.shown = ""  # the next beat looks again
        except Exception:  # a task of its own: nobody would hear of it, and the desk would show an old queue
            self.shown = ""
            logger.exception("queue not shown")

    async def _show_queue(self) -> None:
        async with self.showing:  # a queue that was read first must not arrive last
            self.next_look = time.monotonic() + _CALM
            member = self._member()
            # Read before the queue: what changes between the two is shown twice rather than never.
            found = await call_domain(desk.fingerprint, member.clinic_id)
            queue = await call_domain(desk.queue, member)
            await self.send_frame({"type": "queue", **queue})
            self.shown = found

    async def _watch(self) -> None:
        """Look at the table at each beat, which bounds what a lost bell costs, and end with the member's right."""
        since_beat = 0.0
        while not self.closing:
            await asyncio.sleep(settings.DESK_POLL_SECONDS)
            since_beat += settings.DESK_POLL_SECONDS
            try:
                if not await self._beat():
                    return
                if since_beat >= settings.CLIENT_HEARTBEAT_SECONDS:
                    since_beat = 0.0
                    # An open desk is somebody at work. A session that was ended elsewhere ends here too.
                    if not await call_domain(touch_session, self.scope["session"], at=timezone.now()):
                        await self.close(STRANGER)
                        return
                    await self.send_frame({"type": "heartbeat"})
            except Unavailable:
                continue
            except Exception:  # without its beat a desk would miss what a lost bell announced
                logger.exception("beat failed")

    async def _beat(self) -> bool:
        member = await call_domain(recheck, self._member().pk)
        if member is None or not may(member.role, Action.VIEW_DESK):
            await self.close(STRANGER)
            return False
        await call_domain(shifts.touch_shift, member=member, at=timezone.now())
        is_old = time.monotonic() > self.next_look - _CALM + _REDRAW
        if is_old or await call_domain(desk.fingerprint, member.clinic_id) != self.shown:
            self._look_soon(_CALM)
            for conversation_id in list(self.followed):
                await self._follow(conversation_id)
        if self.deaf and await self.layer_is_back():
            await self.close(COME_BACK)
            return False
        return True


# What a refusal is called in the protocol, and what the desk shows.
_REFUSALS: dict[type[Exception], tuple[str, str]] = {
    NotPermitted: ("not_permitted", "Your role does not include this."),
    UnknownConversation: ("unknown_conversation", "There is no such conversation in your clinic."),
    messages.NotHolder: ("not_holder", "You do not hold this conversation."),
    takeovers.NotAllowed: ("closed", "This is not possible in the conversation's present state."),
    takeovers.BotOff: (
        "bot_off",
        "The automated helper is off in this clinic. Close the conversation instead.",
    ),
    alerts.AlertRose: ("alert_rose", "The client has written something since. Read it, then decide again."),
    takeovers.AlertOpen: ("alert_open", "An alert is not resolved yet. Resolve it with a reason first."),
    takeovers.UnknownDisposition: ("bad_frame", "Choose one of the outcomes."),
    alerts.UnknownAlert: ("unknown_alert", "There is no such alert in your clinic."),
    alerts.AlreadyResolved: ("already_resolved", "This alert was resolved before."),
    alerts.UnknownResolution: ("bad_frame", "Choose one of the reasons."),
}
