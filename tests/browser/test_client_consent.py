"""A client's answer whether the clinic may learn from their messages, as they give it on the page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.client_pages import DESK, PHONE, Visitor, riverside, the_conversation, visit
from triage import consents
from triage.models import LearningConsent

__all__ = ["riverside", "visit"]
pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
YES = "Yes, you may learn from my messages"


def box(client: Visitor) -> Locator:
    return client.page.get_by_label(YES)


def is_allowed() -> bool:
    client_id = the_conversation().client_id
    return consents.standing({client_id}) == {client_id}


def test_without_an_open_chat_there_is_nobody_to_answer_for(visit: Visit) -> None:
    client = visit().opens("about")
    expect(box(client)).to_be_disabled()
    client.sees("You can choose here while your chat is open in this tab.")


def test_somebody_says_yes_finds_it_again_and_takes_it_back(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.opens("about")
    expect(box(client)).to_be_enabled()
    expect(box(client)).not_to_be_checked()
    box(client).check()
    client.sees("Saved: yes, you may learn from my messages.")
    assert is_allowed()
    client.opens("about")
    expect(box(client)).to_be_checked()
    box(client).uncheck()
    client.sees("Saved: no.")
    assert not is_allowed()


def test_an_answer_that_did_not_arrive_is_not_shown_as_saved(visit: Visit) -> None:
    client = visit()
    client.starts()
    client.opens("about")
    expect(box(client)).to_be_enabled()
    client.page.route("**/consent", lambda route: route.abort())
    box(client).click()
    client.sees("We cannot tell whether your choice was saved.")
    expect(box(client)).not_to_be_checked()
    assert not LearningConsent.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_open_choice_is_readable_for_everybody(
    visit: Visit, axe: Callable[[Page], None], shots: Callable[[Page, str], Path], size: dict[str, int], scheme: str
) -> None:
    client = visit(viewport=size, color_scheme=scheme)
    client.starts()
    client.opens("about")
    box(client).check()
    client.sees("Saved: yes")
    axe(client.page)
    shots(client.page, f"client-11-consent-{size['width']}x{size['height']}-{scheme}")
