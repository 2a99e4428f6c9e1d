"""`lint_content` and `content_digests`: what a clinic runs before it approves, and what CI runs on each change."""

import json
import shutil

import pytest
from django.core.management import CommandError, call_command

from tests.triage.bot.talk import A_DAY
from triage.bot.catalogue import APPROVALS, CONTENT, load_catalogue


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CONTENT, tmp_path / "content")


def spoil(folder, file, old, new):
    path = folder / "en" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_content_is_clean(capsys):
    call_command("lint_content", at=A_DAY)
    assert " 0 hits." in capsys.readouterr().out


def test_a_promise_fails_the_lint_with_file_and_key(folder, capsys):
    spoil(folder, "menu.toml", "What would be good to do now?", "I promise it helps.")
    with pytest.raises(SystemExit) as ended:
        call_command("lint_content", folder=folder, at=A_DAY)
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "en/menu.toml: menu.what_now: F2 secrecy or promise: promise" in out
    assert "en/menu.toml: menu: approval: was altered after it was approved" in out


def test_the_report_as_json_holds_hits_grades_and_lines_to_check(folder, capsys):
    spoil(folder, "menu.toml", "What would be good to do now?", "I promise it helps.")
    with pytest.raises(SystemExit):
        call_command("lint_content", folder=folder, at=A_DAY, json=True)
    report = json.loads(capsys.readouterr().out)
    assert {
        "file": "en/menu.toml",
        "key": "menu.what_now",
        "rule": "F2 secrecy or promise",
        "found": "promise",
    } in report["hits"]
    assert report["grades"]["holding"] <= 6
    assert len(report["crisis_lines_to_check"]) >= 65


def test_expired_content_fails_the_lint(capsys):
    with pytest.raises(SystemExit):
        call_command("lint_content", at=A_DAY.replace(year=2028))
    assert "holding: approval: expired on" in capsys.readouterr().out


def test_a_broken_file_ends_the_lint_with_its_line(folder):
    spoil(folder, "menu.toml", 'do = "choose"', "do = choose")
    with pytest.raises(CommandError, match=r"menu.toml:\d+: is not TOML"):
        call_command("lint_content", folder=folder, at=A_DAY)


def test_the_digests_to_approve_are_printed_with_where_each_stands(folder, capsys):
    spoil(folder, "menu.toml", "What would be good to do now?", "What now?")
    call_command("content_digests", folder=folder)
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["holding"].endswith(" approved")
    assert lines["menu"].endswith("was altered after it was approved on 2026-11-24")


def test_sample_approvals_bring_changed_content_back(folder):
    spoil(folder, "menu.toml", "What would be good to do now?", "What now?")
    call_command("content_digests", folder=folder, write_sample_approvals=True, on=A_DAY)
    assert load_catalogue(folder, at=A_DAY).problems == ()
    assert (folder / APPROVALS).read_text(encoding="utf-8").startswith("# SAMPLE APPROVALS.")


def test_sample_approvals_need_their_day(folder):
    with pytest.raises(CommandError, match="needs --on"):
        call_command("content_digests", folder=folder, write_sample_approvals=True)
