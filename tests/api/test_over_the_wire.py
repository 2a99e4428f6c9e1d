"""The API as an integration meets it: the real server, real HTTP, a token."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.stories import trail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(asgi_server, desk):
    """`call(method, path, body)`: one request to the real server; gives status, headers and JSON."""
    address = urlsplit(asgi_server.url)

    def send(method, path, body=None, **headers):
        line = http.client.HTTPConnection(address.hostname, address.port, timeout=15)
        headers = {"Authorization": f"Token {desk.key}", "Content-Type": "application/json", **headers}
        try:
            line.request(method, f"/api/v1/{path}", body, headers)
            answer = line.getresponse()
            text = answer.read()
        finally:
            line.close()
        return answer.status, answer.headers, json.loads(text) if text else None

    return send


def test_an_integration_takes_a_conversation_over_writes_and_hands_it_back(writer, call):
    place = f"conversations/{writer.conversation_id}"
    words = {"client_ref": "0c4b5a5e-3a53-4f5f-9d0e-0a6c0c4b5a5e", "text": "I am here."}
    assert call("POST", "takeovers", json.dumps({"conversation": str(writer.conversation_id)}))[0] == 201
    assert call("POST", f"{place}/messages", json.dumps(words))[0] == 201
    _, headers, shown = call("GET", f"{place}/messages")
    assert (shown["results"][-1]["text"], headers["Cache-Control"]) == ("I am here.", "no-store")
    assert call("POST", f"{place}/hand-back")[::2] == (204, None)
    assert "conversation.handed_back" in trail(writer.conversation_id)


def test_a_body_in_pieces_is_refused_with_the_reason(call):
    status, _, answer = call("POST", "shifts", iter([b'{"on": ', b"true}"]))
    assert (status, answer["error"]["code"]) == (411, "length_required")


def test_a_body_that_is_too_big_is_refused(call):
    status, _, answer = call("POST", "shifts", json.dumps({"on": "x" * 70_000}))
    assert (status, answer["error"]["code"]) == (413, "too_big")


def test_a_stranger_is_told_what_to_send(call):
    status, headers, answer = call("GET", "conversations", Authorization="Token made-up")
    assert (status, answer["error"]["code"]) == (401, "not_authenticated")
    assert headers["WWW-Authenticate"] == 'Token realm="api"'
