"""Everybody knocks at every action of both sockets, and gets exactly what the door table says."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Membership
from counselling.models import Shift
from tests.access.doors import CLIENT, DOORS, Door
from tests.access.knocking import ALLOWED, UNKNOWN, expected
from tests.access.world import KNOCKERS, OTHER, Things
from tests.direct_socket import DirectSocket
from tests.people import make_member, session_of
from triage.sockets import call_domain

# The mark makes the test database; the sockets work in threads of their own, and what they do is committed.
pytestmark = pytest.mark.django_db

CHAT = [door for door in DOORS if door.kind == "chat"]
DESK = [door for door in DOORS if door.kind == "desk"]


async def frame_of(door: Door, things: Things) -> dict[str, Any]:
    """The frame that asks for the door's action, with fresh things in it."""
    filled = await call_domain(things.fill, dict(door.sends or {}))
    return {**filled, "type": door.name, "ref": "knock"}


def answered(door: Door, frames: list[dict[str, Any]]) -> str:
    """What came back, in the table's words."""
    errors = [frame["code"] for frame in frames if frame["type"] == "error"]
    if errors:
        return UNKNOWN if errors[0].startswith("unknown_") else errors[0]
    types = [frame["type"] for frame in frames]
    return ALLOWED if door.answers is None or door.answers in types else f"only {types}"


@pytest.mark.parametrize("knocker", KNOCKERS)
@pytest.mark.parametrize("door", DESK, ids=str)
async def test_the_desks_socket_answers_as_the_door_table_says(world, written, door, knocker):
    things = Things(world, knocker)
    frame = await frame_of(door, things)
    async with DirectSocket("/ws/desk/", session=world.sessions.get(knocker, "")) as socket:
        if expected(door, knocker) in (ALLOWED, UNKNOWN):
            await socket.ask({"type": "hello"})
            await prepared(socket, door, things)
            await call_domain(written)
            assert answered(door, await socket.ask(frame)) == expected(door, knocker)
            if knocker.startswith(OTHER):
                shown = str(socket.frames)
                assert not {secret for secret in world.secrets if secret in shown}
            recorded = list(door.writes) if expected(door, knocker) == ALLOWED else []
            assert await call_domain(written) == sorted(recorded)
        else:
            await call_domain(written)
            assert await socket.until_closed() == 4401
            assert [one["type"] for one in socket.frames] == ["error"]
            assert await call_domain(written) == []


async def prepared(socket: DirectSocket, door: Door, things: Things) -> None:
    """Open what must be open before, and start no shift twice."""
    if "opened" in door.things:
        await socket.ask({"type": "open", "conversation": things.fill("$opened")})
    if door.name == "shift":
        await socket.ask({"type": "shift", "on": False})


@pytest.mark.parametrize("knocker", [one for one in KNOCKERS if one != CLIENT])
@pytest.mark.parametrize("door", CHAT, ids=str)
async def test_only_a_clients_token_opens_the_chats_socket(world, written, door, knocker):
    """Neither a stranger nor any member of staff, whatever session they bring, speaks for a client."""
    frame = await frame_of(door, Things(world, knocker))
    await call_domain(written)
    async with DirectSocket("/ws/chat/", session=world.sessions.get(knocker, "")) as socket:
        frames = await socket.ask({**frame, "token": world.tokens.get(knocker, "made up")})
        assert [one["code"] for one in frames if one["type"] == "error"] == ["not_allowed"]
        if door.name == "hello":
            assert await socket.until_closed() == 4401
    assert await call_domain(written) == []


@pytest.mark.parametrize("door", CHAT, ids=str)
async def test_a_client_gets_what_the_door_table_says(world, written, door):
    things = Things(world, CLIENT)
    frame = await frame_of(door, things)
    hello = {"type": "hello", "token": await call_domain(things.get, "client_token")}
    async with DirectSocket("/ws/chat/") as socket:
        if door.name == "hello":
            frame |= hello
        else:
            await socket.ask(hello)
        await call_domain(written)
        assert answered(door, await socket.ask(frame)) == ALLOWED
    assert await call_domain(written) == sorted(door.writes)


async def test_a_desk_of_another_site_is_refused_before_a_word(world):
    """The session cookie alone is no key: the page must be ours."""
    session = world.sessions["counsellor"]
    async with DirectSocket("/ws/desk/", session=session, origin="https://elsewhere.invalid") as socket:
        assert await socket.until_closed() in (1000, 403)
        assert socket.frames == []


async def test_an_address_without_a_socket_is_refused(world):
    async with DirectSocket("/ws/nothing/", session=world.sessions["counsellor"]) as socket:
        assert await socket.until_closed() in (1000, 403)
        assert socket.frames == []


def newcomer(world):
    """A counsellor of Riverside with a session, whom a test may deactivate."""
    member = make_member(world.riverside, "counsellor", f"Newcomer {uuid4().hex[:8]}")
    return member, session_of(member)


async def test_who_is_deactivated_while_the_desk_is_open_does_nothing_more(world):
    member, session = await call_domain(newcomer, world)
    async with DirectSocket("/ws/desk/", session=session) as socket:
        await socket.ask({"type": "hello"})
        await call_domain(Membership.objects.filter(pk=member.pk).update, is_active=False)
        await socket.send({"type": "shift", "on": True})
        assert await socket.until_closed() == 4401
    assert not await call_domain(Shift.objects.filter(member=member).exists)


async def test_who_loses_the_role_while_the_desk_is_open_is_refused_from_then_on(world):
    member, session = await call_domain(newcomer, world)
    conversation = await call_domain(Things(world, "counsellor").fill, "$waiting")
    async with DirectSocket("/ws/desk/", session=session) as socket:
        await socket.ask({"type": "hello"})
        await call_domain(Membership.objects.filter(pk=member.pk).update, role="administrator")
        frames = await socket.ask({"type": "open", "conversation": conversation, "ref": "knock"})
        assert [one["code"] for one in frames if one.get("ref") == "knock"] == ["not_permitted"]
        assert "I cannot go on" not in str(socket.frames[-2:])
