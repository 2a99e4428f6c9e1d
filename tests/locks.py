"""Holding back PostgreSQL at one table, so that a test decides in which order the service gets on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from config import home
from config.embedded import processes


@contextmanager
def held_table(name: str) -> Iterator[psycopg.Connection]:
    """Nobody reads or writes the table until the block ends; yields the connection that holds it."""
    database = home.database_url(connection.settings_dict["NAME"])
    with psycopg.connect(database) as holder:
        holder.execute(f'LOCK TABLE "{name}" IN ACCESS EXCLUSIVE MODE')
        yield holder


def waiting_for(name: str) -> list[int]:
    """The process ids of the statements that wait for the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.pid FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation "
            "WHERE c.relname = %s AND NOT l.granted AND l.database = (SELECT oid FROM pg_database "
            "WHERE datname = current_database())",
            [name],
        )
        return [pid for (pid,) in cursor.fetchall()]


def wait_for_waiter(name: str) -> int:
    """Wait until a statement waits for the table; returns its process id."""
    found: list[int] = []

    def somebody() -> bool:
        found[:] = waiting_for(name)
        return bool(found)

    assert processes.wait_until(somebody, seconds=15), f"nobody waits for {name}"
    return found[0]
