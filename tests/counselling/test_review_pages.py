"""The review pages over HTTP: filters, one clinic only, every reading on the trail, a fixed number of statements."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from audit.selectors import detail_of
from counselling import reviews, selectors, takeovers
from tests.people import sign_in
from tests.stories import Clock, a_client_starts, trail
from triage import alerts
from triage.models import Alert, Conversation

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/reviews/"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(clinic, clock, settings):
    """`start(text, ...)`: a client of the clinic who has written these messages."""
    settings.RISK_SCORER = "tests.fakes.marked"

    def write(*texts, **more):
        writer = a_client_starts(clinic, clock, **more)
        for text in texts:
            writer.writes(text)
        return writer

    return write


@pytest.fixture
def reviewer(client, supervisor):
    return sign_in(client, supervisor)


def page_of(writer):
    return reverse("counselling:review", args=[writer.conversation_id])


def names(response):
    return {row.client.pseudonym for row in response.context["listing"].conversations}


def take_over(member, writer):
    takeovers.take_over(member=member, conversation_id=writer.conversation_id, at=writer.clock.now)


def review(member, writer, verdict):
    reviews.complete_review(
        member=member,
        conversation_id=writer.conversation_id,
        verdict=verdict,
        note="A note.",
        at=writer.clock.forward(seconds=5),
    )


@pytest.fixture
def told(start, counsellor, second_counsellor, supervisor):
    """One conversation of each sort, by a word for it."""
    found = {
        "quiet": start("hello"),
        "moderate": start("[moderate]a"),
        "high": start("[high]b"),
        "unscored": start("[unscored]c"),
        "closed": start("[imminent]dying is what I want, tonight"),
        "rehearsal": start("[high]e", is_rehearsal=True),
    }
    take_over(counsellor, found["high"])
    take_over(second_counsellor, found["closed"])
    alert = Alert.objects.get(conversation_id=found["closed"].conversation_id)
    at = found["closed"].clock.now
    alerts.resolve(member=second_counsellor, alert_id=alert.pk, resolution="talked", at=at)
    closed = {"member": second_counsellor, "conversation_id": found["closed"].conversation_id}
    takeovers.close_conversation(**closed, disposition="referred", at=at)
    review(supervisor, found["closed"], "unsafe")
    review(supervisor, found["closed"], "appropriate")
    review(supervisor, found["moderate"], "concern")
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "quiet moderate high unscored closed"),
        ("rehearsal=all", "quiet moderate high unscored closed rehearsal"),
        ("rehearsal=only", "rehearsal"),
        ("state=closed", "closed"),
        ("state=waiting", "moderate unscored"),
        ("level=moderate", "moderate high closed"),
        ("level=high", "high closed"),
        ("level=imminent", "closed"),
        ("level=unscored", "unscored"),
        ("alert=yes", "moderate high unscored closed"),
        ("alert=open", "moderate high unscored"),
        ("alert=no", "quiet"),
        ("takeover=yes", "high closed"),
        ("takeover=no", "quiet moderate unscored"),
        ("review=no", "quiet high unscored"),
        ("review=yes", "moderate closed"),
        ("review=appropriate", "closed"),
        ("review=unsafe", ""),
        ("review=concern&level=moderate", "moderate"),
        ("since=2026-11-24&until=2026-11-24", "quiet moderate high unscored closed"),
        ("until=2026-11-23", ""),
        ("since=2026-11-25", ""),
    ],
)
def test_each_filter_shows_what_it_says(reviewer, told, query, expected):
    answer = reviewer.get(f"{LIST}?{query}")
    assert names(answer) == {told[name].started.pseudonym for name in expected.split()}
    assert answer.context["listing"].total == len(expected.split())


def test_a_level_that_a_person_lowered_is_still_found_by_what_it_reached(reviewer, told):
    assert Conversation.objects.get(pk=told["closed"].conversation_id).level == "none"
    answer = reviewer.get(f"{LIST}?level=imminent")
    assert [row.reached_level for row in answer.context["listing"].conversations] == ["imminent"]


def test_conversations_of_one_counsellor_are_found(reviewer, told, counsellor):
    answer = reviewer.get(f"{LIST}?counsellor={counsellor.pk}")
    assert names(answer) == {told["high"].started.pseudonym}


def test_days_are_days_of_the_clinics_own_time_zone(reviewer, clinic, start):
    clinic.time_zone = "America/New_York"
    clinic.save()
    writer = start("hello")  # 03:00 in UTC is the evening before in New York
    assert names(reviewer.get(f"{LIST}?since=2026-11-23&until=2026-11-23")) == {writer.started.pseudonym}
    assert b"23 Nov 2026, 22:00" in reviewer.get(LIST).content


def test_orders_and_pages_show_everything_once(reviewer, start, clock):
    started = []
    for _ in range(selectors.PAGE_SIZE + 3):
        clock.forward(minutes=1)
        started.append(start().started.pseudonym)
    first, second = reviewer.get(LIST), reviewer.get(f"{LIST}?page=2")
    rows = [row.client.pseudonym for page in (first, second) for row in page.context["listing"].conversations]
    assert rows == started[::-1]
    assert b"Page 2 of 2" in second.content
    oldest = reviewer.get(f"{LIST}?order=oldest").context["listing"].conversations
    assert [row.client.pseudonym for row in oldest] == started[: selectors.PAGE_SIZE]
    # A page beyond the end is the last page, not an error: somebody may have kept the address.
    assert reviewer.get(f"{LIST}?page=99").context["listing"].page == 2


@pytest.mark.parametrize(
    "query",
    ["state=nowhere", "since=yesterday", "since=2026-11-20&until=2026-11-01", "page=0", "page=x", "counsellor=1"],
)
def test_a_filter_that_cannot_be_read_is_said_and_lists_nothing(reviewer, told, query):
    answer = reviewer.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert "listing" not in answer.context
    assert b"could not be narrowed" in answer.content


def test_an_empty_list_says_what_to_do(reviewer):
    assert b"No conversation yet" in reviewer.get(LIST).content
    assert b"Nothing fits these filters" in reviewer.get(f"{LIST}?level=high").content


def test_opening_the_list_records_which_conversations_were_shown(reviewer, told, supervisor):
    reviewer.get(f"{LIST}?level=high")
    entry = Entry.objects.get(action="transcript.listed")
    assert entry.agent_id == str(supervisor.pk)
    assert set(detail_of(entry)["conversations"]) == {str(told[name].conversation_id) for name in ("high", "closed")}


def test_one_time_line_tells_everything_in_order(reviewer, told):
    answer = reviewer.get(page_of(told["closed"]))
    items = answer.context["reading"].items
    told_in_order = [item.line.sender if item.line else item.action for item in items]
    assert told_in_order[:5] == ["conversation.started", "bot", "bot", "bot", "client"]
    rest = told_in_order[told_in_order.index("client") + 1 :]
    assert rest[0] == "alert.raised"
    assert [action for action in rest if action not in ("bot", "system")] == [
        "alert.raised",
        "conversation.taken_over",
        "alert.acknowledged",
        "alert.resolved",
        "conversation.closed",
        "review.completed",
        "review.completed",
    ]
    assert all(item.on_trail for item in items)


def test_the_page_shows_versions_reasons_people_and_notes(reviewer, told):
    page = reviewer.get(page_of(told["closed"])).content.decode()
    for words in (
        "welcome.hello@1",
        "<mark>dying is what I want</mark>",
        "Imminent risk",
        "Counsellor Two",
        "Referred to another service",
    ):
        assert words in page
    assert page.count("A note.") == 2
    assert "low risk" not in page.lower()


def test_reading_a_transcript_is_recorded_in_its_own_chain_with_what_was_shown(reviewer, told, supervisor):
    writer = told["quiet"]
    reviewer.get(page_of(writer))
    assert trail(writer.conversation_id)[-1] == "transcript.viewed"
    entry = Entry.objects.filter(action="transcript.viewed").latest("id")
    assert (entry.agent_id, entry.agent_role) == (str(supervisor.pk), "supervisor")
    shown = detail_of(entry)
    assert (shown["where"], shown["from_seq"], shown["to_seq"]) == ("review", 0, writer.conversation.last_seq)
    assert {"text", "reasons", "reviews"} <= set(shown["fields"])


def test_without_an_entry_there_is_no_reading(told, supervisor, clock):
    """The trail fails closed: a page that cannot be recorded is not shown."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry RENAME TO audit_entry_away")
    try:
        with pytest.raises(Exception, match="audit_entry"):
            selectors.read_conversation(member=supervisor, conversation_id=told["quiet"].conversation_id, at=clock.now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry_away RENAME TO audit_entry")


def test_the_entries_behind_it_are_shown_in_the_order_of_the_chain(reviewer, told):
    answer = reviewer.get(f"{page_of(told['closed'])}?show=trail")
    shown = [row.seq for row in answer.context["entry_rows"]]
    assert shown == list(range(1, len(shown) + 1))
    stored = Entry.objects.get(conversation_id=told["closed"].conversation_id, seq=1)
    assert bytes(stored.digest).hex() in answer.content.decode()


def test_a_long_conversation_is_read_page_by_page_without_losing_a_line(reviewer, start):
    # Each message leaves at least its receipt, its assessment and an answer: two whole pages and a bit.
    writer = start(*[f"line {number}" for number in range(selectors.ENTRIES_A_PAGE * 2 // 3 + 5)])
    address, seen, entries = page_of(writer), [], []
    for _ in range(20):
        answer = reviewer.get(address)
        reading = answer.context["reading"]
        seen += [item.line.seq for item in reading.items if item.line]
        entries += [entry.seq for entry in reading.entries if entry.action != "transcript.viewed"]
        if not reading.next_cursor:
            break
        assert len(reading.entries) == selectors.ENTRIES_A_PAGE
        address = f"{page_of(writer)}?from={reading.next_cursor}&after={reading.next_line}"
    assert seen == list(range(1, writer.conversation.last_seq + 1))
    assert entries == sorted(set(entries))


@pytest.mark.parametrize(("query", "status"), [("from=x", 400), ("after=-1", 404), ("after=1e9", 404), ("after=", 404)])
def test_an_address_that_no_page_gave_out_is_refused(reviewer, told, query, status):
    assert reviewer.get(f"{page_of(told['quiet'])}?{query}").status_code == status


def test_an_erased_conversation_still_shows_what_happened(reviewer, told):
    Conversation.objects.filter(pk=told["closed"].conversation_id).update(message_key=None)
    answer = reviewer.get(page_of(told["closed"]))
    assert b"The text of this conversation was erased." in answer.content
    assert b"A counsellor took the conversation over" in answer.content


def test_what_a_client_wrote_is_escaped(reviewer, start):
    writer = start("[high]<script>alert(1)</script>")
    page = reviewer.get(page_of(writer)).content
    assert b"<script>alert" not in page
    assert b"&lt;script&gt;" in page


def test_another_clinics_conversation_does_not_exist(reviewer, other_clinic, clock, settings, told):
    theirs = a_client_starts(other_clinic, clock)
    assert reviewer.get(page_of(theirs)).status_code == 404
    assert reviewer.post(page_of(theirs), {"verdict": "appropriate"}).status_code == 404
    assert reviewer.get(reverse("counselling:review", args=[uuid4()])).status_code == 404
    assert theirs.started.pseudonym not in names(reviewer.get(f"{LIST}?rehearsal=all"))
    assert "transcript.viewed" not in trail(theirs.conversation_id)


@pytest.mark.parametrize(
    ("role", "desk", "review_pages"),
    [("counsellor", 200, 403), ("supervisor", 200, 200), ("clinician", 403, 200), ("administrator", 403, 403)],
)
def test_each_role_opens_its_own_pages_only(client, request, start, role, desk, review_pages):
    writer = start("hello")
    sign_in(client, request.getfixturevalue(role))
    assert client.get("/desk/").status_code == desk
    assert client.get(LIST).status_code == review_pages
    assert client.get(page_of(writer)).status_code == review_pages


def test_nobody_reads_without_signing_in(client, start):
    writer = start("hello")
    for address in ("/desk/", LIST, page_of(writer)):
        assert client.get(address).status_code == 302


def test_a_review_is_given_and_shown(reviewer, told):
    answer = reviewer.post(page_of(told["quiet"]), {"verdict": "unsafe", "note": "Too slow."}, follow=True)
    assert b"Your review is stored." in answer.content
    assert [one.note for one in answer.context["reading"].reviews] == ["Too slow."]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"note": "kept words"}, b"Choose one of the three."),
        ({"verdict": "nice", "note": "kept words"}, b"Choose one of the three."),
        ({"verdict": "concern", "note": " "}, b"Say in a sentence what the concern is."),
        ({"verdict": "concern", "note": "kept words" * 401}, b"at most 4000 characters"),
    ],
)
def test_a_review_that_cannot_be_stored_says_why_and_loses_no_word(reviewer, told, said, words):
    answer = reviewer.post(page_of(told["quiet"]), said)
    assert words in answer.content
    assert said["note"].encode() in answer.content
    assert "review.completed" not in trail(told["quiet"].conversation_id)


def test_a_review_of_an_erased_conversation_is_refused_in_words(reviewer, told):
    Conversation.objects.filter(pk=told["quiet"].conversation_id).update(message_key=None)
    answer = reviewer.post(page_of(told["quiet"]), {"verdict": "concern", "note": "words"})
    assert b"was erased, and with it the place for a note" in answer.content


def statements(ask):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert ask().status_code == 200
    return len(seen)


def test_a_transcript_costs_as_many_statements_with_five_messages_as_with_fifty(reviewer, start, told):
    short, long = start(*["[high]x"] * 5), start(*["[high]x"] * 50)
    for writer in (short, long):
        for _ in range(1 if writer is short else 5):
            review(writer_reviewer(told), writer, "concern")
    reviewer.get(LIST)
    assert statements(lambda: reviewer.get(page_of(short))) == statements(lambda: reviewer.get(page_of(long)))


def writer_reviewer(told):
    return Conversation.objects.get(pk=told["closed"].conversation_id).reviews.first().reviewer


def test_a_list_costs_as_many_statements_with_five_conversations_as_with_fifty(reviewer, start, counsellor):
    for _ in range(5):
        take_over(counsellor, start("[high]x"))
    reviewer.get(LIST)
    few = statements(lambda: reviewer.get(LIST))
    for _ in range(45):
        take_over(counsellor, start("[high]x"))
    assert statements(lambda: reviewer.get(LIST)) == few


def test_no_word_of_a_client_or_a_note_reaches_the_trail(reviewer, start):
    writer = start("[high]my very secret words")
    reviewer.post(page_of(writer), {"verdict": "concern", "note": "quoting secret words"})
    reviewer.get(LIST)
    reviewer.get(page_of(writer))
    assert not [entry.action for entry in Entry.objects.all() if "secret" in json.dumps(entry.detail)]


def test_the_desk_page_holds_nothing_of_a_client_and_starts_no_shift(client, counsellor, start):
    writer = start("[high]my very secret words")
    answer = sign_in(client, counsellor).get("/desk/")
    assert b"secret" not in answer.content
    assert writer.started.pseudonym.encode() not in answer.content
    assert not Entry.objects.filter(action="shift.started").exists()
    assert "style=" not in answer.content.decode()


def test_pages_are_never_kept_in_a_cache(reviewer, told):
    for address in ("/desk/", LIST, page_of(told["quiet"])):
        assert "no-store" in reviewer.get(address)["Cache-Control"]


def test_waiting_before_a_takeover_is_told(reviewer, start, counsellor, clock):
    writer = start("[high]x")
    clock.forward(seconds=95)
    take_over(counsellor, writer)
    assert b"after 1 min 35 s of waiting" in reviewer.get(page_of(writer)).content
