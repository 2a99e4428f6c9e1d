"""Switching scoring off and on over HTTP, what the desk hears of it, and drift notices until they were seen."""

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from counselling import desk, takeovers
from tests.people import make_member, sign_in
from tests.stories import Clock, a_client_starts
from triage import switching
from triage.models import Conversation, DriftReport, ScoringSwitch, SwitchMode

pytestmark = pytest.mark.django_db(transaction=True)

OVERVIEW = "/risk-model/"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def at_work(client):
    """`at_work(member)`: the browser of that member."""
    return lambda member: sign_in(client, member)


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def page(name, *args):
    return reverse(f"counselling:risk_{name}", args=args)


def text(answer):
    return " ".join(answer.content.decode().split())


# -- The switch


def test_a_supervisor_switches_the_clinic_off_and_on_and_the_overview_says_who_and_how(
    at_work, supervisor, clinician, writer
):
    asked = text(at_work(supervisor).get(page("off")))
    assert "the model scores no message of any client of this clinic" in asked
    answer = at_work(supervisor).post(page("off"), {"mode": "all_to_people"}, follow=True)
    shown = text(answer)
    assert "Scoring is off</p>" in shown
    assert "<strong>Switched off for this clinic</strong> by Supervisor One" in shown
    assert "The model scores nothing in this clinic right now" in shown
    assert writer.writes("hello").level == "unscored"
    at_work(clinician).post(page("on"))
    assert writer.writes("hello again").level == "none"
    assert not ScoringSwitch.objects.filter(switched_on_at=None).exists()


def test_without_a_choice_nothing_is_switched_off(at_work, supervisor):
    answer = at_work(supervisor).post(page("off"), {"mode": "somehow"})
    assert (answer.status_code, "Choose one of the two." in text(answer)) == (400, True)
    assert not ScoringSwitch.objects.exists()


def test_what_is_not_off_cannot_be_switched_on_and_the_page_says_so(at_work, supervisor):
    assert "Scoring is not switched off for this clinic." in text(at_work(supervisor).get(page("on")))
    assert "Scoring is not switched off there." in text(at_work(supervisor).post(page("on"), follow=True))


def test_what_was_switched_off_for_the_whole_service_is_said_and_not_offered(at_work, supervisor, clock):
    switching.switch_off_by_command(at=clock.now)
    shown = text(at_work(supervisor).get(OVERVIEW))
    assert "Switched off for the whole service" in shown
    assert page("on") + '"' not in shown


def test_one_conversation_is_switched_off_from_its_time_line_and_back_again(at_work, supervisor, clinic, clock, writer):
    where = reverse("counselling:review", args=[writer.conversation_id])
    browser = at_work(supervisor)
    assert page("conversation_off", writer.conversation_id) in text(browser.get(where))
    asked = text(browser.get(page("conversation_off", writer.conversation_id)))
    assert f"nothing that {writer.conversation.client.pseudonym} writes here" in asked
    answer = browser.post(page("conversation_off", writer.conversation_id), {"mode": "all_to_people"})
    assert answer["Location"] == where
    assert "Scoring is off for this conversation:" in text(browser.get(where))
    assert writer.writes("hello").level == "unscored"
    assert a_client_starts(clinic, clock).writes("hello").level == "none"
    assert writer.conversation.client.pseudonym in text(browser.get(OVERVIEW))
    browser.post(page("conversation_on", writer.conversation_id))
    assert writer.writes("hello").level == "none"


def test_who_came_from_the_desk_goes_back_to_the_desk_and_never_to_another_site(at_work, supervisor, writer):
    desk = f"/desk/#{writer.conversation_id}"
    browser, path = at_work(supervisor), page("conversation_off", writer.conversation_id)
    assert f'name="next" value="{desk}"' in text(browser.get(path, {"next": desk}))
    assert browser.post(path, {"mode": "rules_only", "next": desk})["Location"] == desk
    elsewhere = browser.post(path, {"mode": "rules_only", "next": "https://elsewhere.invalid/"})
    assert elsewhere["Location"] == reverse("counselling:review", args=[writer.conversation_id])


@pytest.mark.parametrize("role", ["counsellor", "administrator"])
def test_who_may_not_switch_is_refused(at_work, clinic, writer, role):
    browser = at_work(make_member(clinic, role, "Somebody"))
    for path in (page("off"), page("conversation_off", writer.conversation_id)):
        assert browser.post(path, {"mode": "rules_only"}).status_code == 403
    assert not ScoringSwitch.objects.exists()


def test_clinicians_choose_what_happens_while_scoring_is_off(at_work, clinic, clinician, supervisor):
    at_work(clinician).post(page("mode"), {"mode": "rules_only"})
    clinic.refresh_from_db()
    assert clinic.switch_off_mode == "rules_only"
    assert at_work(clinician).post(page("mode"), {"mode": ""}).status_code == 400
    assert SwitchMode.RULES_ONLY.label in text(at_work(supervisor).get(OVERVIEW))
    assert at_work(supervisor).post(page("mode"), {"mode": "all_to_people"}).status_code == 403


def test_a_clinic_that_scores_nothing_by_its_settings_says_so_everywhere(at_work, clinic, supervisor, writer):
    clinic.scoring_enabled = False
    clinic.save()
    browser = at_work(supervisor)
    assert "Scoring is off by the clinic’s settings" in text(browser.get(OVERVIEW))
    assert "by the clinic’s settings already" in text(browser.get(page("off")))
    shown = text(browser.get(reverse("counselling:review", args=[writer.conversation_id])))
    assert "nothing that the client writes raises an alert by itself" in shown
    assert desk.queue(supervisor)["scoring"] == "off_by_law"


def test_a_closed_conversation_offers_no_switch(at_work, supervisor, counsellor, writer, clock):
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=clock.now)
    takeovers.close_conversation(
        member=counsellor, conversation_id=writer.conversation_id, disposition="supported", at=clock.now
    )
    shown = text(at_work(supervisor).get(reverse("counselling:review", args=[writer.conversation_id])))
    assert page("conversation_off", writer.conversation_id) not in shown


# -- The desk


def test_the_desk_hears_how_the_clinic_is_scored(supervisor, counsellor, clock, writer):
    assert desk.queue(counsellor)["scoring"] == "model"
    switching.switch_off(member=supervisor, mode="rules_only", at=clock.now)
    assert desk.queue(counsellor)["scoring"] == "rules_only"


def test_the_desk_hears_in_which_conversation_scoring_is_off(supervisor, clinic, counsellor, clock, writer):
    other = a_client_starts(clinic, clock)
    switching.switch_off(member=supervisor, conversation_id=writer.conversation_id, mode="all_to_people", at=clock.now)
    told = {card["id"]: card["scoring_off"] for card in desk.queue(counsellor)["conversations"]}
    assert told == {str(writer.conversation_id): "all_to_people", str(other.conversation_id): None}
    switching.switch_on(member=supervisor, conversation_id=writer.conversation_id, at=clock.now)
    [card] = desk.cards([Conversation.objects.get(pk=writer.conversation_id)])
    assert card["scoring_off"] is None


@pytest.mark.parametrize("scope", ["conversation", "clinic", "everywhere"])
def test_a_desk_that_missed_every_bell_still_notices_a_switch(supervisor, clinic, clock, writer, scope):
    before = desk.fingerprint(clinic.pk)
    if scope == "everywhere":
        switching.switch_off_by_command(at=clock.now)
    else:
        conversation_id = writer.conversation_id if scope == "conversation" else None
        switching.switch_off(member=supervisor, conversation_id=conversation_id, at=clock.now)
    assert desk.fingerprint(clinic.pk) != before


# -- Drift


def test_a_drift_notice_stands_on_the_overview_until_somebody_has_seen_it(at_work, clinic, supervisor, administrator):
    figures = {"unscored_share": 0.08, "messages": 300}
    report = DriftReport.objects.create(
        clinic=clinic,
        week_start=date(2026, 11, 16),
        figures=figures,
        past_thresholds=["unscored_share"],
        made_at=timezone.now(),
    )
    told = "Many messages could not be scored: 0.08"
    shown = text(at_work(administrator).get(OVERVIEW))
    assert told in shown
    assert page("drift_seen", report.pk) not in shown
    assert at_work(supervisor).post(page("drift_seen", report.pk)).status_code == 302
    assert told not in text(at_work(supervisor).get(OVERVIEW))
    assert at_work(supervisor).post(page("drift_seen", uuid4())).status_code == 404
