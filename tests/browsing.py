"""A headless Chromium for tests, the accessibility check, and a place for screenshots."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import CHECKOUT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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


def _chromium() -> str:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    reason = "no Chromium on this machine (install the package `chromium`; `.ci/run` does)"
    if os.environ.get("TRIAGE_REQUIRE_BROWSER"):
        pytest.fail(f"TRIAGE_REQUIRE_BROWSER is set, but there is {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One headless Chromium for the whole run; take a fresh context a person: `browser.new_context()`."""
    program = _chromium()
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop running in this thread, which Django takes for a coroutine that must not query.
    previous = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield running
        running.close()
    if previous is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


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
