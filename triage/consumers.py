"""The client's socket, `/ws/chat/`: each action translates, makes one domain call, and translates back."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from triage import clients, conversations, following, late, texts, turns
from triage.pacing import Bucket, OneAtATime, Places, WaitedTooLong
from triage.publishing import conversation_group
from triage.sockets import (
    COME_BACK,
    HELLO_MISSING,
    STRANGER,
    TOO_MANY,
    BadFrame,
    Socket,
    Unavailable,
    call_domain,
    read_number,
    read_uuid,
)
from triage.transcripts import Line, client_frame, contiguous

logger = logging.getLogger(__name__)

_POLL_WHILE_DEAF = 2.0
_MOST_TABS = 8
# Shorter than a statement may take, so that tabs of a conversation that is held up do not wait one after the other.
_TURN_PATIENCE = 5.0
_LAST_WORDS_PATIENCE = 2.0


def _wishes_person(frame: dict[str, Any]) -> bool:
    """Whether the button for a person was pressed; raises BadFrame rather than pass over a wish that it cannot read."""
    wish = frame.get("wish")
    if wish not in (None, "person"):
        raise BadFrame("bad_frame", 'The only wish is "person".')
    return wish is not None


class ClientConsumer(Socket):
    """One browser tab of a client."""

    actions: ClassVar = {
        "hello": "hello",
        "message": "message",
        "catch_up": "catch_up",
        "typing": "typing",
        "end": "end",
        "country": "country",
    }
    too_fast: ClassVar = "That is a lot at once. Nothing is lost; please wait."
    # Of this process: one message of a conversation at a time, and the open tabs of each client.
    one_at_a_time: ClassVar = OneAtATime(_TURN_PATIENCE)
    tabs: ClassVar[Places["ClientConsumer"]] = Places(_MOST_TABS)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accept, and wait a short while for the hello."""
        self.who: clients.Identity | None = None
        self.greeted = asyncio.Event()
        self.sent = 0
        self.state = ""
        # Beats and frames both send lines; whoever does holds this.
        self.reading = asyncio.Lock()
        self.last_words: asyncio.Task[None] | None = None
        self.bucket = Bucket(settings.CLIENT_FRAMES_PER_SECOND, settings.CLIENT_FRAMES_BURST)
        await self.accept()
        self.watch = asyncio.create_task(self._watch())

    async def act(self, name: str, frame: dict[str, Any]) -> None:
        """Refuse what comes before the hello."""
        if self.who is None and name != "hello":
            await self.send_error("not_allowed", "Say hello first.", **self.echo(frame))
        else:
            await super().act(name, frame)

    async def hello(self, frame: dict[str, Any]) -> None:
        """Show the token, get the conversation and everything after `last_seq`."""
        token, after = frame.get("token"), read_number(frame, "last_seq")
        try:
            if not isinstance(token, str):
                raise clients.StrangerToken
            who = await call_domain(clients.identify, token=token, at=timezone.now())
        except clients.StrangerToken:
            await self.send_error("not_allowed", "This chat is not open in this browser any more.")
            await self.close(STRANGER)
            return
        async with self.reading:
            await self._greet(who, after)

    async def _greet(self, who: clients.Identity, after: int) -> None:
        before = self.who
        await self.join(conversation_group(who.conversation_id))
        news = await call_domain(following.news, who.conversation_id, after)
        if before is not None and before.conversation_id != who.conversation_id:
            await self.part(conversation_group(before.conversation_id))
        self.who, self.sent, self.state = who, after, news.state
        self._take_place(before)
        self.greeted.set()
        await self.send_frame(
            {
                "type": "welcome",
                "conversation": str(self.who.conversation_id),
                "state": news.state,
                "last_seq": news.last_seq,
                "pseudonym": self.who.pseudonym,
                "clinic": self.who.clinic_name,
                "plan": news.has_plan,
                **news.counsellor_json(),
            }
        )
        await self._deliver(news.lines)
        if self.sent < news.last_seq:  # more than one page
            await self._catch_up()

    async def message(self, frame: dict[str, Any]) -> None:
        """Take one turn; acknowledge after commit, then show what the conversation gained."""
        who, ref = self._who(), read_uuid(frame, "client_ref")
        try:
            async with self.one_at_a_time.turn(who.conversation_id):
                turn = await call_domain(
                    turns.take_turn,
                    conversation_id=who.conversation_id,
                    client_ref=ref,
                    text=frame.get("text"),
                    wishes_person=_wishes_person(frame),
                    at=timezone.now(),
                )
        except WaitedTooLong:
            raise Unavailable from None
        except texts.BadText as bad:
            raise BadFrame(bad.code, bad.detail) from bad
        except turns.Closed as closed:
            await self._too_late(frame, ref, concern=closed.concern)
            return
        # The reference as it was sent, which may be written in another way than the stored one.
        ack: dict[str, Any] = {
            "type": "ack",
            "client_ref": frame["client_ref"],
            "seq": turn.seq,
            "last_seq": turn.last_seq,
        }
        if who.is_rehearsal:
            ack["rehearsal"] = {"level": turn.level, "alert_open": turn.alert_open, "state": turn.state}
        await self.send_frame(ack)
        async with self.reading:
            await self._show(turn.lines, turn.state, turn.last_seq)

    async def _too_late(self, frame: dict[str, Any], ref: UUID, *, concern: bool) -> None:
        """Say that the conversation has ended; a message of concern goes to the team in a new one, with the card."""
        who = self._who()
        if not concern:
            raise BadFrame("closed", "This conversation has ended. You can start a new one.")
        await call_domain(
            late.pass_on,
            client_id=who.client_id,
            client_ref=ref,
            text=frame["text"],
            wishes_person=_wishes_person(frame),
            at=timezone.now(),
        )
        detail = "This chat has ended. Your message has gone to our team in a new one. Start a new chat to see it."
        await self.send_error("closed", detail, card=following.card_json(who.country), **self.echo(frame))

    async def catch_up(self, frame: dict[str, Any]) -> None:
        """Send everything after `after` once more; the page drops what it has."""
        after = read_number(frame, "after")
        async with self.reading:
            self.sent = after
            await self._catch_up()

    async def typing(self, frame: dict[str, Any]) -> None:
        """Tell the desk that the client is typing; never stored."""
        who = self._who()
        event = {"type": "typing.seen", "conversation": str(who.conversation_id), "sender": "client"}
        await self.tell_group(conversation_group(who.conversation_id), event)

    async def end(self, frame: dict[str, Any]) -> None:
        """End the conversation, where the client may."""
        try:
            await call_domain(
                conversations.end_by_client, conversation_id=self._who().conversation_id, at=timezone.now()
            )
        except conversations.NotAllowed:
            raise BadFrame(
                "not_allowed", "A person has been called, so this chat stays open. You can simply leave."
            ) from None
        async with self.reading:
            await self._catch_up()

    async def country(self, frame: dict[str, Any]) -> None:
        """Store the place the client names, and show the crisis lines of it from now on."""
        who, country = self._who(), frame.get("country")
        try:
            if not isinstance(country, str):
                raise clients.UnknownCountry
            await call_domain(clients.choose_country, client_id=who.client_id, country=country, at=timezone.now())
        except clients.UnknownCountry:
            raise BadFrame("bad_frame", "This country is not in our list.") from None
        self.who = replace(who, country=country)
        await self.send_frame({"type": "country", "country": country, "card": following.card_json(country)})

    async def bell(self, event: dict[str, Any]) -> None:
        """Something changed: read what this tab does not have yet."""
        if not self._is_mine(event):
            return
        async with self.reading:
            await self._hear(event)

    async def _hear(self, event: dict[str, Any]) -> None:
        if event["state"] != self.state:
            await self._catch_up()
        elif event["seq"] > self.sent:
            lines = await call_domain(following.lines, self._who().conversation_id, self.sent)
            await self._deliver(lines)
            if event["seq"] > self.sent:
                await self._catch_up()

    async def typing_seen(self, event: dict[str, Any]) -> None:
        """Pass on that the counsellor is typing."""
        if event["sender"] == "counsellor" and self._is_mine(event):
            await self.send_frame({"type": "typing", "sender": "counsellor"})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Make room for another tab."""
        if self.who is not None:
            self.tabs.leave(self.who.client_id, self)
        await super().websocket_disconnect(message)

    def _is_mine(self, event: dict[str, Any]) -> bool:
        """False for what was rung between joining and a hello that failed, or before a hello for something else."""
        return self.who is not None and event["conversation"] == str(self.who.conversation_id)

    def _take_place(self, before: clients.Identity | None) -> None:
        if before is not None:
            self.tabs.leave(before.client_id, self)
        oldest = self.tabs.take(self._who().client_id, self)
        if oldest is not None:  # not awaited: its line may be dead, and nobody else need wait for that
            oldest.last_words = asyncio.create_task(oldest.make_room())

    async def make_room(self) -> None:
        """Close this tab because the client has opened too many newer ones."""
        try:
            async with asyncio.timeout(_LAST_WORDS_PATIENCE):
                await self.send_error("too_many", "This chat is open in too many windows. Please use a newer one.")
                await self.close(TOO_MANY)
        except TimeoutError:
            self.closing = True

    def _who(self) -> clients.Identity:
        assert self.who is not None  # `act` lets nothing but the hello through before
        return self.who

    async def _show(self, lines: Sequence[Line], state: str, last_seq: int) -> None:
        """Deliver what a turn produced from memory, unless another writer came between. Needs `reading`, like all
        that sends lines.
        """
        if lines and contiguous(lines, self.sent) and state == self.state:
            await self._deliver(lines)
        elif last_seq > self.sent or state != self.state:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Send all lines after what this tab has, and the state if it changed."""
        while True:
            news = await call_domain(following.news, self._who().conversation_id, self.sent)
            await self._deliver(news.lines)
            if self.sent >= news.last_seq or not news.lines:
                break
        if news.state != self.state:
            self.state = news.state
            await self.send_frame({"type": "state", "state": news.state, **news.counsellor_json()})

    async def _deliver(self, lines: Sequence[Line]) -> None:
        country, now = self._who().country, timezone.now()
        for line in lines:
            await self.send_frame(client_frame(line, country=country, at=now))
            self.sent = line.seq

    async def _watch(self) -> None:
        """Close a socket without hello; afterwards show the head at each beat, which bounds what a lost bell costs."""
        try:
            await asyncio.wait_for(self.greeted.wait(), settings.CLIENT_HELLO_SECONDS)
        except TimeoutError:
            await self.close(HELLO_MISSING)
            return
        while not self.closing:
            await asyncio.sleep(_POLL_WHILE_DEAF if self.deaf else settings.CLIENT_HEARTBEAT_SECONDS)
            try:
                await self._beat()
            except Unavailable:
                continue
            except Exception:  # without its beat a page would not notice a lost line
                logger.exception("beat failed")

    async def _beat(self) -> None:
        who = self._who()
        if not await call_domain(clients.session_is_good, who.session_id, at=timezone.now()):
            if self._who().session_id == who.session_id:  # no other hello came meanwhile
                await self.close(STRANGER)
            return
        async with self.reading:
            head, state = await call_domain(following.standing, self._who().conversation_id)
            if head > self.sent or state != self.state:  # a bell was lost, or this tab hears none
                await self._catch_up()
            await self.send_frame({"type": "heartbeat", "last_seq": head, "state": self.state})
        if self.deaf and await self.layer_is_back():
            await self.close(COME_BACK)
