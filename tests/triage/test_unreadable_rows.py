"""One altered or unreadable row: it says so where it stands, is logged once, and hides nothing else from anybody."""

import logging

import pytest
from django.utils import timezone

from counselling import desk, reviews, selectors, takeovers
from counselling.models import Review
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab, DeskTab
from triage import transcripts
from triage.models import Conversation, Message, RiskAssessment
from triage.sealing import Seal, Unreadable, new_message_key
from triage.transcripts import ERASED, UNREADABLE, read_lines

pytestmark = pytest.mark.django_db(transaction=True)

ALTERED = [b"", b"short", b"\x00" * 64]


@pytest.fixture
def writer(clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    story = a_client_starts(clinic, Clock(timezone.now()))
    story.writes("hello")
    story.writes("[high] I will end it")
    return story


@pytest.fixture(autouse=True)
def nothing_told_before():
    transcripts.tell_unreadable.cache_clear()


def altered_line(writer, sealed=b"\x00" * 64):
    """Overwrite the first thing that the client wrote; returns its number."""
    line = Message.objects.filter(conversation_id=writer.conversation_id, sender="client").earliest("seq")
    Message.objects.filter(pk=line.pk).update(sealed_text=sealed)
    return line.seq


@pytest.mark.parametrize("sealed", ALTERED, ids=["nothing", "too short", "altered"])
def test_an_altered_line_says_so_and_the_others_are_read(writer, sealed):
    seq = altered_line(writer, sealed)
    lines = read_lines(writer.conversation_id, 0)
    assert [line.seq for line in lines] == list(range(1, writer.conversation.last_seq + 1))
    assert [line.seq for line in lines if line.text == UNREADABLE] == [seq]


@pytest.mark.parametrize("sealed", ALTERED, ids=["nothing", "too short", "altered"])
def test_altered_reasons_say_so_and_level_and_text_stay(writer, sealed):
    RiskAssessment.objects.filter(level="high").update(sealed_reasons=sealed)
    lines = read_lines(writer.conversation_id, 0, with_assessments=True)
    [line] = [line for line in lines if line.assessment and line.assessment["level"] == "high"]
    assert line.text == "[high] I will end it"
    assert [(one["text"], one["start"]) for one in line.assessment["reasons"]] == [(UNREADABLE, None)]


@pytest.mark.parametrize("wrapped", ALTERED, ids=["nothing", "too short", "altered"])
def test_a_key_that_cannot_be_used_is_not_called_erased(writer, wrapped):
    known = bytes(writer.conversation.message_key)
    Conversation.objects.update(message_key=known[:5] + wrapped)
    assert {line.text for line in read_lines(writer.conversation_id, 0)} == {UNREADABLE}
    Conversation.objects.update(message_key=None)
    assert {line.text for line in read_lines(writer.conversation_id, 0)} == {ERASED}


@pytest.mark.parametrize("wrapped", ALTERED, ids=["nothing", "too short", "altered"])
def test_a_seal_is_refused_in_one_way_however_its_key_was_altered(writer, wrapped):
    known = new_message_key(writer.conversation_id)
    with pytest.raises(Unreadable):
        Seal(writer.conversation_id, known[:5] + wrapped)


def test_it_is_logged_once_with_the_conversation_and_without_a_word(writer, caplog):
    seq = altered_line(writer)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            read_lines(writer.conversation_id, 0)
    told = [record for record in caplog.records if "not readable" in record.getMessage()]
    assert [record.getMessage() for record in told] == [f"not readable: message:{seq}"]
    assert told[0].conversation == writer.conversation_id


def test_the_queue_is_shown_with_a_conversation_whose_reasons_were_altered(clinic, counsellor, writer):
    other = a_client_starts(clinic, writer.clock)
    other.writes("[imminent] I have taken them")
    RiskAssessment.objects.filter(level="high").update(sealed_reasons=b"\x00" * 64)
    queue = desk.queue(counsellor)["conversations"]
    assert [card["id"] for card in queue] == [str(other.conversation_id), str(writer.conversation_id)]
    assert queue[1]["alert"]["reasons"] == [UNREADABLE]


def test_client_and_desk_go_on_with_an_altered_line(asgi_server, counsellor, writer):
    seq = altered_line(writer)
    page, opened = ClientTab(asgi_server, writer.started.token), DeskTab(asgi_server, counsellor)
    assert page.line("client", UNREADABLE)["seq"] == seq
    assert page.writes("still here")["type"] == "ack"
    opened.card(writer.conversation_id)
    transcript = opened.asks("open", conversation=str(writer.conversation_id), last_seq=0)
    assert [line["seq"] for line in transcript["messages"] if line["text"] == UNREADABLE] == [seq]
    page.close()
    opened.close()


def test_a_review_with_an_altered_note_is_still_listed(counsellor, supervisor, writer):
    now = timezone.now()
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=now)
    given = {"member": supervisor, "conversation_id": writer.conversation_id, "verdict": "concern", "at": now}
    for note in ("first", "second"):
        reviews.complete_review(**given, note=note)
    Review.objects.filter(pk=Review.objects.earliest("pk").pk).update(sealed_note=b"\x00" * 64)
    reading = selectors.read_conversation(member=supervisor, conversation_id=writer.conversation_id, at=now)
    assert sum(review.note == UNREADABLE for review in reading.reviews) == 1
    assert reading.erased is False
    Conversation.objects.update(message_key=b"")
    reading = selectors.read_conversation(member=supervisor, conversation_id=writer.conversation_id, at=now)
    assert ({review.note for review in reading.reviews}, reading.erased) == ({UNREADABLE}, False)
