"""Sending one request as one of the people who might knock, and what the door table expects of it."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.access.doors import ANONYMOUS, CLIENT, EVERYBODY, Door
from tests.access.world import OF_THE_CLINIC, OTHER, Things, World

ALLOWED, REFUSED, UNKNOWN, STRANGER = "allowed", "refused", "unknown", "stranger"


def expected(door: Door, knocker: str, by: str = "") -> str:
    """What the table says about `knocker` at `door`, known `by` a session or a token."""
    if door.in_person and by == "token":
        return REFUSED
    if door.who >= EVERYBODY:
        return ALLOWED
    role = knocker.removeprefix(OTHER)
    if knocker in (ANONYMOUS, CLIENT):
        return ALLOWED if knocker in door.who else STRANGER
    if role not in door.who:
        return REFUSED
    return UNKNOWN if knocker.startswith(OTHER) and door.things & OF_THE_CLINIC else ALLOWED


def address(door: Door, things: Things) -> str:
    """The door's URL, with fresh things in it."""
    query = f"?{door.query}" if door.query else ""
    return reverse(door.name, kwargs={name: things.fill(value) for name, value in door.path.items()}) + query


def request_of(door: Door, things: Things, *, method: str = "") -> dict[str, Any]:
    """The arguments of Django's test client for one knock at `door`."""
    method = method or door.method
    request: dict[str, Any] = {"method": method, "path": address(door, things)}
    if door.sends is not None and method != "GET":
        body = things.fill(dict(door.sends))
        request["data"] = urlencode(body) if door.is_form else json.dumps(body)
        request["content_type"] = "application/x-www-form-urlencoded" if door.is_form else "application/json"
    return request


def knock(request: dict[str, Any], knocker: str, by: str, world: World, things: Things) -> HttpResponse:
    """Send `request` as `knocker`: with a client's token, with a member's API token, or with a session."""
    client, headers = Client(), {}
    if knocker == CLIENT:
        headers["Authorization"] = f"Token {things.get('client_token')}"
    elif by == "token":
        headers["Authorization"] = f"Token {world.tokens[knocker]}"
    elif knocker != ANONYMOUS:
        client.cookies["staff_session"] = world.sessions[knocker]
    return client.generic(**request, headers=headers)


def outcome(door: Door, knocker: str, answer: HttpResponse) -> str:
    """What `answer` means, in the table's words; an unexpected status is named as it is."""
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith(reverse("accounts:sign_in"))
    if to_sign_in and door.leads_to == "accounts:sign_in":
        # Strangers are sent there as well; what came onto the trail tells the two apart.
        return expected(door, knocker)
    if answer.status_code == 401 or to_sign_in:
        return STRANGER
    if answer.status_code in (door.answers if isinstance(door.answers, tuple) else (door.answers,)):
        return ALLOWED
    return {403: REFUSED, 404: UNKNOWN}.get(
        answer.status_code, f"status {answer.status_code}: {answer.content[:300]!r}"
    )
