"""A headless Chromium for tests, the accessibility check, and a place for screenshots."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from tests.servers import CHECKOUT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

ARTEFACTS = CHECKOUT / "tests" / "artefacts"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class _Chromium:
    """One browser for the run. Playwright's event loop "runs" in this thread even between its calls."""

    def __init__(self) -> None:
        self.browser: Browser | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._playwright: Playwright | None = None

    def start(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self.browser = self._playwright.chromium.launch(executable_path=program, args=_FLAGS)
        self._loop = asyncio.get_running_loop()

    def show_loop(self) -> None:
        asyncio._set_running_loop(self._loop)
        # Django would take the loop for a coroutine that must not query.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

    def hide_loop(self) -> None:
        # Django keeps a connection for code under a loop apart from the thread's own; it must not stay open.
        connections.close_all()
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
        asyncio._set_running_loop(None)

    def stop(self) -> None:
        if self.browser and self._playwright:
            self.show_loop()
            self.browser.close()
            self._playwright.stop()
            self.browser = None
            self.hide_loop()


_chromium = _Chromium()


def _program() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Show Playwright's loop to tests that drive the browser, from their first fixture on, and to no others.

    A test must not see it half of the time: Django would give it two connections, one of them outside its transaction.
    """
    program = _program()
    if program is None or "browser" not in getattr(item, "fixturenames", ()):
        return (yield)
    if _chromium.browser is None:
        _chromium.start(program)
    _chromium.show_loop()
    try:
        return (yield)
    finally:
        if _chromium.browser:
            _chromium.hide_loop()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One headless Chromium for the whole run; take a fresh context a person: `browser.new_context()`."""
    if _chromium.browser is None:
        reason = "no Chromium on this machine (install the package `chromium`; `.ci/run` does)"
        if os.environ.get("TRIAGE_REQUIRE_BROWSER"):
            pytest.fail(f"TRIAGE_REQUIRE_BROWSER is set, but there is {reason}")
        pytest.skip(reason)
    yield _chromium.browser
    _chromium.stop()


@pytest.fixture(scope="session")
def axe() -> Callable[["Page"], None]:
    """`axe(page)` fails with the rule, its weight and the elements for everything that axe-core finds on a page."""

    def check(page: "Page") -> None:
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(page).response["violations"]
        told = [
            f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['html'] for node in rule['nodes']]}"
            for rule in found
        ]
        assert not told, "\n".join(told)

    return check


@pytest.fixture(scope="session")
def shots() -> Callable[["Page", str], Path]:
    """`shots(page, name)` writes a screenshot of the whole page to `tests/artefacts/<name>.png`."""

    def shoot(page: "Page", name: str) -> Path:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return shoot
