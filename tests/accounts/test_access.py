"""The one door: which role opens which page, and that every refusal leaves a mark."""

import json

import pytest
from django.db import transaction
from django.urls import get_resolver
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal, require
from accounts.models import Membership
from accounts.permissions import ROLE_ACTIONS, Action, Role, may
from config.errors import server_error
from tests.accounts.conftest import last_entry, trail
from tests.people import make_member

ADMINISTRATORS_PAGES = ("/clinic/settings/", "/clinic/members/", "/clinic/members/add/", "/clinic/tokens/")


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("page", ADMINISTRATORS_PAGES)
def test_only_administrators_open_the_administrators_pages(clinic, browser_of, role, page):
    browser = browser_of(make_member(clinic, role, "Somebody"))
    assert browser.get(page).status_code == (200 if role == Role.ADMINISTRATOR else 403)


@pytest.mark.parametrize("page", ADMINISTRATORS_PAGES)
def test_strangers_are_sent_to_sign_in_and_back(client, db, page):
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer["location"].startswith("/sign-in/?next=%2Fclinic%2F")


def test_a_stranger_who_posts_is_not_sent_back_to_a_page_that_only_takes_posts(client, administrator):
    answer = client.post(f"/clinic/members/{administrator.pk}/deactivate/")
    assert answer["location"] == "/sign-in/"


def test_a_refused_page_is_on_the_clinics_trail(browser_of, counsellor):
    answer = browser_of(counsellor).get("/clinic/members/")
    assert answer.status_code == 403
    assert "This is not open to you" in answer.content.decode()
    assert trail(counsellor.clinic_id) == ["permission.refused"]
    entry = last_entry("permission.refused")
    assert (entry.outcome, entry.agent_id, entry.agent_role) == ("refused", str(counsellor.pk), "counsellor")
    assert json.loads(entry.detail) == {"action": "manage_members", "where": "accounts:members"}


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("action", list(Action))
def test_the_table_decides_and_nothing_else(clinic, role, action):
    member = Membership(clinic=clinic, role=role)
    if action in ROLE_ACTIONS[role]:
        require(member, action)
    else:
        with pytest.raises(NotPermitted):
            require(member, action)


def test_a_deactivated_member_may_nothing(counsellor):
    counsellor.is_active = False
    with pytest.raises(NotPermitted):
        require(counsellor, Action.VIEW_DESK)


def test_an_unknown_role_may_nothing():
    assert not any(may("owner", action) for action in Action)


def test_an_administrator_reads_no_clients_words():
    reading = {Action.VIEW_DESK, Action.VIEW_TRANSCRIPT, Action.TAKE_OVER, Action.WRITE, Action.REVIEW}
    assert not reading & ROLE_ACTIONS[Role.ADMINISTRATOR]


def test_a_refusal_survives_the_act_that_it_ended(counsellor):
    with pytest.raises(NotPermitted) as refused, transaction.atomic():
        require(counsellor, Action.REVIEW)
    record_refusal(refused.value, at=timezone.now(), where="desk")
    assert trail(counsellor.clinic_id) == ["permission.refused"]


def test_every_page_of_an_administrator_says_what_it_needs():
    open_to_all = {"sign_in", "sign_out", "choose_clinic", "password", "set_password"}
    patterns = next(one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "accounts")
    without = {one.name for one in patterns.url_patterns if not hasattr(one.callback, "needs")}
    assert without == open_to_all


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("administrator", ["Clinic", "Members", "Tokens"]),
        ("counsellor", []),
    ],
)
def test_the_header_shows_only_what_the_role_opens(clinic, browser_of, role, labels):
    page = browser_of(make_member(clinic, role, "Somebody")).get("/password/").content.decode()
    for label in ("Clinic", "Members", "Tokens"):
        assert (f">{label}</a>" in page) == (label in labels)


def test_a_demonstration_clinic_says_so_on_every_page(clinic, administrator, browser_of):
    browser = browser_of(administrator)
    assert "Demonstration clinic" not in browser.get("/clinic/members/").content.decode()
    clinic.is_demonstration = True
    clinic.save()
    assert "Nobody is on call here" in browser.get("/clinic/members/").content.decode()


def test_names_are_escaped_where_they_are_shown(clinic, administrator, browser_of):
    make_member(clinic, "counsellor", "<script>alert(1)</script>", email="odd@riverside.invalid")
    page = browser_of(administrator).get("/clinic/members/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_refused_administrator_is_led_to_a_page_that_is_open_to_them(browser_of, administrator):
    browser = browser_of(administrator)
    page = browser.get("/desk/")
    assert page.status_code == 403
    link = page.content.decode().split('class="button" href="')[1].split('"')[0]
    assert browser.get(link, follow=True).status_code == 200


def test_the_error_page_needs_no_database(rf):
    # Without the `db` fixture every query fails, as it would when PostgreSQL is down.
    page = server_error(rf.get("/clinic/settings/"))
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.content.decode()


def test_a_client_who_meets_an_error_is_told_about_emergencies_and_not_about_staff(rf):
    page = server_error(rf.get("/c/riverside/")).content.decode()
    assert "call your local emergency number" in page
    assert "sign-in" not in page
