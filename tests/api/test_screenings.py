"""An integration reads what screenings came to, with the LOINC codes by which it files them (INS-7)."""

import json

import pytest

from audit.models import Entry
from tests import screened
from tests.api.conftest import code
from tests.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def path_of(writer):
    return f"clients/{writer.conversation.client_id}/screenings"


def test_a_screening_is_listed_with_its_total_its_codes_and_no_answer(writer, desk):
    screening = screened.answers(writer, "phq9", [2] * 8 + [1])
    [one] = desk.shown(path_of(writer))
    assert (one["id"], one["instrument"], one["title"]) == (str(screening.pk), "phq9", "PHQ-9")
    assert (one["state"], one["total"], one["band"], one["level"]) == ("finished", 17, "moderately severe", "moderate")
    assert (one["missing"], one["prorated"], one["answered"]) == (0, False, 9)
    assert one["loinc"] == {"panel": "44249-1", "total": "44261-6"}
    assert one["instrument_digest"] == screening.instrument_digest
    assert "items" not in one


@pytest.mark.parametrize(
    ("instrument", "values", "panel", "total", "item"),
    [
        ("phq9", [1] * 9, "44249-1", "44261-6", (9, "44260-8")),
        ("gad7", [1] * 7, "69737-5", "70274-6", (1, "69725-0")),
        ("asq", [0] * 4, "", "", (1, "")),
    ],
)
def test_ins_7_every_item_carries_its_code(writer, desk, instrument, values, panel, total, item):
    screening = screened.answers(writer, instrument, values)
    one = desk.get(f"screenings/{screening.pk}").json()
    assert one["loinc"] == {"panel": panel, "total": total}
    number, expected = item
    assert {row["item"]: row["loinc"] for row in one["items"]}[number] == expected


def test_an_answer_that_was_refused_differs_from_one_that_was_not_asked(writer, desk):
    screening = screened.answers(writer, "gad7", [2, screened.REFUSED], whole=False)
    one = desk.get(f"screenings/{screening.pk}").json()
    told = [(row["state"], row["value"], row["answer"]) for row in one["items"]]
    assert told[0] == ("answered", 2, "More than half the days")
    assert told[1] == ("refused", None, "")
    assert told[2:] == [("not_asked", None, "")] * 5
    assert (one["state"], one["total"], one["finished_at"]) == ("under_way", None, None)


def test_pages_hold_every_screening_once(writer, desk):
    made = {str(screened.answers(writer, "phq2", [1, 1]).pk) for _ in range(5)}
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(path_of(writer), limit=2, cursor=cursor).json()
        seen += [one["id"] for one in page["results"]]
        cursor = page["next_cursor"]
    assert len(seen) == 5
    assert set(seen) == made


def test_screenings_can_be_narrowed(writer, desk):
    screened.answers(writer, "phq2", [1, 1])
    last = screened.answers(writer, "gad2", [1], whole=False)
    assert len(desk.shown(path_of(writer))) == 2
    assert [one["id"] for one in desk.shown(path_of(writer), instrument="gad2")] == [str(last.pk)]
    assert [one["instrument"] for one in desk.shown(path_of(writer), state="finished")] == ["phq2"]
    assert desk.shown(path_of(writer), until=last.started_at.isoformat(), instrument="gad2") == []


@pytest.mark.parametrize("query", [{"instrument": "phq10"}, {"state": "done"}, {"cursor": "no cursor"}, {"client": 1}])
def test_what_cannot_be_read_is_refused_and_shows_nothing(writer, desk, query):
    screened.answers(writer, "phq2", [1, 1])
    status, word = code(desk.get(path_of(writer), **query))
    assert (status, word in ("bad_input", "bad_cursor")) == (400, True)
    assert not Entry.objects.filter(action="screening.listed").exists()


def test_another_clinics_client_and_screening_are_unknown(writer, integration, other_counsellor):
    screening = screened.answers(writer, "phq2", [1, 1])
    stranger = integration(other_counsellor)
    assert code(stranger.get(path_of(writer))) == (404, "unknown")
    assert code(stranger.get(f"screenings/{screening.pk}")) == (404, "unknown")


def test_an_administrators_token_reads_neither_totals_nor_answers(writer, integration, administrator):
    screening = screened.answers(writer, "phq2", [1, 1])
    office = integration(administrator)
    assert code(office.get(path_of(writer))) == (403, "not_permitted")
    assert code(office.get(f"screenings/{screening.pk}")) == (403, "not_permitted")


def test_each_reading_is_on_the_trail_by_whose_token_it_was(writer, desk, counsellor):
    screening = screened.answers(writer, "phq2", [1, 1])
    desk.shown(path_of(writer))
    desk.get(f"screenings/{screening.pk}")
    listed = Entry.objects.get(action="screening.listed")
    viewed = Entry.objects.get(action="screening.viewed")
    assert {listed.agent_id, viewed.agent_id} == {str(counsellor.pk)}
    assert "via token" in viewed.agent_role
    assert json.loads(listed.detail) == {"where": "api", "screenings": [str(screening.pk)]}
    assert json.loads(viewed.detail)["where"] == "api"
    assert viewed.conversation_id == writer.conversation_id


def test_a_session_reads_the_same_as_a_token(client, writer, desk, counsellor):
    screened.answers(writer, "phq2", [1, 1])
    by_session = sign_in(client, counsellor).get(f"/api/v1/{path_of(writer)}")
    assert by_session.json() == desk.get(path_of(writer)).json()
