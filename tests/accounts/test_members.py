"""The people of a clinic: adding, roles, deactivating, and never the other clinic's."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import members
from accounts.access import NotPermitted
from accounts.models import Membership, PasswordLink, User
from accounts.permissions import Role
from tests.accounts.conftest import NOW, last_entry, trail
from tests.people import make_member

LIST = "/clinic/members/"


def add(administrator, email="new@riverside.invalid", name="New Person", role="counsellor"):
    return members.add_member(member=administrator, email=email, name=name, role=role, at=NOW)


def test_an_added_member_has_a_link_and_no_password(administrator):
    added = add(administrator, email=" New@Riverside.invalid ")
    assert added.member.user.email == "new@riverside.invalid"
    assert not added.member.user.has_usable_password()
    assert len(added.key) >= 40
    assert trail(administrator.clinic_id) == ["member.added"]
    assert json.loads(last_entry("member.added").detail) == {"role": "counsellor", "new_account": True}


def test_a_person_of_another_clinic_is_added_without_a_link(administrator, other_counsellor):
    added = add(administrator, email=other_counsellor.user.email, name="Another Name")
    # A link here would let this clinic set the password with which they enter the other one.
    assert added.key == ""
    assert not PasswordLink.objects.exists()
    assert added.member.user == other_counsellor.user
    assert User.objects.get(pk=other_counsellor.user_id).name == "Hillside Counsellor"
    with pytest.raises(members.LinkNotPossible):
        members.new_link(member=administrator, member_id=added.member.pk, at=NOW)


def test_nobody_is_added_twice(administrator, counsellor):
    with pytest.raises(members.AlreadyMember):
        add(administrator, email=counsellor.user.email.upper())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-address"),
        ("email", "a\0b@riverside.invalid"),
        ("email", "ü@riverside.invalid"),
        ("email", "x" * 250 + "@riverside.invalid"),
        ("name", "  "),
        ("name", "x" * 121),
        ("name", "two\nlines"),
        ("role", "owner"),
    ],
)
def test_a_member_with_an_unreadable_field_is_refused_by_name(administrator, field, value):
    with pytest.raises(ValidationError) as refused:
        add(administrator, **{field: value})
    assert set(refused.value.message_dict) == {field}


@pytest.mark.parametrize("role", ["counsellor", "supervisor", "clinician"])
def test_only_administrators_manage_members(clinic, administrator, counsellor, role):
    member = make_member(clinic, role, "Somebody")
    with pytest.raises(NotPermitted):
        add(member)
    for verb in (members.deactivate, members.reactivate, members.new_link):
        with pytest.raises(NotPermitted):
            verb(member=member, member_id=counsellor.pk, at=NOW)
    with pytest.raises(NotPermitted):
        members.change_role(member=member, member_id=member.pk, role="administrator", at=NOW)


def test_a_changed_role_is_recorded_with_both_roles(administrator, counsellor):
    members.change_role(member=administrator, member_id=counsellor.pk, role="supervisor", at=NOW)
    counsellor.refresh_from_db()
    assert counsellor.role == Role.SUPERVISOR
    entry = last_entry("member.role_changed")
    assert json.loads(entry.detail) == {"from": "counsellor", "to": "supervisor"}
    assert (entry.agent_id, entry.entity_id) == (str(administrator.pk), str(counsellor.pk))


def test_the_same_role_again_changes_and_records_nothing(administrator, counsellor):
    members.change_role(member=administrator, member_id=counsellor.pk, role="counsellor", at=NOW)
    assert trail(administrator.clinic_id) == []


def test_nobody_changes_their_own_role_or_deactivates_themselves(administrator):
    with pytest.raises(members.NotYourself):
        members.change_role(member=administrator, member_id=administrator.pk, role="supervisor", at=NOW)
    for verb in (members.deactivate, members.reactivate, members.new_link):
        with pytest.raises(members.NotYourself):
            verb(member=administrator, member_id=administrator.pk, at=NOW)


def test_an_administrator_may_step_down_while_another_stays(clinic, administrator):
    second = make_member(clinic, "administrator", "Administrator Two")
    members.change_role(member=administrator, member_id=second.pk, role="supervisor", at=NOW)
    second.refresh_from_db()
    assert second.role == Role.SUPERVISOR


def test_an_administrator_who_was_just_demoted_changes_nothing_more(clinic, administrator, counsellor):
    second = make_member(clinic, "administrator", "Administrator Two")
    members.change_role(member=administrator, member_id=second.pk, role="counsellor", at=NOW)
    with pytest.raises(NotPermitted):
        members.deactivate(member=second, member_id=administrator.pk, at=NOW)  # still thinks it is one
    with pytest.raises(NotPermitted):
        add(second)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_at_once_leave_one(clinic, administrator):
    second = make_member(clinic, "administrator", "Administrator Two")

    def demote(pair):
        try:
            members.change_role(member=pair[0], member_id=pair[1].pk, role="counsellor", at=NOW)
        except (members.LastAdministrator, NotPermitted):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(demote, [(administrator, second), (second, administrator)]))
    assert sorted(done) == [False, True]
    assert Membership.objects.filter(clinic=clinic, role="administrator", is_active=True).count() == 1


def test_the_last_administrator_cannot_be_removed_even_by_one_whose_account_is_closed(clinic, administrator):
    closed = make_member(clinic, "administrator", "Closed Account")
    closed.user.is_active = False
    closed.user.save()
    with pytest.raises(NotPermitted):
        members.deactivate(member=closed, member_id=administrator.pk, at=NOW)


def test_a_closed_account_does_not_count_as_an_administrator(clinic, administrator):
    closed = make_member(clinic, "administrator", "Closed Account")
    closed.user.is_active = False
    closed.user.save()
    with pytest.raises(members.LastAdministrator):
        members._keep_an_administrator(administrator)


def test_deactivating_and_reactivating_is_recorded_once_each(administrator, counsellor):
    for verb in (members.deactivate, members.deactivate, members.reactivate, members.reactivate):
        verb(member=administrator, member_id=counsellor.pk, at=NOW)
    assert trail(administrator.clinic_id) == ["member.deactivated", "member.reactivated"]


def test_no_verb_reaches_another_clinics_member(administrator, other_counsellor):
    for verb in (members.deactivate, members.reactivate, members.new_link):
        with pytest.raises(members.UnknownMember):
            verb(member=administrator, member_id=other_counsellor.pk, at=NOW)
    with pytest.raises(members.UnknownMember):
        members.change_role(member=administrator, member_id=other_counsellor.pk, role="clinician", at=NOW)
    assert trail(other_counsellor.clinic_id) == []


@pytest.mark.parametrize("action", ["", "role/", "deactivate/", "reactivate/", "link/"])
def test_no_address_reaches_another_clinics_member(browser_of, administrator, other_counsellor, action):
    browser = browser_of(administrator)
    for member_id in (other_counsellor.pk, uuid4()):
        page = f"{LIST}{member_id}/{action}"
        answer = browser.post(page, {"role": "clinician"}) if action else browser.get(page)
        assert answer.status_code == 404
    other_counsellor.refresh_from_db()
    assert (other_counsellor.role, other_counsellor.is_active) == ("counsellor", True)


def test_the_list_shows_own_members_only(browser_of, administrator, counsellor, other_counsellor):
    page = browser_of(administrator).get(LIST, {"q": "counsellor"}).content.decode()
    assert counsellor.user.email in page
    assert "hillside" not in page.lower()


def test_the_list_filters_orders_and_turns_pages(browser_of, administrator, many_counsellors):
    many_counsellors(30)
    browser = browser_of(administrator)
    page = browser.get(LIST).content.decode()
    assert "31 members" in page
    assert "Page 1 of 2" in page
    assert "Administrator One" in page
    second = browser.get(LIST, {"page": 2, "role": "counsellor", "order": "-name"}).content.decode()
    assert "Counsellor No 0<" in second
    assert 'role=counsellor&amp;order=-name&amp;page=1"' in second
    assert "Administrator One</a>" not in second
    assert "Nobody fits this filter" in browser.get(LIST, {"q": "nobody"}).content.decode()
    assert "1 member<" in browser.get(LIST, {"q": "ADMIN"}).content.decode()


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=999", "role=owner", "order=;drop", "state=odd", "q=%00"])
def test_the_list_survives_odd_queries(browser_of, administrator, query):
    answer = browser_of(administrator).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert "Administrator One" in answer.content.decode()


def test_the_list_tells_deactivated_and_invited_members_apart(browser_of, administrator, counsellor):
    members.deactivate(member=administrator, member_id=counsellor.pk, at=NOW)
    add(administrator)
    browser = browser_of(administrator)
    page = browser.get(LIST, {"state": "off"}).content.decode()
    assert "Deactivated</span>" in page
    assert "New Person" not in page
    assert "No password yet</span>" in browser.get(LIST, {"state": "active"}).content.decode()


def test_the_page_adds_a_member_and_shows_the_link_once(browser_of, administrator):
    browser = browser_of(administrator)
    form = {"name": "New Person", "email": "new@riverside.invalid", "role": "supervisor"}
    answer = browser.post(f"{LIST}add/", form)
    assert answer.status_code == 302
    stored = json.dumps(dict(browser.session.items()))
    page = browser.get(answer["location"]).content.decode()
    link = page.split("/set-password/")[1].split("/")[0]
    assert "http://testserver/set-password/" in page
    assert link not in stored  # the session's row held it encrypted
    assert "/set-password/" not in browser.get(answer["location"]).content.decode()
    assert browser.get(f"/set-password/{link}/").status_code == 200


def test_the_page_keeps_what_was_typed(browser_of, administrator, counsellor):
    form = {"name": "Typed Name", "email": counsellor.user.email, "role": "supervisor"}
    answer = browser_of(administrator).post(f"{LIST}add/", form)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="Typed Name"' in page
    assert "member already" in page
    assert 'aria-describedby="id_email_helptext id_email_error"' in page
    assert '<option value="supervisor" selected>' in page


def test_the_page_of_a_member_does_each_thing_and_says_so(browser_of, administrator, counsellor):
    browser = browser_of(administrator)
    page = f"{LIST}{counsellor.pk}/"
    for action, said in (
        ("role/", "The role is changed"),
        ("deactivate/", "Their access ended"),
        ("reactivate/", "Active again"),
        ("link/", "It is shown only now"),
    ):
        answer = browser.post(page + action, {"role": "clinician"})
        assert answer["location"] == page
        assert said in browser.get(page).content.decode()


def test_the_page_says_why_something_cannot_be_done(browser_of, administrator, counsellor):
    browser = browser_of(administrator)
    page = f"{LIST}{administrator.pk}/"
    assert "This is your own account" in browser.get(page).content.decode()
    browser.post(f"{page}deactivate/")
    assert "cannot do this to your own account" in browser.get(page).content.decode()
    browser.post(f"{LIST}{counsellor.pk}/role/", {"role": "owner"})
    assert "Choose one of the roles" in browser.get(page).content.decode()
