"""The figures of the ablation and speed tables, where they can be counted on fingers."""

import pytest

from benchmarks.ablation import MODELS, STEPS, YARDSTICKS, Variant, at_five_percent, own_table, steps_table, table
from benchmarks.footprint import Footprint, measure, times
from benchmarks.scoring import loop_rate, of_length
from benchmarks.yardsticks import keywords, sentiment
from riskmodel.evaluation import head_figures
from tests.riskmodel.answers import make_row, make_score

EVERYDAY = ("everyday",)


@pytest.fixture
def rows():
    """Forty harmless rows of which ten are everyday talk, two high and two imminent."""
    harmless = [make_row(n, "none", tags=EVERYDAY if n < 10 else ()) for n in range(40)]
    return [*harmless, *(make_row(40 + n, level) for n, level in enumerate(["high", "high", "imminent", "imminent"]))]


@pytest.fixture
def scores():
    """Harmless rows from 0.40 down; of each grave level one is found at once and one lies among the harmless."""
    falling = [make_score(probability=0.40 - 0.01 * n) for n in range(40)]
    return [*falling, *(make_score(probability=p) for p in (0.9, 0.385, 0.8, 0.2))]


@pytest.fixture
def footprint():
    return Footprint(p50=1.0, p99=2.0, p50_again=0.5, p99_again=1.0, loaded_mb=30.0, used_mb=40.0)


def test_five_per_cent_of_forty_harmless_rows_are_two_false_alarms(rows, scores):
    found = at_five_percent(rows, scores)

    assert found.everyday_alerts == pytest.approx(2 / 10)
    assert (found.missed_high, found.high) == (0, 2)
    assert (found.missed_imminent, found.imminent) == (1, 2)


def test_the_misses_at_five_per_cent_fit_the_recall_that_the_table_tells(rows, scores):
    found = at_five_percent(rows, scores)
    dangerous = [row.level in ("high", "imminent") for row in rows]

    recall = head_figures(rows, scores)["recall at 5 % false alarms"]

    assert recall == 1 - (found.missed_high + found.missed_imminent) / sum(dangerous)


def test_rows_of_one_score_are_alerted_together_or_not_at_all(rows):
    found = at_five_percent(rows, [make_score(probability=0.5) for _ in rows])

    assert found.everyday_alerts == 0
    assert found.missed_high + found.missed_imminent == 4


def test_without_harmless_rows_there_is_no_rate_of_false_alarms_to_keep():
    with pytest.raises(ValueError, match="no harmless rows"):
        at_five_percent([make_row(1, "high")], [make_score("high")])


def test_a_line_of_the_table_tells_quality_misses_and_cost(rows, scores, footprint):
    one = Variant("TF-IDF", scores, head_figures(rows, scores), at_five_percent(rows, scores), footprint)

    line = table([one]).splitlines()[-1]

    assert "| TF-IDF |" in line
    assert "| 0 of 2 | 1 of 2 | 1.00 / 2.00 ms | 40 MB |" in line
    assert table([one]).splitlines()[1].count("---") == line.count("|") - 1


def test_what_knows_no_levels_has_no_agreement_about_them(rows, scores, footprint):
    one = Variant("VADER", scores, head_figures(rows, scores), at_five_percent(rows, scores), footprint)

    assert table([one]).splitlines()[-1].split(" | ")[3] == "-"


def test_only_what_has_thresholds_of_its_own_is_told_at_them(rows, footprint):
    given = [make_score("none")] * 40 + [make_score(level) for level in ("high", "moderate", "imminent", "none")]
    figures, at = head_figures(rows, given), at_five_percent(rows, given)

    lines = own_table([Variant(name, given, figures, at, footprint) for name in ("VADER", "TF-IDF")]).splitlines()

    assert lines[2:] == ["| TF-IDF | - | 1.000 | 0.500 | 0.000 | 0.000 |"]


def test_a_step_that_changes_nothing_adds_nothing(rows, scores, footprint):
    names = [*YARDSTICKS, *MODELS]
    same = [
        Variant(name, scores, head_figures(rows, scores), at_five_percent(rows, scores), footprint) for name in names
    ]

    lines = steps_table(rows, same).splitlines()[2:]

    assert len(lines) == len(STEPS)
    assert all("+0.000 (+0.000 to +0.000)" in line and "+0.0 ms" in line and "+0 MB" in line for line in lines)


def test_keywords_are_counted_once_each_and_in_any_case():
    score = keywords()

    assert score("The weather is fine") == 0
    assert score("Kill, kill, KILL") == 1
    assert score("a knife and pills") == 2


def test_the_sentiment_of_a_sad_text_is_worse_than_that_of_a_glad_one():
    score = sentiment()

    assert -1 <= score("I am so happy, this is wonderful") < score("This is terrible and I hate it") <= 1


def test_a_yardstick_is_measured_in_a_process_of_its_own():
    found = measure("keywords", ["I want to die", "hello"], ["good morning"])

    assert 0 < found.p50 <= found.p99
    assert found.used_mb < 20


def test_each_text_is_timed_once_and_in_order_of_time():
    seen = []

    found = times(seen.append, ["one", "two", "three"])

    assert seen == ["one", "two", "three"]
    assert found == sorted(found)
    assert len(found) == 3


def test_long_texts_have_their_length_and_hold_one_message_after_the_other():
    made = of_length(["a" * 90, "b" * 90, "c" * 90], 200, 4)

    assert [len(text) for text in made] == [200] * 4
    assert made[0] == "a" * 90 + "\n" + "b" * 90 + "\n" + "c" * 18


def test_no_long_text_can_be_made_of_nothing():
    with pytest.raises(ValueError, match="no texts"):
        of_length([""], 10, 1)


def test_the_fixed_loop_is_done_more_than_once():
    assert loop_rate(0.05) > 1
