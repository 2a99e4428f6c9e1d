"""Checkpoints: what they sign, that file and rows agree, and that the next attempt heals a crash at any point."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from audit import checkpoint_folder, checkpoints, merkle, signing, statements, tasks
from audit.models import Checkpoint, CheckpointLeaf, Entry, Stream
from audit.statements import Leaf, Statement
from tests.audit.acts import AT, reply, takeover, write

HOUR = timedelta(hours=1)


@pytest.fixture
def two_streams(transactional_db, conversation, clinic, checkpoint_folder_of_test):
    write(conversation, reply(1), takeover())
    write(clinic, reply(2))


@pytest.fixture
def crash_at_commit(transactional_db):
    """The database fails a checkpoint's transaction at its very commit: after the file, before the rows are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$;"
            "CREATE CONSTRAINT TRIGGER crash AFTER INSERT ON audit_checkpoint"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crash();"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS crash() CASCADE")


def crash(*, at=AT) -> None:
    """One attempt that dies between file and rows; the next ones live."""
    with pytest.raises(DatabaseError, match="crash"):
        checkpoints.write_checkpoint(at=at)
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION crash() CASCADE")


def file_of(number: int):
    return checkpoint_folder.path_of(checkpoints.folder(), number)


def test_a_checkpoint_holds_the_end_of_every_stream(two_streams):
    checkpoint = checkpoints.write_checkpoint(at=AT)
    ends = {
        stream.name: (stream.head_seq, bytes(stream.head_digest)) for stream in Stream.objects.exclude(name="service")
    }
    leaves = {leaf.stream_name: (leaf.seq, bytes(leaf.digest)) for leaf in CheckpointLeaf.objects.all()}
    assert leaves == ends
    assert (checkpoint.number, checkpoint.leaf_count, checkpoint.entry_count) == (1, 2, 3)
    assert bytes(checkpoint.previous) == bytes(32)


def test_the_next_checkpoint_holds_only_what_moved_and_follows_the_first(two_streams, conversation):
    first = checkpoints.write_checkpoint(at=AT)
    write(conversation, reply(4))
    second = checkpoints.write_checkpoint(at=AT + HOUR)
    assert list(second.leaves.order_by("position").values_list("stream_name", "seq")) == [
        (conversation.name, 3),
        ("service", 1),
    ]
    assert second.entry_count == 2
    assert bytes(second.previous) == bytes(first.digest)


def test_a_quiet_hour_is_signed_too(two_streams):
    checkpoints.write_checkpoint(at=AT)
    checkpoints.write_checkpoint(at=AT + HOUR)
    third = checkpoints.write_checkpoint(at=AT + 2 * HOUR)
    assert [leaf.stream_name for leaf in third.leaves.all()] == ["service"]


def test_file_and_rows_hold_the_same_and_the_signature_covers_both(two_streams):
    checkpoint = checkpoints.write_checkpoint(at=AT)
    filed = checkpoint_folder.read(checkpoints.folder(), 1)
    assert filed == checkpoints.statement_of(checkpoint)
    assert list(filed.faults()) == []
    assert filed.digest() == bytes(checkpoint.digest)
    assert filed.public_key == signing.public_key()


def test_one_stream_can_be_proved_from_the_root_alone(two_streams):
    statement = checkpoints.statement_of(checkpoints.write_checkpoint(at=AT))
    leaves = [leaf.encoded() for leaf in statement.leaves]
    proof = merkle.inclusion_proof(leaves, 1)
    assert merkle.is_included(leaf=leaves[1], index=1, size=len(leaves), proof=proof, root=statement.root)


def test_the_trail_itself_tells_of_each_checkpoint(two_streams):
    checkpoint = checkpoints.write_checkpoint(at=AT)
    entry = Entry.objects.get(action="audit.checkpoint_written")
    assert json.loads(entry.detail) == {
        "adopted": False, "digest": bytes(checkpoint.digest).hex(), "leaves": 2, "number": 1,
    }  # fmt: skip


def test_after_a_crash_between_file_and_rows_the_next_attempt_adopts_the_file(
    two_streams, crash_at_commit, conversation
):
    crash()
    assert not Checkpoint.objects.exists()
    statement = checkpoint_folder.read(checkpoints.folder(), 1)
    write(conversation, reply(9))

    newest = checkpoints.write_checkpoint(at=AT + HOUR)

    first = Checkpoint.objects.get(number=1)
    assert newest.number == 2
    assert checkpoints.statement_of(first) == statement
    assert first.written_at == AT
    recorded = Entry.objects.filter(action="audit.checkpoint_written").order_by("seq")
    assert [json.loads(entry.detail)["adopted"] for entry in recorded] == [True, False]
    assert list(newest.leaves.order_by("position").values_list("stream_name", "seq")) == [
        (conversation.name, 3),
        ("service", 1),
    ]


def test_a_crash_while_the_file_was_being_written_leaves_nothing_in_the_way(two_streams):
    checkpoints.folder().mkdir(parents=True)
    (checkpoints.folder() / ".checkpoint-000001.json.partial").write_bytes(b'{"format":"cli')
    assert checkpoints.write_checkpoint(at=AT).number == 1
    assert [path.name for path in checkpoints.folder().iterdir()] == ["checkpoint-000001.json"]


def test_a_folder_that_cannot_be_written_leaves_no_row(two_streams, settings, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "taken"
    with pytest.raises(OSError, match="taken"):
        checkpoints.write_checkpoint(at=AT)
    assert not Checkpoint.objects.exists()


def test_a_file_signed_with_another_key_is_not_adopted(two_streams, crash_at_commit, settings):
    crash()
    settings.AUDIT_SIGNING_KEY = base64.b64encode(bytes(32)).decode()
    with pytest.raises(checkpoints.CheckpointsDiverge, match="another key"):
        checkpoints.write_checkpoint(at=AT)


def test_a_file_that_was_altered_is_not_adopted_and_not_overwritten(two_streams, crash_at_commit):
    crash()
    altered = file_of(1).read_text().replace('"entries":3', '"entries":2')
    file_of(1).write_text(altered)
    with pytest.raises(checkpoints.CheckpointsDiverge, match="signature"):
        checkpoints.write_checkpoint(at=AT)
    assert file_of(1).read_text() == altered
    assert not Checkpoint.objects.exists()


def test_a_file_under_another_number_is_not_adopted(two_streams):
    checkpoints.folder().mkdir(parents=True)
    file_of(1).write_text(statements.seal(**SEALED | {"number": 7}, entry_count=3, written_at=AT).to_text())
    with pytest.raises(checkpoints.CheckpointsDiverge, match="does not continue"):
        checkpoints.write_checkpoint(at=AT)


def test_a_file_is_never_overwritten(tmp_path):
    checkpoint_folder.write(tmp_path, sealed())
    with pytest.raises(checkpoint_folder.FileRefused, match="exists already"):
        checkpoint_folder.write(tmp_path, sealed())


def test_files_of_another_database_stop_the_writer(two_streams, tamper):
    checkpoints.write_checkpoint(at=AT)
    checkpoints.write_checkpoint(at=AT + HOUR)
    file_of(1).rename(file_of(5))
    with pytest.raises(checkpoints.CheckpointsDiverge, match="holds checkpoint 5, but checkpoint 3"):
        checkpoints.write_checkpoint(at=AT + 2 * HOUR)


def test_a_worker_that_finds_another_at_it_is_told_so(two_streams, tamper):
    tamper(f"SELECT pg_advisory_lock({checkpoints._LOCK})")
    with pytest.raises(checkpoints.CheckpointInProgress):
        checkpoints.write_checkpoint(at=AT)
    tasks.write_checkpoint()
    assert not Checkpoint.objects.exists()
    assert not checkpoints.folder().exists()


def test_eight_workers_at_once_leave_one_chain_of_checkpoints(two_streams):
    start = Barrier(8)

    def work(_: int) -> int | None:
        start.wait()
        try:
            return checkpoints.write_checkpoint(at=AT).number
        except checkpoints.CheckpointInProgress:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        won = sorted(number for number in pool.map(work, range(8)) if number)
    assert won == list(range(1, len(won) + 1))
    assert won
    assert checkpoint_folder.numbers_in(checkpoints.folder()) == set(won)
    assert list(Checkpoint.objects.order_by("number").values_list("number", flat=True)) == won


def test_missing_files_are_written_again_only_when_asked(two_streams):
    for hours in range(3):
        checkpoints.write_checkpoint(at=AT + hours * HOUR)
    texts = {number: file_of(number).read_text() for number in (1, 2)}
    file_of(1).unlink()
    file_of(2).unlink()
    checkpoints.write_checkpoint(at=AT + 3 * HOUR)
    assert not file_of(1).exists()
    assert checkpoints.restore_files() == [1, 2]
    assert {number: file_of(number).read_text() for number in (1, 2)} == texts


def test_a_row_that_was_altered_is_not_written_to_a_file(two_streams, tamper):
    checkpoints.write_checkpoint(at=AT)
    file_of(1).unlink()
    tamper("UPDATE audit_checkpoint SET entry_count = 99")
    with pytest.raises(checkpoints.CheckpointsDiverge, match="signature"):
        checkpoints.restore_files()
    assert not file_of(1).exists()


def test_the_task_writes_a_checkpoint(two_streams):
    tasks.write_checkpoint()
    assert Checkpoint.objects.get().number == 1


def test_the_command_says_what_it_wrote_and_where(two_streams):
    out = StringIO()
    call_command("write_checkpoint", stdout=out)
    assert "Checkpoint 1: 2 streams, 3 new entries" in out.getvalue()
    assert str(file_of(1)) in out.getvalue()
    file_of(1).unlink()
    call_command("write_checkpoint", "--restore-files", stdout=out)
    assert "1 missing files written again" in out.getvalue()


def test_the_command_fails_in_words_when_nothing_could_be_written(two_streams, crash_at_commit):
    crash()
    file_of(1).write_text("[]")
    with pytest.raises(CommandError, match="No checkpoint was written"):
        call_command("write_checkpoint")


def test_the_public_key_is_printed_and_fits_the_signatures(two_streams):
    out, err = StringIO(), StringIO()
    call_command("audit_public_key", stdout=out, stderr=err)
    public = signing.decode_key(out.getvalue().strip(), name="printed")
    statement = checkpoints.statement_of(checkpoints.write_checkpoint(at=AT))
    assert signing.is_signed(public=public, signature=statement.signature, message=statement.signed_bytes())
    assert signing.key_id(public) in err.getvalue()


@pytest.mark.parametrize(("key", "reason"), [("x", "not base64"), ("AAAA", "3 bytes"), ("ä", "not base64")])
def test_a_signing_key_that_is_none_is_named_but_not_shown(settings, key, reason):
    settings.AUDIT_SIGNING_KEY = key
    with pytest.raises(signing.KeyRefused, match=f"AUDIT_SIGNING_KEY .*{reason}"):
        signing.sign(b"x")


SEALED = {"number": 1, "previous": bytes(32), "leaves": [Leaf("b", 2, bytes(32)), Leaf("a", 1, bytes(32))]}


def sealed() -> Statement:
    return statements.seal(**SEALED, entry_count=3, written_at=AT)


def test_a_statement_reads_back_from_its_file_as_it_was():
    statement = sealed()
    assert Statement.from_text(statement.to_text()) == statement
    assert [leaf.stream for leaf in statement.leaves] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"number": 2}, "signature"),
        ({"previous": bytes(31) + b"1"}, "signature"),
        ({"entry_count": 4}, "signature"),
        ({"written_at": AT + HOUR}, "signature"),
        ({"root": bytes(32)}, "root"),
        ({"leaf_count": 1}, "leaves"),
        ({"signature": bytes(64)}, "signature"),
        ({"signature": b""}, "signature"),
        ({"public_key": bytes(32)}, "signature"),
        ({"public_key": b"short"}, "signature"),
        ({"leaves": (Leaf("a", 1, bytes(32)),)}, "leaves"),
        ({"leaves": (Leaf("b", 2, bytes(32)), Leaf("a", 1, bytes(32)))}, "root"),
    ],
)
def test_a_statement_with_anything_changed_does_not_hold(change, fault):
    assert any(fault in found for found in replace(sealed(), **change).faults())
    assert not list(sealed().faults())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", '{"format":"clinic-audit-checkpoint-2"}', "[" * 100_000,
        sealed().to_text().replace('"number":1', '"number":1.5'),
        sealed().to_text().replace('"number":1', '"number":true'),
        sealed().to_text().replace('"number":1', '"number":99999999999999999999'),
        sealed().to_text().replace('["a",1', '["\\ud800",1'),
        sealed().to_text().replace('["a",1', "[7,1"),
        sealed().to_text().replace('["a",1', '["a"'),
        sealed().to_text().replace("2026-01-02T03:00:00.000007Z", "0001-01-01T03:00:00+09:00"),
        sealed().to_text()[:-40],
    ],
)  # fmt: skip
def test_a_file_that_is_no_checkpoint_is_refused_without_a_crash(text):
    with pytest.raises(statements.StatementRefused):
        Statement.from_text(text)
