"""Nothing waits for PostgreSQL without end, and requests leave no connection behind."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import pre_migrate
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import checkpoints, verification
from audit.patience import be_patient
from config import home
from config.settings.databases import LIMITS, database
from tests.live import LiveServer
from tests.people import sign_in
from tests.stories import Clock, a_client_starts
from triage.models import Conversation

URL = "postgresql://triage@database.clinic.invalid/triage"


def setting(name):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return cursor.fetchone()[0]


def test_a_machine_that_has_vanished_is_noticed_in_seconds():
    options = database(URL)["OPTIONS"]
    assert options["connect_timeout"] == 5
    assert options["tcp_user_timeout"] == 20_000
    silence = options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    assert silence <= 30


def test_what_the_address_says_stands_above_our_limits():
    options = database(f"{URL}?connect_timeout=9&options=-c%20statement_timeout%3D90s")["OPTIONS"]
    assert options["connect_timeout"] in (9, "9")
    assert options["options"].endswith("-c statement_timeout=90s")
    assert "-c lock_timeout=3s" in options["options"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(LIMITS))
def test_every_connection_has_its_limits(name):
    assert setting(name) == LIMITS[name]


@pytest.mark.django_db(transaction=True)
def test_somebody_who_waits_for_a_locked_row_is_told_and_waits_no_longer(clinic, client, counsellor):
    conversation_id = a_client_starts(clinic, Clock(timezone.now())).conversation_id
    sign_in(client, counsellor)
    body = json.dumps({"conversation": str(conversation_id)})
    with psycopg.connect(home.database_url(connection.settings_dict["NAME"])) as other:
        other.execute("SELECT 1 FROM triage_conversation WHERE id = %s FOR UPDATE", [conversation_id])
        answer = client.post("/api/v1/takeovers", body, content_type="application/json")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert answer["Retry-After"]
    assert Conversation.objects.get().holder is None
    assert client.post("/api/v1/takeovers", body, content_type="application/json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_whole_trail_may_be_read_and_sealed_for_longer(clinic):
    a_client_starts(clinic, Clock(timezone.now()))
    seen = []
    with CaptureQueriesContext(connection) as asked:
        checkpoints.write_checkpoint(at=timezone.now())
    assert any("set_config" in query["sql"] for query in asked)
    verification.verify(progress=lambda count: seen.append(setting("statement_timeout")))
    assert set(seen) == {"1h"}


@pytest.mark.django_db(transaction=True)
def test_patience_ends_with_its_transaction():
    with transaction.atomic():
        be_patient()
        assert setting("statement_timeout") == "1h"
        assert setting("lock_timeout") == LIMITS["lock_timeout"]
    assert setting("statement_timeout") == LIMITS["statement_timeout"]


@pytest.mark.django_db(transaction=True)
def test_a_migration_may_take_its_time_and_only_the_migration():
    seen = []

    def look(**_):
        seen.append((setting("statement_timeout"), setting("lock_timeout")))

    with listening(pre_migrate, look):
        call_command("migrate", verbosity=0)
    assert seen == [("0", LIMITS["lock_timeout"])]
    assert setting("statement_timeout") == LIMITS["statement_timeout"]


@contextmanager
def listening(signal, receiver):
    """Call `receiver` for `signal` of one app while the block runs."""
    sender = apps.get_app_config("audit")
    signal.connect(receiver, sender=sender)
    yield
    signal.disconnect(receiver, sender=sender)


def others_connected():
    """How many connections to this test's database others hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_hundred_requests_leave_no_connection_behind(clinic, live_environment, worker_name):
    """Under ASGI each request has a thread of its own; a connection that it keeps is never found again."""
    server = LiveServer(env=live_environment(), log=home.log_dir() / f"limits-{worker_name}.log")
    before = others_connected()

    def asks(_):
        with urllib.request.urlopen(f"{server.url}/c/riverside/", timeout=20) as answer:  # noqa: S310 - our own address
            return answer.status

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(asks, range(100))) == {200}
    left = others_connected() - before
    server.close()
    assert left <= 4, "at most what the last four requests are just closing"
