"""What no chain can show by itself, the checkpoints show: cut ends, removed streams, chains computed anew."""

import base64

import pytest

from audit import checkpoint_folder, checkpoints, signing, statements
from audit.findings import Kind
from audit.verification import UnknownStream, verify
from tests.audit.acts import AT, cut_tail, entry, forge, found, reply, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lived_in_trail")]


def test_a_cut_off_end_shows_only_against_a_checkpoint(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    cut_tail(tamper, conversation, keep=4)
    (finding,) = verify().findings
    assert (finding.kind, finding.stream, finding.seq, finding.checkpoint) == (Kind.CUT, conversation.name, 6, 1)


def test_a_cut_off_end_that_no_checkpoint_holds_is_counted_as_open(tamper, conversation):
    report = verify()
    assert report.newer_entries == 8
    cut_tail(tamper, conversation, keep=4)
    assert verify().is_intact


def test_a_stream_removed_whole_is_found(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    tamper("DELETE FROM audit_entry WHERE conversation_id IS NOT NULL")
    tamper("DELETE FROM audit_stream WHERE name = %s", conversation.name)
    assert found() == [(Kind.REMOVED, conversation.name, 6)]


def test_a_chain_computed_anew_is_found_by_the_checkpoint(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    write(conversation, reply(7))
    checkpoints.write_checkpoint(at=AT)
    forge(tamper, conversation, 3)
    (finding,) = verify().findings
    assert (finding.kind, finding.stream, finding.seq, finding.checkpoint) == (Kind.REWRITTEN, conversation.name, 6, 1)
    assert finding.entry_id == entry(conversation, 6).id


def test_a_forger_who_also_removes_all_rows_of_checkpoints_meets_the_files(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    forge(tamper, conversation, 3)
    tamper("DELETE FROM audit_checkpointleaf")
    tamper("DELETE FROM audit_checkpoint")
    assert (Kind.REWRITTEN, conversation.name, 6) in found()
    assert any("gone from the database" in finding.reason for finding in verify().findings)


def test_a_forger_who_has_the_files_but_not_the_database_is_found(conversation):
    checkpoints.write_checkpoint(at=AT)
    checkpoint_folder.path_of(checkpoints.folder(), 1).unlink()
    (finding,) = verify().findings
    assert (finding.kind, finding.checkpoint) == (Kind.CHECKPOINT, 1)
    assert "its file is gone" in finding.reason


def test_the_newest_checkpoint_cannot_vanish_from_both_places(tamper):
    checkpoints.write_checkpoint(at=AT)
    checkpoint_folder.path_of(checkpoints.folder(), 1).unlink()
    tamper("DELETE FROM audit_checkpointleaf")
    tamper("DELETE FROM audit_checkpoint")
    (finding,) = verify().findings
    assert (finding.kind, finding.stream, finding.seq, finding.checkpoint) == (Kind.CHECKPOINT, "service", 1, 1)


def test_a_checkpoint_missing_in_the_middle_is_found(tamper):
    for _ in range(3):
        checkpoints.write_checkpoint(at=AT)
    checkpoint_folder.path_of(checkpoints.folder(), 2).unlink()
    tamper("DELETE FROM audit_checkpointleaf WHERE checkpoint_id = (SELECT id FROM audit_checkpoint WHERE number = 2)")
    tamper("DELETE FROM audit_checkpoint WHERE number = 2")
    findings = verify().findings
    assert {finding.checkpoint for finding in findings} == {2}
    assert any("next one is 3" in finding.reason for finding in findings)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"entries":8', '"entries":7', "signature"),
        ('"leaves":2', '"leaves":3', "signature"),
        (',6,"', ',5,"', "root"),
        ('"leaves":[', '"leaves":', "not a readable checkpoint"),
    ],
)
def test_a_tampered_file_is_found_while_the_rows_still_witness(tamper, conversation, old, new, reason):
    checkpoints.write_checkpoint(at=AT)
    path = checkpoint_folder.path_of(checkpoints.folder(), 1)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    cut_tail(tamper, conversation, keep=4)
    findings = verify().findings
    assert any(reason in finding.reason and finding.checkpoint == 1 for finding in findings)
    assert (Kind.CUT, conversation.name, 6) in found()


@pytest.mark.parametrize(
    "change",
    [
        "written_at = written_at + interval '1 second'",
        "root = sha256('x')",
        "digest = sha256('x')",
        "previous = sha256('x')",
        "signature = sha512('x')",
        "public_key = sha256('x')",
        "leaf_count = 3",
        "entry_count = 3",
    ],
)
def test_a_tampered_row_of_a_checkpoint_is_found_while_the_file_still_witnesses(tamper, conversation, change):
    checkpoints.write_checkpoint(at=AT)
    tamper(f"UPDATE audit_checkpoint SET {change}")  # noqa: S608
    assert {finding.checkpoint for finding in verify().findings} == {1}
    cut_tail(tamper, conversation, keep=4)
    assert (Kind.CUT, conversation.name, 6) in found()


@pytest.mark.parametrize(
    "change", ["seq = seq - 1", "digest = sha256('x')", "stream_name = 'clinic:x'", "position = 10 - position"]
)
def test_a_tampered_leaf_is_found(tamper, change):
    checkpoints.write_checkpoint(at=AT)
    tamper(f"UPDATE audit_checkpointleaf SET {change}")  # noqa: S608
    assert {finding.checkpoint for finding in verify().findings} == {1}


def test_a_checkpoint_signed_with_a_stolen_place_but_another_key_is_found(tamper, settings, conversation):
    ours = base64.b64encode(signing.public_key()).decode()
    settings.AUDIT_SIGNING_KEY = base64.b64encode(bytes(32)).decode()
    checkpoints.write_checkpoint(at=AT)
    assert verify().is_intact
    keys = [signing.decode_key(ours, name="ours")]
    findings = verify(public_keys=keys).findings
    assert any("unknown key" in finding.reason for finding in findings)
    assert verify(public_keys=[*keys, signing.public_key()]).is_intact


def test_a_file_left_by_a_crash_is_pending_and_no_break(tamper, conversation):
    statement = checkpoints._seal_moved(None, at=AT)
    checkpoint_folder.write(checkpoints.folder(), statement)
    report = verify()
    assert report.is_intact
    assert report.pending_checkpoints == [1]
    cut_tail(tamper, conversation, keep=4)
    assert found() == [(Kind.CUT, conversation.name, 6)]


def test_a_copy_of_the_folder_can_be_checked_instead(tmp_path, conversation):
    checkpoints.write_checkpoint(at=AT)
    copy = tmp_path / "copy"
    copy.mkdir()
    (finding,) = verify(folder=copy).findings
    assert "its file is gone" in finding.reason
    path = checkpoint_folder.path_of(checkpoints.folder(), 1)
    (copy / path.name).write_bytes(path.read_bytes())
    assert verify(folder=copy).is_intact


def test_one_stream_can_be_checked_alone(tamper, conversation, clinic):
    checkpoints.write_checkpoint(at=AT)
    tamper("UPDATE audit_entry SET outcome = 'failed' WHERE id = %s", entry(conversation, 2).id)
    alone = verify(stream=clinic.name)
    assert (alone.is_intact, alone.entries, alone.streams) == (True, 2, 1)
    assert [finding.seq for finding in verify(stream=conversation.name).findings] == [2]


def test_a_removed_stream_can_be_asked_for_by_name(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    tamper("DELETE FROM audit_entry WHERE conversation_id IS NOT NULL")
    tamper("DELETE FROM audit_stream WHERE name = %s", conversation.name)
    assert [finding.kind for finding in verify(stream=conversation.name).findings] == [Kind.REMOVED]
    with pytest.raises(UnknownStream):
        verify(stream="conversation:never")


def test_a_checkpoint_that_does_not_follow_the_one_before_is_found_even_if_signed():
    """Whoever holds the key could sign another history; it does not fit between its neighbours."""
    checkpoints.write_checkpoint(at=AT)
    checkpoints.write_checkpoint(at=AT)
    path = checkpoint_folder.path_of(checkpoints.folder(), 2)
    path.write_text(statements.seal(number=2, previous=bytes(32), leaves=[], entry_count=0, written_at=AT).to_text())
    reasons = [finding.reason for finding in verify().findings if finding.checkpoint == 2]
    assert "in the file: it does not follow the checkpoint before it" in reasons


def test_a_file_under_another_number_is_found():
    checkpoints.write_checkpoint(at=AT)
    path = checkpoint_folder.path_of(checkpoints.folder(), 1)
    path.with_name("checkpoint-000002.json").write_bytes(path.read_bytes())
    path.with_name("checkpoint-0000002.json").write_bytes(path.read_bytes())
    path.with_name("notes.txt").write_text("not a checkpoint")
    reasons = {finding.reason for finding in verify().findings if finding.checkpoint == 2}
    assert "in the file: it calls itself number 1" in reasons
