"""The ladder: who is called when nobody acts, on a clock that the test moves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from counselling import escalation
from counselling.models import Escalation
from tests.stories import Clock, a_client_starts, trail
from triage import alerts, locking
from triage.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    writer = a_client_starts(clinic, clock)
    writer.writes("[high] I will end it")
    return writer


def called() -> list[tuple[int, str]]:
    return list(Escalation.objects.order_by("step").values_list("step", "called_role"))


def test_nobody_is_called_before_the_time(writer, clock):
    assert escalation.escalate_due(at=clock.forward(seconds=59)) == 0
    assert called() == []


def test_after_a_minute_another_counsellor_then_the_supervisor(writer, clock):
    for _ in range(3):
        assert escalation.escalate_due(at=clock.forward(seconds=60)) == 1
    assert called() == [(1, "counsellor"), (2, "supervisor"), (3, "supervisor")]
    assert trail(writer.conversation_id).count("alert.escalated") == 3


def test_an_alert_never_falls_silent_by_itself(writer, clock):
    for _ in range(6):
        escalation.escalate_due(at=clock.forward(seconds=60))
    assert called()[-1] == (6, "supervisor")


def test_an_acknowledged_alert_calls_nobody(writer, clock, counsellor):
    alerts.acknowledge(member=counsellor, alert_id=Alert.objects.get().pk, at=clock.now)
    assert escalation.escalate_due(at=clock.forward(hours=1)) == 0


def test_the_clinic_sets_its_own_times(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    clinic.escalation_seconds = [10, 30]
    clinic.save()
    a_client_starts(clinic, clock).writes("[high] I will end it")
    assert escalation.escalate_due(at=clock.forward(seconds=9)) == 0
    assert escalation.escalate_due(at=clock.forward(seconds=1)) == 1
    assert escalation.escalate_due(at=clock.forward(seconds=19)) == 0
    assert escalation.escalate_due(at=clock.forward(seconds=1)) == 1


def test_after_an_outage_the_step_fires_late_and_says_how_late(writer, clock):
    escalation.escalate_due(at=clock.forward(hours=2))
    fired = Escalation.objects.get()
    assert (fired.fired_at - fired.due_at).total_seconds() == 7200 - 60
    assert called() == [(1, "counsellor")]


def test_two_sweeps_at_once_fire_each_step_once(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    for _ in range(20):
        a_client_starts(clinic, clock).writes("[high] I will end it")
    due = clock.forward(seconds=100)
    together = threading.Barrier(4)

    def sweep(_):
        together.wait()
        try:
            return escalation.escalate_due(at=due)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        fired = sum(pool.map(sweep, range(4)))
    fired += escalation.escalate_due(at=due)
    assert fired == Escalation.objects.filter(step=1).count() == 20


def test_a_conversation_that_somebody_works_on_is_left_for_the_next_sweep(writer, clock):
    due = clock.forward(seconds=100)
    with transaction.atomic():
        locking.locked(writer.conversation_id)
        with ThreadPoolExecutor(1) as pool:

            def sweep():
                try:
                    return escalation.escalate_due(at=due)
                finally:
                    connection.close()

            assert pool.submit(sweep).result() == 0
    assert escalation.escalate_due(at=due) == 1
