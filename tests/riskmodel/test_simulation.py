"""The simulated clinic learns from one half of the held-out families and is measured on the other."""

import json
from xml.etree import ElementTree

import pytest

from benchmarks.learning import run, write
from benchmarks.plot import Line, plot
from riskmodel import corpus
from riskmodel.normalising import normalise
from riskmodel.simulation import MEASURES, Outcome, draw_clinic, learn, look, summarise
from tests.riskmodel.answers import make_row

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def rows():
    """One row in sixteen, so that a training takes a second."""
    return [row for number, row in enumerate(corpus.read_corpus()) if number % 16 == 0]


@pytest.fixture(scope="module")
def folder(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus")
    fields = ("id", "text", "level", "categories", "tags", "family", "split")
    lines = [json.dumps({name: getattr(row, name) for name in fields}) for row in rows]
    (path / "rows.jsonl").write_text("\n".join(lines))
    return path


def test_both_halves_are_held_out_rows_and_no_family_lies_in_both():
    held_out = [row for row in corpus.read_corpus() if row.split == "test"]

    clinic = draw_clinic(corpus.read_corpus(), 0)

    assert sorted(row.id for row in (*clinic.pool, *clinic.measured_on)) == sorted(row.id for row in held_out)
    assert not {row.family for row in clinic.pool} & {row.family for row in clinic.measured_on}
    assert abs(len(clinic.pool) - len(clinic.measured_on)) < len(held_out) / 20


def test_a_draw_is_the_same_each_time_and_another_repeat_is_another_draw(rows):
    assert draw_clinic(rows, 3) == draw_clinic(list(rows), 3)
    assert draw_clinic(rows, 3) != draw_clinic(rows, 4)


def test_strangers_are_drawn_by_their_tag_from_every_split_with_their_whole_families(rows):
    clinic = draw_clinic(rows, 0, strangers="post")

    drawn_rows = (*clinic.pool, *clinic.measured_on)
    families = {row.family for row in rows if "post" in row.tags}
    assert {row.id for row in drawn_rows} == {row.id for row in rows if row.family in families}
    assert len({row.split for row in drawn_rows}) > 1


def test_what_only_strangers_write_is_unknown_until_they_label_it(rows):
    clinic = draw_clinic(rows, 0, strangers="post")
    strange = {row.id for row in (*clinic.pool, *clinic.measured_on)}
    others = {word for row in rows if row.id not in strange for word in normalise(row.text).words}
    theirs = sorted({word for row in clinic.pool for word in normalise(row.text).words} - others)

    before, after = learn(rows, clinic, 0), learn(rows, clinic, len(clinic.pool))

    assert len(theirs) > 20
    assert before.score(" ".join(theirs)).unknown_words > 0.95 * len(theirs)  # side by side a word may be respelt
    assert after.score(" ".join(theirs)).unknown_words < before.score(" ".join(theirs)).unknown_words


def test_a_corpus_that_holds_nothing_out_is_refused():
    with pytest.raises(ValueError, match="nothing to draw from"):
        draw_clinic([make_row(1, split="train"), make_row(2)], 0)


def test_own_labels_are_learnt_and_the_measuring_set_is_not(rows):
    clinic = draw_clinic(rows, 0)
    without, beside = learn(rows, clinic, 0), learn(rows, clinic, len(clinic.pool))

    def unknown(scorer, part):
        return sum(scorer.score(row.text).unknown_words for row in part)

    # A word enters the vocabulary with its second message, so some stay unknown.
    assert unknown(beside, clinic.pool) < unknown(without, clinic.pool) * 0.8
    assert unknown(beside, clinic.measured_on) > unknown(without, clinic.measured_on) / 2
    assert set(look(beside, clinic)) == set(MEASURES)
    assert all(0 <= value <= 1 for value in look(beside, clinic).values())


def test_gains_are_taken_within_one_draw_so_that_easy_and_hard_draws_do_not_blur_them():
    outcomes = [
        Outcome(repeat, own, dict.fromkeys(MEASURES, base + gain))
        for repeat, base in enumerate((0.2, 0.4, 0.6))
        for own, gain in ((0, 0.0), (100, 0.1))
    ]

    none, hundred = summarise(outcomes, (0, 100))

    assert (none["own labels"], hundred["own labels"]) == (0, 100)
    assert hundred["sensitivity"] == {"mean": 0.5, "spread": 0.2, "gain": 0.1, "of it": 0.0}
    assert none["sensitivity"]["gain"] == 0.0
    assert hundred["draws"] == 3


def test_the_benchmark_writes_figures_and_a_plot_and_cuts_what_the_pool_does_not_have(folder, rows, tmp_path):
    found = run(folder, (20, 100_000), 1, 3.0, 1)
    write(found, tmp_path)

    stored = json.loads((tmp_path / "figures" / "learning.json").read_text())
    sizes = [one["own labels"] for one in stored["sizes"]]
    assert sizes == [0, 20, len(draw_clinic(rows, 0).pool)]
    assert stored["corpus"] == corpus.digest(corpus.read_corpus(folder))
    assert [one["own"] for one in stored["outcomes"]] == sizes
    picture = (tmp_path / "images" / "learning.svg").read_text()
    assert read_svg(picture).tag == f"{SVG}svg"


def read_svg(picture):
    return ElementTree.fromstring(picture)  # noqa: S314 -- drawn a moment ago by us


def drawn(**more):
    lines = [Line("found", [(0.4, 0.05), (0.6, 0.04)]), Line("alarms & more", [(0.1, 0.0), (0.59, 0.0)])]
    return plot("A <title>", (0, 700), more.get("lines", lines), across_label="own labels")


def test_a_plot_has_each_line_with_its_points_and_its_name():
    tree = read_svg(drawn())

    assert len(tree.findall(f"{SVG}polyline")) == 2
    assert len(tree.findall(f"{SVG}circle")) == 4
    texts = [one.text for one in tree.findall(f"{SVG}text")]
    assert "found 60%" in texts
    assert "alarms & more 59%" in texts
    assert "own labels" in texts


def test_a_plot_can_be_read_in_the_dark_and_heard():
    picture = drawn()
    tree = read_svg(picture)

    assert "prefers-color-scheme: dark" in picture
    assert tree.find(f"{SVG}rect").get("class") == "paper"  # or light words would stand on a light page
    assert tree.find(f"{SVG}title").text == "A <title>"
    assert "found: 40% at 0, 60% at 700" in tree.find(f"{SVG}desc").text


def test_names_at_the_ends_of_lines_do_not_overlap():
    names = read_svg(drawn()).findall(f"{SVG}text")[-2:]

    assert abs(float(names[0].get("y")) - float(names[1].get("y"))) >= 18


def test_more_of_a_share_is_drawn_higher_and_nothing_leaves_the_picture():
    points = read_svg(drawn(lines=[Line("x", [(0.2, 0.0), (1.4, 0.5)])])).findall(f"{SVG}circle")

    low, high = (float(one.get("cy")) for one in points)
    assert high < low
    assert high >= 0


@pytest.mark.parametrize("lines", [[], [Line("x", [(0.1, 0.0)])], [Line("x", [(0.1, 0.0), (0.2, 0.0)])] * 5])
def test_what_cannot_be_drawn_is_refused(lines):
    with pytest.raises(ValueError, match="needed|needs"):
        drawn(lines=lines)
