"""The commands that measure and compare models tell what they rest on, print no text unasked, and refuse in words."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from riskmodel import artefacts, corpus

VALUES = {"low": 0.2, "moderate": 0.4, "high": 0.6, "imminent": 0.8}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The shipped weights twice, with thresholds that alert rarely and often: (folder, rare, often)."""
    folder = tmp_path_factory.mktemp("models")
    place = artefacts.FOLDER / artefacts.active_version()
    manifest = json.loads((place / "manifest.json").read_text())
    vocabulary = json.loads((place / "vocabulary.json").read_text())
    with np.load(place / "weights.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    sealed = {name: value for name, value in manifest.items() if name not in ("version", "files", "tables")}

    def store(name, factor):
        levels = {level: value * factor for level, value in VALUES.items()}
        changed = {"name": name, "thresholds": manifest["thresholds"] | {"levels": levels}}
        return artefacts.store(arrays, vocabulary, sealed | changed, folder)

    return folder, store("rare", 1.2), store("often", 0.5)


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "labelled.csv"
    path.write_text(
        "id,text,level,tags,flag\n"
        "a,I am going to kill myself tonight,imminent,teen,0\n"
        "b,nobody would notice if I were gone,moderate,elderly,0\n"
        "c,what time do you open?,none,teen,0\n"
        "d,thank you for your help,none,,0\n"
        "e,left out,none,,1\n"
    )
    return path


@pytest.fixture
def small_corpus(tmp_path):
    rows = [
        ("a", "I am going to kill myself tonight", "imminent", "test"),
        ("b", "what time do you open?", "none", "test"),
        ("c", "hello there", "none", "train"),
    ]
    lines = [
        {"id": i, "text": t, "level": level, "categories": [], "tags": [], "family": i, "split": s, "note": ""}
        for i, t, level, s in rows
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def evaluated(capsys, models, *arguments, version=1):
    call_command("evaluate_riskmodel", models[version], "--artefacts", str(models[0]), *arguments)
    return capsys.readouterr().out


def test_a_labelled_file_is_measured_by_level_category_tag_and_group(capsys, models, labelled):
    out = evaluated(capsys, models, "--set", str(labelled))

    assert out.startswith(f"{models[1]} on labelled.csv, 4 rows, 1 flagged left out\n")
    for heading in ("Figures", "Level of the row (down)", "Misses by level", "Misses and false alarms by tag"):
        assert f"\n{heading}" in out
    assert "register teen" in out
    assert "Misses by category" not in out  # the file names none
    assert "register voice" not in out  # no row of the file is one


def test_no_text_of_a_row_is_printed_when_a_model_is_measured(capsys, models, labelled):
    assert "kill myself" not in evaluated(capsys, models, "--set", str(labelled))


def test_tables_can_be_put_into_a_markdown_file(capsys, models, labelled):
    out = evaluated(capsys, models, "--set", str(labelled), "--markdown")

    assert "|  | figure | 95 %, by family |\n| --- | --- | --- |\n| rows | 4 |  |" in out


def test_the_held_out_rows_are_the_default_and_others_are_cautioned_against(capsys, models, small_corpus):
    held_out = evaluated(capsys, models, "--corpus", str(small_corpus))
    learnt = evaluated(capsys, models, "--corpus", str(small_corpus), "--split", "all")

    assert "on split test of the corpus, 2 rows" in held_out
    assert "the weights were learnt" not in held_out
    assert "on split all of the corpus, 3 rows" in learnt
    assert "Note: the weights were learnt from these rows" in learnt


def test_a_corpus_that_the_model_was_not_trained_with_is_told(capsys, models, small_corpus):
    out = evaluated(capsys, models, "--corpus", str(small_corpus))

    assert f"Note: the corpus is not the one that {models[1]} was trained with" in out


def test_a_gap_that_blocks_promotion_is_said_in_words(capsys, models, tmp_path):
    path = tmp_path / "gap.csv"
    lines = [f"f{n},I am going to kill myself tonight,imminent,\n" for n in range(60)]
    lines += [f"m{n},what time do you open?,imminent,elderly\n" for n in range(30)]
    path.write_text("id,text,level,tags\n" + "".join(lines))

    out = evaluated(capsys, models, "--set", str(path))

    assert "Blocks promotion: register elderly: missed 30 of 30 (100%), of all rows 33%" in out
    assert "BLOCKS" in out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("gone",), "the risk model is refused: no manifest for version gone"),
        (("{version}", "--set", "nowhere.csv"), r"nowhere\.csv"),
        (("{version}", "--corpus", "/nowhere"), "no rows in nowhere"),
        (("{version}", "--corpus", "{corpus}", "--split", "calibrate"), "no rows of split calibrate"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(models, small_corpus, arguments, reason):
    given = [one.format(version=models[1], corpus=small_corpus) for one in arguments]

    with pytest.raises(CommandError, match=reason):
        call_command("evaluate_riskmodel", *given, "--artefacts", str(models[0]))


def test_the_active_model_is_measured_where_none_is_named(capsys, models, labelled):
    artefacts.activate(models[2], models[0])

    call_command("evaluate_riskmodel", "--artefacts", str(models[0]), "--set", str(labelled))

    assert capsys.readouterr().out.startswith(f"{models[2]} on ")


def compared(models, *arguments, swapped=False):
    names = models[:0:-1] if swapped else models[1:]
    out = StringIO()
    call_command("compare_riskmodels", *names, "--artefacts", str(models[0]), *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """A corpus folder with some of the rows that no weight was learnt from."""
    folder = tmp_path_factory.mktemp("held_out")
    fields = ("id", "text", "level", "categories", "tags", "family", "split")
    rows = [row for row in corpus.read_corpus() if row.split == "test"][::5]
    lines = [json.dumps({name: getattr(row, name) for name in fields}) for row in rows]
    (folder / "rows.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def comparison(models, held_out):
    return compared(models, "--corpus", str(held_out))


def ids(out, what):
    return [line.split()[1] for line in out.splitlines() if line.startswith(f"{what}: ")]


def test_two_models_are_laid_side_by_side_with_alerts_gained_by_id(comparison, models, held_out):
    rows = corpus.read_corpus(held_out)

    assert f"{models[1]} and {models[2]} on split test of the corpus, {len(rows)} rows" in comparison
    assert ids(comparison, "Gained")
    assert set(ids(comparison, "Gained")) <= {row.id for row in rows}
    assert ids(comparison, "Lost") == []
    assert f"{models[2]} alerts on dangerous rows that the other misses: " in comparison
    assert f"{models[1]} keeps quiet on harmless rows where the other alerts: " in comparison
    assert "equal: neither orders all rows better by probability" in comparison


def test_the_other_way_round_the_same_alerts_are_lost(comparison, models, held_out):
    back = compared(models, "--corpus", str(held_out), swapped=True)

    assert ids(back, "Lost") == ids(comparison, "Gained")
    assert ids(back, "Gained") == []


def test_texts_are_printed_only_when_asked_for(comparison, models, held_out):
    first = ids(comparison, "Gained")[0]
    text = next(row.text for row in corpus.read_corpus(held_out) if row.id == first)

    assert text not in comparison
    assert text in compared(models, "--corpus", str(held_out), "--texts")


def test_a_comparison_on_a_labelled_file_counts_pairs(models, labelled):
    out = compared(models, "--set", str(labelled), "--markdown")

    assert f"|  | {models[1]} | {models[2]} |" in out
    assert "Alerts on dangerous rows: " in out
    assert "Alerts on harmless rows: 0 gained, 0 lost (McNemar's exact p = 1)" in out


def test_a_version_that_is_not_there_is_refused_before_anything_is_scored(models, labelled):
    with pytest.raises(CommandError, match="a risk model is refused: no manifest for version gone"):
        call_command("compare_riskmodels", models[1], "gone", "--artefacts", str(models[0]), "--set", str(labelled))
