"""Tables say the same in a terminal and in Markdown, show the unknown as unknown, and leave out what no row tells."""

import json

import pytest

from riskmodel.fairness import fairness
from riskmodel.layout import Table, fairness_table, number, percent, side_by_side, tables
from riskmodel.levels import LADDER, Level, Reason, RiskScore
from riskmodel.measuring import unscored_for_errors
from tests.riskmodel.answers import make_row, make_score, pairs


@pytest.fixture(scope="module")
def measured():
    from riskmodel.evaluation import measure

    return measure(*pairs(("high", "none", 1, "teen"), ("high", "high", 3, "teen"), ("none", "none", 6, "elderly")))


def cells(markdown):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if line[:1] == "|"]


def test_columns_stand_under_one_another_in_a_terminal():
    text = Table("Heads", ("", "rows"), (("a long name", "7"), ("b", "1000"))).text()

    assert text.splitlines() == ["Heads", "             rows", "a long name     7", "b            1000"]


def test_a_markdown_table_has_a_rule_and_as_many_cells_in_each_line():
    markdown = Table("Heads", ("", "rows"), (("a", "7"), ("b", "1000"))).markdown()

    assert markdown.startswith("Heads:\n\n")
    assert cells(markdown) == [["", "rows"], ["---", "---"], ["a", "7"], ["b", "1000"]]


def test_every_table_of_a_measurement_is_rectangular(measured):
    for table in tables(measured):
        assert {len(line) for line in table.lines} == {len(table.columns)}, table.heading


def test_the_confusion_names_levels_in_the_order_of_the_ladder(measured):
    table = next(one for one in tables(measured) if one.heading.startswith("Level of the row"))

    assert table.columns == ("", *LADDER)
    assert [line[0] for line in table.lines] == list(LADDER)
    assert dict((line[0], line[1:]) for line in table.lines)["high"] == ("1", "0", "0", "3", "0")


def test_levels_and_categories_without_a_row_are_left_out(measured):
    headings = [table.heading for table in tables(measured)]
    by_level = next(one for one in tables(measured) if one.heading == "Misses by level")

    assert "Misses by category" not in headings
    assert by_level.lines == (("high", "4", "1", "25.0 %", "4.6 % to 69.9 %", "1"),)


def test_a_group_of_harmless_rows_has_no_rate_of_misses_rather_than_nought(measured):
    by_tag = next(one for one in tables(measured) if one.heading == "Misses and false alarms by tag")

    elderly = next(line for line in by_tag.lines if line[0] == "elderly")
    assert elderly[1:5] == ("0", "0", "-", "")
    assert elderly[5:8] == ("6", "0", "0.0 %")


def test_groups_that_block_and_groups_too_small_to_tell_are_marked():
    told = pairs(
        ("high", "high", 90), ("none", "none", 90), ("high", "none", 30, "elderly"), ("none", "none", 30, "elderly")
    )
    rows, scores = told[0] + [make_row("one", "high", tags=("teen",))], told[1] + [make_score("high")]

    marks = {line[0]: line[-1] for line in fairness_table(fairness(rows, scores)).lines}

    assert marks["register elderly"] == "BLOCKS"
    assert marks["register teen"] == "too few to tell"
    assert marks["all rows"] == ""
    assert "register voice" not in marks


def test_two_models_stand_side_by_side_even_where_one_has_a_figure_less(measured):
    less = json.loads(json.dumps(measured))
    del less["figures"]["auroc"]

    table = side_by_side(("A", "B"), (measured, less))

    assert table.columns == ("", "A", "B")
    assert next(line for line in table.lines if line[0] == "auroc")[2] == "-"


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (0.12345, "0.123"), (7, "7"), (0.0, "0.000")])
def test_a_figure_is_shown_with_three_digits_and_a_count_as_it_is(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(("share", "shown"), [(None, "-"), (0.0, "0.0 %"), (0.1234, "12.3 %"), (1.0, "100.0 %")])
def test_a_share_is_shown_in_per_cent(share, shown):
    assert percent(share) == shown


def test_rows_whose_scoring_failed_are_told_from_those_in_a_language_that_is_not_read():
    def unscored(why):
        return RiskScore(Level.UNSCORED, 0.0, reasons=(Reason("error", why, 0.0),))

    scores = [unscored("language not read"), unscored("no words to read"), unscored("ValueError"), make_score("none")]

    assert unscored_for_errors(scores) == 1
