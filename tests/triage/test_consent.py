"""Nothing is learned from a client who has not said yes, and a yes can be taken back."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Clinic
from audit.models import Entry
from tests.stories import Clock, Writer, a_client_starts
from triage import clients, consents
from triage.models import LearningConsent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock(timezone.now())


@pytest.fixture
def writer(clinic: Clinic, clock: Clock) -> Writer:
    return a_client_starts(clinic, clock)


def answers(browser: Browser, token: object, *, clinic: str = "riverside", **body: object):
    data = json.dumps({"token": token, **body})
    return browser.post(f"/c/{clinic}/consent", data, content_type="application/json")


def recorded(writer: Writer) -> list[str]:
    rows = Entry.objects.filter(entity_id=str(writer.conversation.client_id), action__startswith="consent.")
    return list(rows.order_by("pk").values_list("action", flat=True))


def test_who_says_nothing_has_said_no(writer, clinic, client):
    assert answers(client, writer.started.token).json() == {"learning": False}
    assert consents.standing({writer.conversation.client_id}) == set()
    assert recorded(writer) == []


def test_a_yes_is_kept_and_recorded_once_however_often_it_is_said(writer, client):
    for _ in range(2):
        assert answers(client, writer.started.token, learning=True).json() == {"learning": True}
    assert consents.standing({writer.conversation.client_id}) == {writer.conversation.client_id}
    assert recorded(writer) == ["consent.given"]


def test_a_yes_can_be_taken_back_and_given_again_and_each_time_stays_on_record(writer, client):
    for learning in (True, False, False, True):
        assert answers(client, writer.started.token, learning=learning).json() == {"learning": learning}
    assert recorded(writer) == ["consent.given", "consent.withdrawn", "consent.given"]
    assert LearningConsent.objects.filter(withdrawn_at__isnull=False).count() == 1


def test_the_client_who_comes_back_finds_their_answer(writer, client, clinic, clock):
    answers(client, writer.started.token, learning=True)
    back = clients.come_back(clinic=clinic, return_key=writer.started.return_key, at=clock.now)
    assert answers(client, back.token).json() == {"learning": True}


@pytest.mark.parametrize("token", ["", "nobody's"])
def test_a_stranger_can_answer_for_nobody(clinic, client, token):
    answer = answers(client, token, learning=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "unknown_key")


def test_another_clinics_page_cannot_answer_for_this_ones_client(writer, other_clinic, client):
    assert answers(client, writer.started.token, clinic="hillside", learning=True).status_code == 403
    assert recorded(writer) == []


def test_who_has_left_this_browser_is_no_longer_answered_for(writer, client, clock):
    clients.leave(token=writer.started.token, at=clock.now)
    assert answers(client, writer.started.token, learning=True).status_code == 403


@pytest.mark.parametrize("learning", ["true", 1, 0, "", [True], {}])
def test_only_true_and_false_are_answers(writer, client, learning):
    answer = answers(client, writer.started.token, learning=learning)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_answer")
    assert LearningConsent.objects.count() == 0


def test_a_consent_ends_not_before_it_began(writer, clock):
    consent = consents.give(clinic=writer.conversation.clinic, token=writer.started.token, at=clock.now)
    with pytest.raises(IntegrityError):
        LearningConsent.objects.filter(pk=consent.pk).update(withdrawn_at=clock.now - timedelta(seconds=1))


def test_two_tabs_that_say_yes_at_once_give_one_consent(writer, clinic, clock):
    together = Barrier(4)

    def one(_):
        try:
            together.wait()
            consents.give(clinic=clinic, token=writer.started.token, at=clock.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert LearningConsent.objects.count() == 1
    assert recorded(writer) == ["consent.given"]


def test_the_page_asks_with_no_as_the_answer_and_promises_nothing(clinic, client):
    html = client.get("/c/riverside/about").content.decode()
    [box] = [line for line in html.splitlines() if 'id="learning-yes"' in line]
    assert " checked" not in box
    assert "disabled" in box
    assert "If you do not choose, the answer is no." in html
