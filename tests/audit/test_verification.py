"""Whatever is done to an entry or a stream behind the product's back, the walk finds it and names the place."""

from threading import Thread

import pytest
from django.db import connection, transaction

from audit import checkpoints, trail
from audit.findings import Kind
from audit.guards import SOURCES, digest_of_source, missing_guards
from audit.models import Entry, Stream
from audit.verification import verify
from tests.audit.acts import AT, OTHER, entry, forge, found, reply, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lived_in_trail")]


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


def test_acts_that_commit_while_it_runs_do_not_disturb_it(conversation, clinic):
    written = []

    def act_meanwhile(count: int) -> None:
        if not written:
            written.append(count)
            _write_on_another_connection(conversation)

    report = verify(progress=act_meanwhile)
    assert written
    assert report.is_intact
    assert (report.entries, report.newer_entries) == (8, 8)
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


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (
            "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN COALESCE(NEW, OLD); END $$",
            8,
        ),
        (
            "CREATE OR REPLACE FUNCTION audit_stream_moves_forward() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; END $$",
            1,
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW"
            " WHEN (OLD.seq > 7) EXECUTE FUNCTION audit_refuse_change()",
            1,
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_no_change BEFORE DELETE ON audit_entry FOR EACH ROW"
            " EXECUTE FUNCTION audit_refuse_change()",
            1,
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OF detail OR DELETE ON audit_entry FOR EACH ROW"
            " EXECUTE FUNCTION audit_refuse_change()",
            1,
        ),
    ],
    ids=["a function that lets pass", "a stream that may go back", "some rows only", "no updates", "some columns only"],
)
def test_a_guard_that_keeps_its_name_and_refuses_less_is_found(sql, count):
    """Whoever owns the tables could empty a function, change the trail, and leave every name as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        findings = verify().findings
        transaction.set_rollback(True)
    assert [finding.kind for finding in findings] == [Kind.GUARD] * count
    assert "does not do what it did" in findings[0].line()


def test_the_guards_as_the_migrations_make_them_are_what_is_expected(db):
    """If this fails after a migration that changes a function: put the new digest into `audit.guards.SOURCES`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname = ANY(%s)", [list(SOURCES)])
        made = {name: digest_of_source(source) for name, source in cursor.fetchall()}
    assert made == SOURCES
    assert list(missing_guards()) == []


@pytest.mark.parametrize("column", ["clinic_id", "conversation_id"])
def test_an_entry_forged_into_another_clinic_does_not_fit_its_stream(tamper, conversation, column):
    forge(tamper, conversation, 3, f"{column} = '{OTHER}'")
    assert found() == [(Kind.STREAM, conversation.name, 3)]
