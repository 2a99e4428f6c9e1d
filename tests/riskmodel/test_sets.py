"""A labelled file from outside is measured on whole or not at all, and no refusal repeats a text."""

import pytest

from riskmodel.levels import Level
from riskmodel.sets import SetError, read_set


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "set.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_levels_may_be_words_or_numbers(written):
    rows, left_out = read_set(written("id,text,level\n1,a,none\n2,b,Imminent\n3,c,3.0\n4,d,0\n"))

    assert [row.level for row in rows] == [Level.NONE, Level.IMMINENT, Level.HIGH, Level.NONE]
    assert left_out == 0
    assert {row.split for row in rows} == {"test"}


def test_risk_alone_counts_as_moderate_or_none(written):
    rows, _ = read_set(written("id,text,risk\n1,a,1\n2,b,0\n"))

    assert [row.level for row in rows] == [Level.MODERATE, Level.NONE]


def test_the_level_stands_where_there_is_a_risk_too(written):
    rows, _ = read_set(written("id,text,risk,level\n1,a,1,low\n"))

    assert rows[0].level is Level.LOW


def test_flagged_rows_are_left_out_and_counted(written):
    rows, left_out = read_set(written("id,text,level,flag\n1,a,none,0\n2,b,high,1\n"))

    assert [row.id for row in rows] == ["1"]
    assert left_out == 1


def test_groups_become_families_and_lists_are_split(written):
    rows, _ = read_set(written("id,text,level,group,tags,categories\n1,a,high,ann,teen;slang,psychosis\n2,b,low,,,\n"))

    assert [row.family for row in rows] == ["ann", "2"]
    assert rows[0].tags == ("teen", "slang")
    assert rows[0].categories == ("psychosis",)
    assert rows[1].tags == ()


def test_texts_may_hold_line_breaks_and_the_file_a_byte_order_mark(written):
    rows, _ = read_set(written('\ufeffid,text,level\r\n1,"two\nlines",low\r\n'))

    assert rows[0].text == "two\nlines"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1: no column id and no column text"),
        ("id,words,level\n", "line 1: no column text"),
        ("id,text\n1,a\n", "no column level and no column risk"),
        ("id,text,level\n", "no rows"),
        ("id,text,level\n1,a,none\n2,my own secret,severe\n", "line 3: the level is none of none, low"),
        ("id,text,level\n1,my own secret,5\n", "line 2: the level is none of"),
        ("id,text,level\n1,my own secret,1.5\n", "line 2: the level is none of"),
        ("id,text,level\n1,my own secret,inf\n", "line 2: the level is none of"),
        ("id,text,level\n1,my own secret,\n", "line 2: the level is none of"),
        ("id,text,risk\n1,my own secret,yes\n", "line 2: the risk is neither 0 nor 1"),
        ("id,text,level\n1,my own secret\n", "line 2: not as many fields"),
        ("id,text,level\n1,my own secret,low,more\n", "line 2: not as many fields"),
        ("id,text,level\n ,my own secret,low\n", "line 2: no id"),
        ('id,text,level\n1,"my own secret,low\n', "unexpected end of data"),
        (b"id,text,level\n1,caf\xe9,low\n", "invalid UTF-8 at byte 20"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused(written, content, reason):
    with pytest.raises(SetError, match=reason) as refused:
        read_set(written(content))

    assert "secret" not in str(refused.value)
