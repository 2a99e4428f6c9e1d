"""Applies TF-IDF and linear weights to words with plain arrays; equal to scikit-learn's own vectorisers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskmodel.tables import function_words

CHARACTER_GRAMS = (3, 5)
_CACHED_WORDS = 20_000
# A text with hardly any content ("he is") would else have its one pair of words blown up to a whole vector.
LEAST_WORD_LENGTH = 12.0
LEAST_CHARACTER_LENGTH = 30.0

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(slots=True)
class Weights:
    """The arrays of one artefact. Rows of `*_weights` are features, columns are outputs."""

    words: Mapping[str, int]
    characters: Mapping[str, int]
    word_idf: Array
    character_idf: Array
    word_weights: Array
    character_weights: Array
    rule_weights: Array
    intercepts: Array
    _characters_of: dict[str, Array] = field(default_factory=dict)

    def logits(self, words: Sequence[str], rules: Sequence[int]) -> Array:
        """The log-odds of every output for one stretch of text."""
        total = self.intercepts.copy()
        counted = self.count_words(words)
        if counted is not None:
            places, values = counted
            total += _weigh(values, self.word_weights[places])
        found = self.count_characters(words)
        if found is not None:
            places, values = found
            total += _weigh(values, self.character_weights[places])
        if rules:
            total += self.rule_weights[rules].sum(axis=0)
        return total

    def count_words(self, words: Sequence[str]) -> tuple[Array, Array] | None:
        """Columns and TF-IDF values of the words and word pairs, or None where no one is known."""
        counts: dict[int, int] = {}
        for gram, _, _ in word_grams(words):
            place = self.words.get(gram)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        if not counts:
            return None
        places = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float32, count=len(counts)) * self.word_idf[places]
        return places, values / max(np.sqrt(values @ values), LEAST_WORD_LENGTH)

    def count_characters(self, words: Sequence[str]) -> tuple[Array, Array] | None:
        """Columns and TF-IDF values of the pieces of words, or None where no one is known."""
        rows = [row for row in map(self.characters_of, words) if row.size]
        if not rows:
            return None
        every = np.concatenate(rows) if len(rows) > 1 else rows[0]
        places, counts = np.unique(every, return_counts=True)
        values = counts.astype(np.float32) * self.character_idf[places]
        return places, values / max(np.sqrt(values @ values), LEAST_CHARACTER_LENGTH)

    def unknown(self, words: Sequence[str]) -> int:
        """How many content words of `words` no training message held."""
        small = function_words()
        return sum(word not in self.words and word not in small for word in words)

    def characters_of(self, word: str) -> Array:
        """The columns of a word's pieces, one for each time that a piece occurs."""
        row = self._characters_of.get(word)
        if row is None:
            known = (self.characters.get(gram) for gram in character_grams(word))
            row = np.array([place for place in known if place is not None], dtype=np.intp)
            if len(self._characters_of) >= _CACHED_WORDS:
                self._characters_of.clear()
            self._characters_of[word] = row
        return row

    def shares(self, words: Sequence[str], output: int) -> Array:
        """How much each word adds to the log-odds of `output`: exact, a pair's share halved between its words."""
        shares = np.zeros(len(words))
        counted = self.count_words(words)
        if counted is not None:
            places, values = counted
            one = dict(zip(places.tolist(), (values * self.word_weights[places, output]).tolist(), strict=True))
            times: dict[int, int] = {}
            grams = [(self.words.get(gram), start, end) for gram, start, end in word_grams(words)]
            for place, _, _ in grams:
                if place is not None:
                    times[place] = times.get(place, 0) + 1
            for place, start, end in grams:
                if place is not None:
                    shares[start:end] += one[place] / times[place] / (end - start)
        found = self.count_characters(words)
        if found is not None:
            places, values = found
            counts = np.unique(np.concatenate([self.characters_of(w) for w in words]), return_counts=True)[1]
            one_each = values * self.character_weights[places, output] / counts
            for number, word in enumerate(words):
                shares[number] += one_each[np.searchsorted(places, self.characters_of(word))].sum()
        return shares


def _weigh(values: Array, weights: Array) -> Array:
    # Not `@`: BLAS would start threads for long texts under many scoring threads, and sum in an order of its own.
    total: Array = np.einsum("i,ij->j", values, weights)
    return total


def word_grams(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each content word, and each pair of neighbours, with the places of its first and behind its last word.

    A function word alone ("he", "will") tells who wrote the corpus, not who is in danger.
    """
    function = function_words()
    for start, word in enumerate(words):
        if word not in function:
            yield word, start, start + 1
    for start in range(len(words) - 1):
        yield f"{words[start]} {words[start + 1]}", start, start + 2


def character_grams(word: str) -> Iterator[str]:
    """The pieces of one content word between blanks, as scikit-learn's `char_wb` analyser makes them."""
    if word in function_words():
        return
    padded = f" {word} "
    for length in range(CHARACTER_GRAMS[0], CHARACTER_GRAMS[1] + 1):
        yield padded[:length]
        if length >= len(padded):
            return
        for start in range(1, len(padded) - length + 1):
            yield padded[start : start + length]


def words_analyser(words: Sequence[str]) -> list[str]:
    """`word_grams` as an analyser for scikit-learn."""
    return [gram for gram, _, _ in word_grams(words)]


def characters_analyser(words: Sequence[str]) -> list[str]:
    """`character_grams` of every word as an analyser for scikit-learn."""
    return [gram for word in words for gram in character_grams(word)]
