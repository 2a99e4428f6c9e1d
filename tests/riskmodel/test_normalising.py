"""What people type is read as what they mean, and every word still points at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.normalising import COMMA, SENTENCE, normalise

DISGUISES = [
    ("k i l l myself", "spaced letters"),
    ("k.i.l.l myself", "spaced letters"),
    ("k-i-l-l myself", "spaced letters"),
    ("k  i  l  l myself", "spaced letters"),
    ("k1ll myself", "letters written as signs"),
    ("k!ll mys3lf", "letters written as signs"),
    ("k*ll myself", "masked letters"),
    ("kіll myself", "look-alike letters"),
    ("ki\u200bll my\u200bself", "hidden characters"),
    ("killlll myselffff", "repeated letters"),
    ("kms", "invented word for a risk"),
]


@pytest.mark.parametrize(("written", "change"), DISGUISES)
def test_a_disguise_is_undone_and_remembered(written, change):
    words = normalise(written)

    assert words.words == ["kill", "myself"]
    assert change in words.changes


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("KILL MYSELF", "kill myself"),
        ("ｋｉｌｌ 𝓶𝔂𝓼𝓮𝓵𝓯", "kill myself"),
        ("I'm gonna", "i am going to"),
        ("i’m gonna", "i am going to"),
        ("dont wanna", "do not want to"),
        ("tonite", "tonight"),
        ("sewerslide", "suicide"),
        ("suicde", "suicide"),
        ("sui cide", "suicide"),
        ("su1c!de", "suicide"),
        ("i  w a n t   t o   d i e", "i want to die"),
        ("i w a n t t o d i e", "i want to die"),
        ("dieeeee", "die"),
        ("20 pills", "num pills"),
        ("at 4am", "at num"),
        ("🔪", "knife"),
        ("odd hours", "odd hours"),
        ("good food", "good food"),
    ],
)
def test_a_way_of_writing_is_read_as_plain_words(written, read):
    assert " ".join(normalise(written).words) == read


def test_ordinary_writing_counts_as_no_disguise():
    assert normalise("I went to the shop, it's 3 pm. See you at 7!").changes == {}


def test_russian_stays_russian_instead_of_being_read_as_disguised_english():
    words = normalise("мне очень плохо")

    assert words.foreign_letters > 10
    assert "look-alike letters" not in words.changes


def test_each_word_points_at_its_place_in_the_original():
    text = "ok… I wanna d\u200bie 🔪 tonight"

    words = normalise(text)

    places = {word: text[start:end] for word, start, end in zip(words.words, words.starts, words.ends, strict=True)}
    assert places["want"] == "wanna"
    assert places["die"] == "d\u200bie"
    assert places["knife"] == "🔪"
    assert places["tonight"] == "tonight"


def test_sentences_and_commas_part_the_words():
    words = normalise("no, i am fine. really\nyes")

    assert [words.breaks[place] for place in (0, 3, 4)] == [COMMA, SENTENCE, SENTENCE]


def test_words_inside_double_quotes_are_marked():
    words = normalise('he said "i want to die" and left')

    marked = [word for word, quoted in zip(words.words, words.quoted, strict=True) if quoted]
    assert marked == ["i", "want", "to", "die"]


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_and_all_rows_stay_equally_long(text):
    words = normalise(text)

    rows = (words.words, words.starts, words.ends, words.breaks, words.quoted, words.as_written)
    assert len({len(row) for row in rows}) == 1
    assert all(0 <= start < end <= len(text) for start, end in zip(words.starts, words.ends, strict=True))


@given(st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Mn", "So"]), max_size=100))
def test_strange_characters_break_nothing(text):
    normalise(text)


@pytest.mark.parametrize(
    ("written", "read"), [("1 pill", "fewnum pill"), ("2 pills", "fewnum pills"), ("3 pills", "num pills")]
)
def test_one_or_two_in_figures_are_read_apart_from_many(written, read):
    assert " ".join(normalise(written).words) == read
