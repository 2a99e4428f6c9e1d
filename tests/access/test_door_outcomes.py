"""Everybody knocks at every page and API route, and gets exactly what the door table says."""

import pytest
from django.urls import reverse

from tests.access.doors import ANONYMOUS, CLIENT, DOORS, EVERYBODY, Door
from tests.access.knocking import ALLOWED, REFUSED, STRANGER, UNKNOWN, expected, knock, outcome, request_of
from tests.access.world import KNOCKERS, OTHER, Things

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HTTP = [door for door in DOORS if door.kind in ("page", "api")]


def ways(door: Door, knocker: str) -> tuple[str, ...]:
    """By what a knocker is known: members reach the API by session and by token."""
    return ("session", "token") if door.kind == "api" and knocker not in (ANONYMOUS, CLIENT) else ("",)


KNOCKS = [
    pytest.param(door, knocker, by, id=f"{door} by {knocker} {by}".rstrip())
    for door in HTTP
    for knocker in KNOCKERS
    for by in ways(door, knocker)
]


@pytest.mark.parametrize(("door", "knocker", "by"), KNOCKS)
def test_everybody_gets_what_the_door_table_says(world, written, door, knocker, by):
    things = Things(world, knocker)
    request = request_of(door, things)
    if knocker == CLIENT:
        things.get("client_token")
    if door.prepare:
        things.get(door.prepare)
    written()
    answer = knock(request, knocker, by, world, things)
    assert outcome(door, knocker, answer) == expected(door, knocker, by)
    recorded = {ALLOWED: door.writes, REFUSED: ("permission.refused",), UNKNOWN: (), STRANGER: ()}
    assert written() == sorted(recorded[expected(door, knocker, by)])
    if knocker in (ANONYMOUS, CLIENT) or knocker.startswith(OTHER):
        assert_nothing_of_riverside_shows(answer, world)


def assert_nothing_of_riverside_shows(answer, world):
    """No id and no pseudonym of the clinic reaches anybody outside it, whatever the status."""
    text = answer.content.decode()
    assert not {secret for secret in world.secrets if secret in text}


@pytest.mark.parametrize("door", [door for door in HTTP if door.kind == "api"], ids=str)
def test_the_api_keeps_nothing_in_caches(world, door):
    for knocker in (ANONYMOUS, "counsellor"):
        things = Things(world, knocker)
        answer = knock(request_of(door, things), knocker, "", world, things)
        if door.name != "api:schema":
            assert answer["Cache-Control"] == "no-store"


def closed_methods() -> list[tuple[Door, str]]:
    """Every method that the table does not name, at every address it names."""
    open_methods: dict[str, set[str]] = {}
    for door in HTTP:
        open_methods.setdefault(door.name, set()).add(door.method)
    first = {door.name: door for door in reversed(HTTP)}
    return [(door, method) for name, door in first.items() for method in METHODS if method not in open_methods[name]]


@pytest.mark.parametrize(("door", "method"), closed_methods(), ids=lambda value: str(value))
def test_a_method_that_is_not_in_the_table_does_not_exist(world, door, method):
    knocker = ANONYMOUS if door.who >= EVERYBODY else min(door.who)
    things = Things(world, knocker)
    answer = knock(request_of(door, things, method=method), knocker, "", world, things)
    assert answer.status_code == 405


def test_nobody_but_the_public_doors_answers_without_signing_in():
    public = {door.name for door in HTTP if ANONYMOUS in door.who}
    assert public == PUBLIC


# Written out once more by hand: a door becomes public only by an edit here as well.
PUBLIC = {
    "root",
    "health_live",
    "health_ready",
    "api:schema",
    "accounts:sign_in",
    "accounts:set_password",
    "triage:chat",
    "triage:urgent",
    "triage:safety",
    "triage:about",
    "triage:embed",
    "triage:start",
    "triage:return",
    "triage:leave",
    # The plan itself answers a client's own token alone, as the chat does.
    "triage:plan",
    "triage:plan_read",
    "triage:plan_save",
    "triage:consent",
    "triage:mine",
    "triage:mine_read",
    "triage:mine_save",
    "triage:mine_erase",
    "triage:check_in",
    "triage:check_in_open",
    "triage:check_in_stop",
}


def test_a_session_of_one_clinic_does_not_become_anothers(world):
    """Whatever ids a member of Hillside sends, the list of conversations is Hillside's."""
    things = Things(world, OTHER + "counsellor")
    request = {"method": "GET", "path": reverse("api:conversations")}
    shown = knock(request, OTHER + "counsellor", "token", world, things).json()["results"]
    ids = {str(pk) for pk in world.hillside.conversations.values_list("pk", flat=True)}
    assert {one["id"] for one in shown} == ids
