"""What the three requests of a client's page take and refuse: start, return, leave."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.test import override_settings
from django.utils import timezone

from accounts.models import Clinic
from audit.models import Entry
from config.embedded.valkey import Valkey
from triage import clients, rates
from triage.models import ClientSession, Conversation
from triage.states import State


def post(client: Browser, what: str, body: Any, *, clinic: str = "riverside", **more: Any) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(f"/c/{clinic}/{what}", data, content_type=more.pop("content_type", "application/json"), **more)


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# Start, return, leave


def test_somebody_starts_without_giving_anything(client: Browser, clinic: Clinic) -> None:
    response = post(client, "start", {})
    assert response.status_code == 201
    assert set(response.json()) == {"token", "pseudonym", "return_key", "conversation"}
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]
    assert Conversation.objects.get(pk=response.json()["conversation"]).clinic == clinic


def test_a_start_needs_no_csrf_token_since_it_reads_no_cookie(clinic: Clinic) -> None:
    strict = Browser(enforce_csrf_checks=True)
    assert post(strict, "start", {}).status_code == 201


def test_a_country_that_is_named_at_the_start_is_kept(client: Browser, clinic: Clinic) -> None:
    answer = post(client, "start", {"country": "AT"}).json()
    assert Conversation.objects.get(pk=answer["conversation"]).client.country == "AT"
    assert refusal(post(client, "start", {"country": "ZZ"})) == (400, "unknown_country")


def test_the_return_key_opens_the_same_chat_as_a_person_may_type_it(client: Browser, clinic: Clinic) -> None:
    started = post(client, "start", {}).json()
    typed = started["return_key"].lower().replace("-", " ")
    back = post(client, "return", {"return_key": f"  {typed} "})
    assert back.status_code == 200
    assert back.json()["conversation"] == started["conversation"]
    assert back.json()["pseudonym"] == started["pseudonym"]
    assert back.json()["token"] != started["token"]
    assert "return_key" not in back.json()


def test_another_clinics_return_key_is_refused_in_the_words_of_an_unknown_one(
    client: Browser, clinic: Clinic, other_clinic: Clinic
) -> None:
    key = post(client, "start", {}).json()["return_key"]
    elsewhere = post(client, "return", {"return_key": key}, clinic="hillside")
    unknown = post(client, "return", {"return_key": "AAAA-AAAA-AAAA-AAAA-AAAA"}, clinic="hillside")
    assert refusal(elsewhere) == (403, "unknown_key")
    assert elsewhere.json() == unknown.json()


def test_another_clinics_token_is_refused(client: Browser, clinic: Clinic, other_clinic: Clinic) -> None:
    token = post(client, "start", {}).json()["token"]
    assert refusal(post(client, "return", {"token": token}, clinic="hillside")) == (403, "unknown_key")


def test_after_a_chat_has_ended_the_token_opens_a_new_one(client: Browser, clinic: Clinic) -> None:
    started = post(client, "start", {}).json()
    now = timezone.now()
    Conversation.objects.filter(pk=started["conversation"]).update(state=State.CLOSED, closed_at=now)
    again = post(client, "return", {"token": started["token"]}).json()
    assert again["conversation"] != started["conversation"]
    assert again["token"] == started["token"]


def test_a_return_without_a_key_is_told_what_is_missing(client: Browser, clinic: Clinic) -> None:
    assert refusal(post(client, "return", {})) == (400, "empty")
    assert refusal(post(client, "return", {"return_key": "   "})) == (400, "empty")


def test_leaving_ends_the_session_and_not_the_chat(client: Browser, clinic: Clinic) -> None:
    started = post(client, "start", {}).json()
    assert post(client, "leave", {"token": started["token"]}).status_code == 204
    with pytest.raises(clients.StrangerToken):
        clients.identify(token=started["token"], at=timezone.now())
    assert Conversation.objects.get(pk=started["conversation"]).state == State.WITH_BOT
    assert Entry.objects.filter(action="client.left").count() == 1


def test_leaving_twice_or_as_a_stranger_is_quietly_done(client: Browser, clinic: Clinic) -> None:
    token = post(client, "start", {}).json()["token"]
    for body in ({"token": token}, {"token": token}, {"token": "stranger"}, {}):
        assert post(client, "leave", body).status_code == 204


# Bad input


@pytest.mark.parametrize("what", ["start", "return", "leave"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ('"text"', "bad_json"),
        ("[" * 4000, "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"x" * 5000, "too_long"),
        (b"x" * 3_000_000, "too_long"),
    ],
)
def test_a_body_that_is_no_small_json_object_is_refused_by_name(
    client: Browser, clinic: Clinic, what: str, body: Any, code: str
) -> None:
    status, said = refusal(post(client, what, body))
    assert said == code
    assert status in (400, 413)


@pytest.mark.parametrize("what", ["start", "return", "leave"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_another_sites_form_can_send_is_refused(client: Browser, clinic: Clinic, what: str, kind: str) -> None:
    assert refusal(post(client, what, "{}", content_type=kind)) == (415, "bad_type")


@pytest.mark.parametrize("value", [1, None, ["x"], {"x": 1}, True, "with\x00nul"])
def test_a_key_that_is_no_text_is_refused(client: Browser, clinic: Clinic, value: Any) -> None:
    assert refusal(post(client, "return", {"return_key": value})) == (400, "bad_text")
    assert refusal(post(client, "leave", {"token": value})) == (400, "bad_text")


@pytest.mark.parametrize("value", ["\ud800", "<b>key</b>", "‮key", "k" * 3000, "' OR 1=1"])
def test_a_strange_key_is_only_an_unknown_one(client: Browser, clinic: Clinic, value: str) -> None:
    assert refusal(post(client, "return", {"return_key": value})) == (403, "unknown_key")


@pytest.mark.parametrize("what", ["start", "return", "leave"])
def test_a_request_to_an_unknown_clinic_is_a_404_in_json(client: Browser, db: None, what: str) -> None:
    assert refusal(post(client, what, {}, clinic="nowhere")) == (404, "unknown_clinic")


# Floods and rehearsals


@pytest.fixture
def address() -> str:
    """An address that no other test, and no earlier run within the minute, has used."""
    return f"test-{uuid4()}"


@pytest.fixture
def few_starts(settings: Any) -> int:
    settings.CLIENT_STARTS_PER_MINUTE = 3
    return 3


def test_too_many_starts_from_one_address_are_told_to_wait(
    client: Browser, clinic: Clinic, few_starts: int, address: str
) -> None:
    answers = [post(client, "start", {}, REMOTE_ADDR=address).status_code for _ in range(few_starts)]
    assert answers == [201] * few_starts
    refused = post(client, "start", {}, REMOTE_ADDR=address)
    assert refusal(refused) == (429, "too_many")
    assert int(refused["Retry-After"]) > 0
    assert post(client, "start", {}, REMOTE_ADDR=f"{address}-another").status_code == 201


def test_nobody_is_kept_from_leaving_by_haste(client: Browser, clinic: Clinic, few_starts: int, address: str) -> None:
    answers = {post(client, "leave", {}, REMOTE_ADDR=address).status_code for _ in range(few_starts * 3)}
    assert answers == {204}


def test_guessing_return_keys_is_slowed_down(client: Browser, clinic: Clinic, few_starts: int, address: str) -> None:
    guesses = [post(client, "return", {"return_key": "A"}, REMOTE_ADDR=address).status_code for _ in range(4)]
    assert guesses == [403, 403, 403, 429]


def test_a_house_with_many_ipv6_addresses_counts_as_one(client: Browser, clinic: Clinic, few_starts: int) -> None:
    """Otherwise a single machine has more addresses than anybody could count."""
    network = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}"
    for number in range(few_starts):
        assert post(client, "start", {}, REMOTE_ADDR=f"{network}::{number + 1:x}").status_code == 201
    assert refusal(post(client, "start", {}, REMOTE_ADDR=f"{network}:ffff::9")) == (429, "too_many")


def test_an_unknown_address_is_everybodys_and_closes_the_door_to_nobody(
    client: Browser, clinic: Clinic, few_starts: int
) -> None:
    answers = {post(client, "start", {}, REMOTE_ADDR="").status_code for _ in range(few_starts + 2)}
    assert answers == {201}


def test_without_valkey_the_door_stays_open(
    client: Browser, clinic: Clinic, few_starts: int, address: str, own_valkey: Valkey
) -> None:
    own_valkey.stop()
    with override_settings(REDIS_URL=own_valkey.url):
        answers = {post(client, "start", {}, REMOTE_ADDR=address).status_code for _ in range(few_starts + 2)}
    assert answers == {201}


def test_a_rehearsal_is_marked_as_one(client: Browser, clinic: Clinic) -> None:
    answer = post(client, "start", {"rehearsal": True}).json()
    assert Conversation.objects.get(pk=answer["conversation"]).is_rehearsal


@pytest.mark.parametrize("value", [True, "no-such-token", 1, {}, ["x"]])
def test_in_production_a_rehearsal_needs_a_token_of_the_clinic(
    client: Browser, clinic: Clinic, settings: Any, value: Any
) -> None:
    settings.REHEARSAL_NEEDS_TOKEN = True
    assert refusal(post(client, "start", {"rehearsal": value})) == (403, "not_allowed")
    assert not ClientSession.objects.exists()


def test_addresses_are_counted_and_not_kept(client: Browser, clinic: Clinic, few_starts: int, address: str) -> None:
    post(client, "start", {}, REMOTE_ADDR=address)
    stored = rates._client(settings.REDIS_URL).keys("triage:rate:*")
    assert stored
    assert not any(address.encode() in name for name in stored)
