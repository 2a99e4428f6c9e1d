"""Who is let in: a good token or a session, nobody else, and nobody too often."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import api_tokens
from accounts.models import ApiToken
from audit.models import Entry
from tests.api.conftest import Integration, code
from tests.people import session_of

pytestmark = pytest.mark.django_db

LIST = "/api/v1/conversations"


def test_a_caller_without_credentials_is_told_what_to_send(client):
    answer = client.get(LIST)
    assert code(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Token realm="api"'


@pytest.mark.parametrize(
    "header", ["Token made-up", "Token ", "Token", "Token two words", "Token \xff\xfe", "Bearer made-up", "Basic eDp5"]
)
def test_a_credential_that_is_none_lets_nobody_in(client, header):
    answer = client.get(LIST, headers={"Authorization": header})
    assert code(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Token")


def test_a_revoked_token_stops_at_once(desk, clinic, administrator):
    assert desk.get("conversations").status_code == 200
    token = ApiToken.objects.get(membership__role="counsellor")
    api_tokens.revoke(member=administrator, token_id=token.pk, at=timezone.now())
    assert code(desk.get("conversations")) == (401, "not_authenticated")


@pytest.mark.parametrize("who", ["member", "account"])
def test_a_token_ends_with_the_member_it_acts_for(desk, counsellor, who):
    left = counsellor if who == "member" else counsellor.user
    type(left).objects.filter(pk=left.pk).update(is_active=False)
    assert code(desk.get("conversations")) == (401, "not_authenticated")


def test_a_changed_role_counts_from_the_next_call_on(desk, counsellor, writer):
    type(counsellor).objects.filter(pk=counsellor.pk).update(role="administrator")
    assert code(desk.takes_over(writer.conversation_id)) == (403, "not_permitted")


def test_a_token_in_the_address_is_no_token(client, desk):
    assert client.get(LIST, {"token": desk.key}).status_code == 401


def test_a_refusal_is_on_the_trail_with_what_was_refused(writer, integration, administrator):
    answer = integration(administrator).get(f"conversations/{writer.conversation_id}/messages")
    assert code(answer) == (403, "not_permitted")
    [entry] = Entry.objects.filter(action="permission.refused")
    assert (entry.agent_id, entry.outcome) == (str(administrator.pk), "refused")
    assert json.loads(entry.detail) == {"action": "view_transcript", "where": "api"}


@pytest.fixture
def browser(counsellor):
    """A signed-in counsellor's browser, with Django's CSRF check as in production."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["staff_session"] = session_of(counsellor)
    return client


def test_a_session_reads_without_a_csrf_token(browser):
    assert browser.get(LIST).status_code == 200


def test_a_session_changes_nothing_without_its_csrf_token(browser, writer):
    body = json.dumps({"conversation": str(writer.conversation_id)})
    answer = browser.post("/api/v1/takeovers", body, content_type="application/json")
    assert code(answer) == (403, "csrf_failed")
    assert writer.conversation.state == "with_bot"


def test_a_session_with_its_csrf_token_acts(browser, writer):
    browser.cookies["staff_csrf"] = secret = "a" * 32
    body = json.dumps({"conversation": str(writer.conversation_id)})
    headers = {"X-CSRFToken": secret}
    answer = browser.post("/api/v1/takeovers", body, content_type="application/json", headers=headers)
    assert answer.status_code == 201


def test_a_session_is_no_help_to_a_bad_token(browser):
    assert browser.get(LIST, headers={"Authorization": "Token made-up"}).status_code == 401


def test_a_token_needs_no_csrf_token(desk, writer):
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {desk.key}"})
    body = json.dumps({"conversation": str(writer.conversation_id)})
    assert strict.post("/api/v1/takeovers", body, content_type="application/json").status_code == 201


def test_too_many_calls_are_told_to_wait_and_others_are_not(settings, desk, supervisor, integration):
    settings.API_REQUESTS_PER_MINUTE = 3
    assert [desk.get("shifts").status_code for _ in range(3)] == [200] * 3
    answer = desk.get("shifts")
    assert code(answer) == (429, "too_fast")
    assert int(answer["Retry-After"]) > 0
    assert integration(supervisor).get("shifts").status_code == 200


def test_without_valkey_nobody_is_held_up(settings, desk):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    settings.API_REQUESTS_PER_MINUTE = 1
    assert [desk.get("shifts").status_code for _ in range(3)] == [200] * 3


def test_the_description_is_open_to_everybody_and_holds_no_data(client, writer):
    answer = client.get(reverse("api:schema"))
    assert answer.status_code == 200
    assert str(writer.conversation_id) not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_caller_is_told_to_try_again(desk, monkeypatch):
    key = desk.key
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nowhere")
        answer = Integration(key).get("conversations")
        connection.close()
    assert code(answer) == (503, "unavailable")
    assert answer["Retry-After"] == "1"
    assert Integration(key).get("conversations").status_code == 200
