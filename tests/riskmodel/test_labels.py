"""A service's own labels: read or refused with their line, and set against the corpus without a row in two minds."""

import json
from collections import Counter

import pytest

from riskmodel.labels import OWN_WEIGHT, LabelsError, draw_split, merge, read_labels, settle
from riskmodel.levels import Level
from tests.riskmodel.answers import make_row


@pytest.fixture
def written(tmp_path):
    """Writes label lines to a file; a line given as a dict is completed."""

    def write(*lines):
        path = tmp_path / "labels.jsonl"
        whole = {"id": "a1", "text": "i am here", "level": "low", "categories": [], "tags": ["service"], "family": "f1"}
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(whole | one) for one in lines) + "\n")
        return path

    return write


def test_labels_are_read_as_rows_of_the_corpus_are(written):
    rows = read_labels(written({"split": "train"}, "", {"id": "a2", "level": "high", "split": "train"}))

    assert [(row.id, row.level, row.split) for row in rows] == [
        ("a1", Level.LOW, "train"),
        ("a2", Level.HIGH, "train"),
    ]
    assert rows[0].tags == ("service",)


@pytest.mark.parametrize("missing", [{}, {"split": ""}, {"split": None}])
def test_a_missing_split_is_drawn_from_the_family(written, missing):
    rows = read_labels(written(missing, missing | {"id": "a2"}))

    assert {row.split for row in rows} == {draw_split("f1")}


def test_families_fall_to_train_calibrate_and_test_as_seventy_fifteen_fifteen():
    drawn = Counter(draw_split(f"client-{number}") for number in range(4000))

    assert drawn["train"] == pytest.approx(2800, abs=100)
    assert drawn["calibrate"] == pytest.approx(600, abs=80)
    assert drawn["test"] == pytest.approx(600, abs=80)
    assert draw_split("client-1") == draw_split("client-1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", r"labels\.jsonl line 2: "),
        ("[1]", r"line 2: id, text, level, family must be words"),
        ({"text": 5}, r"line 2: id, text, level, family must be words"),
        ({"family": None}, r"line 2: id, text, level, family must be words"),
        ({"level": "unscored"}, r"line 2: unknown category, level or split"),
        ({"level": "severe"}, r"line 2: 'severe' is not a valid Level"),
        ({"split": "holdout"}, r"line 2: unknown category, level or split"),
        ({"categories": ["luck"]}, r"line 2: unknown category"),
        ({"text": "  "}, r"line 2: .*no text"),
        ('{"id": "x", "text": "t", "level": "low", "family": "f"}', r"line 2: missing categories, tags"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(written, line, reason):
    with pytest.raises(LabelsError, match=reason):
        read_labels(written({}, line))


def test_a_refusal_never_repeats_what_a_client_wrote(written):
    with pytest.raises(LabelsError) as refused:
        read_labels(written({"text": "my own secret", "level": "unscored"}))

    assert "secret" not in str(refused.value)


def test_a_family_in_two_splits_is_refused(written):
    with pytest.raises(LabelsError, match="family f1 lies in test and train"):
        read_labels(written({"split": "train"}, {"id": "a2", "split": "test"}))


def test_an_empty_file_and_one_that_is_not_utf_8_are_refused(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text("\n")
    with pytest.raises(LabelsError, match="no labels"):
        read_labels(path)

    path.write_bytes(b"{\xe9}")
    with pytest.raises(LabelsError, match="invalid UTF-8 at byte 2"):
        read_labels(path)


def test_the_services_own_label_stands_against_the_corpus_and_the_conflict_is_told():
    corpus = [make_row(1, "low", text="I can't go on"), make_row(2, "none", text="hello")]
    own = [make_row("own", "high", text="i can't go ON!")]

    settled = settle(corpus, own)

    assert settled.corpus == [corpus[1]]
    assert settled.own == own
    assert settled.findings == ["conflict: row-own is high, row-1 in the corpus low; it counts"]


def test_a_label_that_says_the_same_as_the_corpus_is_counted_once():
    settled = settle([make_row(1, "high", text="goodbye all")], [make_row(2, "high", text="goodbye all")])

    assert (settled.corpus, len(settled.own)) == ([], 1)
    assert settled.findings[0].startswith("duplicate: row-2 has the words of row-1")


def test_of_two_own_labels_of_one_text_the_more_dangerous_counts():
    own = [make_row(1, "low", text="tonight"), make_row(2, "high", text="Tonight"), make_row(3, "high", text="tonight")]

    settled = settle([], own)

    assert [row.id for row in settled.own] == ["row-2"]
    assert settled.findings == [
        "conflict among the labels: row-1 has the words of row-2, which counts",
        "duplicate among the labels: row-3 has the words of row-2, which counts",
    ]


def test_numbers_make_another_text():
    settled = settle([make_row(1, "low", text="I took 2 pills")], [make_row(2, "high", text="I took 20 pills")])

    assert (len(settled.corpus), len(settled.own), settled.findings) == (1, 1, [])


def test_texts_without_words_are_not_taken_for_one_another():
    settled = settle([], [make_row(1, "none", text="?!"), make_row(2, "none", text="...")])

    assert len(settled.own) == 2


def test_a_family_that_the_corpus_has_too_is_kept_apart():
    corpus = [make_row(1, family="f", split="train")]
    own = [make_row(2, family="f", split="test"), make_row(3, family="f", split="test")]

    settled = settle(corpus, own)

    assert {row.family for row in settled.own} == {"own f"}
    assert "family f of row-2 is one of the corpus too; it is kept apart" in settled.findings


def test_own_labels_weigh_more_than_rows_of_the_corpus_and_the_weight_can_be_set():
    corpus, own = [make_row(1), make_row(2)], [make_row(3, "high")]

    assert merge(corpus, own) == ([*corpus, *own], [1.0, 1.0, OWN_WEIGHT])
    assert merge(corpus, own, weight=7.5)[1] == [1.0, 1.0, 7.5]
    assert merge(corpus, []) == (corpus, [1.0, 1.0])


@pytest.mark.parametrize("weight", [0, -1, float("nan")])
def test_a_weight_that_would_unlearn_is_refused(weight):
    with pytest.raises(ValueError, match="above nought"):
        merge([], [], weight=weight)
