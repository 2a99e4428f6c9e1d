"""What ships: linted clean, approved as samples, dated, and written with care for whoever reads it at night."""

import re

import pytest

from tests.triage.bot.talk import A_DAY, AFTER_EXPIRY, shipped
from triage.bot.approvals import read_approvals
from triage.bot.catalogue import APPROVALS, CONTENT, SAFETY_ITEMS, read_library
from triage.bot.lint import GRADE_TARGET, grade_of_item, lint_items, lint_text, reading_grade
from triage.crisis import directory

LIBRARY = read_library(CONTENT)
ITEMS = LIBRARY.items
TEXTS = [(key, text) for item in ITEMS for key, text in item.sentences_shown()]


def test_bot_3_the_shipped_content_passes_the_lint():
    assert [str(hit) for hit in lint_items(ITEMS)] == []


def test_the_advice_of_the_crisis_card_passes_the_lint():
    assert lint_text(directory.resources().advice, key="advice", file="resources.toml") == []


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.key)
def test_bot_1_every_item_reads_at_grade_six_or_below(item):
    grade = grade_of_item(item)
    assert grade is None or grade <= GRADE_TARGET


def test_bot_1_all_texts_together_read_at_grade_six_or_below():
    assert reading_grade(" ".join(text for _, text in TEXTS)) <= GRADE_TARGET


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.key)
def test_every_item_is_a_dated_draft_of_the_demonstration_clinic(item):
    published = "Wording of the instrument as published; the words around it are a draft for the demonstration clinic"
    assert item.author == (published if item.kind == "screening" else "Draft for the demonstration clinic")
    assert (item.expires - item.reviewed).days <= 365


def test_every_item_is_served_on_its_day_and_nothing_is_wrong_with_it():
    assert shipped(A_DAY).problems == ()


def test_the_approvals_are_plainly_samples():
    approvals = read_approvals(CONTENT / APPROVALS).values()
    assert len(approvals) == len(ITEMS)
    assert all(approval.sample and "to be replaced" in name for approval in approvals for name in approval.approved_by)


def test_the_whole_safety_path_is_marked_as_such():
    assert {item.key for item in ITEMS if item.safety} >= SAFETY_ITEMS


def test_exercises_are_not_part_of_the_safety_path():
    assert not any(item.safety for item in ITEMS if item.kind == "exercise")


def test_expired_items_are_listed_and_only_the_safety_path_is_still_served():
    late = shipped(AFTER_EXPIRY)
    assert {problem.key for problem in late.problems} == {item.key for item in ITEMS}
    assert {problem.key for problem in late.problems if problem.served} == {item.key for item in ITEMS if item.safety}


def test_every_text_that_the_engine_and_the_desk_name_is_there():
    catalogue = shipped()
    for key in (
        "system.person_joined",
        "system.closed_by_person",
        "controls.closed",
        "holding.risk",
        "holding.risk_nobody",
    ):
        assert catalogue.text(key).text


def test_no_text_speaks_of_therapy_but_to_say_that_this_is_none():
    for _, text in TEXTS:
        for found in re.finditer(r"therapy", text, re.IGNORECASE):
            assert "not " in text[: found.start()].rpartition(".")[2]


def test_every_message_that_may_wait_for_hours_has_several_wordings():
    catalogue = shipped()
    holding = catalogue.find("holding")
    assert min(len(holding.texts[name]) for name in ("waiting", "waiting_nobody")) >= 5
    assert len(catalogue.find("controls").texts["unsure"]) >= 4
