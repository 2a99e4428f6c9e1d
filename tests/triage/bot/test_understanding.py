"""What the bot understands of a message, what it refuses to run on, and what its corpus must be."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel
from triage.bot.understanding import Understanding, UnderstandingRefused, corpus, storing, understand, warm_up
from triage.bot.understanding.corpus import CorpusError, Row
from triage.bot.understanding.cues import BEGIN, END, count_cues, names
from triage.bot.understanding.evaluation import macro_f1, measure, topic_f1
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS
from triage.bot.understanding.understanding import Understander, understander
from triage.bot.understanding.weights import Calibration

SMALL = 6  # rows an act


@pytest.fixture(scope="module")
def train_rows() -> list[Row]:
    return corpus.read_rows()


@pytest.fixture(scope="module")
def held_out_rows() -> list[Row]:
    return corpus.read_rows(corpus.HELD_OUT)


@pytest.fixture(scope="module")
def few(train_rows: list[Row]) -> list[Row]:
    """A corpus of a few rows of every act, on which a training takes no time."""
    return [row for act in ACTS for row in [row for row in train_rows if row.act == act][:SMALL]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped artefact that a test may spoil."""
    return Path(shutil.copytree(storing.FOLDER, tmp_path / "artefact"))


@pytest.mark.parametrize(
    ("message", "act"),
    [
        ("hello", "greeting"),
        ("I want to speak to a real person please", "asks_person"),
        ("are you a robot or a human?", "asks_bot"),
        ("how do i calm down before my exam?", "asks_help"),
        ("stop sending me messages", "stop"),
        ("no, i meant my sister, not my mother", "corrects"),
        ("this bot is useless, you keep saying the same thing", "complains"),
        ("thank you so much", "thanks"),
        ("good night, talk tomorrow", "goodbye"),
        ("yes please", "yes"),
        ("no thanks", "no"),
        ("my husband shouted at me all evening and i cried", "tells"),
    ],
)
def test_a_plain_message_is_understood_as_what_it_does(message: str, act: str) -> None:
    understood = understand(message)
    assert (understood.act, understood.is_sure) == (act, True)


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("i have not slept for three nights", "sleep"),
        ("my dad died last month and i miss him", "grief"),
        ("having a panic attack, my heart is pounding", "panic"),
        ("i drink a bottle of wine every night", "alcohol_drugs"),
        ("i cut myself again yesterday", "self_harm"),
        ("my landlord wants to evict me", "problem"),
        ("i do not want to live any more", "dark_thoughts"),
    ],
)
def test_a_plain_message_is_understood_as_what_it_is_about(message: str, topic: str) -> None:
    assert topic in [name for name, _ in understand(message).topics]


@pytest.mark.parametrize(
    ("message", "feeling"),
    [("i am so lonely", "lonely"), ("i am furious with him", "angry"), ("on the bus to town", "none")],
)
def test_a_feeling_is_named_where_the_words_show_it_and_not_elsewhere(message: str, feeling: str) -> None:
    assert understand(message).feeling == feeling


def test_topics_come_most_probable_first_and_above_the_threshold_of_the_model() -> None:
    topics = understand("i cannot sleep since my mum died and i drink every night").topics
    chances = [chance for _, chance in topics]
    assert len(topics) > 1
    assert chances == sorted(chances, reverse=True)
    assert min(chances) >= storing.load().calibration.said


def test_another_language_is_told_and_nothing_is_sure_in_it() -> None:
    understood = understand("no puedo dormir y estoy muy triste, que puedo hacer")
    assert (understood.language, understood.is_sure) == ("es", False)


@pytest.mark.parametrize("message", ["", "   ", "...", "\u200b", "\ud800", "1" * 50_000, "help " * 20_000])
def test_a_message_without_words_or_without_end_is_answered_and_never_raises(message: str) -> None:
    assert isinstance(understand(message), Understanding)


def test_a_message_without_words_is_not_sure_of_anything() -> None:
    understood = understand("???")
    assert (understood.act_probability, understood.topics, understood.is_sure) == (0.0, (), False)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_known_labels_and_probabilities_between_nought_and_one(text: str) -> None:
    understood = understand(text)
    assert understood.act in ACTS
    assert understood.feeling in FEELINGS
    assert {topic for topic, _ in understood.topics} <= set(TOPICS)
    chances = [understood.act_probability, understood.feeling_probability, *(chance for _, chance in understood.topics)]
    assert all(0 <= chance <= 1 for chance in chances)


def test_the_same_message_is_understood_the_same_twice() -> None:
    assert understand("i feel so low since she left") == understand("i feel so low since she left")


def test_the_meaning_of_a_long_text_is_a_unit_vector_as_that_of_a_short_one() -> None:
    for text in ("hello", "i walked to the shop " * 200):
        assert np.linalg.norm(riskmodel.meaning(text).vector) == pytest.approx(1, abs=1e-4)
    assert not riskmodel.meaning("").vector.any()


# What must not be run on


def test_the_shipped_model_loads_and_was_learnt_from_the_corpus_as_it_is(train_rows: list[Row]) -> None:
    assert storing.load().manifest["corpus"] == corpus.digest(train_rows)
    assert warm_up() == storing.load().manifest["version"]


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
def test_an_altered_file_is_refused_by_its_name(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    with pytest.raises(UnderstandingRefused, match=f"the digest of {name} differs"):
        storing.load(copy)


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
def test_a_missing_file_is_refused_by_its_name(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(UnderstandingRefused, match=f"file {name} is missing"):
        storing.load(copy)


def change(copy: Path, *, reseal: bool, **values: Any) -> None:
    manifest = json.loads((copy / "manifest.json").read_text()) | values
    if reseal:
        manifest["version"] = storing.version_of(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest))


def test_a_lowered_threshold_is_refused_because_it_makes_another_version(copy: Path) -> None:
    calibration = json.loads((copy / "manifest.json").read_text())["calibration"]
    change(copy, reseal=False, calibration=calibration | {"sure": 0.01})
    with pytest.raises(UnderstandingRefused, match="the manifest was changed"):
        storing.load(copy)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"contract": 99}, "contract 99 where this program reads 1"),
        ({"libraries": {"scikit-learn": "0.1"}}, "trained with scikit-learn 0.1, installed is"),
        ({"cues": "0"}, "the table of cues changed"),
        ({"embedding": "0"}, "another sentence embedding"),
        ({"labels": {}}, "other labels"),
        ({"calibration": {"unheard": 1}}, "do not hold what they should"),
    ],
)
def test_a_model_for_other_surroundings_is_refused_with_the_reason(
    copy: Path, values: dict[str, Any], reason: str
) -> None:
    change(copy, reseal=True, **values)
    with pytest.raises(UnderstandingRefused, match=reason):
        storing.load(copy)


@pytest.mark.parametrize(("content", "reason"), [(None, "there is no manifest"), ("{", "is not JSON")])
def test_a_model_without_a_manifest_is_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(UnderstandingRefused, match=reason):
        understander(tmp_path)


def test_arrays_that_do_not_fit_the_vocabulary_are_refused(few: list[Row]) -> None:
    from triage.bot.understanding.training import train

    trained = train(few)
    with pytest.raises(UnderstandingRefused, match="rows where"):
        storing.assemble(trained.arrays, trained.vocabulary | {"words": ["one"]})


# Training


def test_the_same_corpus_and_seed_give_the_same_bytes_and_another_row_another_version(
    few: list[Row], tmp_path: Path
) -> None:
    from triage.bot.understanding.training import train

    versions = []
    for place, rows in (("first", few), ("second", few), ("third", few[1:])):
        trained = train(rows, seed=3, on=date(2026, 11, 24))
        parts = trained.arrays, trained.vocabulary, trained.calibration, trained.manifest
        versions.append(storing.store(*parts, tmp_path / place))
    assert versions[0] == versions[1] != versions[2]
    assert (tmp_path / "first" / "weights.npz").read_bytes() == (tmp_path / "second" / "weights.npz").read_bytes()
    assert Understander(storing.load(tmp_path / "first")).understand("hello").act in ACTS


def test_rows_of_the_same_words_never_lie_in_two_folds() -> None:
    from triage.bot.understanding.training import fold_of

    assert fold_of(Row("a", "Not sad!", "tells", (), "none")) == fold_of(Row("b", "not sad", "tells", (), "none"))


def test_sure_is_a_threshold_from_which_on_nine_of_ten_acts_are_right() -> None:
    from triage.bot.understanding.training import _surest

    true = np.zeros(100, dtype=int)
    found = np.zeros((100, 2))
    found[:50] = (0.9, 0.1)  # sure and right
    found[50:] = (0.3, 0.7)  # less sure and wrong
    assert _surest(found, true) == 0.71
    assert _surest(found[50:], true[50:]) == 1.0


def test_a_corpus_of_too_few_acts_is_refused_by_the_command(few: list[Row], tmp_path: Path) -> None:
    line = {"id": "1", "text": "hello", "act": "greeting", "topics": [], "feeling": "none"}
    (tmp_path / "en_train.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(CommandError, match="cannot be learnt"):
        call_command("train_understanding", corpus=tmp_path, into=tmp_path)


def test_the_commands_name_a_corpus_or_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no rows in"):
        call_command("train_understanding", corpus=tmp_path, into=tmp_path)
    with pytest.raises(CommandError, match="understanding is refused: there is no manifest"):
        call_command("evaluate_understanding", artefact=tmp_path)


# The corpus


def test_no_wording_stands_twice_and_none_both_in_train_and_held_out(
    train_rows: list[Row], held_out_rows: list[Row]
) -> None:
    assert corpus.find_faults(train_rows, held_out_rows) == []
    assert len(held_out_rows) >= 600


def test_a_copied_wording_an_id_used_twice_and_a_missing_label_are_found() -> None:
    row = Row("1", "I feel low", "tells", ("low_mood",), "sad")
    faults = corpus.find_faults([row, row], [Row("2", "i feel low.", "tells", (), "none")])
    assert "id 1 is used 2 times" in faults
    assert "a wording is given 2 times in train" in faults
    assert "2 is worded as a row of train" in faults
    assert "no row of greeting in train" in faults


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "x line 1: "),
        ('{"id": "1"}', "missing text, act, topics, feeling"),
        ('{"id": "1", "text": "a", "act": "sings", "topics": ["sun"], "feeling": "none"}', "unknown label sings, sun"),
        ('{"id": "1", "text": " ", "act": "tells", "topics": [], "feeling": "none"}', "no text"),
        ("7", "x line 1: "),
    ],
)
def test_a_bad_line_of_the_corpus_is_named_with_its_reason(line: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        corpus.read_row(line, "x line 1")


# Cues and figures


def test_a_cue_counts_whole_words_and_open_ends_as_the_table_says() -> None:
    def groups(*words: str) -> set[str]:
        return {names()[column] for column in count_cues([BEGIN, *words, END])}

    assert "topic.grief.words" in groups("grieving")
    assert "topic.grief.words" not in groups("aggrieved")
    assert "act.want_person.phrases" in groups("a", "real", "person")


def test_probabilities_of_acts_add_up_to_one_and_a_higher_temperature_makes_them_less_sure() -> None:
    logits = np.linspace(-2, 2, len(ACTS) + len(TOPICS) + len(FEELINGS))
    acts, topics, feelings = Calibration().probabilities(logits)
    assert acts.sum() == pytest.approx(1)
    assert feelings.sum() == pytest.approx(1)
    assert len(topics) == len(TOPICS)
    assert Calibration(act=3.0).probabilities(logits)[0].max() < acts.max()


def test_macro_f1_counts_a_rare_label_as_much_as_a_common_one() -> None:
    true, found = np.array([0] * 9 + [1]), np.zeros(10, dtype=int)
    assert macro_f1(true, found, 2) == pytest.approx((18 / 19) / 2)
    assert topic_f1(np.eye(2, dtype=bool), np.eye(2, dtype=bool)) == 1.0


def test_the_report_says_how_many_are_sure_and_how_many_of_these_are_right() -> None:
    rows = [Row("1", "hi", "greeting", (), "none"), Row("2", "bye", "goodbye", ("sleep",), "sad")]
    found = [
        Understanding("greeting", 0.9, (), "none", 0.9, True, "en"),
        Understanding("greeting", 0.4, (("sleep", 0.6),), "sad", 0.5, False, "en"),
    ]
    figures = measure(rows, found)
    assert figures["sure"] == {"coverage": 0.5, "right": 1.0, "right_when_unsure": 0.0}
    assert figures["confusion"][ACTS.index("goodbye")][ACTS.index("greeting")] == 1
    assert figures["topics"]["macro_f1"] == 1.0
