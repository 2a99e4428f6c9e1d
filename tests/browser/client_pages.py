"""A client in front of the real page: what they see, press and write, told in their words."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from accounts.models import Clinic
from tests.live import LiveServer
from triage.models import Conversation, Message, Sender
from triage.sealing import Seal
from triage.transcripts import line_of

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PATIENCE = 20_000
# "Leave now" goes to an everyday page; tests stay on this machine.
NEUTRAL = "/health/live"


class Visitor:
    """One browser tab of a client."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.address = f"{base}/c/riverside/"
        page.set_default_timeout(PATIENCE)

    def gets_a_line_that_can_be_cut(self) -> None:
        """Call before opening: from then on `cuts_line` and `mends_line` break the socket and nothing else."""
        self._cut = False
        self._lines: list[WebSocketRoute] = []

        def relay(socket: WebSocketRoute) -> None:
            if self._cut:
                socket.close(code=1012)
                return
            self._lines.append(socket)
            socket.connect_to_server()

        self.page.route_web_socket("**/ws/chat/", relay)

    def cuts_line(self) -> None:
        self._cut = True
        for line in self._lines:
            line.close(code=1012)
        self._lines.clear()
        self.sees("Connecting again.")

    def mends_line(self) -> None:
        self._cut = False

    def opens(self, path: str = "") -> "Visitor":
        self.page.goto(self.address + path)
        self.page.evaluate("(to) => { document.documentElement.dataset.leaveTo = to; }", self.base + NEUTRAL)
        return self

    def starts(self, *, keep_key: bool = False) -> str:
        """Start a chat; returns the return key, which stays on the page only when asked for."""
        self.opens()
        self.presses("Start chatting")
        key = self.page.locator("#key-text")
        expect(key).to_have_text(expected_key())
        text = key.inner_text()
        if not keep_key:
            self.presses("I’ve saved it")
        self.sees("What would you like to do first?")
        return text

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def writes(self, text: str) -> None:
        self.page.get_by_label("Your message").fill(text)
        self.page.keyboard.press("Enter")

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).last).to_be_visible()

    def sees_sent(self, text: str) -> None:
        line = self.page.locator(".mine").filter(has_text=text)
        expect(line).to_have_count(1)
        expect(line.locator(".mark")).to_have_text("Sent")

    def sees_at_top(self, text: str) -> None:
        expect(self.page.locator("#who")).to_contain_text(text)

    def lines(self) -> list[tuple[str, str]]:
        """Writer and text of each line, from top to bottom."""
        return [
            (line.locator(".line-who").inner_text(), line.locator(".bubble").inner_text())
            for line in self.page.locator("#log .line").all()
        ]

    def own_lines(self) -> list[str]:
        return [text for who, text in self.lines() if who == "You"]

    def numbers(self) -> list[int]:
        """The sequence numbers as they stand on the page."""
        return [int(line.get_attribute("data-seq") or 0) for line in self.page.locator("#log .line").all()]

    def remembers(self) -> dict[str, Any]:
        """What the browser keeps for this page."""
        kept: dict[str, Any] = self.page.evaluate("() => ({ ...sessionStorage, ...localStorage })")
        return kept

    def token(self) -> str:
        return str(json.loads(self.remembers()["chat:riverside:session"])["token"])


def expected_key() -> Any:
    """The shape of a return key, for `expect`."""
    import re

    return re.compile(r"^([0-9A-Z]{4}-){4}[0-9A-Z]{4}$")


def the_conversation() -> Conversation:
    """The latest conversation of the service."""
    return Conversation.objects.order_by("-started_at")[0]


def stored_client_texts() -> list[str]:
    """What the client wrote, as the service has stored it, in order."""
    conversation = the_conversation()
    seal = Seal(conversation.pk, conversation.message_key)
    rows = Message.objects.filter(conversation=conversation, sender=Sender.CLIENT).order_by("seq")
    return [line_of(row, seal).text for row in rows.select_related("author__user")]


@pytest.fixture
def riverside(transactional_db: None, clinic: Clinic) -> Clinic:
    """The clinic, in rows that other processes see."""
    return clinic


@pytest.fixture
def mortal_server(asgi_server: LiveServer) -> Iterator[LiveServer]:
    """The service, for a test that kills it; the next test finds it alive whatever happened."""
    yield asgi_server
    if not asgi_server.is_running():
        asgi_server.restart()


@pytest.fixture
def visit(browser: Browser, asgi_server: LiveServer, riverside: Clinic) -> Iterator[Callable[..., Visitor]]:
    """`visit()` opens a browser of its own with one tab; `visit(beside=visitor)` a further tab of the same browser.

    Fails a test in which a page broke its content policy or threw an error.
    """
    expect.set_options(timeout=PATIENCE)
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def open_tab(*, beside: Visitor | None = None, server: LiveServer | None = None, **options: Any) -> Visitor:
        if beside is None:
            contexts.append(browser.new_context(**({"viewport": PHONE} | options)))
        page = (beside.page.context if beside else contexts[-1]).new_page()
        page.on("pageerror", lambda error: broken.append(f"{error}"))
        # A frame that the clinic did not allow is refused on purpose; nothing else may meet the policy's limits.
        page.on(
            "console",
            lambda said: (
                broken.append(said.text)
                if "Content Security" in said.text and "frame-ancestors" not in said.text
                else None
            ),
        )
        return Visitor(page, (server or asgi_server).url)

    yield open_tab
    for context in contexts:
        context.close()
    assert not broken, broken
