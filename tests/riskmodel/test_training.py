"""Training is reproducible, its thresholds hold what they promise, and faults are named."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from riskmodel import artefacts, corpus
from riskmodel.artefacts import load
from riskmodel.corpus import Row
from riskmodel.evaluation import calibration_error, recall_at
from riskmodel.levels import Level
from riskmodel.thresholds import MOST_FALSE_ALARMS, choose_thresholds, conformal_threshold, least_for_false_alarms
from riskmodel.training import train


@pytest.fixture(scope="module")
def trained_twice():
    """Two trainings on the same third of the corpus."""
    rows = [row for number, row in enumerate(corpus.read_corpus()) if number % 3 == 0]
    return [train(rows, name="test", seed=1) for _ in range(2)]


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
    assert set(manifest["libraries"]) == {"scikit-learn", "numpy", "scipy", "python"}
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


def test_everyday_text_alerts_in_at_most_its_share_whichever_level_calls_it():
    everyday = [Row(f"e{n}", "x", Level.NONE, (), ("everyday",), f"e{n}", "train") for n in range(1000)]
    danger = [
        Row(f"{level}{n}", "x", level, (), (), f"{level}{n}", "train")
        for level in (Level.LOW, Level.MODERATE, Level.HIGH, Level.IMMINENT)
        for n in range(100)
    ]
    found = np.sort(np.random.default_rng(1).random((1400, 4)), axis=1)[:, ::-1]

    levels = choose_thresholds(found, everyday + danger)["levels"]

    alerting = [any(row[column] >= t for column, t in enumerate(levels.values()) if column) for row in found[:1000]]
    assert sum(alerting) <= MOST_FALSE_ALARMS * 1000
    assert sum(alerting) > 0


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
