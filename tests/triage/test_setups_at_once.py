"""Two clinicians at once, a roll-back, and processes that run: what is put to use and taken back holds at once."""

from uuid import uuid4

import pytest
from django.utils import timezone

from config.embedded import processes
from riskmodel import Setup
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab
from tests.triage import minds
from tests.triage.setup_stories import ALL_IMMINENT, NEVER, approved_setup, at_once, clinics_trail, with_thresholds
from triage import clients, setups
from triage.models import RiskAssessment, ScoringSetup
from triage.switches import scoring_for

pytestmark = pytest.mark.django_db(transaction=True)


# -- At the same moment


def test_two_clinicians_who_approve_at_once_both_count(clinician, second_clinician, proposed, clock):
    found = at_once(*[
        lambda member=member: setups.approve(member=member, setup_id=proposed.pk, at=clock.now)
        for member in (clinician, second_clinician)
    ])  # fmt: skip
    assert not [one for one in found if isinstance(one, Exception)]
    assert setups.promote(member=clinician, setup_id=proposed.pk, at=clock.now).state == "in_force"


def test_one_clinician_who_approves_twice_at_once_counts_once(clinic, clinician, proposed, clock):
    found = at_once(*[lambda: setups.approve(member=clinician, setup_id=proposed.pk, at=clock.now)] * 2)
    assert not [one for one in found if isinstance(one, Exception)]
    assert setups.valid_approvals(proposed).count() == 1
    assert clinics_trail(clinic).count("model.approved") == 1


def test_of_two_who_promote_at_once_one_does_and_the_other_is_told(
    clinic, clinician, second_clinician, approved, clock
):
    found = at_once(*[
        lambda member=member: setups.promote(member=member, setup_id=approved.pk, at=clock.now)
        for member in (clinician, second_clinician)
    ])  # fmt: skip
    assert sorted(type(one).__name__ for one in found) == ["ScoringSetup", "WrongState"]
    assert clinics_trail(clinic).count("model.activated") == 1


def test_of_two_setups_promoted_at_once_one_is_in_force_and_one_replaced(clinician, second_clinician, clock):
    both = [approved_setup(clock, clinician, second_clinician) for _ in range(2)]
    at_once(*[lambda one=one: setups.promote(member=clinician, setup_id=one.pk, at=clock.now) for one in both])
    states = ScoringSetup.objects.values_list("state", flat=True)
    assert sorted(states) == ["in_force", "replaced"]


# -- Roll-back


def test_a_roll_back_takes_one_clinician_and_holds_for_the_next_message(clinic, clinician, second_clinician, clock):
    writer = a_client_starts(clinic, clock)
    for levels in (NEVER, ALL_IMMINENT):
        setup = approved_setup(clock, clinician, second_clinician, levels=levels)
        setups.promote(member=clinician, setup_id=setup.pk, at=clock.now)
    assert writer.writes("hello there").level == "imminent"
    back = setups.roll_back(member=second_clinician, at=clock.now)
    assert back.levels == NEVER
    assert writer.writes("what a lovely morning it is").level == "none"
    assert clinics_trail(clinic)[-1] == "model.rolled_back"


def test_roll_backs_go_on_to_the_shipped_version_and_then_there_is_nothing_left(clinic, clinician, approved, clock):
    setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    assert setups.roll_back(member=clinician, at=clock.now) is None
    assert scoring_for(a_client_starts(clinic, clock).conversation_id).setup == Setup()
    with pytest.raises(setups.NothingToRollBack):
        setups.roll_back(member=clinician, at=clock.now)


def test_what_was_rolled_back_is_not_what_the_next_roll_back_returns_to(clinician, second_clinician, clock):
    first, second, third = (approved_setup(clock, clinician, second_clinician) for _ in range(3))
    for setup in (first, second):
        setups.promote(member=clinician, setup_id=setup.pk, at=clock.forward(minutes=1))
    assert setups.roll_back(member=clinician, at=clock.forward(minutes=1)) == first
    setups.promote(member=clinician, setup_id=third.pk, at=clock.forward(minutes=1))
    assert setups.roll_back(member=clinician, at=clock.forward(minutes=1)) == first


def test_a_version_that_refuses_to_load_while_in_force_is_replaced_by_the_shipped_one(
    clinic, clinician, second_clinician, clock, settings, caplog
):
    settings.RISK_SCORER = "tests.triage.minds.two_minds"
    setup = approved_setup(clock, clinician, second_clinician)
    setups.promote(member=clinician, setup_id=setup.pk, at=clock.now)
    # Each version is logged once in a process, so this story has one of its own.
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=f"{minds.REFUSED}{uuid4()}")
    writer = a_client_starts(clinic, clock)
    assert [writer.writes("[high] help").level, writer.writes("[high] help").level] == ["high", "high"]
    assert set(RiskAssessment.objects.values_list("model_version", flat=True)) == {"marked-levels-1"}
    assert sum("refused to load" in one.message for one in caplog.records) == 1


def test_if_the_shipped_version_fails_as_well_a_person_looks(clinic, clinician, second_clinician, clock, settings):
    settings.RISK_SCORER = "tests.triage.minds.refusing"
    setup = approved_setup(clock, clinician, second_clinician)
    setups.promote(member=clinician, setup_id=setup.pk, at=clock.now)
    turn = a_client_starts(clinic, clock).writes("hello")
    assert (turn.level, turn.state) == ("unscored", "waiting")


def test_thresholds_that_are_none_leave_nobody_unscored(clinic, clinician, approved, clock):
    setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    with_thresholds(approved, ["much", 0.1])
    assert scoring_for(a_client_starts(clinic, clock).conversation_id).setup.levels is None


# -- Other processes


def test_promotion_and_roll_back_reach_a_running_service_without_a_restart(
    clinic, clinician, second_clinician, start_web
):
    web = start_web()
    tab = ClientTab(web, clients.start(clinic=clinic, at=timezone.now()).token)
    tab.until("welcome")

    def level():
        tab.writes("what a lovely morning it is")  # one that comes too fast changes nothing, and the next is asked
        return RiskAssessment.objects.latest("message__seq").level

    assert level() == "none"
    setup = approved_setup(Clock(timezone.now()), clinician, second_clinician, levels=ALL_IMMINENT)
    setups.promote(member=clinician, setup_id=setup.pk, at=timezone.now())
    assert processes.wait_until(lambda: level() == "imminent", seconds=20)
    setups.roll_back(member=clinician, at=timezone.now())
    assert processes.wait_until(lambda: level() == "none", seconds=20)
    tab.close()
