"""Evidence adds up by maxima, nothing added behind takes any away, and reasons give the exact figures of it."""

import numpy as np
import pytest

from riskmodel import score
from riskmodel.artefacts import load
from riskmodel.evidence import STEPS, Evidence
from riskmodel.reading import read
from riskmodel.reasons import MODERATE
from riskmodel.scoring import Scorer
from tests.riskmodel.messages import RISKY

TEXT = "i can't sleep. i want to kill myself tonight. the bus was late"


@pytest.fixture(scope="module")
def scorer():
    return Scorer(load())


def test_the_whole_is_the_highest_stretch_plus_the_highest_window_output_by_output(scorer):
    found = scorer.evidence(read(TEXT))

    expected = [max(column) for column in found.by_stretch.T]
    for place in range(len(STEPS)):
        expected[place] += max(found.by_window[:, place])
    np.testing.assert_array_equal(found.total(), expected)


def test_evidence_without_any_window_is_that_of_the_words_alone(scorer):
    found = scorer.evidence(read(TEXT))
    words_alone = Evidence(found.text, found.by_stretch, found.by_window[:0])

    np.testing.assert_array_equal(words_alone.total(), found.by_stretch.max(axis=0))


@pytest.mark.parametrize("text", RISKY)
def test_a_sentence_that_is_added_behind_takes_no_window_and_no_clause_away(scorer, text):
    before, after = read(f"{text}."), read(f"{text}. The train was late.")

    assert set(before.windows) <= set(after.windows)
    rows = scorer.evidence(after).by_window
    for place, window in enumerate(before.windows):
        np.testing.assert_array_equal(rows[after.windows.index(window)], scorer.evidence(before).by_window[place])


def test_without_leaves_out_every_part_that_touches_the_words(scorer):
    text = read(TEXT)
    found = scorer.evidence(text)
    start, end = text.windows[1]

    left = [
        r[MODERATE] for s, r in zip(text.stretches, found.by_stretch, strict=True) if s.end <= start or s.start >= end
    ]
    seen = [r[MODERATE] for (a, b), r in zip(text.windows, found.by_window, strict=True) if b <= start or a >= end]
    assert found.without(start, end, MODERATE) == max(left) + max(seen)
    assert found.without(0, text.count, MODERATE) == 0.0


@pytest.mark.parametrize("text", [TEXT, *RISKY])
def test_the_weight_of_the_clause_is_the_change_when_it_is_left_out(scorer, text):
    reading = read(text)
    found = scorer.evidence(reading)
    decisive = reading.stretches[found.by_stretch[:, MODERATE].argmax()]

    clause = next(reason for reason in score(text).reasons if reason.kind == "clause")

    change = found.total()[MODERATE] - found.without(decisive.start, decisive.end, MODERATE)
    assert clause.weight == round(float(change), 4)
    assert (clause.start, clause.end) == (reading.words.starts[decisive.start], reading.words.ends[decisive.end - 1])


@pytest.mark.parametrize("text", [TEXT, *RISKY])
def test_words_rules_and_intercept_add_up_to_the_log_odds_of_the_clause(scorer, text):
    reading, weights = read(text), load().weights
    found = scorer.evidence(reading)
    place = int(found.by_stretch[:, MODERATE].argmax())
    stretch = reading.stretches[place]

    total = weights.shares(reading.words.words[stretch.start : stretch.end], MODERATE).sum()
    total += weights.intercepts[MODERATE] + weights.rule_weights[stretch.rules, MODERATE].sum()
    if not stretch.has_concept:
        total -= load().manifest["calibration"]["less without a concept"]
    assert total == pytest.approx(found.by_stretch[place, MODERATE], abs=1e-3)


@pytest.mark.parametrize("text", [TEXT, *RISKY])
def test_the_same_text_gives_the_same_reasons(text):
    assert score(text).reasons == score(text).reasons != ()
