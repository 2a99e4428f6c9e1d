"""The chat in a frame on a clinic's own site, on a page with a strict content policy of its own."""

from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from accounts.models import Clinic
from tests.browser.client_pages import NEUTRAL, Visitor, riverside, visit
from tests.live import LiveServer

__all__ = ["riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

HOST_PAGE = """<!doctype html><html lang="en"><title>A clinic's own page</title>
<h1>Welcome to the clinic</h1>
<script src="{chat}/embed.js" data-clinic="riverside" data-label="Write to us" defer></script></html>"""


class ClinicSite(BaseHTTPRequestHandler):
    """A page that allows the chat's script and frame, and no inline style at all."""

    def __init__(self, *args: object, chat: str) -> None:
        self.chat = chat
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        page = HOST_PAGE.format(chat=self.chat).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header(
            "Content-Security-Policy", f"default-src 'none'; script-src {self.chat}; frame-src {self.chat}"
        )
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """A test's page needs no access log."""


@pytest.fixture
def clinic_site(asgi_server: LiveServer) -> Iterator[str]:
    """The origin of a clinic's site on another port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(ClinicSite, chat=asgi_server.url))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def allowed(riverside: Clinic, clinic_site: str) -> str:
    """The site, after the clinic has allowed it."""
    riverside.allowed_origins = [clinic_site]
    riverside.save()
    return clinic_site


def open_chat(page: Page, site: str) -> FrameLocator:
    page.goto(site)
    page.get_by_role("button", name="Write to us").click()
    return page.frame_locator("iframe[title='Support chat']")


def test_the_chat_opens_on_the_clinics_site_and_works_there(visit: Visit, allowed: str) -> None:
    page = visit(viewport={"width": 1280, "height": 800}).page
    chat = open_chat(page, allowed)
    chat.get_by_role("button", name="Start chatting").click()
    expect(chat.get_by_text("What would you like to do first?")).to_be_visible()
    chat.get_by_role("button", name="I’ve saved it").click()
    chat.get_by_label("Your message").fill("hello from the clinic's site")
    chat.get_by_label("Your message").press("Enter")
    expect(chat.locator(".mine .mark")).to_have_text("Sent")


def test_closing_hides_the_chat_and_opening_it_again_shows_it_as_it_was(visit: Visit, allowed: str) -> None:
    page = visit().page
    chat = open_chat(page, allowed)
    chat.get_by_role("button", name="Start chatting").click()
    chat.get_by_role("button", name="I’ve saved it").click()
    page.get_by_role("button", name="Close the chat").click()
    expect(page.locator("iframe")).to_be_hidden()
    expect(page.get_by_role("button", name="Write to us")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chat.get_by_text("What would you like to do first?")).to_be_visible()


def test_escape_closes_from_inside_the_frame_and_from_outside(visit: Visit, allowed: str) -> None:
    page = visit().page
    chat = open_chat(page, allowed)
    chat.get_by_role("button", name="Urgent help").first.click()
    page.keyboard.press("Escape")
    # The first Escape belongs to the dialog.
    expect(chat.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("iframe")).to_be_visible()
    chat.locator("#main").press("Escape")
    expect(page.locator("iframe")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("iframe")).to_be_visible()
    page.get_by_role("button", name="Close the chat").press("Escape")
    expect(page.locator("iframe")).to_be_hidden()


def test_leave_now_in_the_frame_takes_the_clinics_page_away_as_well(
    visit: Visit, allowed: str, asgi_server: LiveServer
) -> None:
    page = visit().page
    chat = open_chat(page, allowed)
    chat.get_by_role("button", name="Start chatting").click()
    expect(chat.get_by_text("What would you like to do first?")).to_be_visible()
    chat.locator("html").evaluate("(root, to) => { root.dataset.leaveTo = to; }", asgi_server.url + NEUTRAL)
    chat.locator("#leave").click()
    page.wait_for_url(f"**{NEUTRAL}")


def test_a_site_that_the_clinic_did_not_allow_gets_no_chat_but_a_way_to_it(visit: Visit, clinic_site: str) -> None:
    client = visit()
    page = client.page
    page.clock.install()
    page.goto(clinic_site)
    page.get_by_role("button", name="Write to us").click()
    page.wait_for_function("() => document.querySelector('iframe')")
    frame = page.frames[-1]
    frame.wait_for_load_state()
    assert "Start chatting" not in frame.content()
    page.clock.run_for(9000)
    expect(page.get_by_role("link", name="Open it in a new tab")).to_have_attribute("href", client.address)


def test_another_site_cannot_close_or_move_the_page(visit: Visit, allowed: str) -> None:
    page = visit().page
    open_chat(page, allowed)
    page.evaluate("() => window.postMessage({ type: 'chat:leave', to: 'http://127.0.0.1:1/' }, '*')")
    page.evaluate("() => window.postMessage({ type: 'chat:close' }, '*')")
    expect(page.locator("iframe")).to_be_visible()
    assert page.url.rstrip("/") == allowed
