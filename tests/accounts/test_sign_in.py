"""Signing in: who gets in, who does not, and that nobody outside can tell why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import lockout
from accounts.models import Membership, SignInAttempt
from accounts.secrecy import address_digest
from accounts.sign_in import NotAMember, SignInRefused, enter_clinic, sign_in
from audit.models import Entry
from tests import people
from tests.accounts.conftest import NOW, last_entry, service_trail, trail
from tests.accounts.hashers import CountingHasher
from tests.people import PASSWORD, make_member

PAGE = "/sign-in/"


def attempt(email, password=PASSWORD, *, address="192.0.2.7", at=NOW):
    return sign_in(email=email, password=password, address=address, at=at)


def fails(email, *, times=1, address="192.0.2.7", at=NOW, password="wrong"):  # noqa: S107 - a wrong guess
    for _ in range(times):
        with pytest.raises(SignInRefused):
            attempt(email, password, address=address, at=at)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(night_nurse):
    assert attempt(f"  {night_nurse.user.email.upper()} ") == [night_nurse]
    assert trail(night_nurse.clinic_id) == ["member.signed_in"]


def test_a_wrong_password_is_refused_and_recorded_with_the_clinic(night_nurse):
    fails(night_nurse.user.email)
    assert trail(night_nurse.clinic_id) == ["member.sign_in_failed"]
    entry = last_entry("member.sign_in_failed")
    assert entry.outcome == "failed"
    assert entry.agent_id == ""  # nobody knows who that was


def test_an_unknown_address_is_refused_and_recorded_with_the_service(db):
    fails("nobody@nowhere.invalid")
    assert service_trail() == ["member.sign_in_failed"]


@pytest.mark.parametrize("email", ["", "\0", "a\0b@c.invalid", "\ud800@x.invalid", "x" * 300, "' OR 1=1 --"])
def test_odd_addresses_are_refused_like_any_other(db, email):
    fails(email)


def test_neither_tables_nor_trail_hold_the_address_that_was_tried(night_nurse):
    fails(night_nurse.user.email)
    fails("nobody@nowhere.invalid", address="198.51.100.9")
    held = " ".join(entry.detail for entry in Entry.objects.all())
    assert "nobody" not in held
    assert night_nurse.user.email not in held
    attempts = SignInAttempt.objects.all()
    assert all(len(bytes(one.email_digest)) == len(bytes(one.address_digest)) == 32 for one in attempts)
    assert b"198.51" not in b"".join(bytes(one.address_digest) for one in attempts)


def test_every_refusal_reads_the_same(night_nurse, clinic):
    left = make_member(clinic, "counsellor", "Has Left", password=PASSWORD)
    Membership.objects.filter(pk=left.pk).update(is_active=False)
    fails("locked@x.invalid", times=5)
    browser = Client()
    answers = set()
    for email, password in (
        ("nobody@nowhere.invalid", "wrong"),
        (night_nurse.user.email, "wrong"),
        (left.user.email, PASSWORD),
        ("locked@x.invalid", "wrong"),
    ):
        answer = browser.post(PAGE, {"email": email, "password": password})
        page = answer.content.decode().replace(email, "ADDRESS")
        answers.add((answer.status_code, page.split("csrfmiddlewaretoken")[0]))
    assert len(answers) == 1


def test_every_refusal_costs_exactly_one_hash(settings, clinic):
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.CountingHasher"]
    known = make_member(clinic, "counsellor", "Known", password=PASSWORD)
    invited = make_member(clinic, "counsellor", "Invited")
    locked = make_member(clinic, "counsellor", "Locked", password=PASSWORD)
    fails(locked.user.email, times=5, address="")
    spent = []
    for email, password in (
        (known.user.email, "wrong"),
        ("nobody@nowhere.invalid", "wrong"),
        (invited.user.email, "wrong"),
        (locked.user.email, PASSWORD),
    ):
        before = CountingHasher.rounds
        fails(email, password=password, address="")
        spent.append(CountingHasher.rounds - before)
    assert spent == [1, 1, 1, 1]


def test_a_stronger_hash_setting_reaches_old_passwords_at_the_next_sign_in(settings, night_nurse):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    night_nurse.user.password = PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsaltsaltsaltsa", iterations=1)
    night_nurse.user.save()
    attempt(night_nurse.user.email)
    night_nurse.user.refresh_from_db()
    assert "$1$" not in night_nurse.user.password


def test_the_right_password_is_refused_after_five_failures(night_nurse):
    fails(night_nurse.user.email, times=5)
    fails(night_nurse.user.email, password=PASSWORD)
    assert trail(night_nurse.clinic_id) == ["member.sign_in_failed"] * 5 + [
        "member.locked_out",
        "member.sign_in_failed",
    ]


def test_four_failures_do_not_lock(night_nurse):
    fails(night_nurse.user.email, times=4)
    assert attempt(night_nurse.user.email) == [night_nurse]


def test_the_lock_opens_after_fifteen_minutes(night_nurse):
    fails(night_nurse.user.email, times=5)
    fails(night_nurse.user.email, password=PASSWORD, at=NOW + timedelta(minutes=14, seconds=59))
    assert attempt(night_nurse.user.email, at=NOW + timedelta(minutes=15)) == [night_nurse]


def test_failures_far_apart_do_not_lock(night_nurse):
    for minute in range(0, 20, 4):
        fails(night_nurse.user.email, at=NOW + timedelta(minutes=minute))
    assert attempt(night_nurse.user.email, at=NOW + timedelta(minutes=17)) == [night_nurse]


def test_tries_while_locked_cannot_keep_a_counsellor_out(night_nurse):
    fails(night_nurse.user.email, times=5)
    for minute in range(1, 15):
        fails(night_nurse.user.email, at=NOW + timedelta(minutes=minute))
    assert attempt(night_nurse.user.email, at=NOW + timedelta(minutes=15)) == [night_nurse]


def test_a_success_starts_the_count_anew(night_nurse):
    fails(night_nurse.user.email, times=4)
    attempt(night_nurse.user.email, at=NOW + timedelta(seconds=1))
    fails(night_nurse.user.email, times=4, at=NOW + timedelta(seconds=2))
    assert attempt(night_nurse.user.email, at=NOW + timedelta(seconds=3)) == [night_nurse]


ELSEWHERE = "198.51.100.9"


def test_strangers_elsewhere_cannot_lock_out_somebody_where_they_work(night_nurse):
    attempt(night_nurse.user.email, at=NOW - timedelta(days=29))
    fails(night_nurse.user.email, times=6, address=ELSEWHERE)
    assert attempt(night_nurse.user.email) == [night_nurse]
    fails(night_nurse.user.email, password=PASSWORD, address=ELSEWHERE)


def test_where_somebody_works_five_failures_lock_all_the_same(night_nurse):
    attempt(night_nurse.user.email, at=NOW - timedelta(days=1))
    fails(night_nurse.user.email, times=5)
    fails(night_nurse.user.email, password=PASSWORD)


def test_a_place_that_was_not_used_for_thirty_days_is_not_theirs_any_more(night_nurse):
    attempt(night_nurse.user.email, at=NOW - timedelta(days=30))
    fails(night_nurse.user.email, times=5, address=ELSEWHERE)
    fails(night_nurse.user.email, password=PASSWORD)


def test_a_guesser_gains_no_tries_when_the_person_signs_in(night_nurse):
    fails(night_nurse.user.email, times=4, address=ELSEWHERE)
    attempt(night_nurse.user.email, at=NOW + timedelta(seconds=1))
    fails(night_nurse.user.email, address=ELSEWHERE, at=NOW + timedelta(seconds=2))
    fails(night_nurse.user.email, password=PASSWORD, address=ELSEWHERE, at=NOW + timedelta(seconds=3))


def test_the_tidying_keeps_the_places_that_are_known(night_nurse):
    attempt(night_nurse.user.email, at=NOW - timedelta(days=29))
    attempt(night_nurse.user.email, at=NOW - timedelta(days=31))
    fails(night_nurse.user.email, at=NOW - timedelta(days=2))
    assert lockout.forget_old_attempts(at=NOW) == 2
    fails(night_nurse.user.email, times=5, address=ELSEWHERE)
    assert attempt(night_nurse.user.email) == [night_nurse]


def test_an_unknown_address_locks_like_a_known_one(db):
    fails("nobody@nowhere.invalid", times=6)
    assert service_trail().count("member.locked_out") == 1


def test_thirty_failures_lock_a_network_address_for_everybody(night_nurse):
    for number in range(30):
        fails(f"guess{number}@nowhere.invalid")
    fails(night_nurse.user.email, password=PASSWORD)
    assert attempt(night_nurse.user.email, address="203.0.113.1") == [night_nurse]


def test_a_success_does_not_clear_a_network_address(night_nurse):
    for number in range(29):
        fails(f"guess{number}@nowhere.invalid")
    attempt(night_nurse.user.email)
    fails("guess30@nowhere.invalid", at=NOW + timedelta(seconds=1))
    fails(night_nurse.user.email, password=PASSWORD, at=NOW + timedelta(seconds=2))


def test_a_house_with_many_ipv6_addresses_counts_as_one():
    assert address_digest("2001:db8:1:2::1") == address_digest("2001:db8:1:2:ffff::9")
    assert address_digest("2001:db8:1:2::1") != address_digest("2001:db8:1:3::1")
    assert address_digest("192.0.2.1") != address_digest("192.0.2.2")


def test_an_unknown_network_address_locks_nobody(night_nurse):
    for number in range(31):
        fails(f"guess{number}@nowhere.invalid", address="")
    assert attempt(night_nurse.user.email, address="") == [night_nurse]


@pytest.mark.django_db(transaction=True)
def test_twenty_guesses_at_once_count_as_twenty(night_nurse):
    email = night_nurse.user.email

    def guess(number):
        try:
            return bool(attempt(email, "wrong", at=timezone.now()))
        except SignInRefused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(20)))
    assert not any(answers)
    # However they interleave, five are judged and the door is closed to the rest.
    assert SignInAttempt.objects.filter(succeeded=False).count() == 5
    assert trail(night_nurse.clinic_id).count("member.locked_out") == 1


def test_old_tries_are_forgotten_and_recent_ones_kept(night_nurse):
    fails(night_nurse.user.email, at=NOW - timedelta(days=2))
    fails(night_nurse.user.email)
    assert lockout.forget_old_attempts(at=NOW) == 1
    assert SignInAttempt.objects.count() == 1


def test_a_closed_account_cannot_sign_in(night_nurse):
    night_nurse.user.is_active = False
    night_nurse.user.save()
    fails(night_nurse.user.email, password=PASSWORD)


def test_a_person_of_two_clinics_chooses_and_each_trail_hears_of_its_own(night_nurse, clinic, other_clinic):
    there = Membership.objects.create(user=night_nurse.user, clinic=other_clinic, role="supervisor", created_at=NOW)
    assert attempt(night_nurse.user.email) == [there, night_nurse]  # by the clinics' names
    assert trail(clinic.pk) == trail(other_clinic.pk) == []
    assert enter_clinic(user=night_nurse.user, clinic_id=other_clinic.pk, at=NOW) == there
    assert trail(clinic.pk) == []
    assert trail(other_clinic.pk) == ["member.signed_in"]


@pytest.mark.parametrize("wanted", ["", None, "nonsense", "\0", "00000000-0000-0000-0000-000000000000"])
def test_nobody_enters_a_clinic_that_is_not_theirs(night_nurse, other_clinic, wanted):
    with pytest.raises(NotAMember):
        enter_clinic(user=night_nurse.user, clinic_id=wanted, at=NOW)
    with pytest.raises(NotAMember):
        enter_clinic(user=night_nurse.user, clinic_id=other_clinic.pk, at=NOW)


def test_the_page_signs_in_and_leads_to_the_wanted_page(client, night_nurse):
    answer = client.post(PAGE, {"email": night_nurse.user.email, "password": PASSWORD, "next": "/password/"})
    assert (answer.status_code, answer["location"]) == (302, "/password/")
    assert client.get("/password/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil.example", "http:x"],
)
def test_the_page_never_leads_to_another_site(client, night_nurse, elsewhere):
    answer = client.post(PAGE, {"email": night_nurse.user.email, "password": PASSWORD, "next": elsewhere})
    assert answer.status_code == 302
    assert answer["location"].startswith("/")
    assert "evil" not in answer["location"]


def test_the_page_keeps_the_address_but_never_the_password(client, night_nurse):
    answer = client.post(PAGE, {"email": night_nurse.user.email, "password": "my-secret-guess"})
    assert answer.status_code == 400
    assert night_nurse.user.email in answer.content.decode()
    assert "my-secret-guess" not in answer.content.decode()


def test_an_empty_form_says_which_fields_are_missing(client, db):
    page = client.post(PAGE, {"email": "", "password": ""}).content.decode()
    assert 'aria-describedby="id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'aria-invalid="true"' in page


def test_a_planted_session_key_is_worth_nothing_after_sign_in(client, night_nurse):
    client.get(PAGE)
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["staff_session"] = planted
    client.post(PAGE, {"email": night_nurse.user.email, "password": PASSWORD})
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_signing_in_as_somebody_else_leaves_nothing_of_the_first_session(browser_of, night_nurse, administrator):
    browser = browser_of(administrator)
    first = browser.session.session_key
    browser.post(PAGE, {"email": night_nurse.user.email, "password": PASSWORD})
    assert not Session.objects.filter(session_key=first).exists()
    assert browser.session["membership"] == str(night_nurse.pk)


@pytest.mark.parametrize(
    "page",
    ["/sign-in/", "/sign-out/", "/choose-clinic/", "/password/", "/clinic/settings/", "/clinic/members/add/"],
)
def test_a_form_from_another_site_is_refused(administrator, page):
    browser = Client(enforce_csrf_checks=True)
    people.sign_in(browser, administrator)
    assert browser.post(page, {"email": "x", "password": "y", "name": "z"}).status_code == 403


def test_signing_out_ends_the_session_and_is_recorded(browser_of, counsellor):
    browser = browser_of(counsellor)
    key = browser.session.session_key
    assert browser.get("/sign-out/").status_code == 405  # a link or an image must not sign anybody out
    assert browser.post("/sign-out/")["location"] == PAGE
    assert not Session.objects.filter(session_key=key).exists()
    assert trail(counsellor.clinic_id) == ["member.signed_out"]
    assert browser.get("/password/").status_code == 302


def test_the_choice_page_lists_own_clinics_and_switches_the_session(client, night_nurse, other_clinic, clinic):
    there = Membership.objects.create(user=night_nurse.user, clinic=other_clinic, role="administrator", created_at=NOW)
    answer = client.post(PAGE, {"email": night_nurse.user.email, "password": PASSWORD, "next": "/clinic/settings/"})
    assert answer["location"] == "/choose-clinic/?next=%2Fclinic%2Fsettings%2F"
    assert client.get("/clinic/settings/")["location"].startswith("/choose-clinic/")  # no clinic yet, no page yet
    page = client.get(answer["location"]).content.decode()
    assert clinic.name in page
    assert other_clinic.name in page
    key = client.session.session_key
    answer = client.post("/choose-clinic/", {"clinic": str(there.clinic_id), "next": "/clinic/settings/"})
    assert answer["location"] == "/clinic/settings/"
    assert client.session.session_key != key
    assert client.get("/clinic/settings/").status_code == 200


def test_the_choice_page_refuses_a_strangers_clinic(browser_of, counsellor, other_clinic):
    browser = browser_of(counsellor)
    answer = browser.post("/choose-clinic/", {"clinic": str(other_clinic.pk)})
    assert "not a member of that clinic" in answer.content.decode()
    assert browser.session["membership"] == str(counsellor.pk)


def test_a_signed_in_person_is_sent_on_from_the_sign_in_page(browser_of, administrator):
    assert browser_of(administrator).get(PAGE)["location"] == reverse("accounts:settings")
