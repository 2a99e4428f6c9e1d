"""Keys of integrations: shown once, kept as digests, gone when revoked."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts import api_tokens, members
from accounts.access import NotPermitted
from accounts.models import ApiToken, Membership
from tests.accounts.conftest import NOW, last_entry, trail

PAGE = "/clinic/tokens/"


def create(administrator, label="Warehouse", **more):
    return api_tokens.create(member=administrator, label=label, at=NOW, **more)


def test_a_key_acts_as_its_member(administrator, clinician):
    assert api_tokens.member_of_token(create(administrator).key, at=NOW) == administrator
    key = create(administrator, acts_as=clinician.pk).key
    assert api_tokens.member_of_token(key, at=NOW) == clinician
    detail = json.loads(last_entry("api_token.created").detail)
    assert detail == {"acts_as": str(clinician.pk), "role": "clinician"}


def test_the_database_holds_only_the_digest(administrator):
    key = create(administrator).key
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM accounts_apitoken t")
        [(row,)] = cursor.fetchall()
    assert key.removeprefix(api_tokens.PREFIX) not in row
    assert key.removeprefix(api_tokens.PREFIX).encode().hex() not in row
    assert len(bytes(ApiToken.objects.get().token_digest)) == 32


def test_a_revoked_key_opens_nothing_and_is_recorded_once(administrator):
    created = create(administrator)
    for _ in range(2):
        api_tokens.revoke(member=administrator, token_id=created.token.pk, at=NOW)
    assert api_tokens.member_of_token(created.key, at=NOW) is None
    assert trail(administrator.clinic_id) == ["api_token.created", "api_token.revoked"]


def test_a_key_of_a_member_who_left_opens_nothing(administrator, clinician):
    key = create(administrator, acts_as=clinician.pk).key
    members.deactivate(member=administrator, member_id=clinician.pk, at=NOW)
    assert api_tokens.member_of_token(key, at=NOW) is None


@pytest.mark.parametrize("key", ["", "x", "triage_", "\0", "\ud800", "é" * 2000])
def test_an_invented_key_opens_nothing(administrator, key):
    create(administrator)
    assert api_tokens.member_of_token(key, at=NOW) is None


def test_the_last_use_is_noted_at_most_once_a_minute(administrator, django_assert_num_queries):
    created = create(administrator)
    api_tokens.member_of_token(created.key, at=NOW)
    with django_assert_num_queries(1):
        api_tokens.member_of_token(created.key, at=NOW + timedelta(seconds=59))
    assert ApiToken.objects.get().last_used_at == NOW
    api_tokens.member_of_token(created.key, at=NOW + timedelta(seconds=60))
    assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=60)


def test_only_administrators_make_and_revoke_keys(administrator, supervisor):
    created = create(administrator)
    with pytest.raises(NotPermitted):
        create(supervisor)
    with pytest.raises(NotPermitted):
        api_tokens.revoke(member=supervisor, token_id=created.token.pk, at=NOW)


@pytest.mark.parametrize("label", ["", "   ", "x" * 81, "two\nlines", "nul\0"])
def test_a_key_needs_a_readable_label(administrator, label):
    with pytest.raises(api_tokens.BadLabel):
        create(administrator, label)


def test_no_key_acts_as_somebody_who_is_not_active_here(administrator, other_counsellor, clinician):
    Membership.objects.filter(pk=clinician.pk).update(is_active=False)
    for stranger in (other_counsellor.pk, clinician.pk, uuid4()):
        with pytest.raises(api_tokens.UnknownHolder):
            create(administrator, acts_as=stranger)
    assert not ApiToken.objects.exists()


def test_another_clinics_key_is_neither_shown_nor_revoked(administrator, other_administrator, browser_of):
    theirs = create(other_administrator, "Hillside Warehouse")
    browser = browser_of(administrator)
    assert "Hillside" not in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}{theirs.token.pk}/revoke/").status_code == 404
    assert api_tokens.member_of_token(theirs.key, at=NOW) == other_administrator


def test_the_page_shows_a_new_key_once(browser_of, administrator):
    browser = browser_of(administrator)
    answer = browser.post(PAGE, {"label": "Warehouse", "acts_as": str(administrator.pk)})
    assert answer["location"] == PAGE
    stored = json.dumps(dict(browser.session.items()))
    page = browser.get(PAGE).content.decode()
    key = page.split('class="secret">')[1].split("<")[0]
    assert api_tokens.member_of_token(key, at=NOW) == administrator
    assert key not in stored
    assert 'class="secret"' not in browser.get(PAGE).content.decode()


def test_the_page_revokes_and_keeps_the_key_in_the_list(browser_of, administrator):
    created = create(administrator)
    browser = browser_of(administrator)
    assert browser.post(f"{PAGE}{created.token.pk}/revoke/")["location"] == PAGE
    page = browser.get(PAGE).content.decode()
    assert "Revoked</span>" in page
    assert "Warehouse" in page


def test_the_page_names_the_field_that_is_wrong_and_keeps_the_rest(browser_of, administrator, other_counsellor):
    answer = browser_of(administrator).post(PAGE, {"label": "Typed", "acts_as": str(other_counsellor.pk)})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="Typed"' in page
    assert "id_acts_as_error" in page
    assert not ApiToken.objects.exists()
