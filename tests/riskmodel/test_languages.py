"""Short and slangy English is never called foreign; three languages have the safety net; all others go to a person."""

import pytest

from riskmodel import score
from riskmodel.languages import OTHER, limited, tell_language
from riskmodel.levels import RANK, Level
from riskmodel.normalising import normalise
from tests.riskmodel.messages import SHORT

DANGER = [
    ("me quiero matar", "es", Level.HIGH),
    ("quiero suicidarme esta noche", "es", Level.HIGH),
    ("ya no quiero vivir más, no puedo con todo esto", "es", Level.MODERATE),
    ("me he tomado todas las pastillas", "es", Level.IMMINENT),
    ("je vais me suicider", "fr", Level.HIGH),
    ("je veux mourir, je n'en peux plus de cette vie", "fr", Level.MODERATE),
    ("j'ai avalé tous mes médicaments", "fr", Level.IMMINENT),
    ("Ich will mich umbringen", "de", Level.HIGH),
    ("ich möchte nicht mehr leben, es ist mir alles zu viel", "de", Level.MODERATE),
    ("ich habe alle Tabletten geschluckt", "de", Level.IMMINENT),
]
UNDERSTOOD_BY_NOBODY = [
    "non voglio più vivere, sono molto triste e non so cosa fare",
    "eu não quero mais viver, estou muito triste e não sei o que fazer",
    "ik wil niet meer leven, het is te veel voor mij",
    "nie chce mi się żyć, nie wiem co robić",
    "artık yaşamak istemiyorum ve bana yardım edecek kimse yok",
    "jag vill inte leva längre och jag orkar inte mer",
    "saya tidak mau hidup lagi dan tidak ada yang bisa bantu",
    "мне очень плохо",
    "我不想活了",
    "もう生きていたくない",
    "죽고 싶어요",
    "أريد أن أتحدث مع شخص ما",
    "मैं जीना नहीं चाहता",
    "δεν θέλω να ζω άλλο",
    "אני לא רוצה לחיות",
]


def language(text):
    return tell_language(normalise(text))


def test_there_are_two_hundred_short_english_messages():
    assert len(SHORT) >= 200


@pytest.mark.parametrize("text", SHORT)
def test_a_short_or_slangy_english_message_is_not_called_foreign(text):
    assert language(text) == "en"


@pytest.mark.parametrize("text", [text.upper() for text in SHORT[::4]] + [f"{text}?!" for text in SHORT[1::4]])
def test_capitals_and_signs_make_no_english_message_foreign(text):
    assert language(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "my abuela said no te preocupes lol but i still feel bad",
        "i moved from Los Angeles to San Diego and i know no one",
        "had pain au chocolat with my mum, then we went home",
        "he said je ne sais quoi and i laughed",
        "just ordered pho and banh mi",
    ],
)
def test_a_few_foreign_words_in_an_english_message_leave_it_english(text):
    assert language(text) == "en"


@pytest.mark.parametrize(
    "text", ["t.h.e v.o.i.c.e.s a.r.e t.e.l.l.i.n.g m.e t.o h.u.r.t m.y m.o.t.h.e.r", "b.t.w. i met y and o at h.q."]
)
def test_words_written_letter_by_letter_make_no_english_message_foreign(text):
    assert language(text) == "en"


def test_patois_with_a_danger_in_it_is_read_as_english():
    assert language("mi tek all a di tablet dem. mi yeye dem a get heavy. tell mi pickney mi love him") == "en"


@pytest.mark.parametrize(("text", "code"), [("hola", "es"), ("bonjour", "fr"), ("hilfe", "de"), ("tesekkurler", OTHER)])
def test_one_longer_word_of_another_language_is_enough(text, code):
    assert language(text) == code


@pytest.mark.parametrize(("text", "code", "least"), DANGER)
def test_explicit_danger_in_a_limited_language_is_caught_by_the_safety_net_alone(text, code, least):
    found = score(text)

    assert found.language == code
    assert code in limited()
    assert found.floor is not None
    assert RANK[found.level] >= RANK[least]
    assert {reason.kind for reason in found.reasons} == {"rule"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hola, hoy estoy un poco mejor, gracias por la ayuda", "es"),
        ("bonjour, je vais mieux aujourd'hui et vous", "fr"),
        ("hallo, mir geht es heute besser als gestern", "de"),
    ],
)
def test_other_text_in_a_limited_language_is_marked_so_that_nobody_takes_the_level_for_a_reading(text, code):
    found = score(text)

    assert found.language == code
    assert found.floor is None
    assert not [reason for reason in found.reasons if reason.kind in {"clause", "phrase", "word"}]


@pytest.mark.parametrize("text", UNDERSTOOD_BY_NOBODY)
def test_any_other_language_is_unscored_and_says_why(text):
    found = score(text)

    assert found.level is Level.UNSCORED
    assert found.language == OTHER
    assert found.reasons[0].text == "language not read"


def test_danger_in_a_limited_language_is_caught_inside_a_language_that_is_not_read():
    found = score("мне плохо мне очень плохо. me quiero matar")

    assert RANK[found.level] >= RANK[Level.HIGH]


def test_accents_that_a_phone_left_out_change_nothing():
    assert score("j'ai avale tous mes medicaments").level == score("j'ai avalé tous mes médicaments").level
