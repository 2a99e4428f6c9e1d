"""Training is reproducible, its thresholds hold what they promise, and faults are named."""

from dataclasses import replace

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from riskmodel import artefacts, corpus
from riskmodel.artefacts import HeldBack, load
from riskmodel.conversations import read_conversations
from riskmodel.evaluation import calibration_error, recall_at
from riskmodel.levels import RANK, Level
from riskmodel.thresholds import (
    MOST_FALSE_ALARMS,
    BadAlpha,
    choose_thresholds,
    conformal_threshold,
    least_for_false_alarms,
    thresholds_for,
)
from riskmodel.training import train


@pytest.fixture(scope="module")
def trained_twice():
    """Two trainings on the same tenth of the corpus."""
    rows = [row for number, row in enumerate(corpus.read_corpus()) if number % 10 == 0]
    conversations = read_conversations()[::3]
    return [train(rows, name="test", seed=1, conversations=conversations) for _ in range(2)]


def test_two_trainings_give_the_same_bytes(trained_twice, tmp_path):
    stored = []
    for number, trained in enumerate(trained_twice):
        folder = tmp_path / str(number)
        version = artefacts.store(trained.arrays, trained.vocabulary, trained.manifest, folder)
        stored.append((version, {p.name: p.read_bytes() for p in (folder / version).iterdir()}))

    assert stored[0] == stored[1]


def test_a_trained_model_can_be_stored_loaded_and_made_active(trained_twice, tmp_path):
    trained = trained_twice[0]
    version = artefacts.store(trained.arrays, trained.vocabulary, trained.manifest, tmp_path)

    artefacts.activate(version, tmp_path)

    assert load(folder=tmp_path).version == version


def test_the_manifest_tells_how_the_model_was_made(trained_twice):
    manifest = trained_twice[0].manifest

    assert manifest["corpus"]
    assert set(manifest["libraries"]) == {"scikit-learn", "numpy", "scipy", "onnxruntime", "python"}
    assert set(manifest["thresholds"]["levels"]) == {"low", "moderate", "high", "imminent"}
    assert manifest["metrics"]["rows"] == manifest["rows"]["test"]


def test_the_conformal_threshold_misses_no_more_than_alpha():
    scores = [number / 100 for number in range(1, 100)]

    threshold = conformal_threshold(scores, 0.10)

    misses = sum(score < threshold for score in scores)
    assert (misses + 1) / (len(scores) + 1) <= 0.10
    assert conformal_threshold(scores, 0.10) > conformal_threshold(scores, 0.05)


def test_too_few_positives_say_nothing_about_a_threshold():
    assert conformal_threshold([0.5] * 8, 0.10) is None
    assert conformal_threshold([0.5] * 9, 0.10) is not None


def test_the_least_threshold_lets_only_its_share_through():
    scores = [number / 1000 for number in range(1000)]

    threshold = least_for_false_alarms(scores, 0.01)

    assert sum(score >= threshold for score in scores) == 10


def held_back(seed=1):
    """A thousand everyday rows and a hundred of each level above, with probabilities that tell nothing."""
    ranks = np.repeat([0, 1, 2, 3, 4], [1000, 100, 100, 100, 100])
    found = np.sort(np.random.default_rng(seed).random((1400, 4)), axis=1)[:, ::-1]
    return HeldBack(found, ranks, ranks == 0)


@pytest.mark.parametrize("level", list(MOST_FALSE_ALARMS))
def test_everyday_text_alerts_in_at_most_its_share_and_no_level_uses_up_that_of_another(level):
    held = held_back()

    levels = list(choose_thresholds(held)["levels"].values())

    above = [any(row[c] >= t for c, t in enumerate(levels) if c >= RANK[level] - 1) for row in held.found[:1000]]
    assert 0 < sum(above) <= round(MOST_FALSE_ALARMS[level] * 1000)
    assert all(threshold < 1.0 for threshold in levels)


def test_the_shipped_thresholds_say_with_n_and_day_what_was_reached_and_what_not():
    chosen = choose_thresholds(held_back(), on="2026-11-24")

    assert chosen["on"] == "2026-11-24"
    assert chosen["holds"] == "does not hold under drift"
    assert chosen["chosen"]["moderate"]["positives"] == 300
    assert chosen["chosen"]["moderate"]["reached"] is False
    assert chosen["chosen"]["low"]["reached"] is True


@pytest.mark.parametrize("alpha", [0.05, 0.10, 0.30])
def test_a_clinics_own_share_of_misses_is_kept_and_its_price_is_told(alpha):
    artefact = replace(load(), held_back=held_back())
    alphas = dict.fromkeys((Level.LOW, Level.MODERATE, Level.HIGH, Level.IMMINENT), alpha)

    chosen = thresholds_for(artefact, alphas)

    for place, level in enumerate(alphas):
        dangerous = artefact.held_back.found[artefact.held_back.ranks >= RANK[level], place]
        misses = int((dangerous < chosen.levels[place]).sum())
        assert (misses + 1) / (len(dangerous) + 1) <= alpha
        assert chosen.how[level]["misses"] == misses
        assert chosen.how[level]["reached"]
    assert 0 < chosen.everyday_alerts <= 1


def test_a_stricter_share_of_misses_costs_more_alerts_on_everyday_text():
    artefact = load()

    prices = [thresholds_for(artefact, {Level.MODERATE: alpha}).everyday_alerts for alpha in (0.3, 0.1, 0.05)]

    assert prices == sorted(prices)
    assert prices[0] < prices[-1]


@pytest.mark.parametrize(
    ("alpha", "why"), [(0.0, "between 0 and 1"), (1.0, "between 0 and 1"), (0.0001, "cannot promise")]
)
def test_a_share_that_cannot_be_promised_is_refused_with_the_reason(alpha, why):
    with pytest.raises(BadAlpha, match=why):
        thresholds_for(load(), {Level.IMMINENT: alpha})


def test_recall_and_calibration_error_are_what_they_say():
    positive = np.array([0, 0, 0, 0, 1, 1])
    probability = np.array([0.0, 0.0, 0.0, 0.95, 0.9, 1.0])

    assert recall_at(positive, probability, 0.0) == 0.5
    assert recall_at(positive, probability, 0.25) == 1.0
    assert calibration_error(np.array([1, 0]), np.array([1.0, 0.0])) == 0.0


def test_a_corpus_that_cannot_be_read_stops_training_with_file_and_line(tmp_path):
    (tmp_path / "a.jsonl").write_text("{", encoding="utf-8")

    with pytest.raises(CommandError, match=r"a\.jsonl line 1"):
        call_command("train_riskmodel", corpus=tmp_path, into=tmp_path)


def test_the_shipped_model_was_trained_from_the_shipped_corpus_or_an_earlier_one_of_its_size():
    """Rows may be added between releases; a model may not be older than half of them."""
    assert sum(load().manifest["rows"].values()) * 2 > len(corpus.read_corpus())
