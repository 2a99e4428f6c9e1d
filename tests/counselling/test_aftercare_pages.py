"""Staff plan check-ins with a client, see what became of them, and stop them; the address is shown nowhere."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from tests.people import sign_in
from tests.stories import Clock, a_client_starts
from triage import aftercare
from triage.models import CheckIn, CheckInPlan

pytestmark = pytest.mark.django_db(transaction=True)

AGREED = {
    "reason": "after_flag", "time_zone": "Europe/Vienna", "wall_time": "10:00",
    "address": "somebody@example.invalid", "agreed": "on",
}  # fmt: skip


@pytest.fixture
def client_id(clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, Clock(timezone.now())).conversation.client_id


@pytest.fixture
def address(client_id):
    return reverse("counselling:check_ins", args=[client_id])


@pytest.fixture
def page(client, counsellor):
    return sign_in(client, counsellor)


def shown(answer):
    return " ".join(answer.content.decode().split())


def test_a_counsellor_plans_check_ins_and_the_address_is_shown_nowhere(page, address):
    assert "No check-in yet" in shown(page.get(address))
    assert page.post(address, AGREED).status_code == 302
    words = shown(page.get(address))
    assert "1 to 3 of 3 check-ins" in words
    assert words.count("Still to come</td>") == 3
    assert "somebody@" not in words
    assert Entry.objects.filter(action="check_in.planned").count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agreed": ""}, "only when the client has agreed"),
        ({"time_zone": "Nowhere"}, "This time zone is not known."),
        ({"address": "somebody"}, "not a complete e-mail address"),
        ({"reason": "after_treatment"}, "at least a week away"),
        ({"wall_time": "later"}, "Enter a valid time."),
    ],
)
def test_imp_13_what_cannot_be_planned_is_said_beside_its_field_and_nothing_is_stored(page, address, change, said):
    answer = page.post(address, AGREED | change)
    assert answer.status_code == 400
    assert said in shown(answer)
    assert "Nothing was stored" in shown(answer)
    assert not CheckInPlan.objects.exists()


def test_planning_the_same_twice_is_refused_with_what_to_do(page, address):
    page.post(address, AGREED)
    assert "Stop these first." in shown(page.post(address, AGREED))
    assert CheckInPlan.objects.count() == 1


def test_bot_9_one_click_stops_them_all(page, address, client_id):
    page.post(address, AGREED)
    answer = page.post(reverse("counselling:check_ins_stop", args=[client_id]), follow=True)
    assert "all check-ins are stopped" in shown(answer)
    assert "Stop all check-ins" not in shown(answer)
    assert not CheckIn.objects.filter(stopped_at=None).exists()


def test_the_list_is_narrowed_and_ordered_and_says_when_nothing_fits(page, address):
    page.post(address, AGREED)
    aftercare.mark_missed(at=CheckIn.objects.get(number=1).due_at + timedelta(hours=24))
    assert "1 to 1 of 1 check-in<" in shown(page.get(address, {"show": "missed"}))
    assert "Not sent: a task asks a person to look" in shown(page.get(address, {"show": "missed"}))
    assert "Nothing fits these filters" in shown(page.get(address, {"show": "answered"}))
    numbers = [row.number for row, _ in page.get(address, {"order": "due_last"}).context["rows"]]
    assert numbers == [3, 2, 1]
    assert page.get(address, {"show": "everything"}).status_code == 400


def test_another_clinics_client_is_unknown(client, other_counsellor, address):
    assert sign_in(client, other_counsellor).get(address).status_code == 404
    assert client.post(address, AGREED).status_code == 404


def test_a_missed_check_in_is_a_task_that_leads_to_the_clients_check_ins(page, address):
    page.post(address, AGREED)
    aftercare.mark_missed(at=CheckIn.objects.get(number=1).due_at + timedelta(hours=24))
    words = shown(page.get(reverse("counselling:care")))
    assert "Look at a check-in that was missed" in words
    assert address in words
