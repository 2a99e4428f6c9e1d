"""An integration reads what was said, which is recorded, and writes for the counsellor who holds."""

import json
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from tests.api.conftest import code
from tests.stories import trail
from triage.models import Conversation, Message
from triage.transcripts import ERASED

pytestmark = pytest.mark.django_db


def lines(integration, writer, **query):
    answer = integration.get(f"conversations/{writer.conversation_id}/messages", **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_transcript_shows_words_and_assessment(writer, desk):
    writer.writes("[high] I cannot go on")
    line = next(one for one in lines(desk, writer)["results"] if one["sender"] == "client")
    assert line["text"] == "[high] I cannot go on"
    assert (line["assessment"]["level"], line["assessment"]["reasons"][0]["text"]) == ("high", "I cannot go on")


def test_lines_come_in_order_and_page_by_page(writer, desk):
    for text in ("one", "two", "three"):
        writer.writes(text)
    seen, after = [], 0
    while after is not None:
        page = lines(desk, writer, after=after, limit=2)
        seen += [one["seq"] for one in page["results"]]
        after = page["next_after"]
    assert seen == list(range(1, page["last_seq"] + 1))


def test_reading_past_the_head_shows_nothing_and_no_way_on(writer, desk):
    page = lines(desk, writer, after=2**31 - 1)
    assert (page["results"], page["next_after"]) == ([], None)


def test_every_reading_is_on_the_trail_of_the_conversation(writer, desk, counsellor):
    head = lines(desk, writer)["last_seq"]
    [entry] = Entry.objects.filter(action="transcript.viewed")
    assert (entry.agent_id, entry.conversation_id) == (str(counsellor.pk), writer.conversation_id)
    assert json.loads(entry.detail) == {"from_seq": 0, "to_seq": head, "where": "api"}


@pytest.mark.django_db(transaction=True)
def test_without_an_entry_nothing_is_read(writer, desk):
    """With the trail locked away nobody reads a transcript (AUD-1)."""
    refuse = "ADD CONSTRAINT full_disk CHECK (action <> 'transcript.viewed') NOT VALID"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE audit_entry {refuse}")
        try:
            with pytest.raises(IntegrityError):
                desk.get(f"conversations/{writer.conversation_id}/messages")
        finally:
            cursor.execute("ALTER TABLE audit_entry DROP CONSTRAINT full_disk")


def test_a_transcript_costs_the_same_however_long_it_is(writer, desk):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            lines(desk, writer)
        return len(captured)

    desk.takes_over(writer.conversation_id)
    writer.writes("[high] one")
    desk.says(writer.conversation_id, "I am here")
    lines(desk, writer)
    short = cost()
    for _ in range(10):
        writer.writes("[moderate] and another thing")
        desk.says(writer.conversation_id, "I hear you")
    assert cost() == short
    assert short <= 7


def test_an_erased_conversation_says_that_its_words_are_gone(writer, desk):
    writer.writes("the lighthouse keeper")
    Conversation.objects.filter(pk=writer.conversation_id).update(message_key=None)
    assert {one["text"] for one in lines(desk, writer)["results"]} == {ERASED}


def test_the_holder_writes_and_the_client_reads_it(writer, desk):
    desk.takes_over(writer.conversation_id)
    answer = desk.says(writer.conversation_id, "  I am here.\nTake your time.  ")
    assert answer.status_code == 201
    assert writer.reads()[-1] == ("counsellor", "  I am here.\nTake your time.  ")
    assert trail(writer.conversation_id)[-1] == "counsellor.replied"


def test_a_message_that_is_sent_again_is_stored_once(writer, desk):
    desk.takes_over(writer.conversation_id)
    ref = uuid4()
    first, again = (desk.says(writer.conversation_id, "I am here", ref=ref) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["seq"], again.json()) == (again.json()["seq"], {**first.json(), "repeated": True})
    assert Message.objects.filter(client_ref=ref).count() == 1


def test_nobody_writes_without_holding(writer, desk, second_counsellor, integration):
    assert code(desk.says(writer.conversation_id, "I am here")) == (409, "not_holder")
    integration(second_counsellor).takes_over(writer.conversation_id)
    assert code(desk.says(writer.conversation_id, "I am here")) == (409, "not_holder")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("x" * 4001, "too_long"),
        ("before\x00after", "bad_text"),
        ("half \ud83d", "bad_text"),
        (None, "bad_input"),
        (7, "bad_text"),
        (["I am here"], "bad_text"),
    ],
    ids=["empty", "blank", "4,001 characters", "NUL", "half a character", "null", "a number", "a list"],
)
def test_a_text_that_cannot_be_stored_whole_is_refused_with_the_reason(writer, desk, text, refused):
    desk.takes_over(writer.conversation_id)
    head = writer.conversation.last_seq
    assert code(desk.says(writer.conversation_id, text)) == (400, refused)
    assert writer.conversation.last_seq == head


@pytest.mark.parametrize("text", ["x" * 4000, "<script>alert(1)</script>", "\u202eright to left", "😀" * 2000])
def test_a_text_is_stored_exactly_as_it_was_written(writer, desk, text):
    desk.takes_over(writer.conversation_id)
    assert desk.says(writer.conversation_id, text).status_code == 201
    assert writer.reads()[-1] == ("counsellor", text)
    assert lines(desk, writer)["results"][-1]["text"] == text


def test_no_words_stand_on_the_trail(writer, desk):
    writer.writes("[high] the lighthouse keeper")
    desk.takes_over(writer.conversation_id)
    desk.says(writer.conversation_id, "the harbour master")
    lines(desk, writer)
    details = " ".join(Entry.objects.values_list("detail", flat=True))
    assert "lighthouse" not in details
    assert "harbour" not in details
