"""The command that proves the trail: its words, its JSON, its exit codes."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit import checkpoints
from audit.findings import Finding, Kind
from audit.models import Checkpoint, Entry
from tests.audit.acts import AT, CLINIC, entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lived_in_trail")]


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
