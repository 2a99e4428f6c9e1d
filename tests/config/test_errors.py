"""Error pages work when nothing else does: no database, no details of the service, nothing of the request repeated."""

import re

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import path

from config.errors import bad_request, forbidden, not_found, server_error

SECRET = "the words nobody may repeat"


def _breaks(error):
    def view(request):
        raise error(SECRET)

    return view


urlpatterns = [
    path(f"{place}{name}", _breaks(error))
    for place in ("", "api/")
    for name, error in (("400", SuspiciousOperation), ("403", PermissionDenied), ("500", RuntimeError))
]
handler400, handler403, handler404, handler500 = bad_request, forbidden, not_found, server_error

WORDS = {400: "could not be read", 403: "not open to you", 404: "nothing here", 500: "went wrong on our side"}
CODES = {400: "bad_request", 403: "not_permitted", 404: "unknown", 500: "unavailable"}


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


def is_our_page(answer):
    html = answer.content.decode()
    assert "Content-Security-Policy" in answer.headers
    assert not re.search(r"<style|<script(?![^>]*src=)|style=|onclick=", html)
    assert '<html lang="en">' in html
    return html


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", WORDS)
def test_every_error_has_a_page_that_needs_no_database(visitor, status):
    answer = visitor.get(f"/{status}", {"q": SECRET})
    assert answer.status_code == status
    html = is_our_page(answer)
    assert WORDS[status] in html
    assert SECRET not in html
    assert "RuntimeError" not in html


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", WORDS)
def test_programs_get_json(visitor, status):
    for answer in (
        visitor.get(f"/api/{status}"),
        visitor.post(f"/{status}", "{}", content_type="application/json"),
    ):
        assert answer.status_code == status
        error = answer.json()["error"]
        assert error["code"] == CODES[status]
        assert WORDS[status] in error["detail"]


@pytest.mark.parametrize("at", ["/nothing/here", "/c/", "/ws/chat/", "/static/nothing.js", "/%00", "/" + "x" * 5000])
def test_an_address_that_is_not_there_says_so(visitor, at):
    answer = visitor.get(at)
    assert answer.status_code == 404
    assert at not in is_our_page(answer)


def test_a_foreign_host_name_is_refused_with_our_page(visitor):
    answer = visitor.get("/sign-in/", headers={"host": "elsewhere.invalid"})
    assert answer.status_code == 400
    assert "elsewhere" not in is_our_page(answer)


def test_a_form_of_another_site_is_refused_with_our_page():
    visitor = Client(enforce_csrf_checks=True)
    answer = visitor.post("/sign-in/", {"email": "a@b.invalid", "password": SECRET})
    assert answer.status_code == 403
    html = is_our_page(answer)
    assert "has expired" in html
    assert SECRET not in html
