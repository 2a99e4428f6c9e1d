"""The notation of the phrase tables, and what the finder makes of it."""

import pytest

from riskmodel.phrases import Match, PhraseError, PhraseFinder


def found(phrase, text):
    return [(match.start, match.end) for match in PhraseFinder([("x", phrase)]).find(text.split())]


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("want to die", "i want to die now", [(1, 4)]),
        ("want to (die|be dead)", "i want to be dead", [(1, 5)]),
        ("(really|) want", "i really want", [(1, 3), (2, 3)]),
        ("took ~ pills", "took the pills", [(0, 3)]),
        ("took ~ pills", "took pills", [(0, 2)]),
        ("took ~ pills", "took all the pills", []),
        ("am ~ suicidal", "am not suicidal", []),
        ("<will> die", "i will die", [(1, 3)]),
        ("a (b|c (d|e)) f", "a c e f", [(0, 4)]),
    ],
)
def test_a_phrase_is_found_where_it_stands(phrase, text, places):
    assert found(phrase, text) == places


def test_the_longest_reading_of_a_label_wins():
    finder = PhraseFinder([("x", "want to die"), ("x", "want to die tonight")])

    assert list(finder.find(["want", "to", "die", "tonight"])) == [Match("x", 0, 4)]


@pytest.mark.parametrize("phrase", ["(a|b", "a) b", "<nobody> knows"])
def test_a_phrase_that_cannot_be_read_is_named(phrase):
    with pytest.raises(PhraseError, match=r"phrase"):
        PhraseFinder([("x", phrase)])


def test_work_grows_with_the_text_and_not_with_what_people_write():
    finder = PhraseFinder([("x", "a ~ ~ b")])

    list(finder.find([f"word{n}" if n % 2 else "a" for n in range(5000)]))

    assert len(finder._states) < 50


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("took num pills", "took fewnum pills", [(0, 3)]),
        ("took num pills", "took num pills", [(0, 3)]),
        ("took manynum pills", "took num pills", [(0, 3)]),
        ("took manynum pills", "took fewnum pills", []),
        ("manynum pills", "num pills", [(0, 2)]),
        ("manynum pills", "fewnum pills", []),
        ("want to die", "want really to fucking die", [(0, 5)]),
    ],
)
def test_one_or_two_is_not_many_and_words_of_force_part_no_phrase(phrase, text, places):
    assert found(phrase, text) == places
