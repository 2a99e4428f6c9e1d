"""CRI-8: the bot promises a person only while somebody is really there, also when nobody pressed the switch."""

import json

import pytest
from django.utils import timezone

from accounts.models import Membership, User
from audit.models import Entry
from config import home
from counselling import shifts
from counselling.models import Shift
from tests.live import LiveServer
from tests.stories import Clock, a_client_starts
from tests.tabs import DeskTab
from triage import cover

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def there(clinic, clock):
    """Whether the bot would promise somebody of the clinic now."""
    return lambda: cover.person_on_shift(clinic.pk, at=clock.now)


def endings():
    rows = Entry.objects.filter(action="shift.ended").order_by("pk")
    return [(row.agent_kind, row.agent_id, json.loads(row.detail)) for row in rows]


def test_a_counsellor_who_closed_the_lid_is_promised_to_nobody_after_two_minutes(counsellor, clock, there):
    shifts.start_shift(member=counsellor, at=clock.now)
    clock.forward(minutes=1, seconds=59)
    assert there()
    clock.forward(seconds=1)
    assert not there()
    assert shifts.members_on_shift(counsellor.clinic_id, at=clock.now) == []
    assert shifts.on_shift(counsellor), "their own switch still shows on, so that they need not press it again"


def test_what_the_bot_says_is_asked_at_the_time_of_the_message(clinic, clock, counsellor, settings):
    """A message that is answered long after the desk was last seen reads as at night with nobody there."""
    settings.RISK_SCORER = "tests.fakes.marked"
    shifts.start_shift(member=counsellor, at=clock.now)
    accompanied = a_client_starts(clinic, clock)
    accompanied.writes("[high] I will end it")
    clock.forward(minutes=3)
    alone = a_client_starts(clinic, clock)
    alone.writes("[high] I will end it")
    assert alone.reads()[-1] != accompanied.reads()[-1]


def test_an_open_desk_keeps_its_member_there(counsellor, clock, there):
    shifts.start_shift(member=counsellor, at=clock.now)
    for _ in range(4):
        assert shifts.touch_shift(member=counsellor, at=clock.forward(minutes=1))
    assert there()


def test_a_desk_writes_that_it_is_alive_at_most_every_twenty_seconds(counsellor, clock):
    shifts.start_shift(member=counsellor, at=clock.now)
    assert not shifts.touch_shift(member=counsellor, at=clock.forward(seconds=19))
    assert shifts.touch_shift(member=counsellor, at=clock.forward(seconds=1))
    assert not shifts.touch_shift(member=counsellor, at=clock.forward(seconds=2))


def test_an_open_desk_starts_no_shift(counsellor, clock, there):
    assert not shifts.touch_shift(member=counsellor, at=clock.now)
    assert not Shift.objects.exists()
    assert not there()


def test_pressing_on_once_more_counts_as_being_seen_and_is_no_second_shift(counsellor, clock, there):
    first = shifts.start_shift(member=counsellor, at=clock.now)
    assert shifts.start_shift(member=counsellor, at=clock.forward(minutes=5)) == first
    assert there()
    assert Entry.objects.filter(action="shift.started").count() == 1


def test_a_shift_that_nobody_was_seen_in_for_a_quarter_of_an_hour_ends_and_the_trail_says_why(
    counsellor, second_counsellor, clock
):
    shifts.start_shift(member=counsellor, at=clock.now)
    shifts.start_shift(member=second_counsellor, at=clock.forward(minutes=14, seconds=59))
    assert shifts.end_unseen(at=clock.now) == 0
    assert shifts.end_unseen(at=clock.forward(seconds=1)) == 1
    assert not shifts.on_shift(counsellor)
    assert shifts.on_shift(second_counsellor)
    assert endings() == [("system", "shifts", {"why": "not seen"})]
    assert shifts.end_unseen(at=clock.now) == 0, "a sweep that runs again does nothing twice"


def test_a_switch_that_is_pressed_says_on_the_trail_who_pressed_it(counsellor, clock):
    shifts.start_shift(member=counsellor, at=clock.now)
    shifts.end_shift(member=counsellor, at=clock.forward(minutes=1))
    assert endings() == [("human", str(counsellor.pk), {})]


@pytest.mark.parametrize("gone", ["membership", "account"])
def test_somebody_who_does_not_work_here_any_more_is_not_shown_as_here(counsellor, clock, there, gone):
    shifts.start_shift(member=counsellor, at=clock.now)
    if gone == "membership":
        Membership.objects.filter(pk=counsellor.pk).update(is_active=False)
    else:
        User.objects.filter(pk=counsellor.user_id).update(is_active=False)
    assert not there()
    assert shifts.members_on_shift(counsellor.clinic_id, at=clock.now) == []


@pytest.fixture
def brisk(live_environment, worker_name):
    """A service whose desks look at the table often."""
    env = live_environment(CLIENT_HEARTBEAT_SECONDS="0.2", DESK_POLL_SECONDS="0.2")
    server = LiveServer(env=env, log=home.log_dir() / f"shifts-{worker_name}.log")
    yield server
    server.close()


def test_a_desk_that_stays_open_is_what_shows_that_its_member_is_there(brisk, counsellor):
    long_ago = Clock(timezone.now()).forward(minutes=-10)
    shifts.start_shift(member=counsellor, at=long_ago)
    assert not cover.person_on_shift(counsellor.clinic_id, at=timezone.now())
    desk = DeskTab(brisk, counsellor)
    desk.until("welcome")
    desk.until("heartbeat")
    desk.close()
    assert cover.person_on_shift(counsellor.clinic_id, at=timezone.now())
