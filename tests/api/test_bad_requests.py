"""Whatever comes, the answer is a clear refusal in one shape, and nothing has happened."""

import json

import pytest

from audit.models import Entry
from tests.api.conftest import code

pytestmark = pytest.mark.django_db


def send(desk, body, content_type="application/json", path="takeovers"):
    return desk.client.generic("POST", f"/api/v1/{path}", body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"\xff\xfe{}", b'{"conversation": NaN}', b"[" * 60_000, b'{"a":' * 10_000, b'{"conversation" "x"}'],
    ids=["cut off", "empty", "not UTF-8", "NaN", "60,000 brackets", "10,000 deep", "no colon"],
)
def test_a_body_that_is_no_json_is_refused(desk, body):
    assert code(send(desk, body)) in ((400, "bad_json"), (400, "bad_input"))


@pytest.mark.parametrize("body", [[], "text", 7, None, [{"conversation": "x"}]], ids=str)
def test_json_that_is_no_object_is_refused(desk, body):
    answer = send(desk, json.dumps(body))
    assert code(answer) == (400, "bad_input")
    assert answer.json()["error"]["fields"]


@pytest.mark.parametrize("value", [None, "", "not an id", 7.5, [], {}, "\x00", "\ud800"], ids=repr)
def test_a_value_of_the_wrong_kind_is_named(desk, value):
    answer = send(desk, json.dumps({"conversation": value}))
    assert code(answer) == (400, "bad_input")
    assert list(answer.json()["error"]["fields"]) == ["conversation"]


def test_a_field_that_is_not_known_is_named(desk, writer):
    answer = send(desk, json.dumps({"conversation": str(writer.conversation_id), "force": True}))
    assert code(answer) == (400, "bad_input")
    assert list(answer.json()["error"]["fields"]) == ["force"]
    assert writer.conversation.state == "with_bot"


def test_a_mistyped_filter_never_shows_everything(desk, writer):
    answer = desk.get("conversations", sate="waiting")
    assert code(answer) == (400, "bad_input")
    assert list(answer.json()["error"]["fields"]) == ["sate"]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "asleep"},
        {"level": "5"},
        {"holder": "me"},
        {"since": "yesterday"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"order": "pseudonym"},
        {"rehearsal": "perhaps"},
        {"state": "\x00"},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_read_is_named(desk, query):
    answer = desk.get("conversations", **query)
    assert code(answer) == (400, "bad_input")
    assert list(answer.json()["error"]["fields"]) == list(query)


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "bnVsbA", "WzEsMiwzXQ", "a" * 400, "é"])
@pytest.mark.parametrize("path", ["conversations", "alerts", "takeovers"])
def test_a_made_up_cursor_is_refused(desk, path, cursor):
    assert code(desk.get(path, cursor=cursor)) == (400, "bad_cursor")


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WzEsMl0"])
def test_a_made_up_cursor_of_the_trail_is_refused(integration, supervisor, cursor):
    assert code(integration(supervisor).get("audit/entries", cursor=cursor)) == (400, "bad_cursor")


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "x"}, {"after": str(2**31)}, {"limit": "0"}], ids=str)
def test_a_place_in_a_transcript_that_cannot_be_is_refused(desk, writer, query):
    answer = desk.get(f"conversations/{writer.conversation_id}/messages", **query)
    assert code(answer) == (400, "bad_input")
    assert not Entry.objects.filter(action="transcript.viewed").exists()


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "text/xml"])
def test_a_body_that_is_not_called_json_is_refused(desk, kind):
    assert code(send(desk, b"conversation=x", content_type=kind)) == (415, "unsupported_media_type")


def test_a_body_that_is_too_big_is_refused_unread(desk):
    body = json.dumps({"conversation": "x" * 70_000})
    assert code(send(desk, body)) == (413, "too_big")


@pytest.mark.parametrize("sent", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "many"}], ids=str)
def test_a_body_without_a_length_is_not_taken_for_an_empty_one(desk, sent):
    assert code(desk.client.generic("POST", "/api/v1/shifts", b"", **sent)) == (411, "length_required")


def test_a_method_that_is_not_there_is_refused(desk):
    assert code(desk.client.delete("/api/v1/conversations")) == (405, "method_not_allowed")


def test_only_json_is_answered(desk):
    answer = desk.client.get("/api/v1/conversations", headers={"Accept": "text/html"})
    assert code(answer) == (406, "not_acceptable")


def test_a_refusal_is_kept_in_no_cache(desk):
    assert desk.get("conversations", state="asleep")["Cache-Control"] == "no-store"


def test_a_refusal_repeats_nothing_of_a_text(desk, writer):
    """What a counsellor wrote must not come back in an error, where logs and proxies would see it."""
    answer = desk.says(writer.conversation_id, "the lighthouse keeper" + "x" * 4000)
    assert "lighthouse" not in answer.content.decode()
