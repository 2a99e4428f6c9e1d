"""People at their browsers: a story that runs now, and desks that are open."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.desks import PAGE_SIZES, SIZES
from tests.people import session_of
from tests.stories import Clock, Writer, a_client_starts


@pytest.fixture
def clock(db: None) -> Clock:
    """Now: a browser's clock is not moved by a story."""
    return Clock(timezone.now())


@pytest.fixture
def writer(clinic: Any, clock: Clock, settings: Any) -> Writer:
    """A client. The level of a message stands in its text."""
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


@pytest.fixture
def another(clinic: Any, clock: Clock, writer: Writer) -> Writer:
    """A second client."""
    return a_client_starts(clinic, clock)


@pytest.fixture
def desk_of(asgi_server: Any, browser: Any) -> Iterator[Callable[..., Any]]:
    """`desk_of(member)`: the member's desk in a browser of its own, with its queue; `.problems` lists script errors."""
    contexts = []

    def open_desk(
        member: Any, *, size: str = "wide", ready: bool = True, before: Callable[[Any], None] | None = None, **more: Any
    ) -> Any:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        context.add_cookies([{"name": "staff_session", "value": session_of(member), "url": asgi_server.url}])
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda told: told.type == "error" and page.problems.append(told.text))
        if before:
            before(page)
        page.goto(f"{asgi_server.url}/desk/")
        if ready:
            expect(page.locator("#desk[data-ready=true]")).to_be_attached()
        return page

    yield open_desk
    for context in contexts:
        context.close()


@pytest.fixture
def page_of(asgi_server: Any, browser: Any) -> Iterator[Callable[..., Any]]:
    """`page_of(member, path)`: a page in a browser of its own; `.problems` lists what the console complains about."""
    contexts = []

    def open_page(member: Any, path: str, *, size: str = "wide", **more: Any) -> Any:
        width, height = PAGE_SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        context.add_cookies([{"name": "staff_session", "value": session_of(member), "url": asgi_server.url}])
        page = context.new_page()
        page.problems = []
        page.on("console", lambda told: told.type == "error" and page.problems.append(told.text))
        page.goto(f"{asgi_server.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
