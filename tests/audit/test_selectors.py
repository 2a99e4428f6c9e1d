"""Pages of the trail: complete, in order, of one clinic only, and safe against invented cursors."""

import base64
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from audit import selectors, trail
from audit.models import Entry
from audit.selectors import BadCursor, Filters
from tests.audit.acts import AT, CLINIC, CONVERSATION, OTHER, reply, takeover

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _lived_in(db, conversation, clinic):
    """Seven entries of a conversation, three of its clinic, one of another clinic with the same conversation number."""
    trail.record(conversation, *[reply(number) for number in range(1, 7)], at=AT)
    trail.record(conversation, takeover(), at=AT + timedelta(minutes=1))
    for hours in (0, 0, 2):
        event = trail.Event("transcript.viewed", trail.Agent("human", "member-1", "supervisor"), outcome="success")
        trail.record(clinic, event, at=AT + timedelta(hours=hours))
    trail.record(trail.clinic_stream(OTHER), takeover(), at=AT)


def all_pages(select, **arguments) -> list[Entry]:
    entries, cursor = [], ""
    for _ in range(100):
        page = select(cursor=cursor, **arguments)
        entries.extend(page.entries)
        cursor = page.next_cursor
        if not cursor:
            return entries
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_pages_of_a_conversation_are_complete_and_in_the_order_of_what_happened(size):
    entries = all_pages(selectors.entries_of_conversation, clinic_id=CLINIC, conversation_id=CONVERSATION, size=size)
    assert [entry.seq for entry in entries] == list(range(1, 8))


@pytest.mark.parametrize("size", [1, 2, 3, 10, 50])
def test_pages_of_a_clinic_are_complete_and_newest_first_even_when_moments_are_equal(size):
    entries = all_pages(selectors.entries_of_clinic, clinic_id=CLINIC, size=size)
    expected = sorted(
        Entry.objects.filter(clinic_id=CLINIC), key=lambda entry: (entry.recorded, entry.id), reverse=True
    )
    assert entries == expected
    assert len(entries) == 10


def test_a_conversation_is_shown_to_its_own_clinic_only():
    page = selectors.entries_of_conversation(clinic_id=OTHER, conversation_id=CONVERSATION)
    assert page.entries == ()
    assert page.next_cursor == ""
    assert {entry.clinic_id for entry in selectors.entries_of_clinic(clinic_id=OTHER).entries} == {OTHER}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 10),
        (Filters(actions=("bot.replied",)), 6),
        (Filters(actions=("bot.replied", "transcript.viewed")), 9),
        (Filters(agent_kind="human"), 4),
        (Filters(agent_id="member-1"), 3),
        (Filters(outcome="refused"), 0),
        (Filters(entity_kind="message", entity_id="m-2"), 1),
        (Filters(conversation_id=CONVERSATION), 7),
        (Filters(conversation_id=uuid4()), 0),
        (Filters(since=AT + timedelta(minutes=1)), 2),
        (Filters(until=AT + timedelta(minutes=1)), 8),
        (Filters(since=AT, until=AT), 0),
    ],
)
def test_filters_show_exactly_what_was_asked_for(filters, count):
    assert len(all_pages(selectors.entries_of_clinic, clinic_id=CLINIC, filters=filters, size=4)) == count


def test_an_entry_that_comes_in_while_somebody_pages_moves_nothing(clinic):
    first = selectors.entries_of_clinic(clinic_id=CLINIC, size=5)
    trail.record(clinic, takeover(), at=AT + timedelta(hours=3))
    second = selectors.entries_of_clinic(clinic_id=CLINIC, size=5, cursor=first.next_cursor)
    assert len({entry.id for entry in (*first.entries, *second.entries)}) == 10


@pytest.mark.parametrize("size", [0, -5, 10**9])
def test_an_odd_page_size_is_brought_into_range(size):
    page = selectors.entries_of_clinic(clinic_id=CLINIC, size=size)
    assert 1 <= len(page.entries) <= selectors.PAGE_LIMIT


def cursor_of(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "ä", "!!", "\x00", cursor_of(), cursor_of(1), cursor_of(1, 2, 3), cursor_of("2026", 1.5),
        cursor_of(None, None), cursor_of("2026-01-01", 1), cursor_of("2026-01-01T00:00:00Z", "1"),
        cursor_of("2026-01-01T00:00:00Z", 2**63), cursor_of("2026-01-01T00:00:00Z", -1),
        cursor_of("2026-01-01T00:00:00Z", True),
    ],
)  # fmt: skip
def test_an_invented_cursor_is_refused(cursor):
    with pytest.raises(BadCursor):
        selectors.entries_of_clinic(clinic_id=CLINIC, cursor=cursor)


@pytest.mark.parametrize("cursor", ["x", cursor_of("1"), cursor_of(1, 2), cursor_of({"seq": 1})])
def test_an_invented_cursor_of_a_conversation_is_refused(cursor):
    with pytest.raises(BadCursor):
        selectors.entries_of_conversation(clinic_id=CLINIC, conversation_id=CONVERSATION, cursor=cursor)


def test_entries_are_labelled_in_plain_words():
    entry = Entry.objects.get(action="conversation.taken_over", conversation_id=CONVERSATION)
    assert selectors.action_label(entry.action) == "A counsellor took the conversation over"
    assert selectors.action_label("future.happened") == "future.happened"
    assert selectors.detail_of(Entry.objects.filter(action="bot.replied").earliest("seq")) == {
        "key": "welcome",
        "version": 1,
    }
