"""The safety plan in Chromium: a client writes it, finds it from the chat and the card, and nothing typed is lost."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.client_pages import DESK, PHONE, mortal_server, riverside, the_conversation, visit
from tests.people import session_of
from triage import safety_plans
from triage.models import Alert, SafetyPlanVersion

__all__ = ["mortal_server", "riverside", "visit"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [
    pytest.param(PHONE, "light", id="phone-light"),
    pytest.param(PHONE, "dark", id="phone-dark"),
    pytest.param(DESK, "light", id="desk-light"),
    pytest.param(DESK, "dark", id="desk-dark"),
]
WORDS = {
    "signs": "I stop answering my sister.\nI lie awake after three.",
    "alone": "A walk by the river, even a short one. Music from when I was sixteen.",
    "people": "Sam, next door",
    "reasons": "My dog. The garden in May.",
}


@pytest.fixture(autouse=True)
def _marked(settings):
    settings.RISK_SCORER = "tests.fakes.marked"


def box(client, label):
    return client.page.get_by_label(label, exact=True)


def saves_by_the_team(member, parts, base):
    client_id = the_conversation().client_id
    return safety_plans.save(member=member, client_id=client_id, parts=parts, base=base, at=timezone.now())


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_a_client_writes_reads_and_prints_the_plan(visit, axe, shots, counsellor, size, scheme):
    client = visit(viewport=size, color_scheme=scheme)
    name = f"plan-{size['width']}-{scheme}"

    def check(state):
        assert fits(client.page), f"{state} scrolls sideways"
        axe(client.page)
        shots(client.page, f"{name}-{state}")

    client.starts()
    client.opens("plan/")
    client.sees("You have not saved a plan yet.")
    check("1-none")
    client.presses("Begin my plan")
    box(client, "Signs that it gets harder").fill(WORDS["signs"])
    box(client, "What I can do alone").fill("x" * 2001)
    client.presses("Save my plan")
    client.sees("This part has 2001 characters; 2000 fit.")
    check("2-too-long")
    for label, key in (("What I can do alone", "alone"), ("People I can ask for help", "people")):
        box(client, label).fill(WORDS[key])
    box(client, "What I live for").fill(WORDS["reasons"])
    client.presses("Save my plan")
    client.sees("Your plan is saved.")
    check("3-saved")
    client.page.emulate_media(media="print", color_scheme="light")
    expect(client.page.get_by_text("Sam, next door").first).to_be_visible()
    for hidden in ("#leave", "#plan-change", "#plan-print"):
        expect(client.page.locator(hidden)).to_be_hidden()
    shots(client.page, f"{name}-4-print")
    client.page.emulate_media(media="screen", color_scheme=scheme)
    client.presses("Change my plan")
    box(client, "People I can ask for help").fill("Sam, and my aunt")
    saves_by_the_team(counsellor, WORDS | {"people": "Sam, next door. The night nurse."}, 1)
    client.presses("Save my plan")
    client.sees("Both plans are here.")
    expect(client.page.locator(".plan-theirs:visible")).to_have_count(1)
    expect(box(client, "People I can ask for help")).to_have_value("Sam, and my aunt")
    check("5-both")
    client.presses("Save my plan")
    client.sees("Your plan is saved.")
    assert SafetyPlanVersion.objects.count() == 3


def test_the_bot_and_the_card_lead_to_a_saved_plan(visit, axe, shots, counsellor):
    client = visit()
    client.starts()
    expect(client.page.locator(".plan-link").first).to_be_hidden()
    saves_by_the_team(counsellor, WORDS, 0)
    client.page.reload()
    client.writes("show me my safety plan")
    client.sees("Open my safety plan")
    shots(client.page, "plan-chat-link")
    client.writes("[high] I cannot go on")
    card = client.page.locator("#log .card .plan-link")
    expect(card).to_be_visible()
    axe(client.page)
    card.scroll_into_view_if_needed()
    shots(client.page, "plan-chat-card")
    client.page.locator("#urgent").click()
    expect(client.page.locator("#urgent-dialog .plan-link")).to_be_visible()
    client.presses("Close")
    card.click()
    client.sees("it is changed together with our team")
    client.sees("Sam, next door")
    expect(client.page.locator("#plan-change")).to_be_hidden()
    shots(client.page, "plan-flagged")
    client.page.get_by_role("link", name="Back to the chat").click()
    client.sees_sent("I cannot go on")


def test_a_draft_outlives_a_reload_and_a_refusal_and_goes_with_leave_now(visit):
    client = visit()
    client.starts()
    client.opens("plan/")
    client.presses("Begin my plan")
    box(client, "What I can do alone").fill("a walk")
    client.page.reload()
    client.sees("What you wrote before is still here. It is not saved yet.")
    expect(box(client, "What I can do alone")).to_have_value("a walk")
    conversation = the_conversation()
    client.page.route("**/plan/save", lambda route: route.abort())
    client.presses("Save my plan")
    client.sees("What you wrote stays in this tab.")
    client.page.unroute("**/plan/save")
    alert = Alert.objects.create(
        conversation=conversation, clinic=conversation.clinic, kind="risk", level="high", raised_at=timezone.now(),
        message_seq=1, urgency=50,
    )  # fmt: skip
    client.presses("Save my plan")
    client.sees("the plan is changed together with our team")
    expect(box(client, "What I can do alone")).to_have_value("a walk")
    assert SafetyPlanVersion.objects.count() == 0
    assert alert.pk
    assert "a walk" in str(client.remembers())
    client.page.evaluate("sessionStorage.clear()")
    client.page.reload()
    client.sees("You can see your plan while your chat is open in this tab.")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_staff_write_compare_and_are_told_of_a_save_in_between(
    visit, asgi_server, browser, axe, shots, counsellor, second_counsellor, size, scheme
):
    client = visit()
    client.starts()
    saves_by_the_team(second_counsellor, WORDS, 0)
    path = f"{asgi_server.url}/clients/{the_conversation().client_id}/plan/"
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.add_cookies([{"name": "staff_session", "value": session_of(counsellor), "url": asgi_server.url}])
    page = context.new_page()

    def check(state):
        assert fits(page), f"{state} scrolls sideways"
        axe(page)
        shots(page, f"plan-staff-{size['width']}-{scheme}-{state}")

    page.goto(path)
    check("1-write")
    page.get_by_label("4. People I can ask for help").fill("Sam, and my aunt")
    saves_by_the_team(second_counsellor, WORDS | {"people": "Sam, or Kim from work"}, 1)
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Saved now:")).to_be_visible()
    check("2-both")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("The plan is saved as version 3.")).to_be_visible()
    page.get_by_role("link", name="Version 2", exact=True).click()
    expect(page.locator("ins").first).to_be_visible()
    check("3-version")
    page.get_by_role("button", name="Save version 2 as version 4").click()
    expect(page.get_by_text("What version 2 says is saved again as version 4.")).to_be_visible()
    context.close()


def test_the_desk_leads_to_the_plan_of_the_client(visit, desk_of, counsellor):
    client = visit()
    client.starts()
    client.writes("[high] I cannot go on")
    client.sees_sent("I cannot go on")
    desk = desk_of(counsellor)
    desk.locator(
        "[data-section=waiting] button, [data-section=waiting] [role=option], [data-section=waiting] li"
    ).first.click()
    link = desk.locator("[data-part=planLink]")
    expect(link).to_have_attribute("href", f"/clients/{the_conversation().client_id}/plan/")
