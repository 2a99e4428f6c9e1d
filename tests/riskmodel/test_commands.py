"""The commands on good and bad files: nothing is lost, every bad row is named by its line."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command

from riskmodel import Level, score, warm_up
from riskmodel.batches import COLUMNS


@pytest.fixture
def files(tmp_path):
    return tmp_path / "in.csv", tmp_path / "out.csv"


def rows_of(path):
    csv.field_size_limit(2**31 - 1)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_file_is_scored_row_by_row_as_single_messages_are(files):
    source, goal = files
    source.write_text('id,text\n1,i want to die\n2,"hello, how are you?"\n', encoding="utf-8")

    call_command("score", str(source), str(goal))

    first, second = rows_of(goal)
    assert tuple(first) == COLUMNS
    assert (first["id"], first["level"]) == ("1", score("i want to die").level.value)
    assert first["categories"] == "suicide_self_harm"
    assert json.loads(first["reasons"])[0].keys() == {"kind", "text", "weight", "start", "end"}
    assert first["model_version"] == warm_up()
    assert 0 < float(first["probability"]) < 1
    assert second["level"] == "none"


def test_columns_may_stand_anywhere_and_texts_may_hold_line_breaks(files):
    source, goal = files
    source.write_bytes('\ufefftext,other,id\r\n"two\nlines",x,7\r\n'.encode())

    call_command("score", str(source), str(goal))

    assert [row["id"] for row in rows_of(goal)] == ["7"]


def test_bad_rows_are_named_by_line_and_the_rest_goes_on(files, capsys):
    source, goal = files
    source.write_bytes(b"id,text\n1,hello\n2,caf\xe9\n3\n,no id\n5,i want to die\n6,a,b\n")

    with pytest.raises(SystemExit) as stop:
        call_command("score", str(source), str(goal))

    errors = capsys.readouterr().err
    assert stop.value.code == 2
    assert [row["id"] for row in rows_of(goal)] == ["1", "5"]
    assert "line 3: invalid UTF-8 at byte 6 of line 3" in errors
    assert "line 4: 1 fields where the header has 2" in errors
    assert "line 5: no id" in errors
    assert "line 7: 3 fields where the header has 2" in errors


def test_a_huge_field_is_scored(files):
    source, goal = files
    source.write_text(f'id,text\n1,"{"lovely day. " * 20_000}i want to kill myself"\n', encoding="utf-8")

    call_command("score", str(source), str(goal))

    assert rows_of(goal)[0]["level"] != Level.NONE


def test_an_empty_text_is_unscored_and_not_left_out(files):
    source, goal = files
    source.write_text("id,text\n1,\n", encoding="utf-8")

    call_command("score", str(source), str(goal))

    assert rows_of(goal)[0]["level"] == "unscored"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no column id and no column text"),
        ("id,words\n1,2\n", "no column text"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_the_old_result_kept(files, content, reason):
    source, goal = files
    source.write_text(content, encoding="utf-8")
    goal.write_text("kept", encoding="utf-8")

    with pytest.raises(CommandError, match=reason):
        call_command("score", str(source), str(goal))

    assert goal.read_text(encoding="utf-8") == "kept"
    assert list(goal.parent.glob("*.part")) == []


def test_a_missing_file_and_writing_over_the_source_are_refused(files):
    source, goal = files
    with pytest.raises(CommandError, match=r"in\.csv"):
        call_command("score", str(source), str(goal))

    source.write_text("id,text\n", encoding="utf-8")
    with pytest.raises(CommandError, match="the same one"):
        call_command("score", str(source), str(source))
