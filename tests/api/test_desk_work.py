"""An integration works for a counsellor: alerts, takeovers, hand-back, close, shifts."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime

from accounts.models import ApiToken
from audit.models import Entry
from counselling.models import Takeover
from tests.api.conftest import Integration, code
from tests.people import sign_in
from tests.stories import a_client_starts, trail
from triage.alerts import ACKNOWLEDGED_FOR
from triage.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(writer):
    writer.writes("[high] I will end it")
    return Alert.objects.get(conversation_id=writer.conversation_id)


def test_alerts_are_listed_with_their_kind_level_and_message(writer, alert, desk):
    [shown] = desk.shown("alerts")
    assert (shown["id"], shown["conversation"]) == (str(alert.pk), str(writer.conversation_id))
    assert (shown["kind"], shown["level"], shown["state"], shown["message_seq"]) == (
        "risk",
        "high",
        "open",
        writer.sent[0].seq,
    )


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({}, 2),
        ({"state": "open"}, 2),
        ({"state": "resolved"}, 0),
        ({"kind": "person"}, 1),
        ({"level": "high"}, 1),
        ({"kind": "unscored"}, 0),
    ],
    ids=str,
)
def test_alerts_can_be_narrowed(clinic, clock, alert, desk, query, number):
    a_client_starts(clinic, clock).writes("hello", wishes_person=True)
    assert len(desk.shown("alerts", **query)) == number


def test_alerts_of_one_conversation_can_be_asked_for(writer, alert, desk):
    assert len(desk.shown("alerts", conversation=writer.conversation_id)) == 1
    assert desk.shown("alerts", conversation=uuid4()) == []


def test_alerts_page_without_loss(clinic, clock, desk):
    for _ in range(5):
        a_client_starts(clinic, clock).writes("[high] I will end it")
        clock.forward(seconds=1)
    first = desk.get("alerts", limit=3).json()
    rest = desk.get("alerts", limit=3, cursor=first["next_cursor"]).json()
    raised = [one["raised_at"] for one in first["results"] + rest["results"]]
    assert raised == sorted(raised, reverse=True)
    assert (len(set(raised)), rest["next_cursor"]) == (5, None)


def test_an_acknowledged_alert_says_by_whom_and_quiets_the_ladder_for_five_minutes(alert, desk, counsellor):
    answer = desk.post(f"alerts/{alert.pk}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged_by"]["id"]) == (200, str(counsellor.pk))
    quiet = parse_datetime(answer.json()["escalate_at"]) - parse_datetime(answer.json()["acknowledged_at"])
    assert quiet == ACKNOWLEDGED_FOR


def test_acknowledging_twice_changes_nothing(writer, alert, desk):
    first, again = (desk.post(f"alerts/{alert.pk}/acknowledge") for _ in range(2))
    assert first.json() == again.json()
    assert trail(writer.conversation_id).count("alert.acknowledged") == 1


class InPerson(Integration):
    """A member of staff who calls the API with their own session, as a page of the service does."""

    def __init__(self, member):
        self.client = Client(headers={})
        sign_in(self.client, member)


@pytest.fixture
def person(counsellor):
    """The counsellor of the token, in person."""
    return InPerson(counsellor)


def test_only_a_person_resolves_an_alert(writer, alert, desk, counsellor):
    """Whoever manages tokens could act as anybody: a level is lowered only by somebody who is signed in themselves."""
    answer = desk.post(f"alerts/{alert.pk}/resolve", {"resolution": "talked"})
    assert code(answer) == (403, "not_permitted")
    assert "signed in" in answer.json()["error"]["detail"]
    assert Alert.objects.get().state == "open"
    refused = Entry.objects.get(action="permission.refused")
    assert json.loads(refused.detail) == {"action": "resolve_alert", "where": "api by token"}
    assert str(ApiToken.objects.get().pk) in refused.agent_role


def test_the_trail_tells_what_a_token_did_from_what_the_person_did(writer, desk, person, counsellor):
    desk.takes_over(writer.conversation_id)
    person.says(writer.conversation_id, "This is me.")
    desk.says(writer.conversation_id, "This is a machine of ours.")
    roles = Entry.objects.filter(action__in=["conversation.taken_over", "counsellor.replied"]).order_by("pk")
    token = f"counsellor via token {ApiToken.objects.get().pk}"
    assert [entry.agent_role for entry in roles] == [token, "counsellor", token]
    assert {entry.agent_id for entry in roles} == {str(counsellor.pk)}


def test_the_first_resolution_stands(alert, desk, person):
    answer = person.post(f"alerts/{alert.pk}/resolve", {"resolution": "talked"})
    assert (answer.status_code, answer.json()["state"], answer.json()["resolution"]) == (200, "resolved", "talked")
    assert code(person.post(f"alerts/{alert.pk}/resolve", {"resolution": "plan"})) == (409, "already_resolved")
    assert code(desk.post(f"alerts/{alert.pk}/acknowledge")) == (409, "already_resolved")
    assert Alert.objects.get().resolution == "talked"


def test_an_alert_is_resolved_only_for_one_of_the_fixed_reasons(alert, person):
    answer = person.post(f"alerts/{alert.pk}/resolve", {"resolution": "the client says it was a joke"})
    assert code(answer) == (400, "bad_input")
    assert "resolution" in answer.json()["error"]["fields"]
    assert Alert.objects.get().state == "open"


def test_a_takeover_is_a_period_with_a_name(writer, desk, counsellor):
    answer = desk.takes_over(writer.conversation_id)
    assert answer.status_code == 201
    assert (answer.json()["counsellor"]["id"], answer.json()["ended_at"]) == (str(counsellor.pk), None)
    assert desk.shown("takeovers", open="true") == [answer.json()]
    assert desk.shown("takeovers", open="false") == []


def test_taking_over_what_one_holds_already_changes_nothing(writer, desk):
    first, again = (desk.takes_over(writer.conversation_id) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_second_to_take_over_is_told_who_was_first(writer, desk, counsellor, second_counsellor, integration):
    desk.takes_over(writer.conversation_id)
    answer = integration(second_counsellor).takes_over(writer.conversation_id)
    assert code(answer) == (409, "held_by_another")
    assert answer.json()["error"]["holder"] == {"id": str(counsellor.pk), "name": "Counsellor One"}


def test_takeovers_can_be_narrowed(clinic, clock, writer, desk, counsellor, supervisor):
    desk.takes_over(writer.conversation_id)
    desk.takes_over(a_client_starts(clinic, clock).conversation_id)
    assert len(desk.shown("takeovers")) == 2
    assert len(desk.shown("takeovers", conversation=writer.conversation_id)) == 1
    assert len(desk.shown("takeovers", counsellor=counsellor.pk)) == 2
    assert desk.shown("takeovers", counsellor=supervisor.pk) == []


def test_hand_back_is_refused_while_a_grave_alert_is_unresolved(writer, alert, desk, person):
    desk.takes_over(writer.conversation_id)
    path = f"conversations/{writer.conversation_id}/hand-back"
    assert code(desk.post(path)) == (409, "alert_open")
    person.post(f"alerts/{alert.pk}/resolve", {"resolution": "talked"})
    assert desk.post(path).status_code == 204
    assert writer.conversation.state == "with_bot"
    assert code(desk.post(path)) == (409, "not_holder")


def test_closing_needs_an_outcome_and_happens_once(writer, desk):
    desk.takes_over(writer.conversation_id)
    path = f"conversations/{writer.conversation_id}/close"
    assert code(desk.post(path, {})) == (400, "bad_input")
    assert code(desk.post(path, {"disposition": "whatever"})) == (400, "bad_input")
    assert desk.post(path, {"disposition": "appointment"}).status_code == 204
    assert (writer.conversation.state, writer.conversation.disposition) == ("closed", "appointment")
    assert code(desk.post(path, {"disposition": "appointment"})) == (409, "closed")
    assert code(desk.takes_over(writer.conversation_id)) == (409, "closed")


def test_a_shift_is_started_and_ended_and_seen(desk, counsellor):
    assert desk.get("shifts").json() == {"on_shift": []}
    assert desk.post("shifts", {"on": True}).json() == {"on": True}
    assert [one["id"] for one in desk.get("shifts").json()["on_shift"]] == [str(counsellor.pk)]
    assert desk.post("shifts", {"on": False}).json() == {"on": False}
    assert desk.get("shifts").json() == {"on_shift": []}


@pytest.mark.parametrize("path", ["alerts", "takeovers"])
def test_lists_cost_the_same_however_long_they_are(clinic, clock, desk, path):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.shown(path)
        return len(captured)

    def taken_over(number: int) -> None:
        for _ in range(number):
            writer = a_client_starts(clinic, clock)
            writer.writes("[high] I will end it")
            desk.takes_over(writer.conversation_id)

    taken_over(1)
    desk.shown(path)
    few = cost()
    taken_over(5)
    assert (cost(), Takeover.objects.count()) == (few, 6)


@pytest.mark.parametrize("path", ["alerts/{}/acknowledge", "conversations/{}/hand-back"])
def test_what_is_not_there_is_unknown(desk, path):
    assert code(desk.post(path.format(uuid4()))) == (404, "unknown")


@pytest.mark.parametrize("path", ["alerts/7/acknowledge", "conversations/not-an-id", "nothing"])
def test_an_address_that_does_not_exist_is_not_found(desk, path):
    assert desk.get(path).status_code == 404
