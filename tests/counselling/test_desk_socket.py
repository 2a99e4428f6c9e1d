"""The desk's socket: who may be there, what is refused and how, and what a desk sees of the others' work."""

import json
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from accounts.models import Membership
from config import home
from counselling import takeovers
from tests.live import LiveServer
from tests.people import make_member, session_of
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab, DeskTab, Tab
from triage.models import Alert, Message
from triage.sockets import STRANGER

pytestmark = pytest.mark.django_db(transaction=True)

REF = "5f0c7d4e-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def brisk(live_environment, worker_name):
    """A service that looks more often whether a session still holds."""
    env = live_environment(CLIENT_HEARTBEAT_SECONDS="0.2", DESK_POLL_SECONDS="0.2")
    server = LiveServer(env=env, log=home.log_dir() / f"desk-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def clock():
    return Clock(timezone.now())


@pytest.fixture
def start(clinic, clock, settings):
    """A client of the clinic who has written the given texts: `start("[high] I will end it")`."""
    settings.RISK_SCORER = "tests.fakes.marked"

    def started(*texts):
        writer = a_client_starts(clinic, clock)
        for text in texts:
            writer.writes(text)
        return writer

    return started


@pytest.fixture
def desk_of():
    """Opens desks that are closed when the test ends: `desk_of(server, member)`."""
    desks = []

    def opened(server, member):
        desks.append(DeskTab(server, member))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(asgi_server, counsellor, desk_of):
    opened = desk_of(asgi_server, counsellor)
    opened.until("queue")
    return opened


def shown(frame):
    """The conversations of a queue, in its order."""
    return [card["id"] for card in frame["conversations"]]


def code(answer):
    assert answer["type"] == "error", answer
    assert answer["detail"]
    return answer["code"]


# -- who may be there


def test_who_is_not_signed_in_is_told_and_let_go(asgi_server, db):
    tab = Tab(f"{asgi_server.ws_url}/ws/desk/", origin=asgi_server.url)
    assert tab.until_closed() == STRANGER
    assert [frame["code"] for frame in tab.frames] == ["not_permitted"]


def test_a_role_without_the_desk_is_let_go(asgi_server, administrator, start):
    start("[high] I will end it")
    cookie = f"staff_session={session_of(administrator)}"
    tab = Tab(f"{asgi_server.ws_url}/ws/desk/", origin=asgi_server.url, additional_headers={"Cookie": cookie})
    assert tab.until_closed() == STRANGER
    assert [frame["code"] for frame in tab.frames] == ["not_permitted"]


@pytest.mark.parametrize("origin", ["https://elsewhere.invalid", "null", None])
def test_a_page_of_another_site_cannot_use_the_session(asgi_server, counsellor, origin):
    cookie = f"staff_session={session_of(counsellor)}"
    with pytest.raises(InvalidStatus) as refused:
        Tab(f"{asgi_server.ws_url}/ws/desk/", origin=origin, additional_headers={"Cookie": cookie})
    assert refused.value.response.status_code == 403


def test_a_member_who_is_deactivated_loses_the_desk(asgi_server, desk, counsellor):
    Membership.objects.filter(pk=counsellor.pk).update(is_active=False)
    assert desk.until_closed() == STRANGER


def test_a_deactivated_member_does_not_get_one_more_request(asgi_server, desk, counsellor, start):
    writer = start("[high] I will end it")
    Membership.objects.filter(pk=counsellor.pk).update(is_active=False)
    desk.send(type="take_over", conversation=str(writer.conversation_id))
    assert desk.until_closed() == STRANGER
    assert writer.conversation.state == "waiting"


def test_a_role_that_is_taken_away_takes_the_desk_away(asgi_server, desk, counsellor):
    Membership.objects.filter(pk=counsellor.pk).update(role="administrator")
    assert desk.until_closed() == STRANGER


def test_signing_out_ends_the_desk(brisk, counsellor, desk_of):
    desk = desk_of(brisk, counsellor)
    desk.until("heartbeat")
    Session.objects.all().delete()
    assert desk.until_closed() == STRANGER


def test_a_changed_password_ends_the_desk(brisk, counsellor, desk_of):
    desk = desk_of(brisk, counsellor)
    desk.until("heartbeat")
    counsellor.user.set_password("another-password-entirely")
    counsellor.user.save()
    assert desk.until_closed() == STRANGER


# -- what is refused


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{", "bad_json"),
        ("[" * 16_000, "bad_json"),
        ("[]", "bad_frame"),
        ('{"type": 5}', "bad_frame"),
        ('{"type": "bell"}', "bad_type"),
        ('{"type": "close_conversation"}', "bad_type"),
        (b"\x00", "bad_frame"),
        ('{"type": "shift", "on": "yes"}', "bad_frame"),
        ('{"type": "shift"}', "bad_frame"),
    ],
)
def test_a_bad_frame_is_answered_and_the_desk_goes_on(desk, raw, expected):
    desk.send_raw(raw)
    assert code(desk.until("error")) == expected
    assert desk.asks("shift", on=True)["on"] is True


_NEEDS_CONVERSATION = ["open", "leave", "catch_up", "take_over", "message", "hand_back", "close", "typing"]


@pytest.mark.parametrize("kind", _NEEDS_CONVERSATION)
def test_every_request_about_a_conversation_checks_its_id(desk, kind):
    for bad in (None, 5, "", "no uuid", [], {"id": REF}, "\ud800"):
        assert code(desk.asks(kind, conversation=bad, client_ref=REF, text="x")) == "bad_frame"
    if kind != "leave":
        unknown = desk.asks(kind, conversation=REF, client_ref=REF, text="x", disposition="ended")
        assert code(unknown) in ("unknown_conversation", "bad_frame")


@pytest.mark.parametrize("kind", ["acknowledge", "resolve"])
def test_every_request_about_an_alert_checks_its_id(desk, kind):
    for bad in (None, 5, "no uuid", []):
        assert code(desk.asks(kind, alert=bad, resolution="plan")) == "bad_frame"
    assert code(desk.asks(kind, alert=REF, resolution="plan")) == "unknown_alert"


def test_a_text_that_cannot_be_stored_is_refused_with_its_reference(desk, start):
    held = str(start("[high] I will end it").conversation_id)
    desk.asks("take_over", conversation=held)
    for text, expected in (("", "empty"), ("x" * 4001, "too_long"), ("a\x00", "bad_text"), (None, "bad_text")):
        answer = desk.asks("message", conversation=held, client_ref=REF, text=text)
        assert (code(answer), answer["client_ref"]) == (expected, REF)
    assert not Message.objects.filter(sender="counsellor").exists()


def test_requests_that_come_too_fast_are_each_answered(desk):
    for number in range(200):
        desk.send(type="shift", on=True, ref=number)
    answers = [desk.until(lambda frame, ref=number: frame.get("ref") == ref) for number in range(200)]
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert {answer["code"] for answer in refused} == {"too_fast"}
    assert all(answer["retry_after_ms"] > 0 for answer in refused)


def test_who_comes_second_is_told_who_holds(desk, second_counsellor, start):
    writer = start("[high] I will end it")
    takeovers.take_over(member=second_counsellor, conversation_id=writer.conversation_id, at=timezone.now())
    answer = desk.asks("take_over", conversation=str(writer.conversation_id))
    assert code(answer) == "held_by_another"
    assert answer["holder"] == {"id": str(second_counsellor.pk), "name": second_counsellor.user.name}
    assert second_counsellor.user.name in answer["detail"]


def test_only_the_holder_writes_hands_back_closes_and_types(desk, second_counsellor, start):
    writer = start("hello")
    takeovers.take_over(member=second_counsellor, conversation_id=writer.conversation_id, at=timezone.now())
    held = str(writer.conversation_id)
    for kind in ("message", "hand_back", "close", "typing"):
        answer = desk.asks(kind, conversation=held, client_ref=REF, text="x", disposition="supported")
        assert code(answer) in ("not_holder", "bad_frame"), kind
    assert writer.conversation.holder_id == second_counsellor.pk


def test_an_alert_is_resolved_once_and_with_one_of_the_reasons(desk, start):
    start("[high] I will end it")
    alert = str(Alert.objects.get().pk)
    for bad in (None, "", "fine now", 5, ["plan"]):
        assert code(desk.asks("resolve", alert=alert, resolution=bad)) == "bad_frame"
    assert desk.asks("acknowledge", alert=alert)["type"] == "done"
    assert desk.asks("acknowledge", alert=alert)["type"] == "done"
    assert desk.asks("resolve", alert=alert, resolution="plan")["type"] == "done"
    for kind in ("resolve", "acknowledge"):
        assert code(desk.asks(kind, alert=alert, resolution="talked")) == "already_resolved"
    assert Alert.objects.get().resolution == "plan"


def test_a_held_conversation_is_closed_with_a_disposition_only(desk, start):
    held = str(start("hello").conversation_id)
    desk.asks("take_over", conversation=held)
    for bad in (None, "", "whatever", 5):
        assert code(desk.asks("close", conversation=held, disposition=bad)) == "bad_frame"
    dispositions = desk.until("welcome")["dispositions"]
    assert desk.asks("close", conversation=held, disposition=dispositions[0][0])["type"] == "done"
    assert code(desk.asks("take_over", conversation=held)) == "closed"


def test_another_clinics_conversation_and_alert_do_not_exist(asgi_server, other_counsellor, start, desk_of):
    writer = start("[high] I will end it")
    other = desk_of(asgi_server, other_counsellor)
    assert other.until("queue")["conversations"] == []
    for kind in ("open", "take_over", "typing", "catch_up"):
        assert code(other.asks(kind, conversation=str(writer.conversation_id))) == "unknown_conversation"
    assert code(other.asks("acknowledge", alert=str(Alert.objects.get().pk))) == "unknown_alert"
    assert "I will end it" not in json.dumps(other.frames)


# -- what a desk sees


def test_the_queue_is_ordered_by_urgency_and_then_by_waiting_time(asgi_server, supervisor, start, desk_of):
    texts = {
        "calm": "nice weather",
        "moderate first": "[moderate] what is the point",
        "high first": "[high] I will end it",
        "unscored": "[unscored] words",
        "imminent": "[imminent] I have taken them",
        "high later": "[high] I have a plan",
        "moderate later": "[moderate] it is no use",
    }
    ids = {name: str(start(text).conversation_id) for name, text in texts.items()}
    queue = desk_of(asgi_server, supervisor).until("queue")
    names = {number: name for name, number in ids.items()}
    assert [names[number] for number in shown(queue)] == [
        "imminent",
        "high first",
        "high later",
        "unscored",
        "moderate first",
        "moderate later",
        "calm",
    ]


def test_two_hundred_waiting_clients_stand_in_one_queue_frame(asgi_server, supervisor, start, desk_of):
    waiting = [str(start("[high] I will end it").conversation_id) for _ in range(200)]
    queue = desk_of(asgi_server, supervisor).until("queue")
    assert shown(queue) == waiting
    assert all(card["alert"]["reasons"] for card in queue["conversations"])


def test_an_alert_reaches_every_desk_with_its_reasons(asgi_server, desk, second_counsellor, start, desk_of):
    second = desk_of(asgi_server, second_counsellor)
    second.until("queue")
    writer = start("hello")
    writer.writes("[high] I have it all planned")
    for one in (desk, second):
        card = one.card(writer.conversation_id, lambda card: card["alert"] is not None)
        assert (card["state"], card["level"], card["alert"]["state"]) == ("waiting", "high", "open")
        assert card["alert"]["reasons"] == ["I have it all plann"]


def test_a_second_desk_sees_who_took_over(asgi_server, desk, second_counsellor, counsellor, start, desk_of):
    writer = start("[high] I will end it")
    second = desk_of(asgi_server, second_counsellor)
    second.card(writer.conversation_id)
    desk.asks("take_over", conversation=str(writer.conversation_id))
    card = second.card(writer.conversation_id, lambda card: card["holder"] is not None)
    assert card["holder"] == {"id": str(counsellor.pk), "name": counsellor.user.name}
    assert (card["state"], card["alert"]["acknowledged_by"]) == ("with_counsellor", counsellor.user.name)


def test_lines_come_live_after_opening_and_stop_after_leaving(desk, start):
    writer = start("hello")
    number = str(writer.conversation_id)
    transcript = desk.asks("open", conversation=number, last_seq=0)
    assert [line["seq"] for line in transcript["messages"]] == list(range(1, writer.conversation.last_seq + 1))
    turn = writer.writes("[high] I will end it")
    line = desk.until(lambda frame: frame["type"] == "message" and frame["seq"] == turn.seq)
    assert (line["conversation"], line["assessment"]["level"]) == (number, "high")
    assert desk.asks("leave", conversation=number)["type"] == "done"
    turn = writer.writes("are you there")
    desk.card(number, lambda card: card["last_seq"] >= turn.last_seq)
    assert not [frame for frame in desk.frames if frame["type"] == "message" and frame["seq"] >= turn.seq]
    assert code(desk.asks("catch_up", conversation=number, after=0)) == "unknown_conversation"


def test_a_desk_that_lost_lines_asks_for_them(desk, start):
    writer = start("one", "two")
    number, head = str(writer.conversation_id), writer.conversation.last_seq
    desk.asks("open", conversation=number, last_seq=head)
    assert desk.asks("catch_up", conversation=number, after=1)["type"] == "done"
    again = [frame["seq"] for frame in desk.frames if frame["type"] == "message"]
    assert again == list(range(2, head + 1))


def test_typing_is_shown_both_ways_and_stored_nowhere(asgi_server, desk, start):
    writer = start("[high] I will end it")
    number = str(writer.conversation_id)
    page = ClientTab(asgi_server, writer.started.token)
    page.until("welcome")
    desk.asks("open", conversation=number, last_seq=0)
    desk.asks("take_over", conversation=number)
    before = Message.objects.count()
    page.send(type="typing")
    assert desk.until("typing") == {"type": "typing", "conversation": number, "sender": "client"}
    desk.send(type="typing", conversation=number)
    assert page.until("typing") == {"type": "typing", "sender": "counsellor"}
    page.close()
    assert Message.objects.count() == before


def test_a_counsellors_message_sent_twice_is_stored_once(desk, start):
    number = str(start("[high] I will end it").conversation_id)
    desk.asks("take_over", conversation=number)
    sent = [desk.asks("message", conversation=number, client_ref=REF, text="I am here") for _ in range(2)]
    assert [answer["type"] for answer in sent] == ["ack", "ack"]
    assert sent[0]["seq"] == sent[1]["seq"]
    assert Message.objects.filter(sender="counsellor").count() == 1


def test_who_is_on_shift_is_seen_by_everybody(asgi_server, desk, clinic, desk_of):
    third = make_member(clinic, "supervisor", "Supervisor Two")
    other = desk_of(asgi_server, third)
    other.until("queue")
    desk.asks("shift", on=True)
    other.until(lambda frame: frame["type"] == "queue" and len(frame["on_shift"]) == 1)
    assert desk.asks("shift", on=True)["on"] is True
    desk.asks("shift", on=False)
    other.until(lambda frame: frame["type"] == "queue" and frame["on_shift"] == [])


def test_without_valkey_alert_lines_and_takeover_are_seen_all_the_same(start_web, counsellor, start, desk_of):
    web = start_web(REDIS_URL="unix:///nowhere/valkey.sock")
    desk = desk_of(web, counsellor)
    assert desk.until("queue")["conversations"] == []
    writer = start("[high] I will end it")
    number = str(writer.conversation_id)
    assert desk.card(number)["alert"]["state"] == "open"
    page = ClientTab(web, writer.started.token)
    page.until("welcome")
    desk.asks("open", conversation=number, last_seq=0)
    assert desk.asks("take_over", conversation=number)["type"] == "done"
    assert page.until("state")["state"] == "with_counsellor"
    page.writes("who is there?")
    desk.until(lambda frame: frame["type"] == "message" and frame["text"] == "who is there?")
    desk.asks("message", conversation=number, client_ref=str(uuid4()), text="It is me.")
    assert page.line("counsellor")["text"] == "It is me."
    page.close()
