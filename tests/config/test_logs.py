"""Nothing that a client writes comes into a log, an error, the trail or a message between the parts."""

import json
import logging
import sys
from uuid import uuid4

import psycopg
import pytest
import redis
from django.utils import timezone

from audit.models import Entry
from config.logs import ALLOWED_EXTRA, JsonFormatter
from tests.tabs import ClientTab, DeskTab
from triage import clients
from triage.models import Message

CANARY = "zanzibar-canary"


def line(message, *args, exc_info=None, extra=None, name="triage"):
    """One log line as it is written, read back."""
    record = logging.getLogger(name).makeRecord(name, logging.ERROR, __file__, 1, message, args, exc_info, extra=extra)
    written = JsonFormatter().format(record)
    assert "\n" not in written
    return json.loads(written)


def raised(error):
    """`exc_info` of an exception that was really raised."""
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_a_line_says_when_how_grave_who_and_what():
    written = line("bell not rung: %s", "ConnectionError")
    assert set(written) == {"time", "level", "logger", "message"}
    assert (written["level"], written["logger"]) == ("error", "triage")
    assert written["message"] == "bell not rung: ConnectionError"


def test_only_known_fields_may_be_added():
    written = line("x", extra={"text": CANARY, "body": {"text": CANARY}, "conversation": uuid4(), "took_ms": 3})
    assert CANARY not in json.dumps(written)
    assert set(written) - {"time", "level", "logger", "message"} == {"conversation", "took_ms"}
    assert not {"text", "body", "name", "email", "token"} & ALLOWED_EXTRA


def test_an_exception_is_named_by_its_kind_and_place_only():
    written = line("frame failed", exc_info=raised(ValueError(CANARY)))
    assert written["exception"] == "ValueError"
    assert written["frames"][-1].startswith("test_logs.py:")
    assert CANARY not in json.dumps(written)


def test_what_caused_an_exception_is_not_told_either():
    try:
        try:
            raise psycopg.errors.NotNullViolation(f"DETAIL: Failing row contains ({CANARY})")
        except psycopg.Error as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        assert CANARY not in json.dumps(line("frame failed", exc_info=sys.exc_info()))


@pytest.mark.parametrize("args", [(ValueError(CANARY),), ("x", ValueError(CANARY))])
def test_an_exception_given_as_an_argument_is_named_only(args):
    written = line("failed: " + "%s " * len(args), *args)
    assert "ValueError" in written["message"]
    assert CANARY not in written["message"]


def test_celerys_words_about_a_failed_task_leave_the_exception_out():
    told = {"id": "1", "name": "counselling.tasks.escalate_alerts", "description": "raised", "exc": CANARY}
    written = line("Task %(name)s[%(id)s] %(description)s: %(exc)s", told, exc_info=raised(ValueError(CANARY)))
    assert "escalate_alerts" in written["message"]
    assert CANARY not in json.dumps(written)


def test_asyncios_words_about_a_lost_task_leave_the_exception_out():
    lost = f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{CANARY}')>"
    written = line(lost, exc_info=raised(ValueError(CANARY)), name="asyncio")
    assert written["message"] == "Task exception was never retrieved"
    assert CANARY not in json.dumps(written)


def test_half_a_character_does_not_break_the_line():
    assert line("half %s", "\ud800")["message"] == "half \ud800"


@pytest.mark.django_db(transaction=True)
def test_what_a_client_writes_is_found_nowhere_but_in_the_conversation(start_web, own_valkey, clinic, counsellor):
    """Ordinary, risky and refused messages, a broken scorer and a broken bot, on a service with its own Valkey."""
    web = start_web(REDIS_URL=own_valkey.url, RISK_SCORER="tests.fakes.broken")
    started = clients.start(clinic=clinic, at=timezone.now())
    with redis.Redis.from_url(own_valkey.url) as valkey, valkey.pubsub() as ear:
        ear.psubscribe("*")
        tab, desk = ClientTab(web, started.token), DeskTab(web, counsellor)
        tab.until("welcome")
        desk.asks("open", conversation=str(started.conversation_id), last_seq=0)
        errors = _writes_in_every_way(tab)
        desk.asks("take_over", conversation=str(started.conversation_id))
        answer = desk.asks(
            "message", conversation=str(started.conversation_id), client_ref=str(uuid4()), text=f"{CANARY} again"
        )
        assert answer["type"] == "ack"
        tab.line("counsellor", CANARY)
        assert desk.asks("message", conversation=CANARY, client_ref=CANARY, text=CANARY)["code"] == "bad_frame"
        tab.close()
        desk.close()
        heard = _everything_in(valkey) + _everything_heard(ear)
    assert len(heard) > 2, "the bells were rung"
    assert CANARY not in web.output()
    assert "scoring failed" in web.output()
    assert not [error for error in errors if CANARY in json.dumps({**error, "client_ref": ""})]
    assert not [text for text in heard if CANARY in text]
    assert not Entry.objects.filter(detail__contains=CANARY).exists()
    sealed = Message.objects.filter(conversation_id=started.conversation_id).values_list("sealed_text", flat=True)
    assert not [text for text in sealed if CANARY.encode() in bytes(text)]


def _writes_in_every_way(tab):
    """Messages that are taken, and ones that are refused; returns the refusals."""
    assert tab.writes(f"hello {CANARY}")["type"] == "ack"
    assert tab.writes(f"I want to end it, {CANARY}", wish="person")["type"] == "ack"
    bad = [
        {"type": "message", "client_ref": str(uuid4()), "text": f"{CANARY}\x00"},
        {"type": "message", "client_ref": str(uuid4()), "text": CANARY * 1000},
        {"type": "message", "client_ref": str(uuid4()), "text": {"text": CANARY}},
        {"type": "message", "client_ref": {"text": CANARY}, "text": "hello"},
        {"type": "country", "country": CANARY},
        {"type": CANARY},
        {"text": CANARY},
    ]
    for frame in bad:
        tab.send_raw(json.dumps(frame))
    tab.send_raw(f'{{"type": "message", "text": "{CANARY}')
    return [tab.until("error") for _ in range(len(bad) + 1)]


def _everything_in(valkey):
    """All keys and values, Celery's queues among them."""
    found = []
    for key in valkey.keys("*"):
        found += [str(key), str(valkey.dump(key))]
    return found


def _everything_heard(ear):
    heard = []
    while (message := ear.get_message(timeout=0.2)) is not None:
        heard.append(str(message))
    return heard
