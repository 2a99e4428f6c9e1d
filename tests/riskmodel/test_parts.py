"""A model that lacks a part is not told of it by another way, and has no weights for it."""

import numpy as np
import pytest

from riskmodel import corpus
from riskmodel.levels import Level
from riskmodel.parts import Parts
from riskmodel.reading import read
from riskmodel.scoring import Scorer
from riskmodel.training import Senses, train

EXPLICIT = "I want to kill myself tonight. The dog is asleep."
WORDS_ALONE = Parts(phrases=False, sense=False, floors=False, categories=False)
SENSE_ALONE = Parts(words=False, phrases=False, floors=False, categories=False)


@pytest.fixture(scope="module")
def rows():
    """One row in sixteen, so that a training takes a second or two."""
    return [row for number, row in enumerate(corpus.read_corpus()) if number % 16 == 0]


@pytest.fixture(scope="module")
def senses():
    return Senses()


@pytest.fixture(scope="module")
def by_words(rows):
    return train(rows, name="words", seed=1, parts=WORDS_ALONE)


@pytest.fixture(scope="module")
def by_sense(rows, senses):
    return train(rows, name="sense", seed=1, parts=SENSE_ALONE, senses=senses)


@pytest.fixture(scope="module")
def with_phrases(rows):
    return train(rows, name="phrases", seed=1, parts=Parts(sense=False, floors=False, categories=False))


def test_with_all_parts_a_text_is_read_as_the_service_reads_it():
    assert Parts().read(EXPLICIT) == read(EXPLICIT)


def test_without_floors_no_rule_of_the_safety_net_holds_and_phrases_stay():
    whole, without = read(EXPLICIT), Parts(floors=False).read(EXPLICIT)

    assert whole.caught
    assert not without.caught
    assert without.hits == whole.hits
    assert without.stretches == whole.stretches


def test_without_phrases_nothing_of_them_is_seen_and_no_stretch_loses_for_lack_of_one():
    without = WORDS_ALONE.read(EXPLICIT)

    assert without.words == read(EXPLICIT).words
    assert without.windows == read(EXPLICIT).windows
    assert not without.hits
    assert not without.caught
    assert all(stretch.has_concept and not stretch.rules for stretch in without.stretches)


def test_a_text_of_signs_alone_has_no_stretches():
    assert WORDS_ALONE.read("?!").stretches == []


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"words": False}, "phrases are learnt beside words"),
        ({"phrases": False}, "safety net goes by phrases"),
        ({"words": False, "phrases": False, "floors": False, "sense": False}, "knows nothing"),
    ],
)
def test_parts_that_rest_on_a_missing_one_are_refused(lacking, why):
    with pytest.raises(ValueError, match=why):
        Parts(**lacking)


def test_a_model_of_words_alone_weighs_neither_phrases_nor_sense_nor_categories(by_words):
    assert np.abs(by_words.arrays["word_weights"][:, :4]).max() > 0
    assert not by_words.arrays["rule_weights"].any()
    assert not len(by_words.arrays["landmarks"])
    assert not by_words.arrays["word_weights"][:, 4:].any()


def test_a_model_of_words_alone_hears_no_difference_between_affirmed_phrases_and_none(by_words):
    scorer = Scorer(by_words.artefact())

    score = scorer.score_read(WORDS_ALONE.read(EXPLICIT))

    assert score.floor is None
    assert not [reason for reason in score.reasons if reason.kind in {"rule", "phrase"}]


def test_a_model_of_sense_alone_goes_by_windows_and_still_orders_danger_above_calm(by_sense):
    scorer = Scorer(by_sense.artefact())

    danger, calm = (
        scorer.score_read(SENSE_ALONE.read(text)).probability
        for text in ("I want to end my life", "What a lovely sunny morning")
    )

    assert by_sense.vocabulary == {"words": [], "characters": []}
    assert danger > calm


def test_phrases_are_weighed_where_they_are_a_part(with_phrases):
    assert np.abs(with_phrases.arrays["rule_weights"][:, :4]).max() > 0


def test_without_floors_an_explicit_sentence_is_not_raised_by_the_safety_net(with_phrases):
    scorer = Scorer(with_phrases.artefact())

    assert scorer.score_read(Parts(floors=False).read(EXPLICIT)).floor is None
    assert scorer.score_read(read(EXPLICIT)).floor in (Level.HIGH, Level.IMMINENT)


def test_leaving_categories_out_changes_nothing_of_the_levels(rows, with_phrases):
    everything = train(rows, name="phrases", seed=1, parts=Parts(sense=False, floors=False))

    for name in ("word_weights", "character_weights", "rule_weights"):
        assert np.array_equal(everything.arrays[name][:, :4], with_phrases.arrays[name][:, :4])
    assert everything.manifest["thresholds"] == with_phrases.manifest["thresholds"]


def test_vectors_that_other_trainings_left_behind_tell_a_model_without_sense_nothing(rows, senses, by_sense, by_words):
    again = train(rows, name="words", seed=1, parts=WORDS_ALONE, senses=senses)

    assert senses.known
    assert again.manifest == by_words.manifest
