"""The main job, whole, over real sockets, HTTP and PostgreSQL: a client writes at three in the morning."""

import json
import subprocess
import sys
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit.checkpoints import write_checkpoint
from counselling.models import Takeover
from tests.stories import trail
from tests.tabs import ClientTab, DeskTab
from triage import clients, turns
from triage.models import Alert, Message, RiskAssessment

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_client_writes_the_bot_answers_a_person_takes_over_and_the_trail_proves_it(
    asgi_server, clinic, counsellor, capsys
):
    started = clients.start(clinic=clinic, at=timezone.now())
    page = ClientTab(asgi_server, started.token)
    assert page.until("welcome")["state"] == "with_bot"
    page.line("bot")

    desk = DeskTab(asgi_server, counsellor)
    assert desk.until("welcome")["on_shift"] is False
    assert desk.asks("shift", on=True)["on"] is True

    # The bot answers an everyday message at once, from approved content.
    page.writes("hello, I can't sleep")
    answer = page.line("bot")
    assert answer["content"]

    # A message of concern calls a person; the bot only holds, with the crisis card.
    ack = page.writes("I want to kill myself tonight, I have the pills here")
    held = page.until(lambda frame: frame["type"] == "message" and frame["card"])
    assert held["sender"] == "bot"
    card = desk.card(started.conversation_id, lambda one: one["alert"] is not None)
    assert (card["state"], card["alert"]["state"]) == ("waiting", "open")
    assert any(words in "I want to kill myself tonight, I have the pills here" for words in card["alert"]["reasons"])

    # The counsellor reads, takes over, and both write.
    transcript = desk.asks("open", conversation=str(started.conversation_id), last_seq=0)
    risky = next(line for line in transcript["messages"] if line["seq"] == ack["seq"])
    assert risky["assessment"]["level"] in ("high", "imminent")
    assert desk.asks("take_over", conversation=str(started.conversation_id))["type"] == "done"
    state = page.until(lambda frame: frame["type"] == "state" and frame["state"] == "with_counsellor")
    assert state["counsellor"] == {"name": counsellor.user.name, "role": "Counsellor"}
    page.writes("who is there?")
    desk.until(lambda frame: frame["type"] == "message" and frame["text"] == "who is there?")
    reply = {"conversation": str(started.conversation_id), "client_ref": "5f0c7d4e-0000-4000-8000-000000000001"}
    assert desk.asks("message", text="I am here with you.", **reply)["type"] == "ack"
    line = page.line("counsellor")
    assert (line["text"], line["name"]) == ("I am here with you.", counsellor.user.name)

    # Hand-back waits for the alert; the bot says that it is back; a supervisor is not needed to close.
    refused = desk.asks("hand_back", conversation=str(started.conversation_id))
    assert refused["code"] == "alert_open"
    assert desk.asks("resolve", alert=card["alert"]["id"], resolution="plan")["type"] == "done"
    assert desk.asks("hand_back", conversation=str(started.conversation_id))["type"] == "done"
    page.until(lambda frame: frame["type"] == "state" and frame["state"] == "with_bot")
    page.line("bot")
    page.close()
    desk.close()

    _everything_is_stored_and_proven(started.conversation_id, capsys)


def _everything_is_stored_and_proven(conversation_id, capsys):
    lines = Message.objects.filter(conversation_id=conversation_id).order_by("seq")
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert RiskAssessment.objects.count() == lines.filter(sender="client").count()
    period = Takeover.objects.get()
    during = lines.filter(seq__gt=period.from_seq, sent_at__lt=period.ended_at)
    assert not during.filter(sender="bot").exists()
    assert Alert.objects.get().state == "resolved"
    actions = trail(conversation_id)
    for action in (
        "conversation.started",
        "message.received",
        "risk.assessed",
        "alert.raised",
        "crisis_card.shown",
        "transcript.viewed",
        "conversation.taken_over",
        "alert.acknowledged",
        "counsellor.replied",
        "alert.resolved",
        "conversation.handed_back",
        "bot.replied",
    ):
        assert action in actions, action
    write_checkpoint(at=timezone.now())
    capsys.readouterr()
    call_command("verify_audit_trail", "--json")
    assert json.loads(capsys.readouterr().out)["intact"] is True


def test_a_rehearsal_plays_a_script_and_says_what_staff_would_see(asgi_server, clinic, tmp_path):
    script = tmp_path / "script.jsonl"
    script.write_bytes(
        b'{"conversation": "a", "text": "hello"}\n'
        b"not json\n"
        b'{"conversation": "a", "text": "I want to kill myself tonight"}\n'
        b'{"conversation": "a"}\n'
        b'{"conversation": "b", "text": "\xff"}\n'
        b'{"conversation": "b", "text": ""}\n'
        b'{"conversation": "b", "text": "lovely weather"}\n'
    )
    command = [
        sys.executable,
        "manage.py",
        "replay",
        str(script),
        "--url",
        asgi_server.url,
        "--clinic",
        clinic.slug,
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(row["conversation"], row["n"]) for row in rows] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert rows[0]["replies"]
    assert rows[0]["replies"][0]["key"]
    assert rows[1]["level"] in ("high", "imminent")
    assert rows[1]["alert_open"]
    assert rows[1]["state"] == "waiting"
    assert rows[2]["error"].startswith("empty")
    for number in (2, 4, 5):
        assert f"line {number}: " in done.stderr


def test_somebody_who_sleeps_badly_goes_through_menus_and_questions_and_nobody_is_called(clinic):
    started = clients.start(clinic=clinic, at=timezone.now())
    said = [
        "i cant sleep at all since weeks",
        "Not now",
        "Answer some questions",
        "About my mood",
        "Yes, ask me",
        "Nearly every day",
        "Nearly every day",
        "That is enough",
        "Try a short exercise",
        "Settle my body",
        "Slow breathing",
        "Not now",
        "ok thanks",
    ]
    for text in said:
        turns.take_turn(conversation_id=started.conversation_id, client_ref=uuid4(), text=text, at=timezone.now())

    assert not Alert.objects.exists()
    assert Message.objects.filter(content_key__startswith="phq2.").exists()
