"""No text breaks the scoring, disguises and harmless additions do not hide danger, and every process says the same."""

import csv
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskmodel
from riskmodel import score
from riskmodel.batches import score_rows
from riskmodel.levels import LADDER, RANK, Context, Level
from tests.riskmodel.messages import HARMLESS, RISKY, SHORT

SLOW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
ROOT = Path(riskmodel.__file__).resolve().parent.parent
EVERY_CHARACTER = st.characters(categories=["L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Cs", "Co", "Cn"])
PLAIN_TEXTS = (*RISKY, *HARMLESS[:10], *SHORT[:10])


def rank(text):
    """`unscored` goes to a person, so it is never lower than anything."""
    return RANK.get(score(text).level, len(LADDER))


def figures(found):
    return found.level, found.probability, found.categories, found.reasons


@SLOW
@given(st.text(alphabet=EVERY_CHARACTER, max_size=300))
def test_no_text_of_any_characters_raises(text):
    found = score(text)

    assert not [
        r for r in found.reasons if r.kind == "error" and r.text not in {"no words to read", "language not read"}
    ]
    assert 0.0 <= found.probability <= 1.0


@settings(SLOW, max_examples=6)
@given(st.text(alphabet=EVERY_CHARACTER, min_size=1, max_size=40))
def test_no_text_of_four_thousand_characters_raises(text):
    found = score((text * 4000)[:4000])

    assert not [
        r for r in found.reasons if r.kind == "error" and r.text not in {"no words to read", "language not read"}
    ]


def leet(word):
    return word.replace("i", "1").replace("e", "3").replace("o", "0")


def look_alike(word):
    return word.replace("i", "і").replace("a", "а").replace("e", "е").replace("o", "о")


def zero_width(word):
    return "\u200b".join(word)


def repeated(word):
    return word[:-1] + word[-1] * 4


def alternating(word):
    return "".join(letter.upper() if place % 2 else letter for place, letter in enumerate(word))


@SLOW
@given(
    st.sampled_from(RISKY),
    st.lists(
        st.sampled_from([str, " ".join, leet, look_alike, zero_width, repeated, str.upper, alternating]),
        min_size=1,
        max_size=12,
    ),
)
def test_words_disguised_in_mixed_ways_never_lower_a_level_by_more_than_one(text, disguises):
    words = text.split()
    written = [disguises[place % len(disguises)](word) for place, word in enumerate(words)]

    # Wider gaps between the words, as people leave them who space their letters.
    assert rank("   ".join(written)) >= rank(text) - 1


@pytest.mark.parametrize("emoji", ["😭", "😀", "❤️", "💀", "🙂"])
@pytest.mark.parametrize("text", RISKY)
def test_an_emoji_anywhere_in_a_message_never_lowers_its_level_by_more_than_one(text, emoji):
    """A laughing face is left out: as laughter in words it may make a joke of what stands beside it."""
    words = text.split()

    for place in range(1, len(words) + 1):
        assert rank(" ".join([*words[:place], emoji, *words[place:]])) >= rank(text) - 1


@pytest.mark.parametrize("laughter", ["😂", "lol", "haha"])
def test_laughter_beside_an_act_that_is_told_plainly_still_calls_a_person(laughter):
    assert rank(f"i just took all my pills {laughter}") >= RANK[Level.MODERATE]
    assert rank(f"this homework is killing me {laughter}") < RANK[Level.MODERATE]


@SLOW
@given(
    st.sampled_from(RISKY),
    st.sampled_from([". ", "\n", "! "]),
    st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=60),
)
def test_harmless_sentences_behind_a_message_never_lower_its_level(text, between, harmless):
    """For these messages, set off by a sign or a new line. Two kinds of message are known to be lowered: one whose
    danger lies in more than three sentences together, and one that harmless words follow without any sign between."""
    added = " ".join(harmless)[:3000]

    assert rank(f"{text}{between}{added}") >= rank(text)


@settings(SLOW, max_examples=25)
@given(st.sampled_from((*RISKY, *HARMLESS)), st.lists(st.sampled_from(list(Level)), max_size=6), st.data())
def test_neither_a_rule_nor_what_came_before_lowers_a_level(text, earlier, data):
    shares = [data.draw(st.floats(0, 1)) for _ in earlier]
    alone, found = score(text), score(text, Context(tuple(earlier), tuple(shares)))

    assert RANK[found.level] >= RANK[alone.level]
    assert found.probability >= alone.probability
    assert found.floor is None or RANK[found.level] >= RANK[found.floor]


@SLOW
@given(st.permutations(PLAIN_TEXTS))
def test_scores_are_equal_in_any_order(texts):
    assert {text: figures(score(text)) for text in texts} == ALONE


def test_scores_are_equal_in_threads_and_in_files_of_any_size():
    with ThreadPoolExecutor(8) as threads:
        assert dict(zip(PLAIN_TEXTS, map(figures, threads.map(score, PLAIN_TEXTS)), strict=True)) == ALONE
    for texts in (PLAIN_TEXTS[:1], PLAIN_TEXTS):
        for text, row in zip(texts, scored_file(texts), strict=True):
            assert (row["level"], row["probability"]) == (ALONE[text][0].value, f"{ALONE[text][1]:.6f}")


def scored_file(texts):
    source, goal = io.StringIO(), io.StringIO()
    csv.writer(source).writerows([("id", "text"), *enumerate(texts)])
    score_rows(io.BytesIO(source.getvalue().encode()), goal, tick=lambda read: None, complain=pytest.fail)
    return list(csv.DictReader(io.StringIO(goal.getvalue())))


def test_a_fresh_process_such_as_a_worker_says_exactly_the_same():
    program = (
        "import json, sys; from riskmodel import score;"
        "found = [score(text) for text in json.load(sys.stdin)];"
        "print(json.dumps([[f.level.value, f.probability, [[r.text, r.weight] for r in f.reasons]] for f in found]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(RISKY), capture_output=True, text=True, check=True, cwd=ROOT
    )

    here = [score(text) for text in RISKY]
    expected = [[f.level.value, f.probability, [[r.text, r.weight] for r in f.reasons]] for f in here]
    assert json.loads(told.stdout) == expected


ALONE = {text: figures(score(text)) for text in PLAIN_TEXTS}
