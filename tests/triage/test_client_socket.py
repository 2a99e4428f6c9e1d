"""The client's socket on bad input: every frame gets a clear answer, the socket lives on, and nothing is lost."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.tabs import ClientTab, Tab
from triage import clients
from triage.models import Conversation, Message

pytestmark = pytest.mark.django_db(transaction=True)

REF = "5f0c7d4e-0000-4000-8000-000000000001"


@pytest.fixture
def started(clinic):
    return clients.start(clinic=clinic, at=timezone.now())


@pytest.fixture
def tab(asgi_server, started):
    tab = ClientTab(asgi_server, started.token)
    tab.until("welcome")
    yield tab
    tab.close()


@pytest.fixture(autouse=True)
def quiet_service(asgi_server):
    """Bad input is the sender's matter: nothing of it may show up as a fault of the service."""
    before = len(asgi_server.output())
    yield
    # What uvicorn says about bytes that are no text is about the sender, and quotes nothing.
    written = [line for line in asgi_server.output()[before:].splitlines() if "Invalid UTF-8 sequence" not in line]
    assert not [line for line in written if '"level": "error"' in line or "Traceback" in line], written


def stored(started):
    """How many of the client's own messages are stored."""
    return Message.objects.filter(conversation_id=started.conversation_id, sender="client").count()


def refused(tab, raw):
    """Send what should be refused; the next ordinary message must be taken all the same."""
    tab.send_raw(raw if isinstance(raw, str | bytes) else json.dumps(raw))
    error = tab.until("error")
    assert error["detail"]
    assert tab.writes("hello")["type"] == "ack"
    return error


@pytest.mark.parametrize(
    "raw",
    ["", "hello", "{", '{"type": "typing"', "{'type': 'typing'}", "[" * 16_000, '{"a":' * 6_000, "9" * 6_000],
    ids=["empty", "words", "half", "cut off", "python", "deep lists", "deep objects", "endless number"],
)
def test_what_is_not_json_is_called_so(tab, raw):
    assert refused(tab, raw)["code"] == "bad_json"


@pytest.mark.parametrize("raw", ["null", "5", '"typing"', "[]", '[{"type": "typing"}]', "{}", '{"type": 5}', "NaN"])
def test_json_that_is_no_frame_is_called_so(tab, raw):
    assert refused(tab, raw)["code"] == "bad_frame"


@pytest.mark.parametrize(
    "kind", ["nothing", "", "bell", "act", "__init__", "websocket.disconnect", "take_over", "x\x00"]
)
def test_an_unknown_type_is_called_so(tab, kind):
    assert refused(tab, {"type": kind})["code"] == "bad_type"


@pytest.mark.parametrize("raw", [b"", b"\x00\xff", b'{"type": "typing"}'])
def test_a_binary_frame_is_refused(tab, raw):
    assert refused(tab, raw)["code"] == "bad_frame"


@pytest.mark.parametrize("ref", [None, 5, "", "no uuid", [], {}, True, REF + "0", "\ud800"])
def test_a_message_needs_a_uuid(tab, started, ref):
    error = refused(tab, {"type": "message", "client_ref": ref, "text": "hello"})
    assert error["code"] == "bad_frame"
    assert "client_ref" in error["detail"]
    assert stored(started) == 1


@pytest.mark.parametrize("text", [None, 5, 1.5, True, ["hello"], {"text": "hello"}])
def test_a_text_that_is_no_text_is_refused(tab, started, text):
    error = refused(tab, {"type": "message", "client_ref": REF, "text": text})
    assert (error["code"], error["client_ref"]) == ("bad_text", REF)
    assert stored(started) == 1


@pytest.mark.parametrize("wish", ["persons", "", 5, True, ["person"]])
def test_a_wish_that_cannot_be_read_is_not_passed_over(tab, started, wish):
    error = refused(tab, {"type": "message", "client_ref": REF, "text": "please", "wish": wish})
    assert (error["code"], error["client_ref"]) == ("bad_frame", REF)
    assert stored(started) == 1


@pytest.mark.parametrize("after", [-1, "1", 1.5, True, None, [], 2**31, float("nan")])
def test_a_sequence_number_is_a_whole_number(tab, after):
    assert refused(tab, {"type": "catch_up", "after": after})["code"] == "bad_frame"


@pytest.mark.parametrize("country", [None, 5, "ZZ", "at", "Austria", ["AT"], "\ud800", "A\x00"])
def test_a_country_that_is_not_in_the_directory_is_refused(tab, country):
    assert refused(tab, {"type": "country", "country": country})["code"] == "bad_frame"


def test_a_country_that_is_known_brings_its_crisis_card(tab):
    tab.send(type="country", country="AT")
    frame = tab.until("country")
    assert (frame["country"], frame["card"]["country"]) == ("AT", "AT")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\t\u2003", "empty"),
        ("a\x00b", "bad_text"),
        ("half \ud83d", "bad_text"),
        ("\udc00\ud800", "bad_text"),
        ("x" * 4001, "too_long"),
    ],
    ids=["nothing", "blanks", "NUL", "half a character", "halves turned round", "one too many"],
)
def test_a_text_that_cannot_be_stored_whole_is_refused_and_not_repaired(tab, started, text, code):
    error = refused(tab, {"type": "message", "client_ref": REF, "text": text})
    assert (error["code"], error["client_ref"]) == (code, REF)
    assert stored(started) == 1


def test_the_refusal_of_a_long_text_names_the_limit(tab):
    error = tab.writes("x" * 4001)
    assert "4,000" in error["detail"]
    assert "4,001" in error["detail"]


VERBATIM = {
    "longest": "x" * 4000,
    "right-to-left override": "pay \u202e001 \u202c now",
    "html": '<script>alert("x")</script> &amp; <b>bold</b>',
    "emoji family": "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \U0001f3f3\ufe0f\u200d\U0001f308",
    "decomposed": "cafe\u0301",
    "blanks around": "  hello \n\n",
    "line separators": "a\u2028b\u2029c\x85d",
    "control characters": "bell \x07 escape \x1b[31m",
    "not a character": "\uffff \ufdd0",
    "template": "{{ 7*7 }} {% now %} %s %(x)s ${x}",
    "sql": "'; DROP TABLE triage_message; --",
}


@pytest.mark.parametrize("text", VERBATIM.values(), ids=VERBATIM)
def test_a_text_is_kept_as_it_was_written_and_stored_once(asgi_server, tab, started, text):
    assert tab.writes(text)["type"] == "ack"
    assert tab.line("client")["text"] == text
    later = ClientTab(asgi_server, started.token)
    assert later.line("client")["text"] == text
    later.close()
    assert stored(started) == 1


@pytest.mark.parametrize("escaped", [False, True])
def test_the_longest_text_may_be_of_any_characters_however_they_are_written(tab, escaped):
    text = "\U0001f9e1" * 4000
    tab.send_raw(json.dumps({"type": "message", "client_ref": REF, "text": text}, ensure_ascii=escaped))
    assert tab.until("ack")["client_ref"] == REF
    assert tab.line("client")["text"] == text


def test_a_frame_above_the_limit_closes_that_socket_only(asgi_server, tab, started):
    other = ClientTab(asgi_server, started.token)
    tab.send_raw("[" * 100_000)
    assert tab.until_closed() == 1009
    assert other.writes("still here")["type"] == "ack"
    other.close()


def test_bytes_that_are_no_text_close_that_socket_only(asgi_server, tab, started):
    other = ClientTab(asgi_server, started.token)
    with tab.socket.send_context():
        tab.socket.protocol.send_text(b'{"type": "typing\xff\xfe"}')
    assert tab.until_closed() == 1007
    assert other.writes("still here")["type"] == "ack"
    other.close()


@pytest.mark.parametrize("token", ["", "made up", None, 5, ["x"], "\ud800", "x" * 20_000, "\x00"])
def test_a_strangers_token_opens_nothing(asgi_server, started, token):
    tab = Tab(f"{asgi_server.ws_url}/ws/chat/")
    tab.send(type="hello", token=token, last_seq=0)
    assert tab.until_closed() == 4401
    assert [(frame["type"], frame["code"]) for frame in tab.frames] == [("error", "not_allowed")]


def test_after_a_strangers_token_nothing_else_is_taken(asgi_server, started):
    tab = Tab(f"{asgi_server.ws_url}/ws/chat/")
    tab.send(type="hello", token="made up", last_seq=0)
    tab.send(type="hello", token=started.token, last_seq=0)
    tab.send(type="message", client_ref=REF, text="hello")
    assert tab.until_closed() == 4401
    assert {frame["type"] for frame in tab.frames} == {"error"}
    assert stored(started) == 0


def test_an_ended_session_is_a_stranger(asgi_server, started):
    clients.leave(token=started.token, at=timezone.now())
    assert ClientTab(asgi_server, started.token).until_closed() == 4401


def test_nothing_is_taken_before_the_hello(asgi_server, started):
    tab = Tab(f"{asgi_server.ws_url}/ws/chat/")
    for frame in (
        {"type": "message", "client_ref": REF, "text": "hello"},
        {"type": "catch_up", "after": 0},
        {"type": "typing"},
        {"type": "end"},
        {"type": "country", "country": "AT"},
    ):
        tab.send(**frame)
        error = tab.until("error")
        assert (error["code"], error.get("client_ref")) == ("not_allowed", frame.get("client_ref"))
    tab.send(type="hello", token=started.token, last_seq=0)
    assert tab.until("welcome")["conversation"] == str(started.conversation_id)
    tab.close()
    assert stored(started) == 0


def test_a_hello_that_cannot_be_read_may_be_said_again(asgi_server, started):
    tab = Tab(f"{asgi_server.ws_url}/ws/chat/")
    tab.send(type="hello", token=started.token, last_seq="0")
    assert tab.until("error")["code"] == "bad_frame"
    tab.send(type="typing")
    assert tab.until("error")["code"] == "not_allowed"
    tab.send(type="hello", token=started.token, last_seq=0)
    tab.until("welcome")
    tab.close()


def test_a_second_hello_leaves_the_first_conversation_for_good(asgi_server, clinic, tab, started):
    other = clients.start(clinic=clinic, at=timezone.now())
    tab.send(type="hello", token=other.token, last_seq=0)
    assert tab.until("welcome")["conversation"] == str(other.conversation_id)
    first = ClientTab(asgi_server, started.token)
    first.writes("only for the first")
    tab.writes("only for the second")
    tab.line("client", "only for the second")
    assert not [frame for frame in tab.frames if frame["type"] == "message" and "the first" in frame["text"]]
    first.close()


def test_an_error_never_repeats_what_the_client_wrote(tab):
    secret = "the words nobody may repeat"
    tab.send(type="message", client_ref=secret, text=secret, ref=secret * 10)
    tab.send(type="message", client_ref=REF, text=secret + "\x00")
    tab.send(type=secret)
    errors = [tab.until("error") for _ in range(3)]
    assert secret not in json.dumps([error["detail"] for error in errors])
    assert all(secret * 10 not in error.values() for error in errors)


def test_a_message_to_a_closed_conversation_says_that_it_has_ended(tab, started):
    tab.send(type="end")
    assert tab.until("state")["state"] == "closed"
    error = tab.writes("one more thing")
    assert (error["code"], stored(started)) == ("closed", 0)


def test_after_a_closed_conversation_the_token_opens_a_new_one(asgi_server, clinic, tab, started):
    tab.send(type="end")
    tab.until("state")
    again = clients.come_back(clinic=clinic, at=timezone.now(), token=started.token)
    assert again.conversation_id != started.conversation_id
    later = ClientTab(asgi_server, started.token)
    assert later.until("welcome")["conversation"] == str(again.conversation_id)
    assert later.writes("I am back")["type"] == "ack"
    later.close()


def test_a_conversation_that_waits_for_a_person_is_not_ended_by_the_client(tab, started):
    tab.writes("I want to talk", wish="person")
    tab.send(type="end")
    error = tab.until("error")
    assert error["code"] == "not_allowed"
    assert Conversation.objects.get(pk=started.conversation_id).state == "waiting"


def test_the_person_button_needs_no_words_that_the_bot_understands(tab):
    tab.writes("Xyzzy", wish="person", ref=str(uuid4()))
    assert tab.until("state")["state"] == "waiting"
