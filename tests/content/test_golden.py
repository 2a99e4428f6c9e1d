"""Twenty conversations that a clinician has read: the bot says the same words today, and says them twice the same."""

import pytest

from tests.content.transcripts import REPLAY, play, read_story, replay_script, stories, written
from tests.triage.bot.talk import shipped
from triage.bot.catalogue import text_digest

CATALOGUE = shipped()
FILES = stories()
HOW = "to accept new words on purpose: python -m tests.content.transcripts, and read the difference"


def test_there_are_twenty_transcripts_to_read():
    assert len(FILES) == 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_client_sees_what_the_transcript_says_word_for_word(file):
    story, seen = read_story(file)
    assert play(CATALOGUE, story) == seen, HOW


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_same_messages_get_the_same_replies_twice(file):
    story, _ = read_story(file)
    assert play(CATALOGUE, story) == play(shipped(), story)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bot_5_every_line_of_the_bot_in_a_transcript_is_approved(file):
    _, seen = read_story(file)
    approved = CATALOGUE.approved_digests("en")
    assert all(text_digest(line) in approved for shown in seen for line in shown["bot"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bot_7_after_a_person_was_called_there_is_no_exercise_and_no_button(file):
    _, seen = read_story(file)
    called = False
    for shown in seen:
        called = called or "person_called" in shown
        assert not (called and {"exercise", "buttons"} & shown.keys())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("asq_yes", "screening"),
        ("phq9_item_nine", "screening"),
        ("night_crisis", "risk"),
        ("person_in_odd_wording", "person"),
        ("complaint", "person"),
        ("worse_twice", "person"),
        ("are_you_real", "person"),
    ],
)
def test_a_person_is_called_once_where_a_transcript_is_about_that(name, reason):
    seen = next(read_story(file)[1] for file in FILES if file.stem == name)
    assert [shown["person_called"] for shown in seen if "person_called" in shown] == [reason]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_transcript_is_written_as_the_command_writes_it(file):
    story, seen = read_story(file)
    assert written(story, seen) == file.read_text(encoding="utf-8")


def test_the_script_for_replay_holds_what_the_clients_write():
    assert REPLAY.read_text(encoding="utf-8") == replay_script()
