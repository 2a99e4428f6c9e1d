"""The desk in Chromium: every state it can be in, in every size and scheme, looked at by axe and by people."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from counselling import shifts, takeovers
from tests.browser.desks import SIZES, card_of, line
from tests.stories import a_client_starts
from triage import messages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def busy(clinic, clock, writer, another, counsellor, second_counsellor):
    """A desk in the small hours: three wait, one is mine, one a colleague's, one is with the bot."""
    for member in (counsellor, second_counsellor):
        shifts.start_shift(member=member, at=clock.now)
    writer.writes("hello, is this anonymous?")
    writer.writes("[high]I have written my goodbye letters and I want it to end tonight")
    another.writes("can I talk to somebody please", wishes_person=True)
    unread = a_client_starts(clinic, clock)
    unread.writes("[unscored] qwe rty")
    colleague = a_client_starts(clinic, clock, is_rehearsal=True)
    colleague.writes("[moderate]nobody would notice")
    takeovers.take_over(member=second_counsellor, conversation_id=colleague.conversation_id, at=clock.now)
    a_client_starts(clinic, clock).writes("just looking around")
    mine = a_client_starts(clinic, clock)
    mine.writes("hi there")
    ids = {"member": counsellor, "conversation_id": mine.conversation_id}
    takeovers.take_over(**ids, at=clock.now)
    messages.post_counsellor_message(
        **ids, client_ref=uuid4(), text="Hello, I am here. What is on your mind tonight?", at=clock.now
    )
    return mine


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_state_is_readable_and_accessible(desk_of, busy, writer, counsellor, shots, axe, size, scheme):
    page = desk_of(counsellor, size=size, color_scheme=scheme)

    def look(name):
        assert not page.problems
        shots(page, f"desk-{size}-{scheme}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        axe(page)
        page.problems.clear()  # axe tries a style that our policy refuses

    look("queue")
    card_of(page, writer).click()
    expect(line(page, 7)).to_be_visible()
    look("alert")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    look("acknowledged")
    if size == "phone":
        page.get_by_role("button", name="Queue").click()
    card_of(page, busy).click()
    page.get_by_label("Write to the client").fill("Take your time, I am reading.")
    expect(page.locator(".line-counsellor")).to_be_visible()
    look("mine")
    page.get_by_role("button", name="Close…").click()
    look("close")
    page.get_by_role("button", name="Keep it open").click()
    page.get_by_role("button", name="Hand back…").click()
    look("hand-back")
    page.keyboard.press("Escape")
    if page.get_by_role("button", name="Details").is_visible():
        page.get_by_role("button", name="Details").click()
        look("details")


def test_an_empty_desk_says_so(desk_of, counsellor, shots, axe):
    page = desk_of(counsellor)
    expect(page.get_by_text("Nobody waits. New alerts appear here.")).to_be_visible()
    expect(page.get_by_text("Nobody is on shift. Clients are told so.")).to_be_visible()
    shots(page, "desk-wide-light-empty")
    axe(page)


def test_a_desk_that_never_connected_does_not_look_like_a_quiet_night(desk_of, counsellor, shots, axe):
    page = desk_of(
        counsellor, ready=False, before=lambda page: page.route_web_socket("**/ws/desk/", lambda ws: ws.close())
    )
    expect(page.get_by_text("Not connected: you are not seeing new alerts.")).to_be_visible()
    expect(page.get_by_text("Loading the queue…")).to_be_visible()
    expect(page.get_by_text("Nobody waits.")).to_be_hidden()
    shots(page, "desk-wide-light-offline")
    axe(page)


def test_single_keys_are_listed_and_can_be_switched_off(desk_of, writer, counsellor, shots, axe):
    writer.writes("[high]I will end it")
    page = desk_of(counsellor)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    shots(page, "desk-wide-light-keys")
    axe(page)
    page.get_by_label("Single keys work").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(card_of(page, writer)).not_to_be_focused()
