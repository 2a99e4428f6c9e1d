"""How long a browser may speak for a client: as long as it is used, and never cut off in the middle of help."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import home
from counselling import takeovers
from tests.live import LiveServer
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab
from triage import clients
from triage.models import ClientSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def identified(writer):
    """Whether the client's page may come back now."""
    try:
        clients.identify(token=writer.started.token, at=writer.clock.now)
    except clients.StrangerToken:
        return False
    return True


def expiry():
    return ClientSession.objects.get().expires_at


def test_a_session_that_nobody_uses_ends_after_a_day(writer):
    writer.clock.forward(hours=24)
    assert not identified(writer)
    session = ClientSession.objects.get()
    assert not clients.session_is_good(session.pk, at=writer.clock.now)


def test_a_page_that_says_hello_may_speak_for_another_day(writer):
    for _ in range(3):
        writer.clock.forward(hours=23)
        assert identified(writer)


def test_an_open_page_is_never_cut_off(writer):
    session = ClientSession.objects.get()
    for _ in range(30):
        assert clients.session_is_good(session.pk, at=writer.clock.forward(hours=1))


def test_coming_back_with_the_token_counts_as_use(writer, clinic):
    for _ in range(3):
        clients.come_back(clinic=clinic, token=writer.started.token, at=writer.clock.forward(hours=23))


def test_an_open_page_costs_one_write_an_hour(writer):
    session, before = ClientSession.objects.get(), expiry()
    with CaptureQueriesContext(connection) as asked:
        assert clients.session_is_good(session.pk, at=writer.clock.forward(minutes=59))
    assert len(asked) == 1
    assert expiry() == before
    assert clients.session_is_good(session.pk, at=writer.clock.forward(minutes=1))
    assert expiry() == before + timedelta(hours=1)


def test_somebody_who_waits_for_a_person_can_come_back_however_long_it_takes(writer):
    writer.writes("[high] I will end it")
    writer.clock.forward(days=3)
    assert identified(writer)


def test_somebody_who_talks_to_a_counsellor_can_come_back_however_long_it_takes(writer, counsellor):
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    session = ClientSession.objects.get()
    assert clients.session_is_good(session.pk, at=writer.clock.forward(days=3))
    takeovers.close_conversation(
        member=counsellor, conversation_id=writer.conversation_id, disposition="supported", at=writer.clock.now
    )
    assert identified(writer), "the last use counts"
    writer.clock.forward(hours=24)
    assert not identified(writer)


def test_a_session_that_was_left_stays_ended_whatever_else(writer):
    """Quick exit: the browser on a shared device must not get back in, not even while somebody is called."""
    writer.writes("[high] I will end it")
    session = ClientSession.objects.get()
    clients.leave(token=writer.started.token, at=writer.clock.now)
    assert not identified(writer)
    assert not clients.session_is_good(session.pk, at=writer.clock.now)


@pytest.fixture
def brisk(live_environment, worker_name):
    """A service that looks often whether a session still holds."""
    env = live_environment(CLIENT_HEARTBEAT_SECONDS="0.2")
    server = LiveServer(env=env, log=home.log_dir() / f"sessions-{worker_name}.log")
    yield server
    server.close()


def test_the_beat_of_an_open_page_puts_the_end_off(brisk, clinic):
    started = clients.start(clinic=clinic, at=timezone.now())
    page = ClientTab(brisk, started.token)
    page.until("welcome")
    soon = timezone.now() + timedelta(minutes=5)
    ClientSession.objects.update(expires_at=soon)
    page.until("heartbeat")
    page.until("heartbeat")
    page.close()
    assert expiry() > soon + timedelta(hours=20)
