"""The pages of the bot's content in Chromium: readable in every size and scheme, by keyboard, without a script."""

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from tests.browser.desks import PAGE_SIZES
from tests.people import make_member
from tests.triage.release_stories import MENU_LINE, OWN_MENU_LINE, on_disk, own_folder, put_to_use, rewrite
from triage import releases, serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    serving.forget()
    yield
    serving.forget()


@pytest.fixture
def second_clinician(clinic):
    return make_member(clinic, Role.CLINICIAN, "Clinician Two")


@pytest.fixture
def clinics_work(clinic, clinician, second_clinician, clock, tmp_path, settings):
    """An item in use, another edition of it with one approval, an item with one approval, a retired one.

    The server is a process of its own and knows the shipped content; the other edition is kept by the clinic.
    """
    folder = own_folder(tmp_path, settings)
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    waiting = rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    releases.approve(clinician, "menu", "en", 9, waiting.digest, at=clock.now)
    releases.approve(clinician, "grounding", "en", 1, on_disk("grounding").digest, at=clock.now)
    releases.retire(clinician, "worry_time", "en", reason="Under review after a complaint", at=clock.now)
    return waiting


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_every_page_is_readable_in_every_size_and_scheme(
    page_of, clinics_work, second_clinician, axe, shots, size, scheme
):
    grounding = on_disk("grounding").digest
    views = {
        "items": "/content/",
        "nothing-fits": "/content/?kind=topic&state=retired",
        "item": "/content/en/menu/",
        "sample": "/content/en/phq9/",
        "retired": "/content/en/worry_time/",
        "compare": f"/content/en/menu/compare/?to={clinics_work.digest}",
        "approve": f"/content/en/grounding/{grounding}/approve/",
        "other": f"/content/en/menu/?edition={clinics_work.digest}",
        "not-yet": f"/content/en/menu/{clinics_work.digest}/activate/",
        "retire": "/content/en/grounding/retire/",
        "roll-back": "/content/en/menu/roll-back/",
        "preview": f"/content/en/grounding/{grounding}/preview/",
    }
    for name, path in views.items():
        page = page_of(second_clinician, path, size=size, color_scheme=scheme)
        assert not page.problems, "before the screenshot and axe, which put styles of their own into the page"
        shots(page, f"content_{size}-{scheme}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        axe(page)


def test_the_second_clinician_approves_by_keyboard_alone_and_without_a_script(page_of, clinics_work, second_clinician):
    page = page_of(second_clinician, "/content/en/grounding/", java_script_enabled=False)
    page.get_by_role("link", name="Approve…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Approve this edition?")).to_be_visible()
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your approval is stored.")).to_be_visible()
    page.get_by_role("link", name="Put to use…").click()
    page.get_by_role("button", name="Put to use").click()
    expect(page.get_by_text("Every running process says it within 10 seconds.")).to_be_visible()
    serving.forget()
    assert ("en", "grounding") in serving.own_decisions(second_clinician.clinic_id)


def test_a_flow_is_talked_through_by_pressing_and_writing(page_of, supervisor, shots, axe):
    page = page_of(supervisor, f"/content/en/grounding/{on_disk('grounding').digest}/preview/")
    page.get_by_role("button", name="Yes, start grounding").click()
    expect(page.get_by_text("Find five things you can see.")).to_be_visible()
    page.get_by_label("Or write as a client would").fill("I want to talk to a person")
    page.keyboard.press("Enter")
    expect(page.get_by_text("In a real conversation a person is called now")).to_be_visible()
    expect(page.get_by_text("The preview is over.")).to_be_visible()
    assert not page.problems
    shots(page, "content_wide-light-preview-over")
    axe(page)
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_role("button", name="Yes, start grounding")).to_be_visible()


@pytest.mark.parametrize("role", ["counsellor", "administrator"])
def test_who_may_not_look_gets_a_page_that_says_so(page_of, clinic, role):
    page = page_of(make_member(clinic, role, "Somebody"), "/content/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("What the bot may say")).to_have_count(0)
