"""An integration reads reviews, the trail and its checkpoints; a supervisor's integration reviews."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import checkpoints
from audit.models import Entry
from tests.api.conftest import code
from tests.stories import a_client_starts

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(supervisor, integration):
    """An integration that acts as a supervisor."""
    return integration(supervisor)


def reviewed(office, writer, verdict="appropriate", note=""):
    return office.post("reviews", {"conversation": str(writer.conversation_id), "verdict": verdict, "note": note})


def test_a_review_is_stored_and_listed_without_its_note(writer, office, supervisor):
    answer = reviewed(office, writer, "concern", "the lighthouse was mentioned twice")
    assert answer.status_code == 201
    listed = office.get("reviews")
    assert listed.json()["results"] == [answer.json()]
    assert answer.json()["reviewer"]["id"] == str(supervisor.pk)
    assert "lighthouse" not in listed.content.decode()


def test_a_concern_needs_its_reason(writer, office):
    assert code(reviewed(office, writer, "unsafe")) == (400, "empty")
    assert office.shown("reviews") == []


def test_a_verdict_is_one_of_three(writer, office):
    assert code(reviewed(office, writer, "fine")) == (400, "bad_input")


def test_reviews_can_be_narrowed(clinic, clock, writer, office):
    reviewed(office, writer)
    reviewed(office, a_client_starts(clinic, clock), "concern", "The bot repeated itself.")
    assert len(office.shown("reviews")) == 2
    assert len(office.shown("reviews", verdict="concern")) == 1
    assert len(office.shown("reviews", conversation=writer.conversation_id)) == 1


def test_the_trail_is_shown_newest_first_with_the_digests_that_prove_it(writer, office):
    shown = office.shown("audit/entries", conversation=writer.conversation_id)
    stored = list(Entry.objects.filter(conversation_id=writer.conversation_id).order_by("-seq"))
    assert [(one["seq"], one["action"]) for one in shown] == [(entry.seq, entry.action) for entry in stored]
    assert [one["digest"] for one in shown] == [bytes(entry.digest).hex() for entry in stored]
    assert [one["previous"] for one in shown[:-1]] == [one["digest"] for one in shown[1:]]
    assert [one["detail"] for one in shown] == [json.loads(entry.detail) for entry in stored]


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"action": "message.received"}, "message.received"),
        ({"agent_kind": "model"}, "risk.assessed"),
        ({"agent_kind": "client"}, "client.started conversation.started message.received"),
        ({"outcome": "refused"}, ""),
    ],
    ids=str,
)
def test_the_trail_can_be_narrowed(writer, office, query, actions):
    writer.writes("hello")
    assert {one["action"] for one in office.shown("audit/entries", **query)} == set(actions.split())


def test_what_one_member_did_can_be_asked_for(writer, office, desk, counsellor):
    desk.takes_over(writer.conversation_id)
    shown = office.shown("audit/entries", agent=str(counsellor.pk))
    assert {one["action"] for one in shown} == {"conversation.taken_over"}


def test_the_trail_of_a_stretch_of_time_can_be_asked_for(writer, office, clock):
    start = clock.forward(hours=1)
    writer.writes("hello")
    shown = office.shown("audit/entries", since=start.isoformat(), conversation=writer.conversation_id)
    assert {one["action"] for one in shown} == {"message.received", "risk.assessed", "bot.replied"}


def test_pages_of_the_trail_hold_every_entry_once_while_reading_adds_to_it(writer, office):
    writer.writes("hello")
    every = set(Entry.objects.filter(clinic_id=writer.conversation.clinic_id).values_list("digest", flat=True))
    seen, cursor = [], ""
    while cursor is not None:
        page = office.get("audit/entries", limit=3, cursor=cursor).json()
        seen += [one["digest"] for one in page["results"]]
        cursor = page["next_cursor"]
    assert {bytes(digest).hex() for digest in every} <= set(seen)
    assert len(seen) == len(set(seen))


def test_reading_the_trail_is_itself_on_the_trail(writer, office, supervisor):
    office.shown("audit/entries", conversation=writer.conversation_id)
    [entry] = Entry.objects.filter(action="audit.viewed")
    assert (entry.agent_id, entry.conversation_id) == (str(supervisor.pk), None)
    assert json.loads(entry.detail)["where"] == "api"


def test_an_action_that_does_not_exist_is_said_to_be_wrong(office):
    answer = office.get("audit/entries", action="conversation.taken")
    assert code(answer) == (400, "bad_input")
    assert list(answer.json()["error"]["fields"]) == ["action"]


def test_another_clinics_trail_is_unknown(writer, integration, other_administrator):
    stranger = integration(other_administrator)
    assert code(stranger.get("audit/entries", conversation=writer.conversation_id)) == (404, "unknown")
    digests = {one["digest"] for one in stranger.shown("audit/entries")}
    ours = Entry.objects.filter(clinic_id=writer.conversation.clinic_id)
    assert not digests & {bytes(entry.digest).hex() for entry in ours}


def test_signed_checkpoints_are_listed_newest_first(writer, office, settings, tmp_path):
    settings.AUDIT_CHECKPOINT_DIR = tmp_path
    written = [checkpoints.write_checkpoint(at=timezone.now()) for _ in range(3)]
    shown = office.shown("audit/checkpoints")
    assert [one["number"] for one in shown] == [3, 2, 1]
    assert shown[0]["signature"] == bytes(written[2].signature).hex()
    assert shown[0]["previous"] == shown[1]["digest"]
    assert [one["number"] for one in office.shown("audit/checkpoints", before=3, limit=1)] == [2]


def test_the_trail_costs_the_same_however_long_the_page_is(writer, office):
    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            office.shown("audit/entries", limit=limit)
        return len(captured)

    for _ in range(5):
        writer.writes("hello")
    office.shown("audit/entries")
    assert cost(2) == cost(100)
