"""The crisis card: numbers for the country that the client named, open lines first, never a guess (DIR-1 to 7)."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from triage.crisis import directory
from triage.crisis.resources import Line, ResourceError, check_dial, line_from, read_resources

AT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)  # a Tuesday, three in the morning
PLACES = directory.resources().places
LINES = [(place.code, line) for place in PLACES.values() for line in place.lines]


def ids(pair):
    return f"{pair[0]} {pair[1].name}"


def names(country, at=AT, **more):
    return [line["name"] for line in directory.card(country, at=at, **more).to_json()["lines"]]


def test_there_are_fifty_eight_places():
    assert len(PLACES) == 58
    assert len(LINES) >= 65


@pytest.mark.parametrize("country", [None, "", "XX", "us", "ZZ"])
def test_dir_4_without_a_known_country_no_country_s_numbers_are_shown(country):
    card = directory.card(country, at=AT).to_json()
    assert card["country"] == ""
    assert card["emergency"] == []
    assert card["lines"] == []
    assert card["choose_country"]
    assert "emergency number of the place where you are" in card["advice"]


@pytest.mark.parametrize("code", PLACES)
def test_dir_7_every_card_has_an_emergency_number_and_a_line(code):
    card = directory.card(code, at=AT).to_json()
    assert card["country"] == code
    assert card["emergency"]
    assert card["lines"]
    assert not card["choose_country"]


@pytest.mark.parametrize("pair", LINES, ids=ids)
def test_dir_1_short_codes_never_have_a_country_code(pair):
    _, line = pair
    for number in filter(None, (line.dial, line.sms_to)):
        assert re.fullmatch(r"\+[1-9][0-9]{9,14}|[0-9*]{2,13}", number)


@pytest.mark.parametrize("pair", LINES, ids=ids)
def test_dir_1_the_dialled_digits_are_those_that_are_published(pair):
    _, line = pair
    published = re.sub(r"[^0-9*]", "", line.display)
    assert re.sub(r"[^0-9*]", "", line.dial or line.sms_to or published) in published


@pytest.mark.parametrize(
    "number", ["+33333114", "+44116123", "+1988", "+988", "116 123", "0800-111", "", "call me", "1", "+"]
)
def test_dir_1_what_no_telephone_can_dial_is_refused(number):
    with pytest.raises(ResourceError):
        check_dial(number, "test")


@pytest.mark.parametrize("number", ["988", "116123", "000", "*4141", "08001110111", "+254722178177"])
def test_dir_1_what_a_telephone_in_the_country_dials_is_taken(number):
    assert check_dial(number, "test") == number


@pytest.mark.parametrize(
    ("code", "emergency", "dial"),
    [
        ("US", "911", "988"),
        ("GB", "999", "116123"),
        ("AU", "000", "131114"),
        ("AT", "112", "142"),
        ("DE", "112", "08001110111"),
    ],
)
def test_some_well_known_numbers_stand_as_they_should(code, emergency, dial):
    card = directory.card(code, at=AT).to_json()
    assert card["emergency"][0] == {"display": emergency, "dial": emergency}
    assert card["lines"][0]["dial"] == dial


def test_a_text_line_names_number_and_word_apart():
    line = next(line for line in directory.card("US", at=AT).to_json()["lines"] if line["sms_body"])
    assert (line["sms_to"], line["sms_body"], line["dial"]) == ("741741", "HOME", "")


@pytest.mark.parametrize("pair", LINES, ids=ids)
def test_dir_2_every_line_has_hours_languages_and_a_source(pair):
    _, line = pair
    assert line.hours
    assert line.languages
    assert line.source in directory.resources().sources


@pytest.mark.parametrize("pair", LINES, ids=ids)
def test_nothing_claims_to_be_verified_before_a_clinic_has_done_it(pair):
    assert pair[1].verified is False


def test_staff_are_told_of_every_line_that_is_not_verified():
    assert len(directory.problems(at=AT)) == len(LINES)
    assert any(
        found.startswith("AT, TelefonSeelsorge: not yet verified by this clinic") for found in directory.problems(at=AT)
    )


def test_a_client_is_not_kept_from_a_line_because_nobody_has_verified_it():
    assert names("AT", at=AT + timedelta(days=4000)) == ["TelefonSeelsorge"]


def checked(days):
    return replace(PLACES["AT"].lines[0], verified=True, verified_at=AT.date() - timedelta(days=days))


@pytest.mark.parametrize(("days", "hidden"), [(0, False), (181, False), (365, False), (366, True)])
def test_dir_3_a_verified_line_is_hidden_a_year_after_its_check(days, hidden):
    assert checked(days).is_hidden(AT) is hidden


def test_dir_6_open_lines_come_first_then_unsure_ones_then_shut_ones_with_their_opening():
    lines = directory.card("JP", at=AT).to_json()["lines"]  # noon in Tokyo
    assert [line["open"] for line in lines] == [True, None, False]
    assert lines[-1]["next_opening"] == "Tuesday 16:00 (JST)"


def line(spans, tz="Europe/Vienna", **more):
    raw = {"name": "Test line", "display": "142", "dial": "142", "hours": "See below", "languages": ["de"], "tz": tz}
    return line_from({**raw, "open": spans, **more}, place="AT")


EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BY_DAY = line([{"days": EVERY_DAY, "from": "09:00", "to": "21:00"}])
BY_NIGHT = line([{"days": EVERY_DAY, "from": "19:00", "to": "07:00"}])
TO_MIDNIGHT = line([{"days": ["mon"], "from": "09:00", "to": "24:00"}])


def vienna(day, hour, minute=0):
    return datetime(2026, 12, day, hour - 1, minute, tzinfo=UTC)  # winter: one hour ahead of UTC


@pytest.mark.parametrize(
    ("hours", "at", "is_open"),
    [
        (BY_DAY, vienna(1, 9), True),
        (BY_DAY, vienna(1, 8, 59), False),
        (BY_DAY, vienna(1, 20, 59), True),
        (BY_DAY, vienna(1, 21), False),
        (BY_NIGHT, vienna(1, 19), True),
        (BY_NIGHT, vienna(2, 6, 59), True),
        (BY_NIGHT, vienna(2, 7), False),
        (TO_MIDNIGHT, vienna(7, 23, 59), True),
        (TO_MIDNIGHT, vienna(8, 1), False),
        (TO_MIDNIGHT, vienna(8, 10), False),
    ],
)
def test_dir_6_open_or_shut_is_reckoned_in_the_line_s_own_time_zone(hours, at, is_open):
    assert hours.is_open(at) is is_open


def test_dir_6_summer_time_moves_the_opening_with_the_clock_on_the_wall():
    assert not BY_DAY.is_open(datetime(2026, 12, 1, 7, 30, tzinfo=UTC))
    assert BY_DAY.is_open(datetime(2026, 7, 1, 7, 30, tzinfo=UTC))


def test_dir_6_the_next_opening_may_be_days_ahead():
    opening = TO_MIDNIGHT.next_opening(vienna(8, 10))
    assert (opening.date(), opening.hour) == (date(2026, 12, 14), 9)


def test_dir_6_luxembourg_is_open_to_three_after_friday_and_saturday():
    sos = PLACES["LU"].lines[0]
    assert sos.is_open(vienna(5, 2))  # Saturday, two at night
    assert not sos.is_open(vienna(2, 2))


def test_dir_6_a_day_of_the_month_opens_a_line_all_day():
    inochi = next(line for line in PLACES["JP"].lines if line.name == "Inochi no Denwa")
    assert inochi.is_open(datetime(2026, 12, 10, 1, 0, tzinfo=UTC))
    assert not inochi.is_open(datetime(2026, 12, 11, 1, 0, tzinfo=UTC))


def test_a_line_whose_hours_nobody_knows_is_neither_open_nor_shut():
    romania = PLACES["RO"].lines[0]
    assert romania.is_open(AT) is None
    assert romania.next_opening(AT) is None


def test_dir_7_a_clinic_s_own_lines_stand_on_top_and_take_nothing_away():
    own = Line(name="Our clinic", display="01 234", dial="01234", hours="By day", languages=("de",), always=True)
    card = directory.card("AT", at=AT, clinic_lines=[own]).to_json()
    assert [line["name"] for line in card["lines"]] == ["Our clinic", "TelefonSeelsorge"]
    assert card["emergency"][0]["dial"] == "112"
    assert names(None, clinic_lines=[own]) == ["Our clinic"]


def test_dir_4_countries_can_be_chosen_by_name():
    found = directory.countries()
    assert ("AT", "Austria") in found
    assert [name for _, name in found] == sorted(name for _, name in found)


def test_the_card_is_plain_json_with_the_agreed_keys():
    card = directory.card("NZ", at=AT).to_json()
    assert {"kind", "country", "emergency", "lines"} <= card.keys()
    keys = {"name", "display", "dial", "sms_to", "sms_body", "chat_url", "hours", "open"}
    assert all(keys <= line.keys() for line in card["lines"])
    assert card["kind"] == "crisis"


GOOD = {"name": "x", "display": "142", "dial": "142", "hours": "Day and night", "always": True, "languages": ["de"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "needs a name"),
        ({"dial": "+43142"}, "nobody can dial"),
        ({"dial": ""}, "nothing to call, text or open"),
        ({"sms_body": "HI"}, "a text without a number"),
        ({"chat_url": "http://example.org"}, "must begin with https"),
        ({"languages": []}, "BCP-47"),
        ({"languages": ["German"]}, "BCP-47"),
        ({"hours": ""}, "hours must be said"),
        ({"tz": "Mars/Base"}, "not a time zone"),
        ({"verified": True}, "verified needs its date"),
        ({"price": "1"}, "unknown key price"),
        ({"spans": []}, "unknown key spans"),
        ({"open": [{"days": ["mon"], "from": "09:00", "to": "10:00"}]}, "either always open or has hours"),
        ({"always": False, "open": [{"days": ["someday"], "from": "09:00", "to": "10:00"}]}, "open needs days"),
        ({"always": False, "open": [{"days": ["mon"], "from": "9", "to": "10:00"}]}, "open needs days"),
        ({"always": False, "open": [{"from": "09:00", "to": "10:00"}]}, "names no day"),
    ],
)
def test_dir_2_a_line_that_breaks_a_rule_is_refused_with_its_name(change, reason):
    with pytest.raises(ResourceError, match=f"AT.*{reason}"):
        line_from({**GOOD, **change}, place="AT")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("advice = ", "Invalid value"),
        ("advice = 'x'", "needs places"),
        ("[place.AT]\nname = 'Austria'\nemergency = ['112']", "needs places and the advice"),
        ("advice = 'x'\n[place.AT]\nname = 'Austria'\nemergency = []", "an emergency number is missing"),
        ("advice = 'x'\n[place.AT]\nemergency = ['112']", "a name is missing"),
        ("advice = 'x'\n[place.Austria]\nname = 'Austria'", "not a country code"),
    ],
)
def test_a_directory_that_breaks_a_rule_is_refused_whole(tmp_path, text, reason):
    file = tmp_path / "resources.toml"
    file.write_text(text)
    with pytest.raises(ResourceError, match=reason):
        read_resources(file)


def test_a_source_mark_that_nobody_explains_is_refused(tmp_path):
    file = tmp_path / "resources.toml"
    file.write_text(directory.RESOURCES.read_text(encoding="utf-8").replace('source = "cc0"', 'source = "hearsay"', 1))
    with pytest.raises(ResourceError, match="'hearsay' is not explained"):
        read_resources(file)
