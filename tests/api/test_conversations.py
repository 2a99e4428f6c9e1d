"""An integration lists a clinic's conversations and looks one up."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from tests.api.conftest import code
from tests.stories import a_client_starts

pytestmark = pytest.mark.django_db


def ids(rows):
    return [row["id"] for row in rows]


def test_a_conversation_shows_where_it_stands_and_no_word_of_the_client(writer, desk):
    writer.writes("[high] the lighthouse keeper")
    answer = desk.get(f"conversations/{writer.conversation_id}")
    shown = answer.json()
    assert (shown["state"], shown["level"], shown["holder"], shown["rehearsal"]) == ("waiting", "high", None, False)
    assert (shown["alert"]["kind"], shown["alert"]["state"]) == ("risk", "open")
    assert shown["pseudonym"] == writer.conversation.client.pseudonym
    assert "lighthouse" not in answer.content.decode()


def test_the_holder_is_named(writer, desk, counsellor):
    desk.takes_over(writer.conversation_id)
    holder = desk.get(f"conversations/{writer.conversation_id}").json()["holder"]
    assert holder == {"id": str(counsellor.pk), "name": "Counsellor One", "role": "counsellor"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "waiting"}, "waiting"),
        ({"state": "with_counsellor"}, "held"),
        ({"level": "high"}, "waiting"),
        ({"alert": "open"}, "waiting"),
        ({"alert": "acknowledged"}, ""),
        ({"alert": "none"}, "held quiet rehearsed"),
        ({"rehearsal": "true"}, "rehearsed"),
        ({"rehearsal": "false", "state": "with_bot"}, "quiet"),
        ({}, "held quiet rehearsed waiting"),
    ],
    ids=str,
)
def test_filters_show_what_they_say(clinic, clock, desk, query, found):
    writers = {name: a_client_starts(clinic, clock) for name in ("quiet", "waiting", "held")}
    writers["rehearsed"] = a_client_starts(clinic, clock, is_rehearsal=True)
    writers["waiting"].writes("[high] I will end it")
    desk.takes_over(writers["held"].conversation_id)
    names = {str(one.conversation_id): name for name, one in writers.items()}
    assert sorted(names[pk] for pk in ids(desk.shown("conversations", **query))) == found.split()


def test_the_holders_conversations_can_be_asked_for(writer, desk, counsellor, supervisor):
    desk.takes_over(writer.conversation_id)
    assert ids(desk.shown("conversations", holder=counsellor.pk)) == [str(writer.conversation_id)]
    assert desk.shown("conversations", holder=supervisor.pk) == []


def test_a_stretch_of_time_includes_its_start_and_not_its_end(clinic, clock, desk):
    first = a_client_starts(clinic, clock)
    start = clock.now.isoformat()
    clock.forward(hours=1)
    second = a_client_starts(clinic, clock)
    end = clock.now.isoformat()
    assert ids(desk.shown("conversations", since=start, until=end)) == [str(first.conversation_id)]
    assert ids(desk.shown("conversations", since=end)) == [str(second.conversation_id)]
    assert ids(desk.shown("conversations", changed_since=end)) == [str(second.conversation_id)]


def test_the_order_can_be_chosen(clinic, clock, desk):
    writers = [a_client_starts(clinic, clock) for _ in range(3) if clock.forward(minutes=1)]
    started = [str(writer.conversation_id) for writer in writers]
    writers[0].writes("hello")
    assert ids(desk.shown("conversations")) == started[::-1]
    assert ids(desk.shown("conversations", order="started_at")) == started
    assert ids(desk.shown("conversations", order="-changed_at"))[0] == started[0]


@pytest.mark.parametrize("order", ["started_at", "-started_at"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_hold_every_conversation_once_though_all_began_together(clinic, clock, desk, order, size):
    every = {str(a_client_starts(clinic, clock).conversation_id) for _ in range(5)}
    seen, cursor = [], ""
    while True:
        page = desk.get("conversations", order=order, limit=size, cursor=cursor).json()
        seen += ids(page["results"])
        assert len(page["results"]) <= size
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
        a_client_starts(clinic, clock)
    assert every <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_cursor_belongs_to_its_order(clinic, clock, desk):
    for _ in range(2):
        a_client_starts(clinic, clock)
    cursor = desk.get("conversations", limit=1).json()["next_cursor"]
    assert code(desk.get("conversations", cursor=cursor, order="started_at")) == (400, "bad_cursor")


def test_the_list_that_was_shown_is_on_the_trail(writer, desk, counsellor):
    desk.shown("conversations")
    [entry] = Entry.objects.filter(action="transcript.listed")
    assert (entry.agent_id, entry.clinic_id) == (str(counsellor.pk), counsellor.clinic_id)
    assert str(writer.conversation_id) in entry.detail


def test_a_list_costs_the_same_however_long_it_is(clinic, clock, desk):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.shown("conversations")
        return len(captured)

    def waiting_conversations(number: int) -> None:
        for _ in range(number):
            a_client_starts(clinic, clock).writes("[high] I will end it")

    waiting_conversations(2)
    desk.shown("conversations")
    few = cost()
    waiting_conversations(8)
    assert cost() == few
    assert few <= 9


def test_another_clinics_conversation_is_as_unknown_as_one_that_never_was(writer, other_counsellor, integration):
    stranger = integration(other_counsellor)
    there, never = stranger.get(f"conversations/{writer.conversation_id}"), stranger.get(f"conversations/{uuid4()}")
    assert there.content == never.content
    assert code(there) == (404, "unknown")
