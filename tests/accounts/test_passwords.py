"""Changing a password, and the link that sets the first one."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import members, passwords
from accounts.models import Membership, PasswordLink
from tests import people
from tests.accounts.conftest import NOW, last_entry, trail

NEW = "seven-quiet-lanterns"


@pytest.fixture
def invited(administrator):
    return members.add_member(
        member=administrator, email="new@riverside.invalid", name="New Person", role="counsellor", at=NOW
    )


def change(user, *, current=people.PASSWORD, new=NEW, at=NOW):
    passwords.change_password(user=user, current=current, new=new, address="192.0.2.1", at=at)


def test_the_present_password_is_needed(night_nurse):
    with pytest.raises(passwords.WrongPassword):
        change(night_nurse.user, current="wrong")
    night_nurse.user.refresh_from_db()
    assert night_nurse.user.check_password(people.PASSWORD)


def test_a_change_is_recorded_without_the_password(night_nurse):
    change(night_nurse.user)
    entry = last_entry("member.password_changed")
    assert entry.agent_id == str(night_nurse.pk)
    assert NEW not in entry.detail


def test_guessing_the_present_password_locks_like_signing_in(night_nurse):
    for _ in range(5):
        with pytest.raises(passwords.WrongPassword):
            change(night_nurse.user, current="wrong")
    with pytest.raises(passwords.WrongPassword):
        change(night_nurse.user)
    assert trail(night_nurse.clinic_id) == ["member.locked_out"]
    change(night_nurse.user, at=NOW + timedelta(minutes=15))


@pytest.mark.parametrize("weak", ["short", "123456789012345", "password1234", "night-nurse@riverside.invalid"])
def test_a_password_that_breaks_the_rules_is_refused(night_nurse, weak):
    with pytest.raises(ValidationError):
        change(night_nurse.user, new=weak)


def test_the_page_changes_it_and_ends_every_other_session(night_nurse, browser_of):
    here, elsewhere = browser_of(night_nurse), browser_of(night_nurse)
    answer = here.post("/password/", {"current": people.PASSWORD, "new": NEW, "again": NEW})
    assert answer["location"] == "/password/"
    assert "Your password is changed" in here.get("/password/").content.decode()
    assert elsewhere.get("/password/")["location"].startswith("/sign-in/")


def test_the_page_explains_the_rules(night_nurse, browser_of):
    assert "at least 12 characters" in browser_of(night_nurse).get("/password/").content.decode()


def test_the_page_ties_each_error_to_its_field(night_nurse, browser_of):
    browser = browser_of(night_nurse)
    page = browser.post("/password/", {"current": "wrong", "new": NEW, "again": NEW}).content.decode()
    assert 'aria-describedby="id_current_error"' in page
    page = browser.post("/password/", {"current": people.PASSWORD, "new": NEW, "again": "x"}).content.decode()
    assert 'aria-describedby="id_again_error"' in page
    page = browser.post("/password/", {"current": people.PASSWORD, "new": "short", "again": "short"}).content.decode()
    assert 'aria-describedby="id_new_error"' in page
    assert "short" not in page.split("<main")[1].replace("too short", "")


def test_a_new_member_sets_a_password_with_the_link_and_signs_in(invited):
    browser = Client()
    link = passwords.make_link(invited.member.user, at=timezone.now())
    page = browser.get(f"/set-password/{link}/")
    assert (page.status_code, page["cache-control"].count("no-store")) == (200, 1)
    assert browser.get(f"/set-password/{link}/").status_code == 200  # looking does not use it up
    answer = browser.post(f"/set-password/{link}/", {"new": NEW, "again": NEW})
    assert answer["location"] == "/sign-in/"
    answer = browser.post("/sign-in/", {"email": "new@riverside.invalid", "password": NEW})
    assert answer.status_code == 302
    assert browser.session["membership"] == str(invited.member.pk)


def test_a_link_works_once(invited):
    passwords.set_password(key=invited.key, new=NEW, at=NOW)
    with pytest.raises(passwords.LinkRefused):
        passwords.set_password(key=invited.key, new="another-good-phrase", at=NOW)
    assert "member.password_changed" in trail(invited.member.clinic_id)


def test_a_link_lasts_seventy_two_hours(invited):
    last_moment = NOW + timedelta(hours=72) - timedelta(seconds=1)
    assert passwords.person_of_link(invited.key, at=last_moment) == invited.member.user
    with pytest.raises(passwords.LinkRefused):
        passwords.person_of_link(invited.key, at=NOW + timedelta(hours=72))


def test_a_new_link_replaces_the_old_one(invited, administrator):
    newer = members.new_link(member=administrator, member_id=invited.member.pk, at=NOW)
    with pytest.raises(passwords.LinkRefused):
        passwords.person_of_link(invited.key, at=NOW)
    assert passwords.person_of_link(newer.key, at=NOW) == invited.member.user


def test_a_refused_password_leaves_the_link_open(invited):
    with pytest.raises(ValidationError):
        passwords.set_password(key=invited.key, new="short", at=NOW)
    passwords.set_password(key=invited.key, new=NEW, at=NOW)


def test_a_deactivated_members_link_is_dead(invited, administrator):
    members.deactivate(member=administrator, member_id=invited.member.pk, at=NOW)
    with pytest.raises(passwords.LinkRefused):
        passwords.set_password(key=invited.key, new=NEW, at=NOW)


@pytest.mark.parametrize("key", ["", "x", "\ud800", "a" * 5000])
def test_an_invented_link_is_refused(db, key):
    with pytest.raises(passwords.LinkRefused):
        passwords.person_of_link(key, at=NOW)


def test_the_page_of_a_dead_link_says_what_to_do(client, db):
    answer = client.get("/set-password/invented/")
    assert answer.status_code == 404
    assert "administrator for a new link" in answer.content.decode()


def test_the_table_holds_only_the_digest_of_a_link(invited):
    link = PasswordLink.objects.get()
    assert invited.key.encode() not in bytes(link.digest)
    assert len(bytes(link.digest)) == 32


def test_a_person_of_two_clinics_has_the_change_on_both_trails(night_nurse, other_clinic):
    Membership.objects.create(user=night_nurse.user, clinic=other_clinic, role="supervisor", created_at=NOW)
    change(night_nurse.user)
    assert trail(night_nurse.clinic_id) == trail(other_clinic.pk) == ["member.password_changed"]
