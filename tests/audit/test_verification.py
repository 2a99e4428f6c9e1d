"""Whatever is done to the trail behind the product's back, verification finds it and names the place."""

import base64
import json
from io import StringIO
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit import chain, checkpoint_folder, checkpoints, signing, trail
from audit.findings import Finding, Kind
from audit.models import Checkpoint, Entry, Stream
from audit.verification import UnknownStream, verify
from tests.audit.acts import AT, CLINIC, reply, takeover, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _lived_in(transactional_db, checkpoint_folder_of_test, conversation, clinic):
    """A conversation of six entries and a clinic's stream of two, none of them held by a checkpoint yet."""
    for number in range(1, 6):
        write(conversation, reply(number))
    write(conversation, takeover())
    write(clinic, trail.Event("member.signed_in", trail.Agent("human", "member-7", "counsellor")))
    write(clinic, trail.Event("shift.started", trail.Agent("human", "member-7", "counsellor")))


def found() -> list[tuple[Kind, str | None, int | None]]:
    return [(finding.kind, finding.stream, finding.seq) for finding in verify().findings]


def entry(stream: trail.Stream, seq: int) -> Entry:
    return Entry.objects.get(stream__name=stream.name, seq=seq)


def test_an_untouched_trail_is_intact():
    report = verify()
    assert report.is_intact
    assert (report.entries, report.streams, report.checkpoints, report.newer_entries) == (8, 2, 0, 8)


def test_an_untouched_trail_with_checkpoints_is_intact(conversation):
    checkpoints.write_checkpoint(at=AT)
    write(conversation, reply(7))
    checkpoints.write_checkpoint(at=AT)
    report = verify()
    assert report.findings == []
    assert (report.entries, report.streams, report.checkpoints) == (11, 3, 2)
    assert (report.newest_checkpoint, report.newer_entries) == (2, 1)


def test_an_empty_trail_is_intact(tamper):
    tamper("DELETE FROM audit_entry")
    tamper("DELETE FROM audit_stream")
    assert verify().is_intact


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("recorded", "recorded + interval '1 microsecond'"),
        ("recorded", "'infinity'"),
        ("recorded", "'-infinity'"),
        ("recorded", "'20000-01-01'"),
        ("action", "'bot.failed'"),
        ("action", "''"),
        ("outcome", "'failed'"),
        ("agent_kind", "'human'"),
        ("agent_id", "'flow-2'"),
        ("agent_role", "'supervisor'"),
        ("entity_kind", "'alert'"),
        ("entity_id", "'m-99'"),
        ("clinic_id", "gen_random_uuid()"),
        ("clinic_id", "NULL"),
        ("conversation_id", "gen_random_uuid()"),
        ("conversation_id", "NULL"),
        ("detail", "detail || ' '"),
        ("detail", "replace(detail, '4', '5')"),
        ("digest", "set_byte(digest, 17, get_byte(digest, 17) # 1)"),
        ("digest", "''"),
    ],
)
def test_any_altered_field_is_found_at_its_entry(tamper, conversation, column, value):
    target = entry(conversation, 4)
    tamper(f"UPDATE audit_entry SET {column} = {value} WHERE id = %s", target.id)  # noqa: S608
    (finding,) = verify().findings
    assert (finding.kind, finding.stream, finding.seq) == (Kind.ALTERED, conversation.name, 4)
    assert finding.entry_id == target.id


def test_one_flipped_bit_of_a_link_is_found(tamper, conversation):
    tamper(
        "UPDATE audit_entry SET previous = set_byte(previous, 0, get_byte(previous, 0) # 1) WHERE id = %s",
        entry(conversation, 4).id,
    )
    assert found() == [(Kind.LINK, conversation.name, 4)]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_dropped_entry_is_found_by_its_number(tamper, conversation, seq):
    tamper("DELETE FROM audit_entry WHERE id = %s", entry(conversation, seq).id)
    assert found() == [(Kind.MISSING, conversation.name, seq)]


def test_a_dropped_entry_whose_number_was_closed_up_is_found(tamper, conversation):
    tamper("DELETE FROM audit_entry WHERE id = %s", entry(conversation, 3).id)
    for seq in (4, 5, 6):
        tamper("UPDATE audit_entry SET seq = %s WHERE id = %s", seq - 1, entry(conversation, seq).id)
    assert found() == [(Kind.LINK, conversation.name, 3)]


def test_two_swapped_entries_are_found_at_the_first(tamper, conversation):
    second, third = entry(conversation, 2), entry(conversation, 3)
    tamper("UPDATE audit_entry SET seq = -1 WHERE id = %s", second.id)
    tamper("UPDATE audit_entry SET seq = 2 WHERE id = %s", third.id)
    tamper("UPDATE audit_entry SET seq = 3 WHERE id = %s", second.id)
    (finding,) = verify().findings
    assert (finding.kind, finding.seq, finding.entry_id) == (Kind.LINK, 2, third.id)


def test_two_entries_that_swapped_what_they_say_are_found(tamper, conversation):
    second, third = entry(conversation, 2), entry(conversation, 3)
    for target, other in ((second, third), (third, second)):
        tamper("UPDATE audit_entry SET entity_id = %s WHERE id = %s", other.entity_id, target.id)
    assert found() == [(Kind.ALTERED, conversation.name, 2)]


def test_a_whole_stream_in_another_order_is_found(tamper, conversation):
    tamper("UPDATE audit_entry SET seq = -seq WHERE conversation_id IS NOT NULL")
    tamper("UPDATE audit_entry SET seq = seq + 7 WHERE conversation_id IS NOT NULL")
    assert found() == [(Kind.LINK, conversation.name, 1)]


def test_an_entry_numbered_below_the_first_is_found(tamper, conversation):
    tamper("UPDATE audit_entry SET seq = 0 WHERE id = %s", entry(conversation, 1).id)
    assert found() == [(Kind.LINK, conversation.name, 0)]


def test_an_invented_entry_is_found(tamper, conversation):
    tamper(
        "INSERT INTO audit_entry (stream_id, seq, recorded, action, outcome, agent_kind, agent_id, agent_role,"
        " entity_kind, entity_id, clinic_id, conversation_id, detail, previous, digest)"
        " SELECT stream_id, 7, recorded, action, outcome, agent_kind, agent_id, agent_role,"
        " entity_kind, entity_id, clinic_id, conversation_id, detail, digest, digest FROM audit_entry WHERE id = %s",
        entry(conversation, 6).id,
    )
    assert found() == [(Kind.ALTERED, conversation.name, 7)]


def test_an_entry_moved_to_another_stream_is_found_in_both(tamper, conversation, clinic):
    tamper(
        "UPDATE audit_entry SET stream_id = %s, seq = 3 WHERE id = %s",
        Stream.objects.get(name=clinic.name).id,
        entry(conversation, 6).id,
    )
    assert sorted(found(), key=str) == sorted(
        [(Kind.MISSING, conversation.name, 6), (Kind.LINK, clinic.name, 3)], key=str
    )


@pytest.mark.parametrize("column", ["name", "clinic_id", "conversation_id"])
def test_a_stream_given_to_somebody_else_is_found(tamper, conversation, column):
    value = "'conversation:other'" if column == "name" else "gen_random_uuid()"
    tamper(f"UPDATE audit_stream SET {column} = {value} WHERE name = %s", conversation.name)  # noqa: S608
    ((kind, _, seq),) = found()
    assert (kind, seq) == (Kind.LINK, 1)


@pytest.mark.parametrize(
    ("change", "seq"),
    [("head_seq = 5", 6), ("head_seq = 0", 1), ("head_digest = sha256('x')", 6), ("head_digest = ''", 6)],
)
def test_a_stream_row_that_does_not_fit_its_entries_is_found(tamper, conversation, change, seq):
    tamper(f"UPDATE audit_stream SET {change} WHERE name = %s", conversation.name)  # noqa: S608
    assert found() == [(Kind.STREAM, conversation.name, seq)]


def test_entries_without_their_stream_are_found(tamper, conversation):
    tamper("DELETE FROM audit_stream WHERE name = %s", conversation.name)
    (finding,) = verify().findings
    assert (finding.kind, finding.seq, finding.entry_id) == (Kind.STREAM, 1, Entry.objects.earliest("id").id)


def test_a_stream_without_its_entries_is_found(tamper, conversation):
    tamper("DELETE FROM audit_entry WHERE conversation_id IS NOT NULL")
    assert found() == [(Kind.MISSING, conversation.name, 1)]


def test_each_broken_stream_is_named_once_and_the_others_are_still_walked(tamper, conversation, clinic):
    tamper("UPDATE audit_entry SET outcome = 'failed' WHERE seq > 1")
    report = verify()
    assert [(finding.stream, finding.seq) for finding in report.findings] == [(conversation.name, 2), (clinic.name, 2)]
    assert (report.entries, report.streams) == (8, 2)


def cut_tail(tamper, stream: trail.Stream, *, keep: int) -> None:
    """Remove the end of a chain and set the stream's row to fit: no chain can show this by itself."""
    tamper(
        "DELETE FROM audit_entry WHERE seq > %s AND stream_id = (SELECT id FROM audit_stream WHERE name = %s)",
        keep,
        stream.name,
    )
    tamper(
        "UPDATE audit_stream SET head_seq = %s, head_digest = %s WHERE name = %s",
        keep, bytes(entry(stream, keep).digest), stream.name,
    )  # fmt: skip


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


def forge(tamper, stream: trail.Stream, seq: int) -> None:
    """Alter an entry and compute the whole chain anew from there, as somebody with this very code could."""
    row = Stream.objects.get(name=stream.name)
    tamper("UPDATE audit_entry SET outcome = 'refused' WHERE stream_id = %s AND seq = %s", row.id, seq)
    head = bytes(entry(stream, seq).previous)
    for target in Entry.objects.filter(stream=row, seq__gte=seq).order_by("seq"):
        fields = chain.EntryFields(
            stream.name, target.seq, target.recorded, target.action, target.outcome, target.agent_kind, target.agent_id,
            target.agent_role, target.entity_kind, target.entity_id, str(target.clinic_id), str(target.conversation_id),
            target.detail, head,
        )  # fmt: skip
        digest = chain.entry_digest(fields)
        tamper("UPDATE audit_entry SET previous = %s, digest = %s WHERE id = %s", head, digest, target.id)
        head = digest
    tamper("UPDATE audit_stream SET head_digest = %s WHERE id = %s", head, row.id)


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


def test_acts_that_commit_while_it_runs_do_not_disturb_it(conversation, clinic):
    written = []

    def act_meanwhile(count: int) -> None:
        if not written:
            written.append(count)
            _write_on_another_connection(conversation)

    report = verify(progress=act_meanwhile)
    assert written
    assert report.is_intact
    assert report.entries == 8
    assert Entry.objects.count() == 9


def _write_on_another_connection(stream: trail.Stream) -> None:
    def act() -> None:
        write(stream, reply(99))
        connection.close()

    thread = Thread(target=act)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("ALTER TABLE audit_entry DISABLE TRIGGER audit_no_change", 1),
        ("ALTER TABLE audit_entry ENABLE REPLICA TRIGGER audit_no_truncate", 1),
        ("ALTER TABLE audit_stream DISABLE TRIGGER USER", 3),
        ("DROP TRIGGER audit_no_change ON audit_checkpoint", 1),
    ],
)
def test_a_guard_that_was_switched_off_is_found(sql, count):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        findings = verify().findings
        transaction.set_rollback(True)
    assert [finding.kind for finding in findings] == [Kind.GUARD] * count
    assert findings[0].line().startswith("guard: trigger audit_")


def run(*arguments: str) -> tuple[int, str]:
    """The command's exit code and what it printed."""
    out = StringIO()
    try:
        call_command("verify_audit_trail", "--quiet", *arguments, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_exits_with_0_and_says_intact():
    code, words = run()
    assert code == 0
    assert "8 entries of 2 streams" in words
    assert "entries/s" in words
    assert words.endswith("The trail is intact.\n")


def test_the_command_exits_with_1_and_names_the_first_broken_entry(tamper, conversation):
    target = entry(conversation, 4)
    tamper("UPDATE audit_entry SET outcome = 'failed' WHERE seq >= 4")
    code, words = run()
    assert code == 1
    assert f"BROKEN stream {conversation.name}, seq 4, entry {target.id}: altered" in words
    assert words.count("BROKEN") == 1
    assert "NOT intact" in words


def test_the_command_prints_json(tamper, conversation):
    checkpoints.write_checkpoint(at=AT)
    target = entry(conversation, 4)
    tamper("UPDATE audit_entry SET outcome = 'failed' WHERE id = %s", target.id)
    code, words = run("--json")
    report = json.loads(words)
    assert code == 1
    assert report["intact"] is False
    assert (report["entries"], report["streams"], report["checkpoints"], report["newer_entries"]) == (9, 3, 1, 1)
    assert report["findings"] == [
        {
            "kind": "altered",
            "stream": conversation.name,
            "seq": 4,
            "entry_id": target.id,
            "checkpoint": None,
            "reason": "its fields do not give its digest",
        }
    ]


def test_each_check_is_itself_recorded_unless_told_otherwise(tamper, conversation):
    run("--no-record")
    assert not Entry.objects.filter(action="audit.verified").exists()
    run()
    tamper("UPDATE audit_entry SET outcome = 'failed' WHERE id = %s", entry(conversation, 4).id)
    run()
    outcomes = Entry.objects.filter(action="audit.verified").order_by("seq").values_list("outcome", flat=True)
    assert list(outcomes) == ["success", "failed"]


@pytest.mark.parametrize(
    "arguments",
    [("--stream", "conversation:never"), ("--public-key", "nonsense"), ("--checkpoints", "/nowhere/at/all")],
)
def test_what_cannot_be_checked_exits_with_2(arguments):
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2


def test_the_bar_is_drawn_on_the_error_stream_only(capsys):
    out = StringIO()
    call_command("verify_audit_trail", "--json", stdout=out)
    json.loads(out.getvalue())
    printed = capsys.readouterr()
    assert "audit trail: 100%" in printed.err
    assert printed.out == ""


def test_a_finding_reads_as_one_line():
    finding = Finding(Kind.CUT, "gone", f"clinic:{CLINIC}", 3, None, 2)
    assert finding.line() == f"checkpoint 2, stream clinic:{CLINIC}, seq 3: cut: gone"
    assert Checkpoint(number=2).__str__() == "checkpoint 2"
