"""The review pages in Chromium: readable, without JavaScript, and on a phone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from counselling import reviews, takeovers
from tests.browser.desks import PAGE_SIZES
from tests.stories import Clock, a_client_starts
from triage import alerts, messages
from triage.models import Alert

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def told(clinic, counsellor, supervisor, settings):
    """A conversation with everything in it: bot, alert, takeover, resolution, hand-back, a review."""
    settings.RISK_SCORER = "tests.fakes.marked"
    clock = Clock(timezone.now() - timedelta(minutes=20))
    writer = a_client_starts(clinic, clock)
    a_client_starts(clinic, clock).writes("hello")
    writer.writes("hello, is this anonymous?")
    writer.writes("[high] I have written my goodbye letters")
    at, ids = clock.now, {"member": counsellor, "conversation_id": writer.conversation_id}
    takeovers.take_over(**ids, at=at)
    messages.post_counsellor_message(**ids, client_ref=uuid4(), text="I am here. Are you safe right now?", at=at)
    writer.writes("my sister is with me now")
    alert = Alert.objects.get(conversation_id=writer.conversation_id)
    alerts.resolve(member=counsellor, alert_id=alert.pk, resolution="plan", at=clock.forward(seconds=30))
    takeovers.close_conversation(**ids, disposition="safety_plan", at=clock.forward(seconds=5))
    reviews.complete_review(
        member=supervisor,
        conversation_id=writer.conversation_id,
        verdict="concern",
        note="The second question could have come sooner.",
        at=clock.forward(seconds=60),
    )
    return writer


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_list_time_line_and_entries_are_readable_in_every_size_and_scheme(
    page_of, told, supervisor, axe, shots, size, scheme
):
    views = {
        "list": "/reviews/",
        "empty": "/reviews/?level=imminent",
        "range": "/reviews/?since=2026-11-20&until=2026-11-01",
        "timeline": f"/reviews/{told.conversation_id}/",
        "entries": f"/reviews/{told.conversation_id}/?show=trail",
    }
    for name, path in views.items():
        page = page_of(supervisor, path, size=size, color_scheme=scheme)
        shots(page, f"review-{size}-{scheme}-{name}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


def test_a_review_is_given_without_javascript(page_of, told, clinician):
    page = page_of(clinician, "/reviews/", java_script_enabled=False)
    page.get_by_role("link", name=told.conversation.client.pseudonym).click()
    page.get_by_label("Unsafe").check()
    page.get_by_role("button", name="Store the review").click()
    expect(page.get_by_text("Say in a sentence what the concern is.")).to_be_visible()
    expect(page.get_by_label("Unsafe")).to_be_checked()
    page.get_by_label("Note").fill("The safety question was asked late.")
    page.get_by_role("button", name="Store the review").click()
    expect(page.get_by_text("Your review is stored.")).to_be_visible()
    expect(page.get_by_role("article").first).to_contain_text("The safety question was asked late.")
