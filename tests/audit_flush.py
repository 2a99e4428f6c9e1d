"""Lets a transactional test empty the audit tables behind it, which the product's triggers refuse to everybody.

Django ends such a test by TRUNCATE. This fixture runs just before, on the same connection, and turns triggers off for
that session alone; it needs the test database's superuser, and Django closes the connection right after the flush.
The product has no such switch. The root `conftest.py` loads this module as a plugin.

A service of the test may still be at work: somebody left a page a moment ago, and the request writes while TRUNCATE
takes one table after another. PostgreSQL ends one of two that wait for each other; it must be the request, whose
visitor is gone, and not the flush, without which the next test finds this one's rows.
"""

from collections.abc import Iterator

import pytest
from django.db import connection

# The flush looks for a dead lock late, so the other side has looked, and given way, long before.
BEFORE_A_FLUSH = """
    SET session_replication_role = replica;
    SET deadlock_timeout = '20s';
    SET lock_timeout = '40s';
    SET statement_timeout = '60s';
"""
_TRANSACTIONAL = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    marked = bool(marker and (marker.kwargs.get("transaction") or marker.kwargs.get("reset_sequences")))
    return marked or bool(_TRANSACTIONAL & set(request.fixturenames))


@pytest.fixture(autouse=True)
def audit_flush(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sets itself up after the database fixture, so that it is torn down just before the flush."""
    if not _is_transactional(request):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    with connection.cursor() as cursor:
        cursor.execute(BEFORE_A_FLUSH)
