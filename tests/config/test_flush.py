"""A request that is still at work when a test ends does not keep that test's rows for the next one."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import sql_flush
from django.db import connection, connections

from accounts.models import Clinic
from tests.audit_flush import BEFORE_A_FLUSH
from tests.locks import held_table, wait_for_waiter


def _emptied_in_order() -> list[str]:
    (truncate,) = [line for line in sql_flush(no_style(), connection) if line.startswith("TRUNCATE")]
    return truncate.split('"')[1::2]


def _flush() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(BEFORE_A_FLUSH)
        call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_of_a_flush_and_a_late_request_that_wait_for_each_other_the_request_gives_way(clinic: Clinic) -> None:
    first, *_, last = _emptied_in_order()
    with held_table(last) as late_request, ThreadPoolExecutor(1) as beside:
        flushing = beside.submit(_flush)
        wait_for_waiter(last)
        with pytest.raises(psycopg.errors.DeadlockDetected):
            late_request.execute(f'LOCK TABLE "{first}" IN ROW SHARE MODE')
        late_request.rollback()
        flushing.result(timeout=30)
    assert not Clinic.objects.exists()
