"""One world for a module: committed once, knocked at by every test, and emptied at the end.

A test marked `django_db` undoes what it did itself; what sockets do in threads of their own stays for the module.
"""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from audit.models import Entry
from tests.access import world as worlds
from tests.access.world import World
from tests.audit_flush import BEFORE_A_FLUSH
from tests.direct_socket import close_connections


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two clinics with everything in them. The marked scorer reads the level from the message."""
    before, settings.RISK_SCORER = settings.RISK_SCORER, "tests.fakes.marked"
    with django_db_blocker.unblock():
        try:
            yield worlds.build()
        finally:
            settings.RISK_SCORER = before
            asyncio.run(close_connections())
            _empty()


@pytest.fixture
def written(world: World) -> Callable[[], list[str]]:
    """Gives the actions that came onto the trail, on any chain, since it was asked last, in alphabetical order.

    How many lines the bot says is a matter of content, so the entries of its lines count once.
    """
    seen = _last_entry()

    def news() -> list[str]:
        nonlocal seen
        since, seen = seen, _last_entry()
        actions = list(Entry.objects.filter(pk__gt=since, pk__lte=seen).values_list("action", flat=True))
        once = {"bot.replied"} & set(actions)
        return sorted([action for action in actions if action not in once] + list(once))

    return news


def _last_entry() -> int:
    return Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _empty() -> None:
    """Empty all tables behind the triggers' back; see `tests/audit_flush.py`."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE_A_FLUSH)
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    connection.close()
