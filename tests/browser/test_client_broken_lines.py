"""Lines that break, services that die, phones that sleep: no line of a client is lost, doubled or out of order."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.client_pages import Visitor, mortal_server, riverside, stored_client_texts, the_conversation, visit
from tests.live import LiveServer
from triage import clients
from triage.models import Conversation
from triage.states import State

__all__ = ["mortal_server", "riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
NOT_YET = "Not sent yet. It goes out when the line is back."


def test_what_is_written_while_the_service_is_down_arrives_once_and_in_order(
    visit: Visit, mortal_server: LiveServer
) -> None:
    client = visit()
    client.starts()
    client.writes("before")
    client.sees_sent("before")
    mortal_server.kill()
    client.sees("Connecting again.")
    for text in ("one", "two", "three"):
        client.writes(text)
    expect(client.page.locator(".mine .mark").last).to_have_text(NOT_YET)
    # Reading goes on: nothing of the chat is covered or gone.
    expect(client.page.locator(".mine", has_text="before")).to_be_visible()
    mortal_server.restart()
    for text in ("one", "two", "three"):
        client.sees_sent(text)
    expect(client.page.locator("#banner")).to_be_empty()
    assert stored_client_texts() == ["before", "one", "two", "three"]
    assert client.own_lines() == ["before", "one", "two", "three"]
    expect(client.page.locator("#log .line")).to_have_count(the_conversation().last_seq)
    assert client.numbers() == sorted(set(client.numbers()))


def test_unsent_lines_survive_a_reload(visit: Visit) -> None:
    client = visit()
    client.gets_a_line_that_can_be_cut()
    client.starts()
    client.cuts_line()
    client.writes("kept")
    expect(client.page.locator(".mine .mark")).to_have_text(NOT_YET)
    assert "kept" in str(client.remembers())
    client.page.reload()
    expect(client.page.locator(".mine .bubble")).to_have_text("kept")
    client.mends_line()
    client.sees_sent("kept")
    assert stored_client_texts() == ["kept"]
    assert "kept" not in str(client.remembers())


def test_being_offline_is_said_at_once_and_coming_back_reconnects_at_once(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.page.context.set_offline(True)
    client.sees("You are offline.")
    client.writes("from the tunnel")
    client.page.context.set_offline(False)
    client.sees_sent("from the tunnel")
    expect(client.page.locator("#banner")).to_be_empty()


def test_an_acknowledgement_that_is_lost_leads_to_one_stored_line(visit: Visit) -> None:
    client = visit()
    lost = {"acks": 0}

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_page(frame: str) -> None:
            # The line breaks after the service has stored the message and before the page knows.
            if '"type":"ack"' in frame and lost["acks"] == 0:
                lost["acks"] += 1
                socket.close(code=1012)
                return
            socket.send(frame)

        server.on_message(to_page)

    client.page.route_web_socket("**/ws/chat/", relay)
    client.starts()
    client.writes("only once")
    client.sees_sent("only once")
    assert lost["acks"] == 1
    assert stored_client_texts() == ["only once"]
    assert client.own_lines() == ["only once"]


def test_lines_that_come_twice_or_with_a_gap_are_shown_once_and_whole(visit: Visit) -> None:
    client = visit()
    dropped: list[str] = []

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_page(frame: str) -> None:
            if '"type":"message","seq":2,' in frame and not dropped:
                dropped.append(frame)
                return
            socket.send(frame)
            socket.send(frame)

        server.on_message(to_page)

    client.page.route_web_socket("**/ws/chat/", relay)
    client.starts()
    client.writes("hello")
    client.sees_sent("hello")
    assert dropped
    expect(client.page.locator("#log .line")).to_have_count(the_conversation().last_seq)
    assert client.numbers() == list(range(1, the_conversation().last_seq + 1))


def test_whoever_writes_faster_than_the_service_takes_loses_nothing_and_no_order(
    visit: Visit, start_web: Callable[..., LiveServer]
) -> None:
    slow = start_web(CLIENT_FRAMES_PER_SECOND="3", CLIENT_FRAMES_BURST="2")
    client = visit(server=slow)
    client.starts()
    texts = [f"line {number}" for number in range(6)]
    for text in texts:
        client.writes(text)
    for text in texts:
        client.sees_sent(text)
    assert stored_client_texts() == texts
    assert client.own_lines() == texts


def test_a_line_that_fell_silent_is_given_up_and_opened_anew(visit: Visit) -> None:
    client = visit()
    opened: list[WebSocketRoute] = []

    def relay(socket: WebSocketRoute) -> None:
        opened.append(socket)
        server = socket.connect_to_server()
        # The first line takes what the page sends and never brings anything back after the welcome.
        if len(opened) == 1:
            server.on_message(lambda frame: socket.send(frame) if '"type":"ack"' not in frame else None)
            socket.on_message(lambda frame: server.send(frame) if '"type":"message"' not in frame else None)

    client.page.clock.install()
    client.page.route_web_socket("**/ws/chat/", relay)
    client.starts()
    client.writes("can you hear me")
    expect(client.page.locator(".mine .mark")).to_have_text("Sending…")
    client.page.clock.run_for(15_000)
    client.page.clock.resume()
    client.sees_sent("can you hear me")
    assert len(opened) == 2
    assert stored_client_texts() == ["can you hear me"]


def test_a_session_that_ended_elsewhere_is_explained_and_the_key_opens_the_chat_again(visit: Visit) -> None:
    client = visit()
    key = client.starts()
    client.writes("still there?")
    client.sees_sent("still there?")
    clients.leave(token=client.token(), at=timezone.now())
    client.page.reload()
    client.sees("This chat is not open in this browser any more.")
    expect(client.page.get_by_text("still there?")).to_have_count(0)
    client.page.get_by_text("I was here before").click()
    client.page.get_by_label("Your return key").fill(key)
    client.presses("Open my chat")
    client.sees("still there?")


def test_a_message_to_a_chat_that_has_ended_comes_back_into_the_box(visit: Visit) -> None:
    client = visit()
    client.gets_a_line_that_can_be_cut()
    client.starts()
    client.cuts_line()
    client.writes("too late")
    Conversation.objects.update(state=State.CLOSED, closed_at=timezone.now())
    client.mends_line()
    client.sees("This chat has ended.")
    client.presses("Start a new chat")
    expect(client.page.get_by_label("Your message")).to_have_value("too late")
    assert client.own_lines() == []


def test_a_start_that_does_not_reach_the_service_says_so_and_can_be_tried_again(visit: Visit) -> None:
    client = visit()
    client.opens()
    client.page.context.set_offline(True)
    client.presses("Start chatting")
    client.sees("We cannot reach the chat right now.")
    client.page.context.set_offline(False)
    client.presses("Start chatting")
    client.sees("Your key to come back")
