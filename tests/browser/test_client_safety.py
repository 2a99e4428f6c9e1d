"""Leaving at once, shared devices, and urgent help on the worst of days."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import Clinic
from tests.browser.client_pages import NEUTRAL, Visitor, mortal_server, riverside, the_conversation, visit
from tests.live import LiveServer
from triage import clients
from triage.models import ClientSession
from triage.states import State

__all__ = ["mortal_server", "riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
SECRET = "nobody may read this"


def started(visit: Visit) -> Visitor:
    client = visit()
    client.starts()
    client.writes(SECRET)
    client.sees_sent(SECRET)
    client.page.evaluate("(to) => { document.documentElement.dataset.leaveTo = to; }", client.base + NEUTRAL)
    return client


def has_left(client: Visitor) -> None:
    client.page.wait_for_url(f"**{NEUTRAL}")
    assert client.remembers() == {}


def session_is_over() -> bool:
    return not ClientSession.objects.filter(ended_at=None).exists()


def wait_until_session_is_over(client: Visitor) -> None:
    """The page tells the service as it goes; the service hears it a moment later."""
    for _ in range(200):
        if session_is_over():
            return
        client.page.wait_for_timeout(50)
    raise AssertionError("the session was not ended")


def test_leave_now_goes_to_an_everyday_page_and_forgets_everything(visit: Visit) -> None:
    client = started(visit)
    client.page.locator("#leave").click()
    has_left(client)
    wait_until_session_is_over(client)
    assert the_conversation().state == State.WITH_BOT


def test_the_page_is_blank_in_the_very_moment_of_leaving(visit: Visit) -> None:
    client = started(visit)
    # Read in the same turn of the page's own loop, before anything could be fetched.
    seen = client.page.evaluate(
        "() => { document.getElementById('leave').click(); return [document.body.innerText, document.title]; }"
    )
    assert seen == ["", "Weather"]


def test_back_does_not_show_the_chat(visit: Visit) -> None:
    client = started(visit)
    client.page.locator("#leave").click()
    has_left(client)
    client.page.go_back()
    assert SECRET not in client.page.content()


def test_back_to_a_chat_that_was_left_from_another_page_shows_the_start(visit: Visit) -> None:
    client = started(visit)
    client.page.locator("#more summary").click()
    client.page.get_by_role("link", name="Staying safe on this device").last.click()
    client.sees("Staying safe while you chat here")
    client.page.evaluate("(to) => { document.documentElement.dataset.leaveTo = to; }", client.base + NEUTRAL)
    client.page.locator("#leave").click()
    has_left(client)
    client.page.go_back()
    expect(client.page.get_by_role("button", name="Start chatting")).to_be_visible()
    assert SECRET not in client.page.content()


def test_shift_three_times_leaves_and_says_how_many_are_missing(visit: Visit) -> None:
    client = started(visit)
    client.page.keyboard.press("Shift")
    expect(client.page.locator("#leave-progress")).to_have_text("Leave now: press Shift 2 more times.")
    client.page.keyboard.press("Shift")
    expect(client.page.locator("#leave-progress")).to_have_text("Leave now: press Shift 1 more time.")
    client.page.keyboard.press("Shift")
    has_left(client)
    wait_until_session_is_over(client)


def test_writing_capital_letters_is_not_leaving(visit: Visit) -> None:
    client = started(visit)
    client.page.get_by_label("Your message").focus()
    for letter in "HELP":
        client.page.keyboard.press(f"Shift+{letter}")
    expect(client.page.get_by_label("Your message")).to_have_value("HELP")
    expect(client.page.locator("#leave-progress")).to_be_empty()


def test_escape_is_not_leaving(visit: Visit) -> None:
    client = started(visit)
    for _ in range(4):
        client.page.keyboard.press("Escape")
    client.sees(SECRET)


def test_leaving_works_while_the_service_is_down(visit: Visit, mortal_server: LiveServer) -> None:
    client = started(visit)
    client.page.route("**/everyday", lambda route: route.fulfill(body="everyday page", content_type="text/html"))
    client.page.evaluate("() => { document.documentElement.dataset.leaveTo = '/everyday'; }")
    mortal_server.kill()
    client.sees("Connecting again.")
    client.page.locator("#leave").click()
    client.sees("everyday page")
    assert client.remembers() == {}
    mortal_server.restart()


def test_leaving_in_one_tab_leaves_the_others_too(visit: Visit) -> None:
    one = started(visit)
    two = visit(beside=one).opens("about")
    two.page.locator("#leave").click()
    has_left(two)
    has_left(one)


def test_end_and_clear_leaves_nothing_for_the_next_person(visit: Visit) -> None:
    client = started(visit)
    token = client.token()
    client.page.get_by_label("Your message").fill("a draft")
    client.page.locator("#more summary").click()
    pseudonym = client.page.locator("#pseudonym").inner_text()
    client.presses("End and clear")
    expect(client.page.get_by_role("dialog", name="End this chat and clear it here?")).to_be_visible()
    client.page.locator("#end-yes").click()
    expect(client.page.get_by_role("button", name="Start chatting")).to_be_visible()
    assert client.remembers() == {}
    for trace in (SECRET, pseudonym, token, "a draft"):
        assert trace not in client.page.content()
    expect(client.page.locator("#text")).to_have_value("")
    wait_until_session_is_over(client)
    assert the_conversation().state == State.CLOSED
    with pytest.raises(clients.StrangerToken):
        clients.identify(token=token, at=timezone.now())
    client.starts()
    assert client.own_lines() == []


def test_ending_can_be_thought_over(visit: Visit) -> None:
    client = started(visit)
    client.page.locator("#more summary").click()
    client.presses("End and clear")
    client.presses("Keep it open")
    client.sees(SECRET)
    assert not session_is_over()


def test_the_tab_can_be_called_something_else(visit: Visit) -> None:
    client = visit()
    client.opens("safety").page.get_by_label("Call it “Notes” instead").check()
    assert client.page.title() == "Notes"
    client.opens()
    assert client.page.title() == "Notes"


# Urgent help


def test_urgent_help_works_without_script(browser: Browser, asgi_server: LiveServer, riverside: Clinic) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{asgi_server.url}/c/riverside/")
    expect(page.get_by_text("The chat needs JavaScript")).to_be_visible()
    expect(page.get_by_text("Start chatting")).to_be_hidden()
    page.locator("#urgent").click()
    page.get_by_label("Where are you?").select_option(label="Austria")
    page.get_by_role("button", name="Show numbers").click()
    expect(page.get_by_role("link", name="Call 142")).to_have_attribute("href", "tel:142")
    context.close()


def test_urgent_help_and_every_emergency_number_work_while_the_service_is_down(
    visit: Visit, mortal_server: LiveServer
) -> None:
    client = visit()
    client.opens()
    mortal_server.kill()
    client.page.locator("#urgent").click()
    client.page.get_by_label("Where are you?").select_option(label="Germany")
    expect(client.page.get_by_role("link", name="Emergency: call 112")).to_have_attribute("href", "tel:112")
    client.sees("More lines show here when the connection is back.")
    mortal_server.restart()


def test_the_country_that_a_client_names_is_kept_and_shown_in_the_chat(visit: Visit) -> None:
    client = started(visit)
    client.presses("Talk to a person")
    client.presses("Choose your country")
    expect(client.page.get_by_label("Where are you?")).to_be_focused()
    client.page.get_by_label("Where are you?").select_option(label="Austria")
    dialog = client.page.get_by_role("dialog", name="Urgent help")
    expect(dialog.get_by_role("link", name="Call 142")).to_be_visible()
    client.page.keyboard.press("Escape")
    expect(client.page.locator("#log").get_by_role("link", name="Call 142").last).to_be_visible()
    assert the_conversation().client.country == "AT"
    client.page.reload()
    expect(client.page.locator("#log").get_by_role("link", name="Call 142").last).to_be_visible()
