"""The pages of the risk model in Chromium: readable in every size and scheme, by keyboard, without a script."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.permissions import Role
from tests.browser.desks import PAGE_SIZES, card_of
from tests.people import make_member
from tests.stories import Clock, a_client_starts
from triage import setups, switching
from triage.models import DriftReport, Message, ScoringSetup, ShadowScore

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOW = {
    "levels": {
        "low": {"alpha": 0.2, "positives": 2285, "conformal": 0.8, "least": 0.0, "misses": 456, "reached": True},
        "moderate": {"alpha": 0.1, "positives": 1526, "conformal": 0.3, "least": 0.6, "misses": 296, "reached": False},
        "high": {"alpha": 0.05, "positives": 784, "conformal": 0.3, "least": 0.2, "misses": 30, "reached": True},
        "imminent": {"alpha": 0.02, "positives": 267, "conformal": 0.1, "least": 0.1, "misses": 4, "reached": True},
    },
    "on": "2026-11-20",
}


@pytest.fixture
def second_clinician(clinic):
    return make_member(clinic, Role.CLINICIAN, "Clinician Two")


@pytest.fixture
def clinics_work(clinic, clinician, second_clinician, supervisor, settings):
    """A setup in force, one in shadow with differences, a withdrawn one, a drift report, and switches that are off."""
    settings.RISK_SCORER = "tests.fakes.marked"
    clock = Clock(timezone.now() - timedelta(hours=2))
    used = setups.propose(member=clinician, at=clock.now)
    for one in (clinician, second_clinician):
        setups.approve(member=one, setup_id=used.pk, at=clock.forward(seconds=60))
    setups.promote(member=clinician, setup_id=used.pk, at=clock.forward(seconds=60))
    given_up = setups.propose(member=second_clinician, at=clock.now)
    setups.withdraw(member=second_clinician, setup_id=given_up.pk, at=clock.forward(seconds=60))
    tried = setups.propose(member=clinician, at=clock.now)
    levels = {"levels": [0.8, 0.65, 0.34, 0.11], "how": HOW, "shadow_until": clock.now}
    ScoringSetup.objects.filter(pk=tried.pk).update(**levels)
    setups.start_shadow(member=clinician, setup_id=tried.pk, at=clock.forward(seconds=60))
    setups.approve(member=clinician, setup_id=tried.pk, at=clock.now)
    for text, level in (
        ("[high] I have written my goodbye letters", "none"),
        ("I keep thinking about the bridge, and everybody tells me to sleep more", "moderate"),
        ("[moderate] nobody would notice if I was gone", "moderate"),
        ("what a lovely morning", "none"),
    ):
        a_client_starts(clinic, clock).writes(text)
        message = Message.objects.filter(sender="client").latest("pk")
        ShadowScore.objects.create(message=message, setup=tried, level=level, probability=0.5, scored_at=clock.now)
    figures = {"unscored_share": 0.08, "messages": 300, "psi": 0.31, "scored": 276}
    DriftReport.objects.create(
        clinic=clinic,
        week_start=date(2026, 11, 16),
        figures=figures,
        past_thresholds=["psi", "unscored_share"],
        made_at=clock.now,
    )
    writer = a_client_starts(clinic, clock)
    switching.switch_off(member=supervisor, conversation_id=writer.conversation_id, mode="rules_only", at=clock.now)
    return {"tried": tried, "used": used, "writer": writer}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_every_page_is_readable_in_every_size_and_scheme(
    page_of, clinics_work, clinician, second_clinician, axe, shots, size, scheme
):
    tried, writer = clinics_work["tried"].pk, clinics_work["writer"].conversation_id
    views = {
        "overview": "/risk-model/",
        "candidates": "/risk-model/candidates/",
        "nothing-fits": "/risk-model/candidates/?state=replaced",
        "propose": "/risk-model/candidates/propose/",
        "candidate": f"/risk-model/candidates/{tried}/",
        "messages": f"/risk-model/candidates/{tried}/messages/",
        "approve": f"/risk-model/candidates/{tried}/approve/",
        "not-yet": f"/risk-model/candidates/{tried}/promote/",
        "roll-back": "/risk-model/roll-back/",
        "off": "/risk-model/off/",
        "conversation": f"/reviews/{writer}/",
        "conversation-on": f"/risk-model/conversations/{writer}/on/",
    }
    for name, path in views.items():
        page = page_of(second_clinician, path, size=size, color_scheme=scheme)
        assert not page.problems, "before the screenshot and axe, which put styles of their own into the page"
        shots(page, f"risk_{size}-{scheme}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        axe(page)


def test_a_candidate_is_approved_by_keyboard_alone_and_without_a_script(page_of, clinics_work, second_clinician):
    tried = clinics_work["tried"]
    page = page_of(second_clinician, f"/risk-model/candidates/{tried.pk}/", java_script_enabled=False)
    page.get_by_role("link", name="Approve…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Approve this candidate?")).to_be_visible()
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your approval is stored.")).to_be_visible()
    expect(page.get_by_text("2 of 2 clinicians have approved.")).to_be_visible()
    page.get_by_role("link", name="Promote…").click()
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("In force. Every running process scores with it within 10 seconds.")).to_be_visible()
    assert setups.in_force(second_clinician) == tried


def test_what_was_typed_stays_where_a_share_is_refused(page_of, clinician, shots, axe):
    page = page_of(clinician, "/risk-model/candidates/propose/")
    page.get_by_label("Chosen by the share of misses we accept").check()
    page.get_by_label("Misses accepted at high").fill("lots")
    page.get_by_label("Misses accepted at imminent").fill("1.5")
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("alert")).to_contain_text("Give a percentage above 0 and at most 50")
    expect(page.get_by_label("Chosen by the share of misses we accept")).to_be_checked()
    expect(page.get_by_label("Misses accepted at high")).to_have_value("lots")
    expect(page.get_by_label("Misses accepted at imminent")).to_have_value("1.5")
    shots(page, "risk_wide-light-refused")
    axe(page)


@pytest.mark.parametrize("role", ["supervisor", "counsellor"])
def test_who_may_not_propose_gets_a_page_that_says_so(page_of, clinic, role):
    page = page_of(make_member(clinic, role, "Somebody"), "/risk-model/candidates/propose/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Propose")).to_have_count(0)


def test_an_empty_clinic_says_what_scores_and_that_nothing_waits(page_of, supervisor, shots, axe):
    page = page_of(supervisor, "/risk-model/candidates/")
    expect(page.get_by_role("heading", name="No candidate yet")).to_be_visible()
    shots(page, "risk_wide-light-empty")
    axe(page)


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_the_desk_says_while_scoring_is_off_for_the_clinic(
    desk_of, writer, counsellor, supervisor, clock, shots, axe, size, scheme
):
    page = desk_of(counsellor, size=size, color_scheme=scheme)
    expect(page.get_by_text("Scoring is off in the whole clinic")).to_be_hidden()
    switching.switch_off(member=supervisor, at=clock.now, mode="all_to_people")
    expect(page.get_by_text("Scoring is off in the whole clinic: every message calls a person.")).to_be_visible()
    shots(page, f"risk_{size}-{scheme}-desk-clinic")
    axe(page)
    switching.switch_on(member=supervisor, at=clock.now)
    expect(page.get_by_text("Scoring is off in the whole clinic")).to_be_hidden()


def test_a_supervisor_switches_one_conversation_off_from_the_desk_and_comes_back_to_it(
    desk_of, writer, another, supervisor, shots, axe
):
    writer.writes("[high] I cannot go on")
    another.writes("[high] me neither")
    page = desk_of(supervisor)
    card_of(page, writer).click()
    page.get_by_role("link", name="Switch scoring off for this conversation…").click()
    page.get_by_label("The rules of the safety net").check()
    page.get_by_role("button", name="Switch scoring off").click()
    told = page.get_by_text("Scoring is off for this conversation: only the rules of the safety net call a person.")
    expect(told).to_be_visible()
    card_of(page, another).click()
    expect(told).to_be_hidden()
    assert not page.problems
    card_of(page, writer).click()
    expect(told).to_be_visible()
    shots(page, "risk_wide-light-desk-conversation")
    axe(page)


def test_a_counsellor_sees_no_way_to_switch_scoring(desk_of, writer, counsellor):
    writer.writes("[high] I cannot go on")
    page = desk_of(counsellor)
    card_of(page, writer).click()
    expect(page.get_by_role("heading", name="Details", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Switch scoring off")).to_have_count(0)
