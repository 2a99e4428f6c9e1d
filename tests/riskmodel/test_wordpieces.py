"""Words are cut into the pieces that the embedding knows, as BERT cuts them."""

import pytest

from riskmodel.tables import FOLDER
from riskmodel.wordpieces import MOST_PIECES, piece_numbers, pieces_of

NAMES = (FOLDER / "wordpieces.txt").read_text(encoding="utf-8").splitlines()


def names(numbers):
    return [NAMES[number] for number in numbers]


@pytest.mark.parametrize("word", ["pain", "unhappiness", "overdosed", "sertraline", "suicidality", "qwrtzpl"])
def test_the_pieces_of_a_word_put_together_are_the_word(word):
    assert "".join(piece.removeprefix("##") for piece in names(pieces_of(word))) == word


def test_the_longest_piece_is_taken_first_and_only_inner_pieces_bear_the_mark():
    first, *inner = names(pieces_of("overdosed"))

    assert not any(f"{first}{'overdosed'[len(first) : end]}" in NAMES for end in range(len(first) + 1, 10))
    assert inner
    assert all(piece.startswith("##") for piece in inner)


@pytest.mark.parametrize("word", ["\ue000", "a\ue000", "a" * 101])
def test_a_word_that_cannot_be_cut_is_one_unknown_piece(word):
    assert names(pieces_of(word)) == ["[UNK]"]


def test_a_row_of_words_stands_between_the_marks_and_an_empty_one_is_the_marks_alone():
    assert names(piece_numbers(["hello", "there"])) == ["[CLS]", "hello", "there", "[SEP]"]
    assert names(piece_numbers([])) == ["[CLS]", "[SEP]"]


def test_a_long_row_is_cut_off_and_still_ends_with_its_mark():
    found = names(piece_numbers(["overdosed"] * 200))

    assert len(found) == MOST_PIECES
    assert found[-1] == "[SEP]"
