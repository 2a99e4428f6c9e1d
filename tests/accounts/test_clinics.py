"""A clinic's settings: what may be set, by whom, and that the trail names fields and not their values."""

import json

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts import clinics
from accounts.access import NotPermitted
from accounts.countries import countries
from accounts.models import Clinic
from accounts.origins import clean_origins
from accounts.zones import zones
from tests.accounts.conftest import NOW, last_entry, trail

PAGE = "/clinic/settings/"


def form(**more):
    asked = {
        "name": "Riverside",
        "country": "",
        "time_zone": "UTC",
        "allowed_origins": "",
        "call_1": "60",
        "call_2": "120",
        "call_3": "180",
        "bot_enabled": "on",
        "scoring_enabled": "on",
        "profile": "assistive",
    }
    return {name: value for name, value in (asked | more).items() if value is not None}


def change(administrator, **changes):
    return clinics.change_settings(member=administrator, changes=changes, at=NOW)


def test_a_change_is_saved_and_the_trail_names_the_fields_only(administrator, clinic):
    changed = change(administrator, name="Riverside Two", country="AT", time_zone="UTC")
    assert changed == ["country", "name"]
    clinic.refresh_from_db()
    assert (clinic.name, clinic.country) == ("Riverside Two", "AT")
    assert json.loads(last_entry("clinic.settings_changed").detail) == {"fields": ["country", "name"]}


def test_switching_scoring_off_is_written_out_on_the_trail(administrator):
    change(administrator, scoring_enabled=False)
    detail = json.loads(last_entry("clinic.settings_changed").detail)
    assert detail == {"fields": ["scoring_enabled"], "scoring_enabled": False}


def test_nothing_different_records_nothing(administrator, clinic):
    assert change(administrator, name=clinic.name) == []
    assert trail(clinic.pk) == []


@pytest.mark.parametrize("name", ["slug", "is_demonstration", "id", "created_at", "nonsense"])
def test_what_is_fixed_cannot_be_set(administrator, name):
    with pytest.raises(ValidationError):
        change(administrator, **{name: "x"})


def test_only_administrators_change_settings(supervisor):
    with pytest.raises(NotPermitted):
        change(supervisor, bot_enabled=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "two\nlines"),
        ("country", "XX"),
        ("country", "at"),
        ("time_zone", "Mars/Base"),
        ("time_zone", "../etc/passwd"),
        ("allowed_origins", ["http://clinic.example"]),
        ("escalation_seconds", []),
        ("escalation_seconds", [0, 60, 120]),
        ("escalation_seconds", [60, 60, 120]),
        ("escalation_seconds", [60, 120, 4000]),
    ],
)
def test_a_wrong_value_is_refused_by_its_field_and_nothing_is_saved(administrator, clinic, name, value):
    with pytest.raises(ValidationError) as refused:
        change(administrator, bot_enabled=False, **{name: value})
    assert set(refused.value.message_dict) == {name}
    assert Clinic.objects.get(pk=clinic.pk).bot_enabled


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://www.clinic.example", "https://www.clinic.example"),
        ("  HTTPS://WWW.Clinic.Example/ ", "https://www.clinic.example"),
        ("https://clinic.example:8443", "https://clinic.example:8443"),
        ("https://clinic.example:443", "https://clinic.example"),
        ("https://grün.example", "https://xn--grn-ioa.example"),
    ],
)
def test_an_origin_is_kept_in_its_one_form(typed, kept):
    assert clean_origins([typed, "", typed]) == [kept]


@pytest.mark.parametrize(
    "typed",
    [
        "clinic.example",
        "http://clinic.example",
        "https://*.clinic.example",
        "https://clinic.example/chat",
        "https://clinic.example; script-src *",
        "https://clinic.example https://evil.example",
        "https://user@clinic.example",
        "https://clinic.example?x",
        "https://clinic.example:0",
        "https://clinic.example:99999",
        "https://-clinic.example",
        "https://clinic..example",
        "https://localhost",
        "javascript:alert(1)",
        "https://",
        "null",
        "*",
    ],
)
def test_anything_but_an_exact_https_origin_is_refused(typed):
    with pytest.raises(ValidationError):
        clean_origins([typed])


@given(st.text(max_size=40))
def test_no_text_becomes_more_than_a_host_in_the_security_header(text):
    try:
        kept = clean_origins([f"https://{text}"])
    except ValidationError:
        return
    assert all(set(origin) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.:/") for origin in kept)


def test_this_machine_may_embed_the_demonstration_only():
    assert clean_origins(["http://localhost:8000", "http://127.0.0.1"], with_local=True)
    with pytest.raises(ValidationError):
        clean_origins(["http://localhost:8000"])


def test_at_most_twenty_sites():
    with pytest.raises(ValidationError):
        clean_origins([f"https://site{number}.example" for number in range(21)])


def test_lists_hold_what_a_clinic_needs():
    assert dict(countries())["AT"] == "Austria"
    assert len(countries()) == 249
    assert {"Europe/Vienna", "Europe/London", "America/New_York", "UTC"} <= set(zones())


def test_the_page_shows_the_snippet_for_the_clinics_own_site(browser_of, administrator):
    page = browser_of(administrator).get(PAGE).content.decode()
    snippet = '<script src="http://testserver/embed.js" data-clinic="riverside" async></script>'
    assert snippet.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") in page


def test_the_page_saves_and_says_so(browser_of, administrator, clinic):
    browser = browser_of(administrator)
    sites = "https://b.example\r\n\r\nhttps://a.example/"
    answer = browser.post(PAGE, form(country="AT", allowed_origins=sites, call_1="30"))
    assert answer["location"] == PAGE
    assert "The settings are saved" in browser.get(PAGE).content.decode()
    clinic.refresh_from_db()
    assert clinic.allowed_origins == ["https://b.example", "https://a.example"]
    assert clinic.escalation_seconds == [30, 120, 180]


def test_the_page_keeps_what_was_typed_and_names_the_field(browser_of, administrator, clinic):
    sites = "https://good.example\nhttp://bad.example"
    answer = browser_of(administrator).post(PAGE, form(name="Typed", allowed_origins=sites))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "http://bad.example: write https://" in page
    assert 'value="Typed"' in page
    assert "id_allowed_origins_error" in page
    assert Clinic.objects.get(pk=clinic.pk).name == "Riverside"


def test_the_page_asks_twice_before_scoring_goes_off(browser_of, administrator, clinic):
    browser = browser_of(administrator)
    assert browser.post(PAGE, form(scoring_enabled=None)).status_code == 400
    assert Clinic.objects.get(pk=clinic.pk).scoring_enabled
    assert browser.post(PAGE, form(scoring_enabled=None, understood="on")).status_code == 302
    assert not Clinic.objects.get(pk=clinic.pk).scoring_enabled
    assert browser.post(PAGE, form(scoring_enabled=None, name="Still Off")).status_code == 302


def test_the_page_wants_each_call_later_than_the_one_before(browser_of, administrator):
    answer = browser_of(administrator).post(PAGE, form(call_2="60"))
    assert answer.status_code == 400
    assert 'id="id_call_2_error"' in answer.content.decode()


@pytest.mark.parametrize("seconds", ["", "0", "14", "3601", "x", "1e9", "-60"])
def test_the_page_refuses_a_call_that_is_no_sensible_time(browser_of, administrator, seconds):
    answer = browser_of(administrator).post(PAGE, form(call_1=seconds))
    assert answer.status_code == 400
    assert 'id="id_call_1_error"' in answer.content.decode()
    assert "Give whole seconds between 15 and 3600." in answer.content.decode()


def test_a_page_changes_the_own_clinic_only(browser_of, administrator, other_clinic):
    browser_of(administrator).post(PAGE, form(name="Changed", clinic=str(other_clinic.pk), slug="hillside"))
    other_clinic.refresh_from_db()
    assert other_clinic.name == "Hillside"
    assert trail(other_clinic.pk) == []
