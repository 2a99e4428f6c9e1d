"""Golden tables of exact scoring: totals, bands, missing rules, and what single answers call for."""

import pytest

from triage.screenings.instruments import instrument
from triage.screenings.scoring import (
    BadAnswer,
    calls_for_review,
    highest_level,
    level_of_answer,
    score,
    subscale_totals,
)

MISSING = "missing"
BANDS = ["minimal", "mild", "moderate", "moderately severe", "severe"]
# Sums of the first eight items that lie in the bands, whatever item 9 adds up to 3.
EIGHT = dict(zip(BANDS, [0, 5, 10, 15, 20], strict=True))
ITEM_NINE = {0: "", 1: "moderate", 2: "high", 3: "high", None: "moderate"}


def spread(total, items, most):
    """Answers to `items` items that make `total`."""
    values = [min(most, max(0, total - most * place)) for place in range(items)]
    assert sum(values) == total
    return dict(enumerate(values, 1))


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("nine", [0, 1, 2, 3, None, MISSING])
def test_ins_1_every_answer_to_item_nine_in_every_band(band, nine):
    phq9 = instrument("phq9")
    answers = spread(EIGHT[band], 8, 3)
    if nine != MISSING:
        answers[9] = nine
        assert level_of_answer(phq9, 9, nine) == ITEM_NINE[nine]
    result = score(phq9, answers)
    if nine in (None, MISSING):
        assert (result.total, result.band, result.missing, result.prorated) == (None, "", 1, False)
    else:
        assert (result.total, result.band, result.missing) == (EIGHT[band] + nine, band, 0)


@pytest.mark.parametrize(
    ("key", "total", "band"),
    [
        *[("phq9", total, band) for total, band in [
            (0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate"),
            (15, "moderately severe"), (19, "moderately severe"), (20, "severe"), (27, "severe"),
        ]],
        *[("gad7", total, band) for total, band in [
            (0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate"),
            (15, "severe"), (21, "severe"),
        ]],
        ("phq2", 2, "below 3"), ("phq2", 3, "3 or more: PHQ-9 follows"), ("phq2", 6, "3 or more: PHQ-9 follows"),
        ("gad2", 2, "below 3"), ("gad2", 3, "3 or more: GAD-7 follows"), ("gad2", 6, "3 or more: GAD-7 follows"),
        ("audit_c", 2, "below 3"), ("audit_c", 3, "3: at the US cut-off for women"),
        ("audit_c", 4, "4: at the US cut-off for men"), ("audit_c", 5, "5 or more: at the UK cut-off"),
        ("audit_c", 12, "5 or more: at the UK cut-off"),
    ],
)  # fmt: skip
def test_ins_1_the_boundaries_of_every_band(key, total, band):
    definition = instrument(key)
    result = score(definition, spread(total, definition.items, definition.most))
    assert (result.total, result.band, result.missing, result.prorated) == (total, band, 0, False)


@pytest.mark.parametrize(
    ("key", "given", "total"),
    [
        ("phq9", {1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1, 7: 1, 9: 0}, 5),  # 4 / 8 x 9 = 4.5
        ("phq9", {1: 3, 2: 3, 3: 3, 4: 0, 5: 0, 6: 0, 9: 0}, 12),  # 9 / 7 x 9 = 11.57
        ("phq9", {1: 3, 2: 3, 3: 3, 4: 3, 5: 3, 9: 3}, None),  # three are missing
        ("gad7", {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, 7),
        ("gad7", {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, None),
        ("phq2", {1: 3}, None),
        ("gad2", {2: 3}, None),
        ("audit_c", {1: 4, 2: 4}, None),
    ],
)
def test_ins_1_missing_items_are_made_up_for_only_as_published(key, given, total):
    definition = instrument(key)
    refused = {item: given.get(item) for item in range(1, definition.items + 1)}
    for answers in (given, refused):
        assert score(definition, answers).total == total
    assert score(definition, given).prorated is (total is not None)


@pytest.mark.parametrize(("item", "value"), [(0, 1), (10, 1), (1, 4), (1, -1)])
def test_an_answer_out_of_range_is_refused_by_name(item, value):
    with pytest.raises(BadAnswer, match="phq9"):
        score(instrument("phq9"), {item: value})


@pytest.mark.parametrize("item", [1, 2, 3, 4])
def test_ins_2_any_yes_or_refusal_in_the_asq_calls_a_person(item):
    asq = instrument("asq")
    assert [level_of_answer(asq, item, value) for value in (0, 1, None)] == ["", "high", "moderate"]


def test_ins_2_a_yes_to_right_now_is_imminent_and_the_asq_has_no_total():
    asq = instrument("asq")
    assert [level_of_answer(asq, 5, value) for value in (0, 1, None)] == ["", "imminent", "high"]
    assert score(asq, {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}).total is None
    assert not calls_for_review(asq, {1: 0, 2: 0, 3: 0, 4: 0})


@pytest.mark.parametrize(
    ("key", "total", "before", "review"),
    [
        ("phq9", 19, None, False), ("phq9", 20, None, True), ("gad7", 14, None, False), ("gad7", 15, None, True),
        ("phq9", 11, 6, False), ("phq9", 12, 6, True), ("gad7", 7, 4, False), ("gad7", 8, 4, True),
        ("phq9", 6, 12, False),
    ],
)  # fmt: skip
def test_a_high_total_or_a_rise_is_read_by_a_person(key, total, before, review):
    definition = instrument(key)
    answers = spread(total, definition.items, definition.most)
    assert calls_for_review(definition, answers, before=before) is review


def test_a_total_that_cannot_be_made_still_calls_for_a_review_when_the_answers_reach_the_mark():
    phq9 = instrument("phq9")
    assert calls_for_review(phq9, {**spread(20, 8, 3), 9: None})
    assert not calls_for_review(phq9, {**spread(19, 8, 3), 9: None})


@pytest.mark.parametrize(("raw", "total", "band"), [(1, 20, "28 or less"), (2, 40, "29 to 50"), (5, 100, "51 or more")])
def test_who_5_is_taken_four_times(raw, total, band):
    result = score(instrument("who5"), dict.fromkeys(range(1, 6), raw))
    assert (result.total, result.band) == (total, band)


@pytest.mark.parametrize(("before", "review"), [(49, False), (50, True), (None, False)])
def test_a_fall_of_ten_in_who_5_is_read_by_a_person(before, review):
    assert calls_for_review(instrument("who5"), dict.fromkeys(range(1, 6), 2), before=before) is review


@pytest.mark.parametrize(
    ("total", "band"),
    [
        (10, "10 to 15"),
        (15, "10 to 15"),
        (16, "16 to 21: moderate"),
        (22, "22 to 29: high"),
        (30, "30 or more: very high"),
    ],
)
def test_k10_goes_by_the_bands_of_australian_services(total, band):
    k10 = instrument("k10")
    answers = {item: value + 1 for item, value in spread(total - 10, 10, 4).items()}
    assert (score(k10, answers).band, k10.scheme) == (band, "Australian services")


def test_epds_turns_its_reversed_items_round_and_its_last_item_calls_by_what_it_counts():
    epds = instrument("epds")
    assert score(epds, dict.fromkeys(range(1, 11), 0)).total == 21  # the first answer of seven items counts 3
    assert score(epds, {item: 3 if item in epds.reverse else 0 for item in range(1, 11)}).total == 0
    called = [level_of_answer(epds, 10, value) for value in (0, 1, 2, 3, None)]
    assert called == ["high", "high", "moderate", "", "moderate"]


def test_wai_sr_has_three_sums_and_no_band():
    wai = instrument("wai_sr")
    answers = {item: 5 if item in (4, 6, 8, 11) else 1 for item in range(1, 13)}
    assert subscale_totals(wai, answers) == {"goal": 20, "task": 4, "bond": 4}
    assert (score(wai, answers).total, score(wai, answers).band) == (28, "")
    assert subscale_totals(wai, {**answers, 3: None})["bond"] is None


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ({1: 0, 2: 0, 6: 0}, ""),
        ({1: 1, 2: 0, 6: 0}, "moderate"),
        ({1: 1, 2: 1, 3: 0, 4: 0, 5: 0, 6: 0}, "moderate"),
        ({1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 6: 0}, "high"),
        ({1: 0, 2: 0, 6: 1, 7: 0}, "high"),
        ({1: 0, 2: 0, 6: 1, 7: 1}, "imminent"),
        ({1: 0, 2: 1, 3: 0, 4: 1, 5: 0, 6: 0}, "imminent"),
        ({1: 0, 2: 1, 3: 0, 4: 0, 5: 1, 6: 0}, "imminent"),
        ({1: None, 2: 0, 6: 0}, "moderate"),
    ],
)
def test_the_columbia_screener_goes_by_its_highest_yes_and_is_never_added_up(answers, level):
    screener = instrument("cssrs_screener")
    assert highest_level(*(level_of_answer(screener, *one) for one in answers.items())) == level
    assert score(screener, answers).total is None


@pytest.mark.parametrize(
    ("key", "codes"),
    [("phq9", ("44249-1", "44261-6", "44260-8")), ("gad7", ("69737-5", "70274-6", "69736-7"))],
)
def test_ins_7_loinc_codes_of_panel_total_and_last_item(key, codes):
    one = instrument(key)
    assert (one.loinc, one.loinc_total, one.loinc_items[-1]) == codes
