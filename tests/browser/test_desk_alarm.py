"""Alarm and connection of the desk: nobody waits unseen, and what broke off is made up for exactly."""

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

from counselling import escalation, shifts, takeovers
from tests.browser.desks import card_of, line, lines
from triage import alerts
from triage.models import Alert, Message

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def take_over(member, writer):
    return takeovers.take_over(member=member, conversation_id=writer.conversation_id, at=writer.clock.now)


def field(page):
    return page.get_by_label("Write to the client")


def counsellor_lines(writer):
    return [text for sender, text in writer.reads() if sender == "counsellor"]


def test_opening_the_desk_changes_nobodys_shift_and_two_tabs_agree(desk_of, counsellor):
    first, second = desk_of(counsellor), desk_of(counsellor)
    expect(first.get_by_text("You are off shift")).to_be_visible()
    assert not shifts.on_shift(counsellor)
    first.get_by_role("button", name="Start my shift").click()
    expect(second.get_by_role("button", name="End my shift")).to_be_visible()
    second.close()
    expect(first.get_by_text("You are on shift")).to_be_visible()
    assert shifts.on_shift(counsellor)


def test_an_alert_sounds_again_and_again_until_somebody_acts(desk_of, writer, counsellor, second_counsellor):
    page = desk_of(counsellor)
    expect(page.get_by_text("You will not hear new alerts.")).to_be_visible()
    page.evaluate("document.addEventListener('desk:ring', () => { document.body.title += 'ring '; })")
    page.get_by_role("button", name="Turn sound on").click()
    expect(page.locator("#desk[data-sound=on]")).to_be_attached()
    writer.writes("[high]I will end it")
    expect(page).to_have_title(re.compile(r"^\(1\) Alert — Desk"))
    expect(page.locator("[data-desk=announce]")).to_contain_text(f"{writer.started.pseudonym}: High risk")
    assert "icon-alert" in page.locator('link[rel="icon"]').get_attribute("href")
    expect(page.locator("body")).to_have_attribute("title", re.compile("ring ring"), timeout=20_000)
    alert = Alert.objects.get(conversation_id=writer.conversation_id)
    alerts.acknowledge(member=second_counsellor, alert_id=alert.pk, at=writer.clock.now)
    expect(page).to_have_title(re.compile("^Desk"))
    assert "icon-alert" not in page.locator('link[rel="icon"]').get_attribute("href")
    expect(card_of(page, writer)).to_contain_text("Alert acknowledged by Counsellor Two")


def test_a_muted_desk_says_for_how_long_and_can_be_heard_again(desk_of, counsellor):
    page = desk_of(counsellor)
    page.get_by_role("button", name="Turn sound on").click()
    page.get_by_role("button", name="Mute for 3 minutes").click()
    expect(page.get_by_text(re.compile(r"Muted for (3 min 00 s|2 min 5\d s)"))).to_be_visible()
    page.get_by_role("button", name="Sound on now").click()
    expect(page.get_by_text("Sound is on")).to_be_visible()


def test_on_a_phone_an_alert_elsewhere_stays_in_sight(desk_of, writer, another, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor, size="phone")
    card_of(page, writer).click()
    another.writes("[imminent]now")
    expect(page.get_by_text(f"{another.started.pseudonym} waits: Imminent risk")).to_be_visible()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("heading", name=another.started.pseudonym)).to_be_visible()
    page.go_back()
    expect(card_of(page, another)).to_be_visible()


def test_a_lost_connection_is_said_and_exactly_what_was_missed_is_filled_in(desk_of, asgi_server, writer, counsellor):
    take_over(counsellor, writer)
    writer.writes("are you there?")
    page = desk_of(counsellor)
    card_of(page, writer).click()
    expect(page.locator(".line-client")).to_have_count(1)
    asgi_server.kill()
    expect(page.get_by_text("Not connected: you are not seeing new alerts.")).to_be_visible()
    field(page).fill("Yes, I am here.")
    page.keyboard.press("Enter")
    field(page).fill("I will stay.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not sent yet.")).to_have_count(2)
    writer.writes("hello?")
    asgi_server.restart()
    expect(page.get_by_text("Not connected: you are not seeing new alerts.")).to_be_hidden(timeout=30_000)
    expect(page.get_by_text("Not sent yet.")).to_have_count(0)
    expect(page.get_by_text("1 line was written meanwhile")).to_be_visible()
    expect(page.locator(".line-counsellor").get_by_text("Sent ✓")).to_have_count(2)
    assert counsellor_lines(writer) == ["Yes, I am here.", "I will stay."]
    expect(page.locator(".line-counsellor")).to_have_count(2)
    shown = lines(page)
    assert shown == list(range(1, writer.conversation.last_seq + 1))


def test_a_line_that_is_refused_goes_back_to_the_draft(desk_of, writer, counsellor, second_counsellor):
    take_over(counsellor, writer)

    def blind(page):
        # This desk does not learn that the conversation was handed back in another tab.
        def connect(ws):
            server = ws.connect_to_server()
            count = []

            def pass_on(text):
                if '"type":"queue"' in text:
                    count.append(1)
                if len(count) < 2 or '"type":"queue"' not in text:
                    ws.send(text)

            server.on_message(pass_on)

        page.route_web_socket("**/ws/desk/", connect)

    page = desk_of(counsellor, before=blind)
    card_of(page, writer).click()
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    field(page).fill("one more thing")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not sent: You do not hold this conversation.")).to_be_visible()
    page.get_by_role("button", name="Back to the draft").click()
    expect(field(page)).to_have_value("one more thing")
    assert not Message.objects.filter(conversation_id=writer.conversation_id, sender="counsellor").exists()


def test_two_tabs_of_one_counsellor_show_the_same_lines_once(desk_of, writer, counsellor):
    take_over(counsellor, writer)
    first, second = desk_of(counsellor), desk_of(counsellor)
    for page in (first, second):
        card_of(page, writer).click()
    for page, text in ((first, "from one tab"), (second, "from the other")):
        field(page).fill(text)
        field(page).press("Enter")
    for page in (first, second):
        expect(page.locator(".line-counsellor").get_by_text("Sent ✓")).to_have_count(2)
        assert lines(page) == list(range(1, writer.conversation.last_seq + 1))


def test_an_alert_that_nobody_acknowledges_shows_who_was_called_next(desk_of, writer, counsellor):
    writer.writes("[high]I will end it")
    page = desk_of(counsellor)
    for seconds, words in ((61, "Second counsellor called"), (121, "Supervisor called"), (181, "(step 3)")):
        assert escalation.escalate_due(at=writer.clock.now + timedelta(seconds=seconds)) == 1
        expect(card_of(page, writer)).to_contain_text(words)


def test_a_desk_that_a_weary_service_cannot_answer_asks_until_it_has_its_queue(desk_of, writer, counsellor):
    writer.writes("[high]I will end it")

    def weary(page):
        def connect(ws):
            server = ws.connect_to_server()
            asked = []

            def pass_on(text):
                frame = json.loads(text)
                if frame["type"] == "hello" and not asked:
                    asked.append(frame)
                    ws.send(json.dumps({"type": "error", "code": "unavailable", "detail": "-", "ref": frame["ref"]}))
                else:
                    server.send(text)

            ws.on_message(pass_on)

        page.route_web_socket("**/ws/desk/", connect)

    page = desk_of(counsellor, before=weary)
    expect(card_of(page, writer)).to_be_visible()


def test_a_removed_session_ends_the_desk_with_words(desk_of, writer, counsellor):
    page = desk_of(counsellor)
    counsellor.is_active = False
    counsellor.save()
    expect(page.get_by_text("You are signed out and see no alerts.")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()


def test_each_side_sees_that_the_other_is_typing(desk_of, asgi_server, writer, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    expect(line(page, 4)).to_be_visible()
    with connect(f"{asgi_server.ws_url}/ws/chat/") as socket:
        socket.send(json.dumps({"type": "hello", "token": writer.started.token, "last_seq": 99}))
        while json.loads(socket.recv(timeout=15))["type"] != "welcome":
            pass
        socket.send(json.dumps({"type": "typing"}))
        expect(page.get_by_text("The client is typing…")).to_be_visible()
        field(page).press("h")
        while json.loads(socket.recv(timeout=15)) != {"type": "typing", "sender": "counsellor"}:
            pass
