"""Sign-in and the administrator's pages in Chromium: readable in every size and scheme, by keyboard, without script."""

import pytest
from playwright.sync_api import expect

from accounts import api_tokens, members
from accounts.models import Membership
from accounts.permissions import Role
from tests.accounts.conftest import NOW
from tests.people import PASSWORD, make_member, session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"wide": (1440, 900), "phone": (390, 844), "narrow": (320, 640)}


@pytest.fixture
def open_page(asgi_server, browser):
    """`open_page(path, member=...)`: a page in a browser of its own that runs no script of ours."""
    contexts = []

    def opened(path, *, member=None, size="wide", **more):
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        if member is not None:
            context.add_cookies([{"name": "staff_session", "value": session_of(member), "url": asgi_server.url}])
        page = context.new_page()
        page.goto(f"{asgi_server.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def staffed(clinic, administrator, counsellor, other_clinic):
    """A demonstration clinic with every kind of member, a key in use and one revoked; the administrator works twice."""
    clinic.is_demonstration = True
    clinic.save()
    make_member(clinic, Role.SUPERVISOR, "A Supervisor With A Very Long Name Who Must Not Break The Page")
    Membership.objects.create(user=administrator.user, clinic=other_clinic, role="counsellor", created_at=NOW)
    members.deactivate(member=administrator, member_id=counsellor.pk, at=NOW)
    for label in ("Data warehouse", "Old export"):
        created = api_tokens.create(member=administrator, label=label, at=NOW)
    api_tokens.revoke(member=administrator, token_id=created.token.pk, at=NOW)
    return administrator


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark"), ("narrow", "light")])
def test_every_page_is_accessible_and_fits_in_every_size_and_scheme(open_page, staffed, axe, shots, size, scheme):
    counsellor = Membership.objects.get(clinic=staffed.clinic, role="counsellor")
    pages = {
        "settings": "/clinic/settings/",
        "members": "/clinic/members/",
        "nobody": "/clinic/members/?q=nobody",
        "add": "/clinic/members/add/",
        "member": f"/clinic/members/{counsellor.pk}/",
        "me": f"/clinic/members/{staffed.pk}/",
        "tokens": "/clinic/tokens/",
        "password": "/password/",
        "choice": "/choose-clinic/",
        "refused": "/desk/",
    }
    for name, path in pages.items():
        page = open_page(path, member=staffed, size=size, color_scheme=scheme)
        shots(page, f"accounts-{size}-{scheme}-{name}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
    for name, path in {"sign-in": "/sign-in/?ended=1", "dead-link": "/set-password/x/"}.items():
        page = open_page(path, size=size, color_scheme=scheme)
        shots(page, f"accounts-{size}-{scheme}-{name}")
        axe(page)


def test_a_person_signs_in_by_keyboard_alone_and_without_javascript(open_page, clinic):
    person = make_member(clinic, Role.ADMINISTRATOR, "Keyboard Only", password=PASSWORD)
    page = open_page("/clinic/members/", java_script_enabled=False)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(person.user.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Members", exact=True)).to_be_visible()


def test_a_refused_form_says_what_to_mend_and_leads_there(open_page, staffed, axe, shots):
    page = open_page("/clinic/settings/", member=staffed)
    page.get_by_label("Sites that may show the chat").fill("http://clinic.example/chat")
    page.get_by_label("The supervisors after").fill("10")
    page.get_by_label("Every message is scored for risk").uncheck()
    page.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("http://clinic.example/chat")
    expect(alert).to_contain_text("Tick this to switch scoring off")
    shots(page, "accounts-refused-form")
    axe(page)
    alert.get_by_role("link", name="Sites that may show the chat").click()
    field = page.get_by_label("Sites that may show the chat")
    expect(field).to_have_value("http://clinic.example/chat")
    described = " ".join(
        page.locator(f"#{one}").inner_text() for one in field.get_attribute("aria-describedby").split()
    )
    assert "One a line" in described
    assert "http://clinic.example/chat: write https://" in described


def test_controls_are_large_enough_for_a_tired_hand(open_page, staffed):
    page = open_page("/clinic/members/", member=staffed, size="phone")
    for control in page.locator("button, input:not([type=hidden]), select, .button, nav a").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.inner_text()
