"""What the client's pages promise before a line of script runs, and what their three requests take and refuse."""

import json
import re
from html.parser import HTMLParser
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
from triage.crisis import directory
from triage.models import ClientSession, Conversation
from triage.states import State

PAGES = ("", "urgent", "safety", "about")


class Reading(HTMLParser):
    """A page as a sequence: start tags with attributes, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.order: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.order.append(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        self.order.append(" ".join(data.split()))

    def place(self, wanted: str) -> int:
        return next(place for place, item in enumerate(self.order) if wanted in item)


def read(client: Browser, path: str) -> Reading:
    response = client.get(path)
    assert response.status_code == 200
    return Reading(response.content.decode())


def post(client: Browser, what: str, body: Any, *, clinic: str = "riverside", **more: Any) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(f"/c/{clinic}/{what}", data, content_type=more.pop("content_type", "application/json"), **more)


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def policy(response: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


# Pages


def test_the_client_reads_that_a_program_answers_before_anything_can_be_written(
    client: Browser, clinic: Clinic
) -> None:
    page = read(client, "/c/riverside/")
    said = page.place("automated helper: a computer program, not a person")
    assert said < page.place("<button>")
    assert said < page.place("<input>")
    assert said < page.place("<textarea>")


@pytest.mark.parametrize("path", PAGES)
def test_leaving_a_person_and_urgent_help_stand_first_and_in_one_order_on_each_page(
    client: Browser, clinic: Clinic, path: str
) -> None:
    page = read(client, f"/c/riverside/{path}")
    links = [attributes.get("id") for tag, attributes in page.tags if tag == "a"]
    assert [name for name in links if name in ("leave", "person", "urgent")] == ["leave", "person", "urgent"]
    # Skip link and the clinic's name come before, nothing else does.
    assert links.index("leave") == 2
    assert page.place("Leave now") < page.place("<main>")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_anything_of_another_site(client: Browser, clinic: Clinic, path: str) -> None:
    page = read(client, f"/c/riverside/{path}?country=US")
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "data-session-end"):
            address = attributes.get(name, "")
            # A link is followed by the client's own will; everything else the browser would fetch by itself.
            assert tag == "a" or not re.match(r"(https?:)?//", address), (tag, address)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_carries_script_or_style_of_its_own(client: Browser, clinic: Clinic, path: str) -> None:
    page = read(client, f"/c/riverside/{path}")
    for tag, attributes in page.tags:
        assert tag != "style"
        assert tag != "script" or "src" in attributes or attributes.get("type") == "application/json"
        assert not any(name == "style" or name.startswith("on") for name in attributes)


@pytest.mark.parametrize("path", PAGES)
def test_pages_set_no_cookie_and_are_never_stored(client: Browser, clinic: Clinic, path: str) -> None:
    response = client.get(f"/c/riverside/{path}")
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", PAGES)
def test_the_title_names_neither_clinic_nor_topic(client: Browser, clinic: Clinic, path: str) -> None:
    html = client.get(f"/c/riverside/{path}").content.decode()
    title = re.search(r"<title>(.*?)</title>", html)
    assert title is not None
    assert "Riverside" not in title[1]
    assert not re.search(r"crisis|mental|suicid|triage", title[1], re.IGNORECASE)


def test_a_clinic_that_is_not_there_is_a_404_that_still_helps(client: Browser, clinic: Clinic) -> None:
    response = client.get("/c/nowhere/")
    assert response.status_code == 404
    assert "emergency number" in response.content.decode()
    assert not response.cookies


def test_pages_are_read_not_posted_to(client: Browser, clinic: Clinic) -> None:
    assert client.post("/c/riverside/").status_code == 405
    assert client.get("/c/riverside/start").status_code == 405


def test_a_clinic_name_with_markup_is_shown_as_text(client: Browser, clinic: Clinic) -> None:
    clinic.name = "<script>alert(1)</script>"
    clinic.save()
    assert b"<script>alert" not in client.get("/c/riverside/").content


# The crisis card


def test_the_urgent_card_works_without_script_and_is_small(client: Browser, clinic: Clinic) -> None:
    response = client.get("/c/riverside/urgent?country=AT")
    html = response.content.decode()
    for number in directory.card("AT", at=timezone.now()).emergency:
        assert f'href="tel:{number.dial}"' in html
    assert 'href="tel:142"' in html
    assert len(response.content) < 30 * 1024


def test_a_line_that_is_texted_opens_the_message_with_its_word(client: Browser, clinic: Clinic) -> None:
    assert 'href="sms:741741?&amp;body=HOME"' in client.get("/c/riverside/urgent?country=US").content.decode()


def test_without_a_country_nobody_gets_a_number_of_another_country(client: Browser, clinic: Clinic) -> None:
    html = client.get("/c/riverside/urgent").content.decode()
    assert "tel:" not in html
    assert "Where are you?" in html
    assert len(re.findall("<option", html)) == len(directory.countries()) + 1


def test_a_clinic_that_names_its_country_is_the_next_best_answer(client: Browser, clinic: Clinic) -> None:
    clinic.country = "AT"
    clinic.save()
    assert 'href="tel:142"' in client.get("/c/riverside/urgent").content.decode()
    assert 'href="tel:142"' in client.get("/c/riverside/").content.decode()
    assert 'href="tel:988"' in client.get("/c/riverside/urgent?country=US").content.decode()


@pytest.mark.parametrize("country", ["ZZ", "<b>", "at'--", "A" * 500])
def test_a_country_that_is_none_shows_the_question_again(client: Browser, clinic: Clinic, country: str) -> None:
    response = client.get("/c/riverside/urgent", {"country": country})
    assert response.status_code == 200
    assert "Where are you?" in response.content.decode()


def test_the_chat_page_holds_every_emergency_number_for_the_day_the_service_is_down(
    client: Browser, clinic: Clinic
) -> None:
    html = client.get("/c/riverside/").content.decode()
    held = re.search(r'<script id="numbers" type="application/json">(.*?)</script>', html)
    assert held is not None
    numbers = json.loads(held[1])
    assert set(numbers) == {code for code, _ in directory.countries()}
    assert all(place["emergency"] for place in numbers.values())


def test_the_chooser_gets_the_card_as_data(client: Browser, clinic: Clinic) -> None:
    card = client.get("/c/riverside/urgent?country=AT", headers={"accept": "application/json"}).json()
    assert card["country"] == "AT"
    assert card["lines"]


# Who may show the chat in a frame


def test_the_chat_shows_in_frames_of_the_clinics_own_sites_only(client: Browser, clinic: Clinic) -> None:
    clinic.allowed_origins = ["https://www.clinic.example", "http://127.0.0.1:9000"]
    clinic.save()
    response = client.get("/c/riverside/")
    assert policy(response)["frame-ancestors"] == ["'self'", "https://www.clinic.example", "http://127.0.0.1:9000"]
    assert "X-Frame-Options" not in response


def test_another_clinics_sites_are_not_among_them(client: Browser, clinic: Clinic, other_clinic: Clinic) -> None:
    other_clinic.allowed_origins = ["https://hillside.example"]
    other_clinic.save()
    assert policy(client.get("/c/riverside/"))["frame-ancestors"] == ["'self'"]


@pytest.mark.parametrize(
    "origin", ["*", "https://a.example; script-src *", "javascript:1", "https://*", "https://a.example/x"]
)
def test_an_origin_that_is_none_never_reaches_the_policy(client: Browser, clinic: Clinic, origin: str) -> None:
    clinic.allowed_origins = [origin]
    clinic.save()
    rules = policy(client.get("/c/riverside/"))
    assert rules["frame-ancestors"] == ["'self'"]
    assert rules["script-src"] == ["'self'"]


def test_scripts_and_styles_come_from_the_service_itself_only(client: Browser, clinic: Clinic) -> None:
    rules = policy(client.get("/c/riverside/"))
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == ["'self'"]
    assert rules["connect-src"] == ["'self'", "ws://testserver"]
    assert "unsafe" not in str(rules)


def test_the_embed_script_may_be_loaded_from_any_site_and_carries_no_cookie(client: Browser, db: None) -> None:
    response = client.get("/embed.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert not response.cookies


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
