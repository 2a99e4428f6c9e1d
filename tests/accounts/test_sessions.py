"""How long a session lasts, and that the table decides, not the cookie."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from accounts.access import member_of_session, recheck, touch_session
from accounts.models import Membership
from accounts.sign_in import sign_out
from tests import people
from tests.accounts.conftest import service_trail

PAGE = "/password/"


@pytest.fixture
def open_session(counsellor):
    return SessionStore(people.session_of(counsellor))


def aged(session, **moments):
    """The same session, begun or last seen that long ago."""
    for name, delta in moments.items():
        session[name] = (timezone.now() - delta).timestamp()
    session.save()
    return session


def visits(session):
    browser = Client()
    browser.cookies["staff_session"] = session.session_key
    return browser.get(PAGE)


def test_a_fresh_session_opens_the_page(open_session):
    assert visits(open_session).status_code == 200


def test_thirty_idle_minutes_end_a_session_for_good(open_session):
    answer = visits(aged(open_session, seen_at=timedelta(minutes=30)))
    assert answer["location"] == "/sign-in/?next=%2Fpassword%2F&ended=1"
    assert not SessionStore().exists(open_session.session_key)
    assert "30 minutes without activity" in Client().get(answer["location"]).content.decode()


def test_twelve_hours_end_a_session_however_busy(open_session):
    aged(open_session, signed_in_at=timedelta(hours=12))
    assert visits(open_session).status_code == 302


def test_a_page_counts_as_activity(open_session):
    aged(open_session, seen_at=timedelta(minutes=29))
    visits(open_session)
    assert timezone.now().timestamp() - SessionStore(open_session.session_key)["seen_at"] < 60


def test_two_pages_in_a_minute_write_the_session_once(open_session, django_assert_max_num_queries):
    visits(open_session)
    with django_assert_max_num_queries(4):
        visits(open_session)


@pytest.mark.parametrize("damage", [{}, {"seen_at": "soon"}, {"signed_in_at": None}])
def test_a_session_without_its_times_is_over(counsellor, damage):
    session = SessionStore(people.session_of(counsellor))
    for name in ("seen_at", "signed_in_at"):
        session.pop(name)
    session.update(damage)
    session.save()
    assert member_of_session(session, counsellor.user) is None


def test_a_deactivated_member_is_out_at_the_next_request(open_session, counsellor):
    assert visits(open_session).status_code == 200
    Membership.objects.filter(pk=counsellor.pk).update(is_active=False)
    browser = Client()
    browser.cookies["staff_session"] = open_session.session_key
    answer = browser.get("/choose-clinic/")
    assert "Your access to this clinic has ended" in answer.content.decode()
    assert recheck(counsellor.pk) is None
    assert member_of_session(open_session, counsellor.user) is None


def test_a_closed_account_is_out_at_the_next_request(open_session, counsellor):
    counsellor.user.is_active = False
    counsellor.user.save()
    assert visits(open_session)["location"].startswith("/sign-in/")
    assert not touch_session(open_session, at=timezone.now())


def test_a_changed_role_counts_at_the_next_request(browser_of, administrator):
    browser = browser_of(administrator)
    assert browser.get("/clinic/settings/").status_code == 200
    Membership.objects.filter(pk=administrator.pk).update(role="counsellor")
    assert browser.get("/clinic/settings/").status_code == 403


def test_a_socket_finds_the_member_of_its_session(open_session, counsellor):
    assert member_of_session(open_session, counsellor.user) == counsellor
    assert member_of_session(open_session, AnonymousUser()) is None
    assert member_of_session(SessionStore(), counsellor.user) is None


def test_a_session_that_names_somebody_elses_membership_opens_nothing(open_session, counsellor, administrator):
    open_session["membership"] = str(administrator.pk)
    assert member_of_session(open_session, counsellor.user) is None


@pytest.mark.parametrize("nonsense", ["", "x", 7, None, ["a"]])
def test_a_session_with_an_unreadable_membership_opens_nothing(open_session, counsellor, nonsense):
    open_session["membership"] = nonsense
    assert member_of_session(open_session, counsellor.user) is None


def test_an_open_desk_keeps_the_session_awake(open_session):
    aged(open_session, seen_at=timedelta(minutes=29))
    assert touch_session(open_session, at=timezone.now())
    assert visits(open_session).status_code == 200
    assert timezone.now().timestamp() - SessionStore(open_session.session_key)["seen_at"] < 60


def test_an_open_desk_does_not_outlive_twelve_hours(open_session):
    aged(open_session, signed_in_at=timedelta(hours=12))
    assert not touch_session(open_session, at=timezone.now())


def test_an_open_desk_ends_with_the_sign_out_in_another_tab(open_session, counsellor, browser_of):
    browser = Client()
    browser.cookies["staff_session"] = open_session.session_key
    browser.post("/sign-out/")
    assert not touch_session(open_session, at=timezone.now())
    assert not SessionStore().exists(open_session.session_key)  # a late heartbeat brings nothing back


def test_an_open_desk_ends_with_a_changed_password(open_session, counsellor):
    user = counsellor.user
    user.set_password(people.PASSWORD)
    user.save()
    assert not touch_session(open_session, at=timezone.now())


def test_a_touch_keeps_what_a_page_wrote_meanwhile(open_session):
    stale = SessionStore(open_session.session_key)
    assert stale["seen_at"]
    aged(open_session, seen_at=timedelta(minutes=5))
    open_session["written"] = "by a page"
    open_session.save()
    assert touch_session(stale, at=timezone.now())
    assert SessionStore(open_session.session_key)["written"] == "by a page"


def test_a_session_before_the_choice_of_a_clinic_opens_no_members_page(counsellor):
    session = SessionStore(people.session_of(counsellor))
    session.pop("membership")
    session.save()
    browser = Client()
    browser.cookies["staff_session"] = session.session_key
    assert browser.get("/clinic/settings/")["location"] == "/choose-clinic/?next=%2Fclinic%2Fsettings%2F"


def test_staff_pages_are_not_kept_by_the_browser(browser_of, administrator):
    answer = browser_of(administrator).get("/clinic/settings/")
    assert "no-store" in answer["cache-control"]


def test_signing_out_without_a_clinic_is_recorded_with_the_service(counsellor):
    sign_out(user=counsellor.user, member=None, at=timezone.now())
    assert service_trail() == ["member.signed_out"]


def test_the_fixture_that_signs_in_makes_the_session_that_the_page_makes(client, clinic):
    member = people.make_member(clinic, "supervisor", "Both Ways", password=people.PASSWORD)
    client.post("/sign-in/", {"email": member.user.email, "password": people.PASSWORD})
    by_page = set(client.session.keys())
    assert by_page == set(SessionStore(people.session_of(member)).load())
