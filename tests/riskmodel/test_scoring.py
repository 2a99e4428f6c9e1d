"""Stories about single messages: what must reach a person, what must not, and what a score says of itself."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel import Level, Reason, RiskScore, Setup, score, score_rules_only, warm_up
from riskmodel.artefacts import load
from riskmodel.levels import CATEGORIES, LADDER, RANK
from riskmodel.loaded import Loaded
from riskmodel.scoring import Scorer, score_with

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

RISKY = [
    "i want to kill myself",
    "i am going to end my life tonight",
    "i just took all my pills",
    "i cut myself again last night and i want to do it again",
    "i've been thinking about suicide every day",
    "my husband said he is going to kill me",
    "the voices are telling me to hurt my mother",
]
HARMLESS = [
    "The bus was late this morning and I read a book.",
    "We had soup for lunch and talked about the garden.",
    "My sister is visiting on Sunday with her new dog.",
]


def rank(text):
    return RANK[score(text).level]


@pytest.mark.parametrize(
    "text",
    [
        "i just took all my pills",
        "I'm going to kill myself tonight",
        "ive slit my wrists and the blood wont stop",
        "kms tonight, got the rope ready",
        "i took an overdose an hour ago",
        "I'm standing on the bridge and I'm about to jump",
    ],
)
def test_an_act_under_way_is_imminent(text):
    assert score(text).level is Level.IMMINENT


@pytest.mark.parametrize(
    "text",
    [
        "i'm going to kill myself",
        "i have a plan to end my life",
        "i tried to hang myself last night",
        "I am going to stab him",
        "the voices tell me to kill my mother",
        "my friend just took a whole bottle of pills",
    ],
)
def test_intent_plan_threat_and_orders_are_high_at_least(text):
    assert rank(text) >= RANK[Level.HIGH]


@pytest.mark.parametrize(
    "text",
    [
        "i want to die",
        "i wish i wouldn't wake up",
        "everyone would be better off without me",
        "i feel suicidal",
        "i really want to cut myself",
        "I don't want to live anymore",
        "no, i want to die",
    ],
)
def test_a_wish_to_die_or_to_hurt_oneself_reaches_a_person(text):
    assert rank(text) >= RANK[Level.MODERATE]


@pytest.mark.parametrize(
    "text",
    [
        "i'm not suicidal",
        "i don't want to die",
        "i'm not going to kill myself",
        "i would never hurt myself",
        "this homework is killing me",
        "i could have died of embarrassment",
        "in the film she screams that she wants to die",
        "hello",
        "thank you, that helped",
        "how do i change my appointment?",
        "my phone is about to die",
        "i tried to kill myself twenty years ago, i'm in a good place now",
    ],
)
def test_a_denial_a_saying_a_film_and_everyday_talk_do_not_alert(text):
    assert rank(text) < RANK[Level.MODERATE]


def test_the_same_words_weigh_less_when_denied_than_when_said():
    assert score("i don't want to kill myself").probability < score("i want to kill myself").probability


def test_worry_about_a_friend_is_named_as_such():
    found = score("my best friend told me she wants to kill herself")

    assert RANK[found.level] >= RANK[Level.MODERATE]
    assert "third_party_concern" in found.categories


@pytest.mark.parametrize(
    ("text", "language", "least"),
    [
        ("me quiero matar", "es", Level.HIGH),
        ("Ya no quiero vivir", "es", Level.MODERATE),
        ("j'ai avalé tous mes médicaments", "fr", Level.IMMINENT),
        ("je veux mourir", "fr", Level.MODERATE),
        ("Ich will mich umbringen", "de", Level.HIGH),
        ("ich möchte einfach nur noch sterben", "de", Level.MODERATE),
    ],
)
def test_explicit_danger_in_spanish_french_and_german_is_caught(text, language, least):
    found = score(text)

    assert RANK[found.level] >= RANK[least]
    assert found.floor is not None
    assert found.language == language


@pytest.mark.parametrize("text", ["мне очень плохо", "我不想活了", "أريد أن أتحدث مع شخص ما", "죽고 싶어요"])
def test_a_language_that_is_not_read_is_unscored_so_that_a_person_looks(text):
    assert score(text).level is Level.UNSCORED


@pytest.mark.parametrize(
    "text",
    ["lol", "idk", "u there", "bruh fr fr ngl", "wyd", "smh tbh", "yeh nah", "hw r u", "gm", "k", "innit bruv", "ty"],
)
def test_short_and_slangy_english_is_not_called_foreign(text):
    assert score(text).language == "en"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\0", "\0\0", "\u200b\u200b"])
def test_nothing_to_read_is_unscored(text):
    found = score(text)

    assert found.level is Level.UNSCORED
    assert found.reasons == (Reason("error", "no words to read", 0.0),)


def test_a_score_says_what_it_is_made_of():
    found = score("i can't sleep. i want to kill myself")

    assert isinstance(found, RiskScore)
    assert found.model_version == warm_up()
    assert list(found.probabilities) == list(LADDER[1:])
    assert found.probability == found.probabilities[Level.MODERATE]
    assert set(found.categories) <= set(CATEGORIES)
    assert found.took_ms > 0


def test_reasons_point_into_the_original_text():
    text = "Honestly?? I WANNA d1e \U0001f614"

    found = score(text)

    phrases = [text[r.start : r.end] for r in found.reasons if r.kind == "phrase"]
    assert any("WANNA d1e" in phrase for phrase in phrases)
    assert any(r.kind == "changed" for r in found.reasons)


def test_a_sentence_of_danger_at_the_end_of_a_long_text_is_not_diluted():
    alone = score("I want to kill myself.")

    buried = score(" ".join(HARMLESS * 20) + " I want to kill myself.")

    assert RANK[buried.level] >= RANK[alone.level]


def test_a_scorer_that_breaks_gives_unscored_and_only_the_name_of_the_error(caplog):
    def broken():
        raise KeyError("a message that must not be logged")

    found = score_with(broken, "i want to die")

    assert found.level is Level.UNSCORED
    assert found.reasons[0].text == "KeyError"
    assert "must not be logged" not in caplog.text


def test_a_message_alerts_on_its_chance_of_being_imminent_alone():
    scorer = Scorer(load())
    imminent = float(load().manifest["thresholds"]["levels"]["imminent"])

    assert scorer.level([0.2, imminent, imminent, imminent]) is Level.IMMINENT
    assert scorer.level([0.0, 0.0, 0.0, 0.0]) is Level.NONE


def test_a_refused_model_gives_unscored(tmp_path):
    found = score_with(lambda: Scorer(load("none", tmp_path)), "i want to die")

    assert found.level is Level.UNSCORED
    assert found.reasons[0].text == "ArtefactRefused"


@SLOW
@given(st.text(max_size=400))
def test_no_text_raises(text):
    found = score(text)

    assert found.level in Level
    assert 0.0 <= found.probability <= 1.0
    assert all(0 <= r.start < r.end <= len(text) for r in found.reasons if r.start is not None)


@pytest.mark.parametrize("text", ["\ud800\udfff", "a" * 20_000, "k " * 3000, "(" * 4000, "😀" * 2000, "no " * 1400])
def test_strange_and_huge_texts_do_not_raise(text):
    assert score(text).level in Level


@SLOW
@given(st.sampled_from(RISKY), st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=40))
def test_harmless_text_behind_a_message_never_lowers_its_level(text, harmless):
    assert rank(f"{text}. {' '.join(harmless)}") >= rank(text)


def spaced(word):
    return " ".join(word)


def leet(word):
    return word.replace("i", "1").replace("e", "3").replace("o", "0")


def look_alike(word):
    return word.replace("i", "і").replace("a", "а").replace("e", "е").replace("o", "о")


def zero_width(word):
    return "\u200b".join(word)


def repeated(word):
    return word[:-1] + word[-1] * 4


@SLOW
@given(
    st.sampled_from(RISKY),
    st.sampled_from([spaced, leet, look_alike, zero_width, repeated, str.upper]),
    st.integers(min_value=0, max_value=12),
)
def test_a_disguised_word_never_lowers_a_level_by_more_than_one(text, disguise, place):
    words = text.split()
    number = place % len(words)
    words[number] = disguise(words[number])

    assert rank(" ".join(words)) >= rank(text) - 1


@pytest.mark.parametrize("disguise", [spaced, leet, look_alike, zero_width, repeated])
@pytest.mark.parametrize("text", RISKY)
def test_disguising_every_word_never_lowers_a_level_by_more_than_one(text, disguise):
    gap = "   " if disguise is spaced else " "

    assert rank(gap.join(map(disguise, text.split()))) >= rank(text) - 1


@pytest.mark.parametrize("text", RISKY)
def test_the_safety_net_only_raises(text):
    found = score(text)

    assert found.floor is None or RANK[found.level] >= RANK[found.floor]


def plain(found):
    return (found.level, found.probability, found.categories, found.reasons)


def test_scores_are_the_same_in_any_order_and_any_thread():
    texts = RISKY + HARMLESS
    alone = {text: plain(score(text)) for text in texts}

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(score, (texts + texts[::-1]) * 10))

    assert all(plain(one) == alone[text] for one, text in zip(found, (texts + texts[::-1]) * 10, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_score_after_a_fork_equals_the_parents():
    expected = score(RISKY[0]).probability
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, repr(score(RISKY[0]).probability).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 100).decode() == repr(expected)


def test_many_threads_load_the_model_once():
    loaded = Loaded(Scorer)
    start = threading.Barrier(8)

    def get(_):
        start.wait()
        return loaded.get()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(get, range(8))))) == 1


def test_the_rules_alone_never_say_that_nothing_is_wrong():
    quiet = score_rules_only("the buses are late again today")
    danger = score_rules_only(RISKY[0])

    assert quiet.level is Level.UNSCORED
    assert danger.level in LADDER[2:]
    assert danger.floor == danger.level
    assert danger.reasons[0].kind == "rule"


def test_a_clinics_own_thresholds_decide_the_level():
    text = "i keep thinking about how to end it"
    cautious = score(text, setup=Setup(levels=(0.0, 0.0, 1.1, 1.1)))
    strict = score(text, setup=Setup(levels=(1.1, 1.1, 1.1, 1.1)))

    assert cautious.probability == strict.probability
    assert RANK[cautious.level] >= RANK[Level.MODERATE]
    assert strict.level in {Level.NONE, strict.floor}


def test_a_version_that_is_not_there_gives_unscored_and_not_nothing():
    assert score("hello", setup=Setup(version="en1-000000000000")).level is Level.UNSCORED
