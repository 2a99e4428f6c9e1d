"""The shipped corpus is sound, and the check finds what would be wrong with it."""

import json

import pytest
from django.core.management import CommandError, call_command

from riskmodel.corpus import FOLDER, SPLITS, CorpusError, Row, digest, find_faults, read_corpus
from riskmodel.levels import LADDER, Level


def row(number, **changes):
    fields = {
        "id": f"r{number}",
        "text": f"text number {number}",
        "level": Level.NONE,
        "categories": (),
        "tags": (),
        "family": f"f{number}",
        "split": "train",
    }
    return Row(**(fields | changes))


def write(folder, *rows):
    (folder / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")


def line(**changes):
    fields = {"id": "a", "text": "hi", "level": "none", "categories": [], "tags": [], "family": "f", "split": "train"}
    return json.dumps(fields | changes)


def test_the_shipped_corpus_has_enough_rows_and_no_leaks_conflicts_or_shared_ids():
    rows = read_corpus()

    assert len(rows) >= 1500
    assert [fault for fault in find_faults(rows) if not fault.startswith("duplicate")] == []


def test_no_family_of_the_shipped_corpus_lies_in_two_splits():
    splits = {}
    for one in read_corpus():
        splits.setdefault(one.family, set()).add(one.split)

    assert all(len(found) == 1 for found in splits.values())


def test_every_level_is_in_every_split():
    found = {(one.level, one.split) for one in read_corpus()}

    assert found >= {(level, split) for level in LADDER for split in SPLITS}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([row(1), row(1, text="other", family="f2")], "id r1 is used 2 times"),
        ([row(1), row(2, text="Text NUMBER 1")], "duplicate: r1, r2"),
        ([row(1), row(2, text="text number 1", level=Level.HIGH)], "label conflict: r1, r2"),
        ([row(1), row(2, family="f1", split="test")], "family f1 lies in test, train"),
        ([row(1)], "only 0 rows of level imminent in test"),
    ],
)
def test_the_check_names_what_is_wrong(rows, fault):
    assert fault in find_faults(rows)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "a.jsonl line 1"),
        (line(level="grave"), "a.jsonl line 1"),
        (line(split="other"), "unknown category, level or split"),
        (line(categories=["x"]), "unknown category, level or split"),
        (line(text=" "), "no text"),
        ('{"id": "a"}', "missing categories"),
        ("", "no rows"),
    ],
)
def test_a_bad_corpus_line_is_named(tmp_path, text, reason):
    write(tmp_path, text)

    with pytest.raises(CorpusError, match=reason):
        read_corpus(tmp_path)


def test_the_digest_changes_with_one_letter():
    assert digest([row(1)]) != digest([row(1, text="text number l")])


def test_the_command_fails_on_a_faulty_corpus(tmp_path, capsys):
    write(tmp_path, line(), line(id="b", level="low", family="g"))

    with pytest.raises(CommandError, match="faults"):
        call_command("corpus_check", corpus=tmp_path)

    assert "label conflict: a, b" in capsys.readouterr().out


# -- The challenge set, which nothing is trained on


def test_no_row_of_the_challenge_set_is_learnt_and_each_is_a_row():
    challenge = read_corpus(FOLDER / "challenge")
    learnt = {row.text.casefold() for row in read_corpus()}

    assert len(challenge) > 2_000
    assert not [row.id for row in challenge if row.text.casefold() in learnt]
    assert not find_faults(challenge)
