"""Every state of the client's pages in both schemes: nothing that axe finds, nothing that a narrow phone cuts off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Membership
from counselling import shifts, takeovers
from tests.browser.client_pages import DESK, PHONE, Visitor, mortal_server, riverside, the_conversation, visit
from tests.live import LiveServer
from triage.messages import post_counsellor_message

__all__ = ["mortal_server", "riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
Axe = Callable[[Page], None]
Shots = Callable[[Page, str], Path]

LOOKS = [
    pytest.param((PHONE, "light"), id="phone-light"),
    pytest.param((PHONE, "dark"), id="phone-dark"),
    pytest.param((DESK, "light"), id="desk-light"),
    pytest.param((DESK, "dark"), id="desk-dark"),
]
WEIGHT_LIMIT = 60_000


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, visit: Visit, axe: Axe, shots: Shots) -> tuple[Visitor, Callable[[str], None]]:
    """A visitor of one size and scheme, and `check(state)`: axe, and a picture of the state."""
    size, scheme = request.param
    client = visit(viewport=size, color_scheme=scheme)

    def check(state: str) -> None:
        axe(client.page)
        shots(client.page, f"client-{state}-{size['width']}x{size['height']}-{scheme}")

    return client, check


def test_the_start_the_key_and_the_chat(look: tuple[Visitor, Callable[[str], None]]) -> None:
    client, check = look
    client.opens()
    check("1-start")
    client.page.get_by_text("I was here before").click()
    client.page.get_by_label("Your return key").fill("wrong")
    client.presses("Open my chat")
    client.sees("We do not know this key.")
    check("2-wrong-key")
    client.starts(keep_key=True)
    check("3-key")
    client.presses("I’ve saved it")
    client.presses("Try a short exercise")
    client.sees("What would you like help with?")
    client.page.get_by_label("Your message").fill("x" * 3990)
    client.sees("10 characters left")
    check("4-chat")


def test_waiting_a_person_and_the_end(look: tuple[Visitor, Callable[[str], None]], counsellor: Membership) -> None:
    client, check = look
    shifts.start_shift(member=counsellor, at=timezone.now())
    client.starts()
    client.writes("I need somebody to talk to tonight.")
    client.sees_sent("I need somebody")
    client.page.locator("#person").click()
    client.sees_at_top("Waiting for a person")
    check("5-waiting")
    conversation = the_conversation()
    takeovers.take_over(member=counsellor, conversation_id=conversation.pk, at=timezone.now())
    client.sees_at_top("is here")
    post_counsellor_message(
        member=counsellor,
        conversation_id=conversation.pk,
        client_ref=uuid4(),
        text="Hello, I have read what you wrote. I am glad that you are here.",
        at=timezone.now(),
    )
    client.sees("I am glad that you are here.")
    check("6-with-a-person")


def test_urgent_help_and_the_reading_pages(look: tuple[Visitor, Callable[[str], None]]) -> None:
    client, check = look
    client.opens().page.locator("#urgent").click()
    client.page.get_by_label("Where are you?").select_option(label="United States")
    client.sees("Crisis Text Line")
    check("7-urgent-dialog")
    for number, path in enumerate(("urgent?country=AT", "safety", "about"), start=8):
        client.opens(path)
        check(f"{number}-{path.partition('?')[0]}")


def test_a_broken_line_and_the_end_of_a_chat(
    look: tuple[Visitor, Callable[[str], None]], counsellor: Membership
) -> None:
    client, check = look
    client.gets_a_line_that_can_be_cut()
    client.starts()
    client.cuts_line()
    client.writes("Is anybody there?")
    check("91-reconnecting")
    conversation = the_conversation()
    takeovers.take_over(member=counsellor, conversation_id=conversation.pk, at=timezone.now())
    takeovers.close_conversation(
        member=counsellor, conversation_id=conversation.pk, disposition="supported", at=timezone.now()
    )
    client.mends_line()
    client.sees("This chat has ended.")
    check("92-ended")


@pytest.mark.parametrize("width", [320, 360])
def test_nothing_is_cut_off_on_the_narrowest_phones(visit: Visit, width: int) -> None:
    client = visit(viewport={"width": width, "height": 640})
    for path in ("", "urgent?country=US", "safety", "about"):
        client.opens(path)
        assert fits(client.page, width), path
    client.starts(keep_key=True)
    assert fits(client.page, width)
    client.presses("Skip")
    client.presses("Talk to a person")
    client.sees_at_top("Waiting")
    client.page.locator("#urgent").click()
    assert fits(client.page, width)
    box = client.page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def fits(page: Page, width: int) -> bool:
    return int(page.evaluate("document.documentElement.scrollWidth")) <= width


def test_wider_spacing_of_text_loses_nothing(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.page.evaluate(
        """() => { for (const element of document.querySelectorAll('*')) {
            element.style.setProperty('letter-spacing', '0.12em');
            element.style.setProperty('word-spacing', '0.16em');
            element.style.setProperty('line-height', '1.5');
        } }"""
    )
    assert fits(client.page, PHONE["width"])
    for name in ("Leave now", "Talk to a person", "Urgent help", "Send"):
        expect(client.page.get_by_text(name, exact=True).first).to_be_in_viewport()


def test_everything_that_can_be_pressed_is_large_enough(visit: Visit) -> None:
    client = visit()
    client.starts(keep_key=True)
    for control in client.page.locator("button:visible, a.button:visible, summary:visible").all():
        box = control.bounding_box()
        assert box is not None
        if box["width"] > 1:  # what is shown only on focus has no size yet
            assert min(box["width"], box["height"]) >= 43.5, control.inner_text()


def test_help_stays_at_the_same_place_in_each_state(visit: Visit) -> None:
    client = visit()
    client.opens()
    places = [[client.page.locator(name).bounding_box() for name in ("#leave", "#person", "#urgent")]]
    for path in ("urgent", "safety", "about"):
        client.opens(path)
        places.append([client.page.locator(name).bounding_box() for name in ("#leave", "#person", "#urgent")])
    client.starts()
    places.append([client.page.locator(name).bounding_box() for name in ("#leave", "#person", "#urgent")])
    assert all(place == places[0] for place in places)


def test_the_bar_at_the_bottom_never_covers_what_has_the_focus(visit: Visit) -> None:
    client = visit(viewport={"width": 390, "height": 600})
    client.starts()
    for _ in range(12):
        client.page.keyboard.press("Tab")
        focused: Any = client.page.locator(":focus")
        if focused.count() and focused.evaluate("(element) => element.id !== 'scroll'"):
            expect(focused).to_be_in_viewport(ratio=0.9)


def test_the_chat_page_loads_less_than_60_kb_of_our_own(visit: Visit) -> None:
    client = visit()
    loaded: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if response.url.endswith((".js", ".css")):
            loaded[response.url] = len(response.body())

    client.page.on("response", weigh)
    client.starts()
    assert len(loaded) > 5
    assert sum(loaded.values()) < WEIGHT_LIMIT, loaded


def test_the_page_asks_nothing_of_any_other_site(visit: Visit) -> None:
    client = visit()
    asked: list[str] = []
    client.page.on("request", lambda request: asked.append(request.url))
    client.starts()
    client.page.locator("#urgent").click()
    assert asked
    assert all(address.startswith(client.base) for address in asked)
    assert not client.page.context.cookies()


def test_a_printed_chat_shows_the_lines_and_not_the_controls(visit: Visit, mortal_server: LiveServer) -> None:
    client = visit()
    client.starts()
    client.writes("for my doctor")
    client.sees_sent("for my doctor")
    client.page.emulate_media(media="print")
    expect(client.page.get_by_text("for my doctor")).to_be_visible()
    for name in ("#composer", "#leave", ".choices"):
        expect(client.page.locator(name).first).to_be_hidden()
