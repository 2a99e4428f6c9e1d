"""What leaves the service for training: judged messages of clients who said yes, and of nobody else."""

import hashlib
import json
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from accounts.access import NotPermitted
from accounts.models import Clinic, Membership
from audit.models import Entry
from counselling import labels
from counselling.judgements import LeftOut, judged_level
from counselling.judging import judge_level
from riskmodel.corpus import read_corpus
from riskmodel.labels import draw_split, read_labels
from riskmodel.levels import Level
from tests.stories import Clock, Writer, a_client_starts, trail
from triage import alerts, consents
from triage.models import Alert, Conversation, Message, RiskAssessment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def marked(settings):
    settings.RISK_SCORER = "tests.fakes.marked"


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "labels.jsonl"


@pytest.fixture
def story(clinic: Clinic, counsellor: Membership, clock: Clock):
    """`story(text, resolution)`: a client writes, is heard, and what they wrote is judged."""

    def tell(text: str, resolution: str = "talked", *, consent: bool = True, **more: object) -> Writer:
        writer = a_client_starts(clinic, clock, **more)
        if consent:
            consents.give(clinic=clinic, token=writer.started.token, at=clock.now)
        writer.writes(text)
        judge(writer, counsellor, resolution)
        return writer

    return tell


def judge(writer: Writer, member: Membership, resolution: str) -> None:
    alert = Alert.objects.exclude(state="resolved").get(conversation_id=writer.conversation_id)
    at = writer.clock.forward(minutes=1)
    alerts.resolve(member=member, alert_id=alert.pk, resolution=resolution, at=at)


def export(member: Membership, out: Path, clock: Clock, **more: object) -> labels.Export:
    return labels.export_labels(member=member, path=out, at=clock.now, **more)


# What a resolution says


@pytest.mark.parametrize(
    ("kind", "level", "resolution", "expected"),
    [
        ("risk", "moderate", "no_concern", "low"),
        ("risk", "imminent", "no_concern", "low"),
        ("risk", "moderate", "talked", "moderate"),
        ("risk", "high", "plan", "high"),
        ("risk", "imminent", "other_care", "imminent"),
        ("risk", "low", "talked", "moderate"),
        ("risk", "moderate", "emergency", "moderate"),
        ("risk", "high", "emergency", "imminent"),
        ("risk", "imminent", "emergency", "imminent"),
        ("risk", "high", "not_reached", None),
        ("person", "none", "talked", None),
        ("person", "none", "emergency", None),
        ("person", "low", "no_concern", "low"),
        ("unscored", "unscored", "plan", None),
        ("unscored", "unscored", "emergency", None),
        ("unscored", "unscored", "no_concern", "low"),
        ("review", "none", "", "none"),
        ("review", "high", "", "high"),
    ],
)
def test_a_resolution_says_as_much_about_a_message_as_the_person_meant(kind, level, resolution, expected):
    assert judged_level(kind=kind, level=level, resolution=resolution) == expected


# What is exported


def test_a_judged_message_becomes_a_row_that_the_corpus_reader_takes(story, clinician, out, clock):
    writer = story("[high] I cannot go on like this")
    done = export(clinician, out, clock)
    [row] = read_corpus(out.parent)
    assert done.rows == (row,)
    assert row.text == "[high] I cannot go on like this"
    assert (row.level, row.categories, row.tags) == (Level.HIGH, ("suicide_self_harm",), ("service",))
    assert row.id == str(RiskAssessment.objects.get(message__conversation=writer.conversation_id).pk)
    assert row.family == labels.family_of(writer.conversation.client_id)
    assert row.split == draw_split(row.family)


def test_where_a_person_saw_no_concern_the_models_categories_do_not_stay(story, clinician, out, clock):
    story("[high] I could murder a pizza", "no_concern")
    [row] = export(clinician, out, clock).rows
    assert (row.level, row.categories) == (Level.LOW, ())


def test_a_file_names_no_client_and_only_its_owner_can_read_it(story, clinician, out, clock):
    writer = story("[high] I cannot go on")
    done = export(clinician, out, clock)
    content = out.read_bytes()
    for secret in (writer.conversation.client_id, writer.conversation_id, writer.started.pseudonym):
        assert str(secret).encode() not in content
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert hashlib.sha256(content).hexdigest() == done.digest


def test_two_messages_of_one_client_lie_in_one_split_and_two_clients_in_two_families(
    story, clinician, counsellor, out, clock
):
    writer = story("[high] I cannot go on")
    writer.writes("[imminent] I have done it now")
    judge(writer, counsellor, "emergency")
    story("[moderate] It is all too much for me")
    rows = export(clinician, out, clock).rows
    assert [row.level for row in rows] == ["high", "imminent", "moderate"]
    assert rows[0].family == rows[1].family != rows[2].family
    assert rows[0].split == rows[1].split


def test_a_character_that_ends_a_line_stays_inside_its_row(story, clinician, out, clock):
    story("[high] one\u2028two\x85three")
    export(clinician, out, clock)
    assert [row.text for row in read_corpus(out.parent)] == ["[high] one\u2028two\x85three"]


def test_of_two_judgements_of_the_same_words_the_later_one_stands(story, clinician, out, clock):
    story("[high] I am done!", "talked")
    story("[high] i am DONE", "no_concern")
    done = export(clinician, out, clock)
    assert [row.level for row in done.rows] == [Level.LOW]
    assert done.left_out == {LeftOut.LATER: 1}


def seq_of(writer: Writer) -> int:
    """The number of the client's last line."""
    return Message.objects.filter(conversation=writer.conversation_id, sender="client").latest("seq").seq


def test_a_message_that_the_model_missed_is_learned_from_a_review(clinic, supervisor, clinician, out, clock):
    writer = a_client_starts(clinic, clock)
    consents.give(clinic=clinic, token=writer.started.token, at=clock.now)
    writer.writes("I have given my dog away and tidied up")
    place = {"conversation_id": writer.conversation_id, "seq": seq_of(writer)}
    judge_level(member=supervisor, level="high", at=clock.forward(days=1), **place)
    [row] = export(clinician, out, clock).rows
    assert (row.text, row.level) == ("I have given my dog away and tidied up", Level.HIGH)
    assert read_labels(out) == [row]


@pytest.mark.parametrize("review_is_later", [True, False])
def test_of_a_resolution_and_a_review_the_later_judgement_wins(
    story, supervisor, clinician, out, clock, review_is_later
):
    writer = story("[high] I could murder a pizza", "talked")
    at = clock.forward(hours=1 if review_is_later else -1)
    judge_level(member=supervisor, conversation_id=writer.conversation_id, seq=seq_of(writer), level="none", at=at)
    done = export(clinician, out, clock)
    assert [row.level for row in done.rows] == [Level.NONE if review_is_later else Level.HIGH]
    assert done.left_out == {LeftOut.SUPERSEDED: 1}


# What is not


def test_who_has_not_said_yes_is_left_out_and_not_even_opened(story, clinician, out, clock):
    story("[high] I cannot go on")
    silent = story("[high] Nobody may use this", consent=False)
    done = export(clinician, out, clock)
    assert [row.text for row in done.rows] == ["[high] I cannot go on"]
    assert done.left_out == {LeftOut.NO_CONSENT: 1}
    assert "transcript.viewed" not in trail(silent.conversation_id)


def test_who_takes_their_yes_back_is_in_no_later_export(story, clinician, clinic, out, clock):
    writer = story("[high] I cannot go on")
    story("[moderate] It is all too much for me")
    assert len(export(clinician, out, clock).rows) == 2
    consents.withdraw(clinic=clinic, token=writer.started.token, at=clock.forward(minutes=1))
    later = export(clinician, out.with_name("later.jsonl"), clock)
    assert [row.text for row in later.rows] == ["[moderate] It is all too much for me"]


def test_who_takes_their_yes_back_while_the_export_reads_is_not_in_the_file(story, clinician, clinic, out, clock):
    writer = story("[high] I cannot go on")
    story("[moderate] It is all too much for me")

    def withdraw(done: int, total: int) -> None:
        if done == total:
            consents.withdraw(clinic=clinic, token=writer.started.token, at=clock.now)

    done = export(clinician, out, clock, tick=withdraw)
    assert [row.text for row in done.rows] == ["[moderate] It is all too much for me"]
    assert done.left_out == {LeftOut.WITHDRAWN: 1}


def test_rehearsals_and_erased_conversations_are_left_out(story, clinician, out, clock):
    story("[high] I cannot go on")
    story("[high] This is a rehearsal", is_rehearsal=True)
    erased = story("[high] This was erased")
    Conversation.objects.filter(pk=erased.conversation_id).update(message_key=None)
    done = export(clinician, out, clock)
    assert [row.text for row in done.rows] == ["[high] I cannot go on"]
    assert done.left_out == {LeftOut.REHEARSAL: 1, LeftOut.ERASED: 1}


def test_an_altered_message_is_left_out_and_the_others_are_not_lost(story, clinician, out, clock):
    altered = story("[high] This was altered")
    story("[high] I cannot go on")
    Message.objects.filter(conversation=altered.conversation_id, sender="client").update(sealed_text=b"altered")
    done = export(clinician, out, clock)
    assert [row.text for row in done.rows] == ["[high] I cannot go on"]
    assert done.left_out == {LeftOut.UNREADABLE: 1}


def test_what_is_not_english_or_not_judged_is_left_out(story, clinician, out, clock):
    story("[high] I cannot go on")
    spanish = story("[high] no puedo más")
    RiskAssessment.objects.filter(message__conversation=spanish.conversation_id).update(language="es")
    story("[high] Nobody answers", "not_reached")
    assert export(clinician, out, clock).left_out == {LeftOut.LANGUAGE: 1, LeftOut.NOT_JUDGED: 1}


def test_another_clinics_judgements_are_not_in_the_file(story, clinician, other_clinic, other_counsellor, out, clock):
    story("[high] I cannot go on")
    elsewhere = a_client_starts(other_clinic, clock)
    consents.give(clinic=other_clinic, token=elsewhere.started.token, at=clock.now)
    elsewhere.writes("[high] Somewhere else")
    judge(elsewhere, other_counsellor, "talked")
    assert [row.text for row in export(clinician, out, clock).rows] == ["[high] I cannot go on"]


def test_only_what_was_judged_since_a_time_is_exported_when_asked(story, clinician, out, clock):
    story("[high] Long ago")
    since = clock.forward(days=1)
    story("[high] Since then")
    assert [row.text for row in export(clinician, out, clock, since=since).rows] == ["[high] Since then"]


# Who may, and what stays on the trail


@pytest.mark.parametrize("role", ["counsellor", "supervisor", "administrator"])
def test_only_a_clinician_may_export(story, request, out, clock, role):
    story("[high] I cannot go on")
    with pytest.raises(NotPermitted):
        export(request.getfixturevalue(role), out, clock)
    assert not out.exists()


def test_an_integrations_token_may_not_export_whoever_it_acts_as(story, clinician, out, clock):
    story("[high] I cannot go on")
    clinician.via_token = "some-token"
    with pytest.raises(NotPermitted):
        export(clinician, out, clock)


def test_the_trail_names_each_conversation_that_was_read_and_what_was_written(story, clinician, out, clock):
    writer = story("[high] I cannot go on")
    done = export(clinician, out, clock)
    assert trail(writer.conversation_id)[-1] == "transcript.viewed"
    entry = Entry.objects.get(action="labels.exported")
    detail = json.loads(entry.detail)
    assert entry.agent_id == str(clinician.pk)
    assert (detail["count"], detail["digest"], detail["levels"]) == (1, done.digest, {"high": 1})
    assert "cannot go on" not in entry.detail


def test_a_file_that_is_there_is_never_overwritten(story, clinician, out, clock):
    story("[high] I cannot go on")
    out.write_text("somebody's")
    with pytest.raises(labels.OutputExists):
        export(clinician, out, clock)
    assert out.read_text() == "somebody's"
    assert not Entry.objects.filter(action="labels.exported").exists()


def test_without_the_entry_on_the_trail_there_is_no_file(story, clinician, out, clock):
    story("[high] I cannot go on")

    def close_the_trail(done: int, total: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_stream ADD CONSTRAINT closed CHECK (name NOT LIKE 'clinic:%') NOT VALID")

    try:
        with pytest.raises(DatabaseError):
            export(clinician, out, clock, tick=close_the_trail)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_stream DROP CONSTRAINT IF EXISTS closed")
    assert not out.exists()


# The command


def command(out: Path, *more: str, email: str = "clinician-one@riverside.invalid") -> str:
    said = StringIO()
    call_command("export_labels", str(out), *more, clinic="riverside", email=email, stdout=said, stderr=StringIO())
    return said.getvalue()


def test_the_command_says_what_it_wrote_and_what_it_left_out(story, clinician, out):
    story("[high] I cannot go on")
    story("[high] Nobody may use this", consent=False)
    said = command(out)
    assert "1 messages of 1 clients written to" in said
    assert "1: the client has not allowed it" in said
    assert hashlib.sha256(out.read_bytes()).hexdigest() in said


def test_the_command_writes_nothing_where_nothing_may_be_learned(story, clinician, out):
    story("[high] Nobody may use this", consent=False)
    with pytest.raises(CommandError, match="Nothing was written"):
        command(out)
    assert not out.exists()


def test_the_command_refuses_who_may_not_and_records_it(story, supervisor, out):
    story("[high] I cannot go on")
    with pytest.raises(CommandError, match="Only a clinician"):
        command(out, email=supervisor.user.email)
    assert Entry.objects.filter(action="permission.refused").count() == 1


def test_the_command_says_before_reading_that_it_cannot_write_there(story, clinician, out):
    writer = story("[high] I cannot go on")
    with pytest.raises(CommandError, match="no folder"):
        command(out.parent / "nowhere" / "labels.jsonl")
    out.write_text("somebody's")
    with pytest.raises(CommandError, match="never overwrites"):
        command(out)
    assert "transcript.viewed" not in trail(writer.conversation_id)
