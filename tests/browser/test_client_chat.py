"""A client in a real browser: starting, writing with the bot, a person who takes over, and the end."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from accounts.models import Membership
from counselling import shifts, takeovers
from tests.browser.client_pages import Visitor, expected_key, riverside, stored_client_texts, the_conversation, visit
from triage.messages import post_counsellor_message
from triage.states import State

__all__ = ["riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def says(member: Membership, text: str) -> None:
    post_counsellor_message(
        member=member, conversation_id=the_conversation().pk, client_ref=uuid4(), text=text, at=timezone.now()
    )


def test_somebody_starts_and_writes_with_the_bot(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.writes("I cannot sleep")
    client.sees_sent("I cannot sleep")
    whos = [who for who, _ in client.lines()]
    assert whos[0] == "Automated helper"
    assert whos[-1] == "Automated helper"
    assert whos.count("You") == 1
    assert client.numbers() == list(range(1, len(whos) + 1))


def test_the_return_key_is_shown_once(visit: Visit) -> None:
    client = visit()
    key = client.starts(keep_key=True)
    client.page.reload()
    expect(client.page.locator("#key-text")).to_have_text(key)
    client.presses("I’ve saved it")
    expect(client.page.locator("#key")).to_be_hidden()
    client.page.reload()
    client.sees("What would you like to do first?")
    expect(client.page.locator("#key")).to_be_hidden()
    assert key not in str(client.remembers())


def test_the_key_can_be_skipped(visit: Visit) -> None:
    client = visit()
    client.starts(keep_key=True)
    client.presses("Skip")
    expect(client.page.locator("#key")).to_be_hidden()
    expect(client.page.get_by_label("Your message")).to_be_focused()


def test_a_choice_is_an_answer_and_goes_away(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.presses("Try a short exercise")
    client.sees_sent("Try a short exercise")
    client.sees("What would you like help with?")
    assert client.page.locator(".choices").count() == 1
    assert stored_client_texts() == ["Try a short exercise"]


def test_the_circle_to_breathe_with_starts_only_when_asked(visit: Visit) -> None:
    client = visit()
    client.starts()
    for choice in ("Try a short exercise", "Settle my body", "Slow breathing"):
        client.presses(choice)
    for _ in range(6):  # introductions of the exercise, each answered by its first choice
        if client.page.locator(".breath").count():
            break
        before = client.page.locator("#log .line").count()
        client.page.locator(".choice").first.click()
        expect(client.page.locator("#log .line")).not_to_have_count(before + 1)
        expect(client.page.locator(".choice").first).to_be_visible()
    expect(client.page.locator(".breath")).to_be_visible()
    assert client.page.locator(".breath").get_attribute("data-phase") is None
    client.presses("Start the circle")
    expect(client.page.locator(".breath[data-phase='in']")).to_be_visible()
    client.presses("Stop the circle")
    assert client.page.locator(".breath").get_attribute("data-phase") is None


def test_the_whole_way_by_keyboard(visit: Visit) -> None:
    client = visit()
    page = client.opens().page
    reach(page, "Start chatting")
    page.keyboard.press("Enter")
    expect(page.locator("#key-text")).to_have_text(expected_key())
    reach(page, "I’ve saved it")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    client.sees_sent("First line")
    assert stored_client_texts() == ["First line\nsecond line"]
    expect(page.get_by_label("Your message")).to_be_focused()
    reach(page, "Talk to a person", most=3)
    page.keyboard.press(" ")
    client.sees_sent("I would like to talk to a person.")
    page.get_by_label("Your message").focus()
    reach(page, "Urgent help", most=3)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Urgent help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def reach(page: Page, name: str, *, most: int = 20) -> None:
    """Press Tab until the control called `name` has the focus, and can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.inner_text().strip() == name:
            expect(focused).to_be_in_viewport()
            return
    raise AssertionError(f"{name} was not reached by {most} tabs")


def test_a_choice_by_keyboard_leaves_the_focus_where_the_answer_comes(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.page.get_by_role("button", name="Try a short exercise").focus()
    client.page.keyboard.press("Enter")
    client.sees("What would you like help with?")
    client.sees_sent("Try a short exercise")
    expect(client.page.locator(".mine")).to_be_focused()
    client.page.keyboard.press("Tab")
    expect(client.page.locator(".choice").first).to_be_focused()


def test_a_draft_survives_a_reload(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.page.get_by_label("Your message").fill("half a thou")
    client.page.reload()
    expect(client.page.get_by_label("Your message")).to_have_value("half a thou")
    client.page.keyboard.press("Escape")
    client.page.get_by_label("Your message").press("Enter")
    client.sees_sent("half a thou")
    client.page.reload()
    client.sees("half a thou")
    expect(client.page.get_by_label("Your message")).to_have_value("")


def test_a_message_that_is_too_long_is_refused_with_the_limit_and_kept(visit: Visit) -> None:
    client = visit()
    client.starts()
    text = "🌊" * 4001
    client.writes(text)
    client.sees("A message can have 4,000 characters; this one has 4,001.")
    expect(client.page.get_by_label("Your message")).to_have_value(text)
    assert client.own_lines() == []
    client.writes("🌊" * 4000)
    client.sees_sent("🌊")
    assert stored_client_texts() == ["🌊" * 4000]


def test_a_blank_message_is_not_sent(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.writes("  \n ")
    assert client.own_lines() == []


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=document.title='broken'><b>bold</b>",
        "right\u202eto left",
        "a" * 900,
        "e\u0301\u0323\u200d\ufeff",
        "שלום, אני לא ישן",
    ],
)
def test_whatever_is_written_is_shown_as_text_and_stays_in_its_place(visit: Visit, text: str) -> None:
    client = visit(viewport={"width": 360, "height": 700})
    client.starts()
    client.writes(text)
    expect(client.page.locator(".mine .mark")).to_have_text("Sent")
    assert client.page.locator(".mine .bubble").evaluate("(line) => line.textContent") == text
    assert client.page.locator(".mine .bubble").evaluate("(line) => line.childElementCount") == 0
    assert client.page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(client.page.locator(".mine .line-who")).to_have_text("You")
    assert client.page.title() == "Chat"


def test_the_return_key_opens_the_chat_on_another_device(visit: Visit) -> None:
    first, second = visit(), visit()
    key = first.starts()
    first.writes("I will be back")
    first.sees_sent("I will be back")
    second.opens().page.get_by_text("I was here before").click()
    second.page.get_by_label("Your return key").fill("1234-wrong")
    second.presses("Open my chat")
    second.sees("We do not know this key.")
    expect(second.page.get_by_label("Your return key")).to_be_focused()
    second.page.get_by_label("Your return key").fill(key.lower().replace("-", ""))
    second.presses("Open my chat")
    second.sees("I will be back")
    assert second.lines() == first.lines()
    expect(second.page.locator("#key")).to_be_hidden()


def test_a_counsellor_joins_writes_and_hands_back(visit: Visit, counsellor: Membership) -> None:
    shifts.start_shift(member=counsellor, at=timezone.now())
    client = visit()
    client.starts()
    client.presses("Talk to a person")
    client.sees_sent("I would like to talk to a person.")
    client.sees_at_top("Waiting for a person")
    conversation = the_conversation()
    takeovers.take_over(member=counsellor, conversation_id=conversation.pk, at=timezone.now())
    client.sees_at_top("Counsellor One, Counsellor is here: a person.")
    assert client.page.locator(".choices").count() == 0
    says(counsellor, "Good morning, I am here.")
    client.sees("Good morning, I am here.")
    assert client.lines()[-1] == ("Counsellor One, Counsellor", "Good morning, I am here.")
    client.writes("Thank you")
    client.sees_sent("Thank you")
    assert client.lines()[-1] == ("You", "Thank you")
    takeovers.hand_back(member=counsellor, conversation_id=conversation.pk, at=timezone.now())
    client.sees_at_top("Automated helper: a program, not a person.")
    assert client.lines()[-1][0] == "Automated helper"


def test_asking_for_a_person_twice_asks_once_and_is_answered(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.presses("Talk to a person")
    client.sees_at_top("Waiting for a person")
    client.page.locator("#person").click()
    client.sees("Your wish for a person is with our team.")
    assert stored_client_texts() == ["I would like to talk to a person."]


def test_a_person_can_be_asked_for_before_anything_is_written(visit: Visit) -> None:
    client = visit()
    client.opens().page.locator("#person").click()
    client.sees_at_top("Waiting for a person")
    assert the_conversation().state == State.WAITING


def test_the_wish_for_a_person_works_from_every_page(visit: Visit) -> None:
    client = visit()
    client.opens("safety").page.locator("#person").click()
    client.sees_at_top("Waiting for a person")


def test_a_closed_chat_says_so_and_offers_a_new_one(visit: Visit, counsellor: Membership) -> None:
    client = visit()
    client.starts()
    conversation = the_conversation()
    takeovers.take_over(member=counsellor, conversation_id=conversation.pk, at=timezone.now())
    client.sees_at_top("is here")
    client.page.get_by_label("Your message").fill("one more thing")
    takeovers.close_conversation(
        member=counsellor, conversation_id=conversation.pk, disposition="supported", at=timezone.now()
    )
    client.sees("This chat has ended.")
    expect(client.page.get_by_label("Your message")).to_be_hidden()
    client.presses("Start a new chat")
    client.sees_at_top("Automated helper")
    # The unsent draft is still there, and the old lines are not.
    expect(client.page.get_by_label("Your message")).to_have_value("one more thing")
    assert "Counsellor" not in str(client.lines())
    client.page.get_by_label("Your message").press("Enter")
    client.sees_sent("one more thing")
    assert the_conversation().pk != conversation.pk


def test_two_tabs_of_one_chat_both_work_and_both_are_in_order(visit: Visit) -> None:
    one = visit()
    key = one.starts()
    two = visit(beside=one)
    two.opens().page.get_by_text("I was here before").click()
    two.page.get_by_label("Your return key").fill(key)
    two.presses("Open my chat")
    two.sees("What would you like to do first?")
    for number in range(4):
        writer = (one, two)[number % 2]
        writer.writes(f"line {number}")
        writer.sees_sent(f"line {number}")
    for tab in (one, two):
        tab.sees("line 3")
        expect(tab.page.locator("#log .line")).to_have_count(the_conversation().last_seq)
    assert one.lines() == two.lines()
    assert one.own_lines() == [f"line {number}" for number in range(4)]
    assert one.numbers() == sorted(set(one.numbers()))


def test_whoever_presses_before_the_page_has_fully_loaded_gets_in_all_the_same(visit: Visit) -> None:
    client = visit()
    held: list[Route] = []
    client.page.route("**/client/chat.js", lambda route: held.append(route))
    client.page.goto(client.address, wait_until="commit")
    client.presses("Start chatting")
    held[0].continue_()
    client.sees("Your key to come back")
