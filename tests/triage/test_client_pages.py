"""What the client's pages promise before a line of script runs."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Clinic
from triage.crisis import directory

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
