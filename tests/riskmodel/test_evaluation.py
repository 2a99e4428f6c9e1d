"""Figures are what they say, counted on rows made by hand; two models are told apart only where chance cannot."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from riskmodel.comparison import compare, verdict
from riskmodel.evaluation import differences, head_figures, measure
from riskmodel.levels import Level
from tests.riskmodel.answers import make_row, make_score, pairs


def some():
    """Ten rows: two of each level, one of each given rightly and one `none`."""
    levels = ("none", "low", "moderate", "high", "imminent")
    return pairs(*((level, given, 1) for level in levels for given in (level, "none")))


def test_head_figures_count_alerts_and_misses():
    figures = head_figures(*some())

    assert figures["rows"] == 10
    assert figures["alerted of high"] == 0.5
    assert figures["at least imminent of imminent"] == 0.5
    assert figures["alerts below moderate"] == 0.0
    assert figures["two or more levels too low"] == 0.3
    assert figures["alerts on everyday text"] is None


def test_everyday_rows_are_told_apart_from_sayings():
    rows, scores = pairs(
        ("none", "high", 1, "everyday"), ("none", "none", 3, "everyday"), ("none", "high", 4, "everyday", "idiom")
    )

    assert head_figures(rows, scores)["alerts on everyday text"] == 0.25


def test_what_the_rows_cannot_tell_is_none_and_no_error():
    figures = measure(*pairs(("none", "none", 5), ("none", "moderate", 1)))

    assert figures["figures"]["auroc"] is None
    assert figures["figures"]["recall at 5 % false alarms"] is None
    assert figures["intervals"] == {"auroc": None, "recall at 5 % false alarms": None}
    assert head_figures(*pairs(("none", "none", 5)))["agreement (quadratic weighted kappa)"] is None
    assert head_figures(*pairs(("none", "none", 5), ("high", "high", 5)))["agreement (quadratic weighted kappa)"] == 1.0


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows to measure"):
        measure([], [])


def test_the_confusion_has_true_levels_down_and_given_ones_across():
    table = measure(*some())["confusion"]

    assert table == [[2, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [1, 0, 0, 0, 1]]


def test_unscored_counts_as_moderate_and_is_told():
    found = measure(*pairs(("imminent", "unscored", 2), ("none", "unscored", 1), ("none", "none", 3)))

    assert found["unscored"] == 3
    assert found["confusion"][4] == [0, 0, 2, 0, 0]
    assert found["misses"]["imminent"]["missed"] == 0
    assert found["misses"]["imminent"]["two or more levels too low"] == 2


def test_misses_by_level_have_an_interval():
    found = measure(*pairs(("high", "low", 5), ("high", "moderate", 5), ("none", "none", 10)))["misses"]

    assert found["high"]["dangerous"] == 10
    assert found["high"]["missed"] == 5
    assert found["high"]["interval of missed"] == [0.2366, 0.7634]
    assert found["high"]["two or more levels too low"] == 5
    assert found["imminent"]["rate of missed"] is None


def test_a_category_tells_how_many_are_missed_and_how_often_it_is_named():
    rows = [make_row(n, "high", categories=("psychosis",)) for n in range(4)] + [make_row(9)]
    named = make_score("high", categories=("psychosis",))
    scores = [named, make_score("high"), make_score("high"), make_score("none"), make_score("none")]

    found = measure(rows, scores)["categories"]

    assert (found["psychosis"]["dangerous"], found["psychosis"]["missed"]) == (4, 1)
    assert found["psychosis"]["named of alerted"] == 0.3333
    assert found["abuse_violence"]["dangerous"] == 0


def test_a_tag_tells_misses_of_its_dangerous_rows_and_false_alarms_of_its_harmless_ones():
    found = measure(
        *pairs(
            ("high", "none", 1, "teen"), ("high", "high", 3, "teen"), ("low", "high", 1, "teen"), ("none", "none", 1)
        )
    )["tags"]

    assert set(found) == {"teen"}
    assert (found["teen"]["missed"], found["teen"]["dangerous"]) == (1, 4)
    assert (found["teen"]["false alarms"], found["teen"]["harmless"]) == (1, 1)


def test_order_and_recall_agree_with_scikit_learn_where_probabilities_are_tied():
    chance = np.random.default_rng(5)
    truth = chance.random(300) < 0.4
    probability = np.round(np.clip(0.3 * truth + chance.random(300) * 0.7, 0, 1), 1)
    rows = [make_row(n, "high" if one else "none") for n, one in enumerate(truth)]
    scores = [make_score("none", probability=one) for one in probability]

    figures = head_figures(rows, scores)

    wrong, right, _ = roc_curve(truth, probability, drop_intermediate=False)
    assert figures["auroc"] == pytest.approx(roc_auc_score(truth, probability), abs=1e-4)
    for percent in (1, 5, 10):
        expected = right[wrong <= percent / 100].max()
        assert figures[f"recall at {percent} % false alarms"] == pytest.approx(expected, abs=1e-4)


def test_intervals_hold_the_figure_and_are_the_same_each_time():
    rows, scores = pairs(
        ("none", "none", 60), ("none", "moderate", 8), ("high", "high", 30), ("high", "low", 8), ("low", "low", 20)
    )

    once, again = measure(rows, scores), measure(rows, scores)

    low, high = once["intervals"]["auroc"]
    assert low < once["figures"]["auroc"] < high
    assert once == again
    assert json.loads(json.dumps(once)) == once
    assert measure(rows, scores, seed=2)["intervals"] != once["intervals"]


def test_a_second_model_is_named_for_what_it_finds_and_for_what_it_costs():
    rows, _ = pairs(("high", "none", 20), ("none", "none", 20))
    first = [make_score("none", probability=0.1) for _ in rows]
    second = [make_score("high") for _ in range(12)] + [make_score("none") for _ in range(27)] + [make_score("high")]

    found = compare(rows, first, second)

    assert found.counts(dangerous=True) == (12, 0)
    assert found.counts(dangerous=False) == (1, 0)
    assert found.p(dangerous=True) == pytest.approx(2 / 2**12)
    assert [(one.row.id, one.before, one.after) for one in found.gained][0] == ("row-0", Level.NONE, Level.HIGH)
    assert found.lost == ()
    sentences = verdict(found, "A", "B")
    assert sentences[0] == "B alerts on dangerous rows that the other misses: 12 rows against 0 (p = 0.000488)"
    assert sentences[1].startswith("A keeps quiet on harmless rows where the other alerts: 1 rows against 0 (p = 1)")
    assert sentences[1].endswith("; chance alone may do this")
    assert sentences[2].startswith("B comes nearer where the other is two or more levels too low: 12 rows against 0")
    assert sentences[3].startswith("B orders all rows better by probability: 0.5 and ")
    assert not sentences[3].endswith("chance alone may do this")


def test_alerts_that_are_lost_are_never_outweighed_by_others_that_are_gained():
    rows, first = pairs(("imminent", "imminent", 3), ("imminent", "none", 3), ("none", "none", 3))
    second = first[3:6] + first[:3] + first[6:]

    found = compare(rows, first, second)

    assert [one.row.id for one in found.lost] == ["row-0", "row-1", "row-2"]
    assert len(found.gained) == 3
    assert verdict(found, "A", "B")[0] == "equal: each alerts on dangerous rows that the other misses as often (3 rows)"


def test_a_model_beside_itself_is_equal_in_everything():
    rows, scores = some()

    found = compare(rows, scores, scores)

    assert found.gained == found.lost == ()
    assert all(sentence.startswith("equal: ") for sentence in verdict(found, "A", "A"))
    assert differences(rows, scores, scores)["auroc"] in (None, [0.0, 0.0])


def test_what_the_rows_cannot_tell_two_models_apart_by_is_said():
    rows, scores = pairs(("none", "none", 5))

    assert verdict(compare(rows, scores, scores), "A", "B")[3].startswith("unknown: these rows cannot tell")
