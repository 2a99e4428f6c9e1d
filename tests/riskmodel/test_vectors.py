"""Our own application of the weights gives what scikit-learn gives, and its shares add up."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from riskmodel import corpus
from riskmodel.artefacts import load
from riskmodel.fitting import shorten, vectorisers
from riskmodel.normalising import normalise
from riskmodel.vectors import LEAST_CHARACTER_LENGTH, LEAST_WORD_LENGTH, Weights, character_grams

TEXTS = [row.text for row in corpus.read_corpus()[:300]]


@pytest.fixture(scope="module")
def fitted():
    lists = [normalise(text).words for text in TEXTS]
    by_word, by_character = vectorisers()
    by_word.fit(lists)
    by_character.fit(lists)
    zeros = np.zeros((0, 1), dtype=np.float32)
    weights = Weights(
        words=by_word.vocabulary_,
        characters=by_character.vocabulary_,
        word_idf=by_word.idf_,
        character_idf=by_character.idf_,
        word_weights=zeros,
        character_weights=zeros,
        rule_weights=zeros,
        intercepts=np.zeros(1),
    )
    return lists, by_word, by_character, weights


def dense(counted, width):
    row = np.zeros(width)
    if counted is not None:
        row[counted[0]] = counted[1]
    return row


def test_word_values_equal_scikit_learns(fitted):
    lists, by_word, _, weights = fitted
    expected = shorten(by_word.transform(lists), LEAST_WORD_LENGTH).toarray()

    for words, row in zip(lists, expected, strict=True):
        np.testing.assert_allclose(dense(weights.count_words(words), row.size), row, atol=1e-6)


def test_character_values_equal_scikit_learns(fitted):
    lists, _, by_character, weights = fitted
    expected = shorten(by_character.transform(lists), LEAST_CHARACTER_LENGTH).toarray()

    for words, row in zip(lists, expected, strict=True):
        np.testing.assert_allclose(dense(weights.count_characters(words), row.size), row, atol=1e-6)


@pytest.mark.parametrize("word", ["x", "ox", "pills", "suicidal"])
def test_pieces_of_a_word_are_those_of_scikit_learn(word):
    analyser = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()

    assert sorted(character_grams(word)) == sorted(analyser(word))


def test_the_shares_of_the_words_add_up_to_the_log_odds():
    weights = load().weights
    for text in TEXTS[:100]:
        words = normalise(text).words
        without_rules = weights.logits(words, [])[1] - weights.intercepts[1]
        assert weights.shares(words, 1).sum() == pytest.approx(without_rules, abs=1e-3)
