"""The main job seen by two people at once: a client at a phone and at a desktop, a counsellor at the desk, a review."""

import pytest
from playwright.sync_api import expect

from counselling.models import Takeover
from tests.browser.client_pages import DESK, PHONE, riverside, visit
from tests.browser.desks import SIZES
from tests.people import session_of
from tests.stories import trail
from triage.models import Conversation

__all__ = ["riverside", "visit"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-main")]

RISKY = "I want to kill myself tonight, I have the pills here"


# ruff: noqa: F811 - pytest finds fixtures by the name of the argument
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "wide"])
def test_a_client_and_a_counsellor_meet(
    visit,
    desk_of,
    browser,
    asgi_server,
    clinic,
    counsellor,
    supervisor,
    shots,
    axe,
    scheme,
    viewport,  # noqa: F811
):
    name = f"main-{'phone' if viewport is PHONE else 'wide'}-{scheme}"
    desk = desk_of(counsellor, color_scheme=scheme)
    desk.get_by_role("button", name="Start my shift").click()

    # At three in the morning somebody opens the page, and the bot answers.
    client = visit(viewport=viewport, color_scheme=scheme)
    client.opens()
    expect(client.page.get_by_role("button", name="Start chatting")).to_be_visible()
    shots(client.page, f"{name}-client-start")
    client.starts()
    client.writes("hi, I can't sleep")
    client.sees_sent("hi, I can't sleep")
    shots(client.page, f"{name}-client-bot")

    # A message of concern: the card at once, and the alert on the desk.
    client.writes(RISKY)
    client.sees("I have asked our team to join you here.")
    conversation = Conversation.objects.get()
    card = desk.locator(f'.card[data-id="{conversation.pk}"]')
    expect(card).to_contain_text("risk")
    card.click()
    shots(client.page, f"{name}-client-card")
    axe(client.page)

    # The counsellor takes over; the client sees who is there, and both write.
    desk.get_by_role("button", name="Take over").first.click()
    client.sees_at_top(counsellor.user.name)
    desk.get_by_label("Write to the client").fill("I am here with you. Are you somewhere safe?")
    desk.keyboard.press("Enter")
    client.sees("I am here with you. Are you somewhere safe?")
    client.writes("I am in my kitchen")
    expect(desk.locator(".line-client", has_text="I am in my kitchen")).to_be_visible()
    assert not desk.problems  # before the tools below bring styles of their own
    shots(client.page, f"{name}-client-counsellor")
    shots(desk, f"{name}-desk-held")
    axe(desk)

    period = Takeover.objects.get()
    assert not conversation.messages.filter(sender="bot", seq__gt=period.from_seq).exists()

    # Afterwards a supervisor reads the time line, and that is on the trail too.
    width, height = SIZES["wide" if viewport is DESK else "phone"]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.add_cookies([{"name": "staff_session", "value": session_of(supervisor), "url": asgi_server.url}])
    review = context.new_page()
    review.goto(f"{asgi_server.url}/reviews/{conversation.pk}/")
    expect(review.get_by_text("I am in my kitchen")).to_be_visible()
    shots(review, f"{name}-review")
    axe(review)
    context.close()
    assert "transcript.viewed" in trail(conversation.pk)
