"""The door table names every way into the service, and nothing that is not there."""

from collections.abc import Iterator

import pytest
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from config.celery import app
from counselling.consumers import DeskConsumer
from tests.access.doors import DOORS, EVERYBODY, OPERATOR, Door
from triage.consumers import ClientConsumer

OUR_APPS = {"config", "audit", "accounts", "riskmodel", "triage", "counselling"}


def named(kind: str) -> set[str]:
    """The names of the table's doors of one kind."""
    return {door.name for door in DOORS if door.kind == kind}


def url_names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """The full name of every URL pattern; a pattern without a name is given by its route, which no table line has."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from url_names(pattern.url_patterns, space)
        else:
            yield prefix + (pattern.name or f"(no name) {pattern.pattern}")


def test_every_address_stands_in_the_door_table():
    assert set(url_names(get_resolver().url_patterns)) == named("page") | named("api")


def test_no_two_addresses_share_a_name():
    names = list(url_names(get_resolver().url_patterns))
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("path", "consumer", "kind"), [("ws/chat/", ClientConsumer, "chat"), ("ws/desk/", DeskConsumer, "desk")]
)
def test_every_socket_action_stands_in_the_door_table(path, consumer, kind):
    assert set(consumer.actions) == named(kind)


def socket_consumers() -> dict[str, type]:
    """Path -> consumer class of every websocket route, whatever middleware stands before it."""
    from config.asgi import application  # loads the risk model; a refused one fails this test, not the whole run

    found = {}
    for route in application.application_mapping["websocket"].routes:
        inner = route.callback
        while not hasattr(inner, "consumer_class"):
            inner = (
                inner.routes[0].callback
                if isinstance(inner, URLRouter)
                else (inner.application if hasattr(inner, "application") else inner.inner)
            )
        found[str(route.pattern)] = inner.consumer_class
    return found


def test_there_are_two_sockets_and_every_other_address_is_refused():
    assert socket_consumers() == {"ws/chat/": ClientConsumer, "ws/desk/": DeskConsumer, "": WebsocketDenier}


def test_every_task_stands_in_the_door_table():
    app.loader.import_default_modules()
    assert {name for name in app.tasks if not name.startswith("celery.")} == named("task")


def test_every_command_stands_in_the_door_table():
    assert {name for name, place in get_commands().items() if place in OUR_APPS} == named("command")


def test_every_task_of_the_schedule_exists():
    assert {one["task"] for one in app.conf.beat_schedule.values()} <= named("task")


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_every_line_says_who_may_and_what_is_recorded(door: Door):
    assert door.who <= EVERYBODY | OPERATOR
    assert door.who
    assert bool(door.writes) != bool(door.because), "either audit actions, or the reason why there are none"


def test_no_door_stands_in_the_table_twice():
    lines = [(door.kind, door.name, door.method) for door in DOORS]
    assert len(lines) == len(set(lines))


def test_a_worker_that_was_away_finds_no_heap_of_old_ticks():
    """Every task is a sweep over rows, so a tick that a later one has overtaken is not worth running."""
    assert {name: one["options"]["expires"] <= one["schedule"] for name, one in app.conf.beat_schedule.items()} == (
        dict.fromkeys(app.conf.beat_schedule, True)
    )
