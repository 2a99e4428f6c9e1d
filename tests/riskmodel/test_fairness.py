"""A group that is missed more than others blocks promotion, unless chance alone may have done it."""

import json
import math

import pytest

from riskmodel.fairness import fairness
from riskmodel.intervals import by_family, mcnemar, wilson
from tests.riskmodel.answers import make_row, make_score, pairs


def group(found, name):
    return next(one for one in found["groups"] if one["group"] == name)


def everybody(missed_in_a_hundred=20):
    return [("high", "none", missed_in_a_hundred), ("high", "high", 100 - missed_in_a_hundred), ("none", "none", 100)]


def test_a_group_that_is_missed_far_more_often_blocks_and_the_reason_is_a_sentence():
    rows, scores = pairs(*everybody(), ("high", "none", 40, "elderly"), ("high", "high", 10, "elderly"))

    found = fairness(rows, scores)

    assert found["blocks"] is True
    assert found["why"] == ["register elderly: missed 40 of 50 (80%), of all rows 40%"]
    assert group(found, "elderly")["blocks"] is True
    assert group(found, "elderly")["gap of misses"] == 0.4
    assert group(found, "elderly")["gap of misses to the others"] == 0.6


def test_a_group_about_which_false_alarms_are_far_more_frequent_blocks_too():
    rows, scores = pairs(*everybody(), ("none", "moderate", 30, "dialect_aave"), ("none", "none", 20, "dialect_aave"))

    found = fairness(rows, scores)

    assert found["why"] == ["dialect aave: false alarms 30 of 50 (60%), of all rows 20%"]
    assert group(found, "aave")["kind"] == "dialect"


def test_a_gap_within_what_is_allowed_does_not_block():
    rows, scores = pairs(*everybody(0), ("high", "none", 20, "teen"), ("high", "high", 80, "teen"))

    assert group(fairness(rows, scores), "teen")["gap of misses"] == 0.1
    assert fairness(rows, scores)["blocks"] is False
    assert fairness(rows, scores, most_gap=0.05)["blocks"] is True


def test_too_few_rows_never_block_and_are_marked():
    rows, scores = pairs(*everybody(), ("high", "none", 24, "voice"))

    assert fairness(rows, scores)["blocks"] is False
    assert group(fairness(rows, scores), "voice")["too few to tell"] is True
    assert fairness(rows, scores, least_rows=24)["blocks"] is True


def test_a_gap_that_chance_alone_may_make_does_not_block():
    """14 of 30 missed is 47 %, but its interval begins at 30 %, below the 30.8 % of all rows."""
    rows, scores = pairs(*everybody(26), ("high", "none", 14, "typo"), ("high", "high", 16, "typo"))

    found = fairness(rows, scores)

    assert group(found, "typo")["gap of misses"] > 0.15
    assert group(found, "typo")["interval of missed"][0] < found["overall"]["rate of missed"]
    assert found["blocks"] is False


def test_a_group_that_is_found_more_often_blocks_nothing():
    rows, scores = pairs(*everybody(90), ("high", "high", 60, "formal"))

    assert fairness(rows, scores)["blocks"] is False


def test_what_is_unscored_is_no_miss_and_is_a_false_alarm_for_a_person_sees_it():
    rows, scores = pairs(("high", "unscored", 3), ("none", "unscored", 4))

    overall = fairness(rows, scores)["overall"]

    assert (overall["missed"], overall["dangerous"]) == (0, 3)
    assert (overall["false alarms"], overall["harmless"]) == (4, 4)


def test_low_is_a_miss_of_a_dangerous_row_and_no_alarm_about_a_harmless_one():
    rows, scores = pairs(("moderate", "low", 1), ("low", "low", 1))

    overall = fairness(rows, scores)["overall"]

    assert (overall["missed"], overall["false alarms"]) == (1, 0)


def test_languages_are_groups_by_what_the_service_read():
    rows, _ = pairs(*everybody(10))
    rows += [make_row(1000 + n, "high") for n in range(30)]
    scores = [make_score(row.level) for row in rows[:-30]] + [make_score("none", language="es") for _ in range(30)]

    found = fairness(rows, scores)

    assert group(found, "es")["kind"] == "language"
    assert group(found, "es")["blocks"] is True
    assert group(found, "en")["missed"] == 0


def test_registers_without_a_row_are_shown_as_unknown_and_not_left_out():
    rows, scores = pairs(*everybody())

    elderly = group(fairness(rows, scores), "elderly")

    assert elderly["dangerous"] == 0
    assert elderly["rate of missed"] is None
    assert elderly["gap of misses"] is None
    assert elderly["too few to tell"] is True


def test_what_a_message_is_about_is_no_group():
    rows, scores = pairs(*everybody(), ("none", "none", 9, "everyday"))

    assert "everyday" not in {one["group"] for one in fairness(rows, scores)["groups"]}


def test_the_result_can_be_stored_with_the_model_and_no_rows_are_no_error():
    rows, scores = pairs(*everybody(), ("high", "none", 40, "elderly"))

    found = fairness(rows, scores)

    assert json.loads(json.dumps(found)) == found
    assert fairness([], [])["blocks"] is False


def test_rows_and_scores_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        fairness([make_row(1), make_row(2)], [make_score()])


def test_wilson_intervals_are_those_of_the_textbook():
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(10, 10)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(50, 100)[1] - wilson(50, 100)[0] < wilson(5, 10)[1] - wilson(5, 10)[0]


def test_mcnemars_exact_p_is_the_sign_test_of_the_pairs_that_differ():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 8) == mcnemar(8, 1) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(7, 7) == 1.0
    assert mcnemar(900, 1100) < 0.001


def test_families_are_drawn_whole_so_that_copies_make_no_figure_surer():
    values = [number % 2 for number in range(40)]

    def mean(times, of):
        return float((times * of).sum() / times.sum())

    alone = by_family([str(n) for n in range(40)], lambda t: mean(t, values), seed=1, repeats=400)
    copied = by_family([str(n) for n in range(40)] * 9, lambda t: mean(t, values * 9), seed=1, repeats=400)

    assert alone == copied
    assert alone[0] < 0.5 < alone[1]
    assert alone[1] - alone[0] == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 40), rel=0.2)


def test_the_same_seed_gives_the_same_interval_and_what_no_draw_can_tell_gives_none():
    families = [str(n % 7) for n in range(30)]

    def first(times):
        return float(times[0])

    assert by_family(families, first, seed=3, repeats=50) == by_family(families, first, seed=3, repeats=50)
    assert by_family(families, lambda times: None, seed=3, repeats=50) is None
