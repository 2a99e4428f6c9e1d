"""What is unapproved, altered or expired is never said; what is under way keeps the version that it began with."""

import shutil
from datetime import date

import pytest

from tests.triage.bot.talk import A_DAY, Talk
from triage.bot import engine
from triage.bot.approvals import read_approvals, sample_approvals
from triage.bot.catalogue import (
    APPROVALS,
    CONTENT,
    NotServable,
    SafetyPathMissing,
    current_catalogue,
    load_catalogue,
    read_library,
    safe_catalogue,
    text_digest,
)
from triage.bot.content import ContentError


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped content that a test may change."""
    return shutil.copytree(CONTENT, tmp_path / "content")


def change(folder, file, old, new):
    path = folder / "en" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def approve_all(folder):
    (folder / APPROVALS).write_text(sample_approvals(read_library(folder).items, on=A_DAY), encoding="utf-8")


def why(catalogue, key):
    return [problem.reason for problem in catalogue.problems if problem.key == key]


def test_an_altered_word_takes_the_item_away(folder):
    change(folder, "grounding.toml", "five things you can see", "six things you can see")
    catalogue = load_catalogue(folder, at=A_DAY)
    assert catalogue.find("grounding") is None
    assert why(catalogue, "grounding") == ["was altered after it was approved on 2026-11-24"]
    assert text_digest("six things you can see") not in catalogue.approved_digests()


def test_an_unapproved_item_is_not_served(folder):
    text = (folder / "en" / "grounding.toml").read_text(encoding="utf-8")
    (folder / "en" / "new.toml").write_text(text.replace('key = "grounding"', 'key = "newer"'), encoding="utf-8")
    catalogue = load_catalogue(folder, at=A_DAY)
    assert catalogue.find("newer") is None
    assert why(catalogue, "newer") == ["is not approved"]


def test_without_an_approvals_file_nothing_is_served(folder):
    (folder / APPROVALS).unlink()
    catalogue = load_catalogue(folder, at=A_DAY)
    assert catalogue.items() == []
    assert catalogue.approved_digests() == frozenset()


def test_an_item_is_served_on_its_last_day_and_not_on_the_next():
    library = read_library(CONTENT)
    last = library.on(A_DAY).flow("grounding").expires
    assert library.on(last).find("grounding")
    late = library.on(date(2027, 12, 1))
    assert late.find("grounding") is None
    assert why(late, "grounding") == [f"expired on {last}"]


def test_an_expired_item_of_the_safety_path_is_served_and_listed():
    late = read_library(CONTENT).on(date(2029, 1, 1))
    assert late.find("holding")
    assert [problem.served for problem in late.problems if problem.key == "holding"] == [True]


def test_an_altered_item_of_the_safety_path_is_never_served(folder):
    change(folder, "holding.toml", "Thank you for telling me.", "Cheer up.")
    catalogue = load_catalogue(folder, at=A_DAY)
    assert catalogue.find("holding") is None
    assert catalogue.missing_safety() == ["holding"]


def test_a_choice_that_leads_to_unserved_content_is_not_offered(folder):
    change(folder, "thought_record.toml", "Small things count as well.", "Small things count too.")
    talk = Talk(load_catalogue(folder, at=A_DAY))
    talk.write("exercise", "Quieten a busy mind")
    assert talk.labels[0] == "Spot a thinking trap"
    assert "Look at a hard thought" not in talk.labels
    talk.write("thought record")
    assert talk.position.flow == "menu"


def second_version(folder):
    """Grounding in a second version beside the first, both approved."""
    text = (folder / "en" / "grounding.toml").read_text(encoding="utf-8")
    text = text.replace("version = 1", "version = 2").replace("Look around you slowly.", "Let your eyes wander.")
    (folder / "en" / "grounding.2.toml").write_text(text, encoding="utf-8")
    approve_all(folder)


def test_a_conversation_under_way_keeps_the_version_that_it_began_with(folder):
    old = Talk(load_catalogue(folder, at=A_DAY))
    old.write("grounding", "yes", "a lamp")
    second_version(folder)
    old.catalogue = load_catalogue(folder, at=A_DAY)
    step = old.write("back")
    assert step.position.version == 1
    assert step.replies[-1].text.startswith("Look around you slowly.")


def test_a_new_conversation_gets_the_newest_version(folder):
    second_version(folder)
    talk = Talk(load_catalogue(folder, at=A_DAY))
    step = talk.write("grounding", "yes")
    assert step.replies[-1].version == step.position.version == 2
    assert step.replies[-1].text.startswith("Let your eyes wander.")


def test_both_versions_are_in_the_approved_set_while_both_may_be_said(folder):
    second_version(folder)
    catalogue = load_catalogue(folder, at=A_DAY)
    digests = {text_digest(item.nodes["see"].texts[0]) for item in catalogue.items() if item.key == "grounding"}
    assert len(digests) == 2
    assert digests <= catalogue.approved_digests()


def test_the_same_version_twice_is_refused(folder):
    shutil.copy(folder / "en" / "grounding.toml", folder / "en" / "twin.toml")
    with pytest.raises(ContentError, match="grounding version 1 is also in"):
        load_catalogue(folder, at=A_DAY)


def test_an_item_in_the_folder_of_another_locale_is_refused(folder):
    (folder / "es").mkdir()
    shutil.copy(folder / "en" / "grounding.toml", folder / "es" / "grounding.toml")
    with pytest.raises(ContentError, match="locale 'en' does not lie in its folder"):
        load_catalogue(folder, at=A_DAY)


def test_a_way_to_a_flow_that_does_not_exist_is_refused(folder):
    change(folder, "exercises.toml", 'flow = "grounding"', 'flow = "ghost"')
    with pytest.raises(ContentError, match="there is no flow 'ghost'"):
        load_catalogue(folder, at=A_DAY)


def test_a_circle_without_a_question_is_refused(folder):
    change(folder, "closing.toml", 'do = "end"', 'do = "say"\nnext = "again"')
    with (folder / "en" / "closing.toml").open("a", encoding="utf-8") as file:
        file.write('\n[nodes.again]\ndo = "go"\nflow = "closing"\n')
    with pytest.raises(ContentError, match="goes in a circle without a question"):
        load_catalogue(folder, at=A_DAY)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ContentError, match="holds no content"):
        load_catalogue(tmp_path, at=A_DAY)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('", "Sample approval two, to be replaced"]', '"]', "needs 2 different people"),
        ("Sample approval two", "Sample approval one", "needs 2 different people"),
        ("version = 1", 'version = "1"', "'version' must be int"),
        ("sample = true", 'sample = true\nnote = "x"', "unknown key note"),
    ],
)
def test_an_approval_that_is_not_right_is_refused(folder, old, new, reason):
    file = folder / APPROVALS
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=reason):
        load_catalogue(folder, at=A_DAY)


def test_the_same_approval_twice_is_refused(folder):
    file = folder / APPROVALS
    file.write_text(file.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(ContentError, match="is there twice"):
        read_approvals(file)


def test_an_approval_of_another_version_approves_nothing(folder):
    change(folder, "grounding.toml", "version = 1", "version = 3")
    assert why(load_catalogue(folder, at=A_DAY), "grounding") == ["is not approved"]


def test_a_text_is_found_by_its_key_with_version_and_digest():
    text = load_catalogue(CONTENT, at=A_DAY).text("holding.risk")
    assert (text.key, text.version, text.digest) == ("holding.risk", 1, text_digest(text.text))


@pytest.mark.parametrize("key", ["ghost", "ghost.x", "holding", "holding.ghost", "menu.to_mood"])
def test_an_unknown_text_is_not_made_up(key):
    with pytest.raises(NotServable):
        load_catalogue(CONTENT, at=A_DAY).text(key)


def test_an_unknown_flow_is_not_made_up():
    with pytest.raises(NotServable):
        load_catalogue(CONTENT, at=A_DAY).flow("ghost")


def test_the_running_service_reads_the_content_once_and_a_new_day_changes_only_what_is_served():
    assert current_catalogue(at=A_DAY) is current_catalogue(at=A_DAY)
    assert current_catalogue(at=A_DAY).find("grounding")
    assert current_catalogue(at=date(2028, 1, 1)).find("grounding") is None


def test_the_running_service_goes_on_with_its_safety_path_after_everything_has_expired():
    late = current_catalogue(at=date(2040, 1, 1))
    step = engine.hold(late, engine.begin(late).position, "help", reason="risk", person_on_shift=False)
    assert step.replies[0].card == "crisis"


def test_a_service_whose_safety_path_was_altered_does_not_start(folder):
    change(folder, "urgent.toml", "please call", "call")
    with pytest.raises(SafetyPathMissing, match="urgent"):
        safe_catalogue(read_library(folder), at=A_DAY)
