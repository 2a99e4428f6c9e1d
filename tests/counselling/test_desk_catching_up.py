"""What a desk shows when bells are lost, reads overtake one another, or the database lets it wait."""

import json
import time
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import home
from config.embedded import processes
from counselling import desk, shifts, takeovers
from tests.live import LiveServer
from tests.locks import held_table, wait_for_waiter
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab, DeskTab
from triage import alerts
from triage.models import Alert, Conversation, Message
from triage.publishing import conversation_group, desk_group
from triage.sealing import Seal
from triage.transcripts import message_place

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def brisk(live_environment, worker_name):
    """A service whose desks look often."""
    env = live_environment(DESK_POLL_SECONDS="0.2", RISK_SCORER="tests.fakes.marked")
    server = LiveServer(env=env, log=home.log_dir() / f"catching-up-{worker_name}.log")
    yield server
    server.close()


@pytest.fixture
def writer(clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, Clock(timezone.now()))


@pytest.fixture
def desk_of():
    """Opens desks that are closed when the test ends: `desk_of(server, member)`."""
    desks = []

    def opened(server, member):
        desks.append(DeskTab(server, member))
        desks[-1].until("queue")
        return desks[-1]

    yield opened
    for one in desks:
        one.close()


def subscribers(group):
    """How many connections of the service listen for a group's bells."""
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        [(_, count)] = client.pubsub_numsub(f"{prefix}__group__{group}")
    return count


def raised_silently(conversation, *, changed_at):
    """An alert whose bell was lost, of a turn that began at `changed_at` and committed only now."""
    Conversation.objects.filter(pk=conversation.pk).update(
        state="waiting", waiting_since=changed_at, changed_at=changed_at, level="high", urgency=3
    )
    return Alert.objects.create(
        conversation=conversation,
        clinic_id=conversation.clinic_id,
        kind="risk",
        level="high",
        urgency=3,
        message_seq=conversation.last_seq,
        raised_at=changed_at,
    )


# -- what counts as a change


def test_an_alert_that_commits_after_a_later_turn_is_shown_without_its_bell(brisk, clinic, counsellor, writer, desk_of):
    opened = desk_of(brisk, counsellor)
    later = a_client_starts(clinic, Clock(timezone.now() + timedelta(seconds=2)))
    opened.card(later.conversation_id)
    raised_silently(writer.conversation, changed_at=writer.conversation.changed_at)
    assert opened.card(writer.conversation_id, lambda card: card["alert"] is not None)["level"] == "high"


@pytest.mark.parametrize("what", ["alert", "acknowledge", "escalate", "resolve", "take over", "line", "shift"])
def test_whatever_a_desk_shows_moves_its_fingerprint(clinic, counsellor, writer, what):
    writer.writes("[high] I will end it" if what in ("acknowledge", "escalate", "resolve") else "hello")
    later = a_client_starts(clinic, Clock(timezone.now() + timedelta(minutes=1)))
    later.writes("hello")
    before, now, alert = desk.fingerprint(clinic.pk), writer.clock.now, Alert.objects.first()
    if what == "alert":
        raised_silently(writer.conversation, changed_at=writer.conversation.changed_at)
    elif what == "acknowledge":
        alerts.acknowledge(member=counsellor, alert_id=alert.pk, at=now)
    elif what == "escalate":
        Alert.objects.update(escalation_step=1)
    elif what == "resolve":
        alerts.resolve(member=counsellor, alert_id=alert.pk, resolution="plan", at=now)
    elif what == "take over":
        takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=now)
    elif what == "line":
        writer.writes("and another thing")
    else:
        shifts.start_shift(member=counsellor, at=now)
    assert desk.fingerprint(clinic.pk) != before


def test_another_clinics_work_moves_no_fingerprint_and_one_statement_is_enough(clinic, other_clinic, writer):
    writer.writes("[high] I will end it")
    before = desk.fingerprint(clinic.pk)
    a_client_starts(other_clinic, Clock(timezone.now())).writes("[high] I will end it")
    with CaptureQueriesContext(connection) as captured:
        assert desk.fingerprint(clinic.pk) == before
    assert len(captured) == 1


def test_a_desk_is_drawn_anew_even_when_nothing_seems_to_have_changed(brisk, counsellor, writer, desk_of):
    opened = desk_of(brisk, counsellor)
    shifts.start_shift(member=counsellor, at=timezone.now())
    opened.until(lambda frame: frame["type"] == "queue" and frame["on_shift"])
    type(counsellor.user).objects.filter(pk=counsellor.user_id).update(name="Renamed since")
    opened.until(lambda frame: frame["type"] == "queue" and frame["on_shift"][0]["name"] == "Renamed since")


# -- the order in which reads end


def test_a_queue_that_was_read_first_is_never_shown_last(brisk, counsellor, writer, desk_of):
    """The first read hangs at the reasons of an alert; meanwhile the alert is resolved, so the second needs none."""
    opened = desk_of(brisk, counsellor)
    opened.frames.clear()
    with held_table("triage_riskassessment"):
        raised_silently(writer.conversation, changed_at=timezone.now())
        wait_for_waiter("triage_riskassessment")
        alert = Alert.objects.get()
        alerts.resolve(member=counsellor, alert_id=alert.pk, resolution="plan", at=timezone.now())
        opened.send(type="hello", ref="again")
        opened.until(lambda frame: frame.get("ref") == "again")
        assert all(frame["type"] != "queue" for frame in what_comes_within(opened, seconds=1))
    queues = [opened.until("queue") for _ in range(2)]
    assert [queue["conversations"][0]["alert"] is not None for queue in queues] == [True, False]


def what_comes_within(opened, *, seconds):
    """The frames that come in this time. Only what must not come is looked for so: a slow machine finds nothing."""
    frames, limit = list(opened.frames), time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        try:
            frames.append(json.loads(opened.socket.recv(timeout=left)))
        except TimeoutError:
            break
    return frames


def test_a_conversation_that_is_left_while_it_is_read_stays_left(brisk, counsellor, writer, desk_of):
    opened, number = desk_of(brisk, counsellor), str(writer.conversation_id)
    assert opened.asks("open", conversation=number, last_seq=0)["type"] == "transcript"
    with held_table("triage_riskassessment"):
        added_silently(writer.conversation, "one more line")
        wait_for_waiter("triage_riskassessment")
        assert opened.asks("leave", conversation=number)["type"] == "done"
    # The queue comes after the read that hung: both are of the same beat.
    opened.card(number, lambda card: card["last_seq"] == writer.conversation.last_seq)
    assert opened.asks("catch_up", conversation=number, after=0)["code"] == "unknown_conversation"
    assert "message" not in [frame["type"] for frame in opened.frames]


def added_silently(conversation, text):
    """A line whose bell was lost."""
    seq, now = conversation.last_seq + 1, timezone.now()
    sealed = Seal(conversation.pk, conversation.message_key).seal(text, place=message_place(seq))
    Message.objects.create(conversation=conversation, seq=seq, sender="client", sealed_text=sealed, sent_at=now)
    Conversation.objects.filter(pk=conversation.pk).update(last_seq=seq, changed_at=now)


# -- who is let into a conversation's group


def test_a_foreign_clinics_desk_learns_nothing_while_its_request_is_looked_at(
    asgi_server, brisk, other_counsellor, writer, desk_of
):
    foreign, page = desk_of(brisk, other_counsellor), ClientTab(asgi_server, writer.started.token)
    page.until("welcome")
    number, group = str(writer.conversation_id), conversation_group(writer.conversation_id)
    with held_table("triage_conversation"):
        foreign.send(type="open", ref="peep", conversation=number, last_seq=0)
        assert processes.wait_until(lambda: subscribers(group) == 2, seconds=10), "page and desk, a process each"
        page.send(type="typing")
        page.send(type="no such type")
        page.until("error")
    assert foreign.until(lambda frame: frame.get("ref") == "peep")["code"] == "unknown_conversation"
    assert foreign.asks("shift", on=False)["type"] == "done"
    assert "typing" not in [frame["type"] for frame in foreign.frames]
    page.close()


def test_a_desk_whose_opening_fails_does_not_stay_in_the_group(brisk, counsellor, writer, desk_of):
    opened, group = desk_of(brisk, counsellor), conversation_group(writer.conversation_id)
    with held_table("triage_message"):
        opened.send(type="open", ref="fails", conversation=str(writer.conversation_id), last_seq=0)
        waiter = wait_for_waiter("triage_message")
        assert subscribers(group) == 1
        with psycopg.connect(home.database_url(connection.settings_dict["NAME"])) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [waiter])
        assert opened.until(lambda frame: frame.get("ref") == "fails")["code"] == "unavailable"
    assert processes.wait_until(lambda: subscribers(group) == 0, seconds=10)


def test_a_desk_that_goes_away_leaves_no_subscription_behind(brisk, counsellor, writer):
    groups = [conversation_group(writer.conversation_id), desk_group(counsellor.clinic_id)]
    opened = DeskTab(brisk, counsellor)
    opened.asks("open", conversation=str(writer.conversation_id), last_seq=0)
    assert [subscribers(group) for group in groups] == [1, 1]
    opened.close()
    assert processes.wait_until(lambda: [subscribers(group) for group in groups] == [0, 0], seconds=10)


def test_a_page_that_goes_away_leaves_no_subscription_behind(brisk, writer):
    group = conversation_group(writer.conversation_id)
    pages = [ClientTab(brisk, writer.started.token) for _ in range(2)]
    for page in pages:
        page.until("welcome")
    assert subscribers(group) == 1, "the process listens once, for all of its pages"
    for page in pages:
        page.writes("hello", ref=str(uuid4()))
        page.close()
    assert processes.wait_until(lambda: subscribers(group) == 0, seconds=10)
