"""The database itself refuses the service's own role: no entry can be changed, removed or emptied."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError

from audit import checkpoints
from audit.models import Checkpoint, CheckpointLeaf, Entry, Stream
from tests.audit.acts import AT, reply, write


@pytest.fixture
def lived_in(transactional_db, conversation, checkpoint_folder_of_test):
    write(conversation, reply(1), reply(2))
    checkpoints.write_checkpoint(at=AT)


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (Stream, Entry, Checkpoint, CheckpointLeaf)]


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET outcome = 'failed'",
        "UPDATE audit_entry SET outcome = outcome",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 2",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_stream CASCADE",
        "TRUNCATE audit_checkpoint CASCADE",
        "TRUNCATE audit_checkpointleaf",
        "UPDATE audit_checkpoint SET written_at = now()",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpointleaf SET seq = 1",
        "DELETE FROM audit_checkpointleaf",
        "DELETE FROM audit_stream",
        "UPDATE audit_stream SET head_seq = head_seq",
        "UPDATE audit_stream SET head_seq = head_seq - 1",
        "UPDATE audit_stream SET head_digest = sha256('x')",
        "UPDATE audit_stream SET head_seq = head_seq + 1, name = 'x' WHERE name <> 'service'",
        "UPDATE audit_stream SET head_seq = head_seq + 1, clinic_id = NULL WHERE name <> 'service'",
        "UPDATE audit_stream SET head_seq = head_seq + 1, conversation_id = gen_random_uuid()",
        "UPDATE audit_stream SET head_seq = head_seq + 1, id = id + 100",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (stream_id, seq) DO UPDATE SET outcome = 'x'",
        "MERGE INTO audit_entry e USING audit_stream s ON e.stream_id = s.id WHEN MATCHED THEN DELETE",
    ],
)
def test_sql_that_changes_the_past_is_refused(lived_in, sql):
    before = everything()
    with pytest.raises(DatabaseError) as refusal:
        execute(sql)
    assert "append-only" in str(refusal.value)
    assert isinstance(refusal.value, ProgrammingError)
    assert everything() == before


def test_an_act_that_tries_to_change_the_past_is_undone_with_it(lived_in, conversation):
    def act() -> None:
        with transaction.atomic():
            write(conversation, reply(3))
            Entry.objects.filter(seq=1).update(outcome="failed")

    with pytest.raises(DatabaseError, match="append-only"):
        act()
    assert Entry.objects.filter(stream__name=conversation.name).count() == 2


def test_the_past_can_still_be_added_to(lived_in, conversation):
    write(conversation, reply(3))
    assert Stream.objects.get(name=conversation.name).head_seq == 3


@pytest.mark.parametrize("order", ["first", "second"])
def test_the_tests_flush_leaves_an_empty_trail_with_its_triggers_on(transactional_db, conversation, order):
    """Runs twice: whichever comes second sees what the first one's flush left behind."""
    assert not Entry.objects.exists()
    write(conversation, reply(1))
    with pytest.raises(DatabaseError, match="append-only"):
        execute("DELETE FROM audit_entry")


@pytest.mark.django_db
def test_a_locked_trail_stops_the_act_it_would_have_recorded(conversation):
    """An act without its entry must not happen: here the trail cannot be written, so the act's transaction fails."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry RENAME TO audit_entry_gone")
    with pytest.raises(DatabaseError), transaction.atomic():
        write(conversation, reply(1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_stream")
        assert cursor.fetchone() == (0,)
