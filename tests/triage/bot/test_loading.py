"""A content file that is not right is refused with its file, line and reason."""

import pytest

from triage.bot.content import ContentError
from triage.bot.loading import content_digest, read_item

GOOD = """\
key = "tea"
kind = "flow"
version = 1
locale = "en"
title = "Tea"
purpose = "For tests."
not_when = "Never."
minutes = 1
evidence_grade = "C"
evidence_source = "None."
author = "Draft for tests"
reviewed = 2026-11-24
expires = 2027-11-23
safety = false
start = "ask"

[nodes.ask]
do = "choose"
text = "Would you like tea?"
choices = [{key = "yes", label = "Yes", next = "bye"}, {key = "no", label = "No", next = "bye", means = "no"}]

[nodes.bye]
do = "end"
text = "Goodbye."
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        file = tmp_path / "tea.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_item(file)

    return read_text


def test_a_right_file_is_read(read):
    item = read(GOOD)
    assert (item.key, item.version, item.start) == ("tea", 1, "ask")
    assert [choice.label for choice in item.nodes["ask"].choices] == ["Yes", "No"]


BROKEN = {
    "a key that is missing": ('title = "Tea"\n', "", "'title' is missing", 0),
    "a blank": ('title = "Tea"', 'title = " "', "title: is blank", 5),
    "a wrong type": ("version = 1", 'version = "1"', "version: must be int, not str", 3),
    "yes for a number": ("version = 1", "version = true", "version: must be int, not bool", 3),
    "version nought": ("version = 1", "version = 0", "version: must be 1 or more", 3),
    "a moment for a day": (
        "reviewed = 2026-11-24",
        "reviewed = 2026-11-24T10:00:00",
        "reviewed: must be date, not datetime",
        12,
    ),
    "an unknown kind": ('kind = "flow"', 'kind = "novel"', "kind: 'novel' is none of", 2),
    "a life of two years": (
        "2027-11-23",
        "2028-11-23",
        "expires: must be after the review and within twelve months",
        13,
    ),
    "an end before its review": ("2027-11-23", "2026-11-01", "expires: must be after the review", 13),
    "an unknown evidence grade": ('"C"', '"Z"', "evidence_grade: must be A, B or C", 9),
    "an unknown key": ('start = "ask"', 'start = "ask"\ncode = "import os"', "code: unknown key", 16),
    "a start that is not there": ('start = "ask"', 'start = "ghost"', "start: 'ghost' is not one of the nodes", 15),
    "an unknown node": ('do = "end"', 'do = "eval"', "nodes.bye.do: 'eval' is none of", 23),
    "a field without meaning": (
        'do = "end"',
        'do = "end"\nnext = "ask"',
        "nodes.bye.next: 'next' has no meaning in 'end'",
        24,
    ),
    "a way into nowhere": (
        'next = "bye", means = "no"',
        'next = "ghost", means = "no"',
        "nodes.ask: leads to 'ghost'",
        17,
    ),
    "a node nobody reaches": (
        "[nodes.bye]",
        '[nodes.lost]\ndo = "end"\n\n[nodes.bye]',
        "nodes.lost: no way leads here",
        22,
    ),
    "a choice that leads nowhere": (
        ', next = "bye", means = "no"',
        "",
        "nodes.ask.choices: 'no' needs either next or wish",
        20,
    ),
    "two choices of one label": (
        'label = "No"',
        'label = "YES"',
        "nodes.ask.choices: two choices have the same label",
        20,
    ),
    "two choices of one key": ('key = "no"', 'key = "yes"', "nodes.ask.choices: two choices have the same key", 20),
    "an unknown field of a choice": ('means = "no"', 'run = "no"', "nodes.ask.choices: got an unexpected keyword", 20),
    "an empty text": ('"Goodbye."', '""', "nodes.bye.text: must be a text or a list of texts, none blank", 24),
    "a text that says the same twice": ('"Goodbye."', '["Bye.", "Bye."]', "nodes.bye.text: says the same twice", 24),
    "a text with a line break": ('"Goodbye."', '"Good\\nbye."', "nodes.bye.text: has doubled", 24),
    "an exercise that does not ask first": (
        'kind = "flow"',
        'kind = "exercise"',
        "start: an exercise asks before it begins",
        15,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_file_is_refused_with_line_and_reason(read, name):
    old, new, reason, line = BROKEN[name]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if name == "an exercise that does not ask first":
        text = text.replace(', means = "no"', "")
    with pytest.raises(ContentError) as refused:
        read(text)
    assert reason in refused.value.reason
    assert refused.value.line == line
    assert refused.value.file.name == "tea.toml"


def test_broken_toml_names_the_line_at_which_it_breaks(read):
    with pytest.raises(ContentError, match=r"tea.toml:2: is not TOML"):
        read('key = "tea"\nkind = = "flow"\n')


def test_a_file_that_is_not_utf_8_is_refused_with_its_byte(read):
    with pytest.raises(ContentError, match="is not UTF-8"):
        read(b'key = "t\xff"')


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ContentError, match="cannot be read"):
        read_item(tmp_path / "ghost.toml")


def test_the_digest_ignores_layout_and_sees_every_word(read):
    item = read(GOOD)
    assert read(GOOD.replace("\n\n", "\n\n\n# a comment\n")).digest == item.digest
    assert read(GOOD.replace("Goodbye.", "Goodbye!")).digest != item.digest
    assert read(GOOD.replace("minutes = 1", "minutes = 2")).digest != item.digest


def test_the_digest_does_not_depend_on_the_order_of_keys():
    assert content_digest({"a": 1, "b": [1, 2]}) == content_digest({"b": [1, 2], "a": 1})
    assert content_digest({"a": [2, 1]}) != content_digest({"a": [1, 2]})


def test_texts_cannot_have_steps(read):
    with pytest.raises(ContentError, match="an item of texts has no nodes"):
        read(GOOD.replace('kind = "flow"', 'kind = "texts"'))


def test_a_rating_must_go_up(read):
    rate = (
        'do = "rate"\nlow = 5\nhigh = 5\nremember = "x"\nnext = "bye"\nskip = "bye"\ntext = "How many?"\n\n[nodes.bye]'
    )
    text = GOOD[: GOOD.index("do =")] + rate + GOOD.partition("[nodes.bye]")[2]
    with pytest.raises(ContentError, match="low must be below high"):
        read(text)
