"""The lint catches each forbidden class (BOT-3), hard reading (BOT-1), long sentences and second questions (BOT-2)."""

from dataclasses import replace

import pytest

from triage.bot.catalogue import CONTENT, read_library
from triage.bot.lint import lint_item, lint_items, lint_text, reading_grade, sentences

ITEMS = {item.key: item for item in read_library(CONTENT).items}
FORBIDDEN = {
    "F1": ["Do not take 20 pills.", "Put the razor away.", "It is not a lethal way.", "Stay off the tall building."],
    "F2": ["I promise to help.", "This stays just between us.", "We won\u2019t tell anyone.", "It is 100% private."],
    "F3": ["You have depression.", "You are suffering from anxiety.", "You will get better.", "It is a cure."],
    "F4": ["Stop your medication.", "You could double the dose."],
    "F5": ["You shouldn't feel that way.", "At least you have a job.", "Please calm down.", "That is selfish."],
    "F6": [
        "People who commit suicide leave others.",
        "After a failed attempt.",
        "That is crazy.",
        "An addict may say so.",
    ],
    "F7": ["I feel with you.", "I understand exactly.", "I'm sorry.", "I am here for you.", "I am a human."],
    "F8": ["Please don't go.", "Stay with me.", "Keep your streak.", "Come back tomorrow."],
    "F9": ["Will you promise me you won't?", "Let us make a contract.", "Can you agree not to?"],
    "F10": ["As a therapist I can say so.", "Our counsellors are here.", "Ask your doctor.", "Dr Smith says so."],
    "F11": ["Nothing can be done.", "I will call the police.", "It is too late."],
    "F12": ["See https://example.org for more.", "Upgrade to go on.", "Our sponsor helps."],
}
FINE = [
    "Is suicide on your mind?",
    "Have you thought about ending your life?",
    "A trained person on our team can join.",
    "This is not therapy.",
    "You choose what you share.",
    "It is fine to stop here.",
    "Breathe in while you count to four.",
]


def rules(text):
    return [hit.rule for hit in lint_text(text, key="a.b", file="en/a.toml")]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FORBIDDEN.items() for text in texts])
def test_bot_3_forbidden_wording_is_caught_with_its_class(name, text):
    assert name in [rule.split()[0] for rule in rules(text)]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_case_does_not_hide_forbidden_wording(name):
    assert all(any(rule.startswith(name + " ") for rule in rules(text.upper())) for text in FORBIDDEN[name])


@pytest.mark.parametrize("text", FINE)
def test_plain_wording_passes_and_suicide_may_be_named(text):
    assert rules(text) == []


def test_a_hit_names_file_key_rule_and_what_was_found():
    hit = lint_text("I promise.", key="menu.what_now", file="en/menu.toml")[0]
    assert str(hit) == "en/menu.toml: menu.what_now: F2 secrecy or promise: promise"
    assert hit.to_json()["key"] == "menu.what_now"


def test_bot_2_a_sentence_of_twenty_words_passes_and_one_more_does_not():
    assert rules(" ".join(["word"] * 20) + ".") == []
    assert rules(" ".join(["word"] * 21) + ".") == ["BOT-2 sentence length"]


def test_bot_2_two_questions_in_one_reply_are_one_too_many():
    assert rules("Is it so? Or not?") == ["BOT-2 one question"]


def test_a_reply_of_more_than_sixty_words_is_too_long():
    assert rules("One two three four. " * 16) == ["reply length"]


def test_bot_2_nobody_is_shouted_at():
    assert rules("Please READ this.") == ["BOT-2 capitals"]


def test_bot_1_an_item_that_is_hard_to_read_is_caught():
    hard = "Psychological interventions necessitate considerable individual determination and perseverance. "
    item = replace(ITEMS["system"], texts={"hard": (hard * 15,)})
    assert "BOT-1 reading grade" in [hit.rule for hit in lint_item(item)]


def test_bot_1_short_items_are_graded_together():
    hard = ("Psychological interventions necessitate considerable individual determination.",)
    items = [replace(ITEMS["system"], key=f"item_{number}", texts={"hard": hard}) for number in range(20)]
    assert [hit.key for hit in lint_items(items)] == ["joined"]


@pytest.mark.parametrize("key", ["welcome", "are_you_real", "hand_back"])
def test_bot_4_an_opening_that_does_not_say_first_what_it_is_is_caught(key):
    item = ITEMS[key]
    nodes = {**item.nodes, item.start: replace(item.nodes[item.start], texts=("Hello, good to see you.",))}
    assert "BOT-4 disclosure" in [hit.rule for hit in lint_item(replace(item, nodes=nodes))]


@pytest.mark.parametrize("key", ["welcome", "are_you_real", "hand_back"])
def test_bot_4_each_wording_of_an_opening_must_say_it(key):
    item = ITEMS[key]
    start = item.nodes[item.start]
    nodes = {**item.nodes, item.start: replace(start, texts=(*start.texts, "Hello, good to see you."))}
    assert "BOT-4 disclosure" in [hit.rule for hit in lint_item(replace(item, nodes=nodes))]


def test_labels_are_linted_too():
    item = replace(ITEMS["controls"], labels={"skip": "Talk to a therapist"})
    assert "controls.skip" in [hit.key for hit in lint_item(item)]


def test_a_locale_without_a_list_of_forbidden_wording_does_not_pass():
    item = replace(ITEMS["system"], locale="xx")
    assert {hit.rule for hit in lint_item(item)} == {"locale"}


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("The cat sat on the mat.", -2, 1),
        ("Breathe in through your nose while you count to four.", 1, 4),
        ("Psychological interventions necessitate considerable individual determination.", 20, 45),
    ],
)
def test_the_reading_grade_lies_where_the_formula_puts_it(text, low, high):
    assert low <= reading_grade(text) <= high


def test_nothing_has_no_grade_and_no_sentence():
    assert reading_grade("") == 0
    assert sentences("... !") == []


def test_a_hit_names_the_file_by_its_locale_and_name():
    hit = lint_item(replace(ITEMS["system"], texts={"a": ("I promise.",)}))[0]
    assert hit.file == "en/system.toml"
