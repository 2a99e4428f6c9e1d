"""The ladder: who is called when nobody acts, on a clock that the test moves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from counselling import escalation, takeovers
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


def acknowledge(counsellor, clock, **more):
    return alerts.acknowledge(member=counsellor, alert_id=Alert.objects.get().pk, at=clock.now, **more)


def test_an_acknowledged_alert_is_quiet_for_five_minutes(writer, clock, counsellor):
    acknowledge(counsellor, clock)
    assert escalation.escalate_due(at=clock.forward(seconds=299)) == 0


def test_somebody_who_acknowledges_and_walks_away_does_not_silence_the_ladder(writer, clock, counsellor):
    acknowledge(counsellor, clock)
    assert escalation.escalate_due(at=clock.forward(minutes=5)) == 1
    alert = Alert.objects.get()
    assert (alert.state, alert.acknowledged_by) == ("open", None)


def test_after_a_takeover_the_ladder_rests(writer, clock, counsellor):
    acknowledge(counsellor, clock)
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=clock.now)
    assert escalation.escalate_due(at=clock.forward(hours=1)) == 0


def test_a_rise_does_not_postpone_the_next_call(writer, clock):
    escalation.escalate_due(at=clock.forward(seconds=60))
    due = Alert.objects.get().escalate_at
    clock.now = due - timedelta(seconds=3)
    writer.writes("[imminent] I have taken them")
    alert = Alert.objects.get()
    assert (alert.level, alert.escalation_step) == ("imminent", 1)
    assert alert.escalate_at == due


def test_nobody_can_acknowledge_or_resolve_what_they_have_not_seen(writer, clock, counsellor):
    seen = Alert.objects.get().raised_at
    writer.writes("[imminent] I have taken them")
    with pytest.raises(alerts.AlertRose):
        acknowledge(counsellor, clock, seen=seen)
    with pytest.raises(alerts.AlertRose):
        alerts.resolve(member=counsellor, alert_id=Alert.objects.get().pk, resolution="talked", at=clock.now, seen=seen)
    assert Alert.objects.get().state == "open"
    acknowledge(counsellor, clock, seen=Alert.objects.get().raised_at)


def test_a_client_whose_alert_was_resolved_while_waiting_is_called_for_again(writer, clock, counsellor):
    alerts.resolve(member=counsellor, alert_id=Alert.objects.get().pk, resolution="no_concern", at=clock.now)
    assert escalation.call_for_forgotten(at=clock.forward(seconds=119)) == 0
    assert escalation.call_for_forgotten(at=clock.forward(seconds=1)) == 1
    assert Alert.objects.exclude(state="resolved").get().kind == "person"
    assert escalation.call_for_forgotten(at=clock.forward(hours=1)) == 0


def test_one_alert_that_cannot_be_escalated_keeps_no_other_waiting(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    for level in ("imminent", "high"):
        a_client_starts(clinic, clock).writes(f"[{level}] I will end it")
    broken = Alert.objects.get(level="imminent")
    Escalation.objects.create(
        alert=broken, step=1, called_role="x", raised_at=broken.raised_at, due_at=clock.now, fired_at=clock.now
    )
    assert escalation.escalate_due(at=clock.forward(seconds=100)) == 1
    assert Alert.objects.get(level="high").escalation_step == 1


def test_the_operator_learns_when_the_ladder_is_behind(writer, clock):
    assert not escalation.is_behind(at=clock.forward(seconds=60))
    assert escalation.is_behind(at=clock.forward(seconds=121))


def test_the_repetition_keeps_its_distance_however_close_the_first_steps_are(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    clinic.escalation_seconds = [15, 16]
    clinic.save()
    a_client_starts(clinic, clock).writes("[high] I will end it")
    escalation.escalate_due(at=clock.forward(seconds=15))
    escalation.escalate_due(at=clock.forward(seconds=1))
    assert escalation.escalate_due(at=clock.forward(seconds=30)) == 0
    assert escalation.escalate_due(at=clock.forward(seconds=30)) == 1


def test_the_clinic_sets_its_own_times(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    clinic.escalation_seconds = [10, 30]
    clinic.save()
    a_client_starts(clinic, clock).writes("[high] I will end it")
    assert escalation.escalate_due(at=clock.forward(seconds=9)) == 0
    assert escalation.escalate_due(at=clock.forward(seconds=1)) == 1
    assert escalation.escalate_due(at=clock.forward(seconds=19)) == 0
    assert escalation.escalate_due(at=clock.forward(seconds=1)) == 1


def test_a_clinic_without_a_ladder_has_one_all_the_same(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    clinic.escalation_seconds = []
    clinic.save()
    a_client_starts(clinic, clock).writes("[high] I will end it")
    assert escalation.escalate_due(at=clock.forward(seconds=60)) == 1


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
