"""What a clinic scores with: two clinicians put it to use, one takes it back, and every process follows."""

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from config.embedded import processes
from riskmodel import Setup, artefacts
from tests.people import make_member
from tests.stories import Clock, a_client_starts
from tests.tabs import ClientTab
from tests.triage import minds
from triage import clients, setups
from triage.models import RiskAssessment, ScoringSetup, SetupApproval, SetupState
from triage.switches import Scoring, ScoringKind, scoring_for

pytestmark = pytest.mark.django_db(transaction=True)

# Thresholds that every message reaches, and such that none does.
ALL_IMMINENT = [0.0, 0.0, 0.0, 0.0]
NEVER = [1.0, 1.0, 1.0, 1.0]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def second_clinician(clinic):
    return make_member(clinic, Role.CLINICIAN, "Clinician Two")


@pytest.fixture
def proposed(clinician, clock):
    return setups.propose(member=clinician, at=clock.now)


@pytest.fixture
def approved(proposed, clinician, second_clinician, clock):
    for member in (clinician, second_clinician):
        setups.approve(member=member, setup_id=proposed.pk, at=clock.now)
    return proposed


def with_thresholds(setup, levels):
    ScoringSetup.objects.filter(pk=setup.pk).update(levels=levels)
    return setup


def approved_setup(clock, first, second, *, version="", levels=None):
    setup = setups.propose(member=first, at=clock.forward(seconds=1))
    for member in (first, second):
        setups.approve(member=member, setup_id=setup.pk, at=clock.now)
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=version or setup.model_version, levels=levels)
    return setup


def clinics_trail(clinic):
    rows = Entry.objects.filter(stream__name=f"clinic:{clinic.pk}").order_by("seq")
    return list(rows.values_list("action", flat=True))


def at_once(*acts):
    """Run the acts in threads of their own at the same moment; what each returned or raised."""
    together = threading.Barrier(len(acts))

    def one(act):
        try:
            together.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


# -- From a proposal to use


def test_a_clinic_that_chose_nothing_scores_with_the_shipped_version(clinic, clock):
    conversation_id = a_client_starts(clinic, clock).conversation_id
    assert scoring_for(conversation_id) == Scoring(ScoringKind.MODEL, Setup())


def test_two_clinicians_put_a_setup_to_use(clinic, clinician, second_clinician, proposed, clock):
    setups.start_shadow(member=clinician, setup_id=proposed.pk, at=clock.now)
    setups.approve(member=clinician, setup_id=proposed.pk, at=clock.now)
    setups.approve(member=second_clinician, setup_id=proposed.pk, at=clock.now)
    assert setups.in_force(clinician) is None, "the second approval alone changes nothing"
    setups.promote(member=clinician, setup_id=proposed.pk, at=clock.now)
    assert setups.in_force(clinician) == proposed
    assert clinics_trail(clinic) == [
        "model.proposed",
        "model.shadowed",
        "model.approved",
        "model.approved",
        "model.activated",
    ]
    entry = Entry.objects.get(action="model.activated")
    assert entry.agent_id == str(clinician.pk)
    assert str(second_clinician.pk) in entry.detail
    assert proposed.model_version in entry.detail


def test_the_next_message_is_scored_with_what_was_put_to_use(clinic, clinician, approved, clock):
    with_thresholds(approved, ALL_IMMINENT)
    writer = a_client_starts(clinic, clock)
    assert writer.writes("hello there, how are you").level == "none"
    setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    assert writer.writes("and what is the weather like").level == "imminent"
    assert '"thresholds":[0.0,0.0,0.0,0.0]' in Entry.objects.filter(action="risk.assessed").latest("id").detail


def test_one_approval_is_not_enough_and_the_refusal_says_so(clinician, proposed, clock):
    setups.approve(member=clinician, setup_id=proposed.pk, at=clock.now)
    with pytest.raises(setups.NotEnoughApprovals, match="1 of 2 clinicians have approved"):
        setups.promote(member=clinician, setup_id=proposed.pk, at=clock.now)
    assert setups.in_force(clinician) is None


def test_whoever_proposes_has_not_approved_by_that(second_clinician, proposed, clock):
    setups.approve(member=second_clinician, setup_id=proposed.pk, at=clock.now)
    with pytest.raises(setups.NotEnoughApprovals):
        setups.promote(member=second_clinician, setup_id=proposed.pk, at=clock.now)


def test_the_same_clinician_twice_is_one(clinic, clinician, proposed, clock):
    for _ in range(2):
        setups.approve(member=clinician, setup_id=proposed.pk, at=clock.now)
    assert SetupApproval.objects.count() == 1
    assert clinics_trail(clinic).count("model.approved") == 1
    with pytest.raises(setups.NotEnoughApprovals):
        setups.promote(member=clinician, setup_id=proposed.pk, at=clock.now)


@pytest.mark.parametrize("change", [{"role": Role.SUPERVISOR}, {"is_active": False}])
def test_an_approval_does_not_count_once_its_clinician_is_none_any_more(
    approved, clinician, second_clinician, clock, change
):
    type(second_clinician).objects.filter(pk=second_clinician.pk).update(**change)
    with pytest.raises(setups.NotEnoughApprovals):
        setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)


def test_a_deactivated_account_approves_nothing(approved, clinician, second_clinician, clock):
    type(second_clinician.user).objects.filter(pk=second_clinician.user_id).update(is_active=False)
    with pytest.raises(setups.NotEnoughApprovals):
        setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    with pytest.raises(NotPermitted):
        setups.withdraw(member=second_clinician, setup_id=approved.pk, at=clock.now)


ACTS = {
    "propose": lambda member, setup, at: setups.propose(member=member, at=at),
    "shadow": lambda member, setup, at: setups.start_shadow(member=member, setup_id=setup.pk, at=at),
    "approve": lambda member, setup, at: setups.approve(member=member, setup_id=setup.pk, at=at),
    "promote": lambda member, setup, at: setups.promote(member=member, setup_id=setup.pk, at=at),
    "withdraw": lambda member, setup, at: setups.withdraw(member=member, setup_id=setup.pk, at=at),
    "roll back": lambda member, setup, at: setups.roll_back(member=member, at=at),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_how_a_clinic_scores_is_decided_by_clinicians_alone(clinic, approved, clock, act, role):
    before = Entry.objects.count()
    with pytest.raises(NotPermitted):
        act(make_member(clinic, role, f"The {role}"), approved, clock.now)
    assert Entry.objects.count() == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_token_is_no_second_pair_of_eyes(second_clinician, approved, clock, act):
    second_clinician.via_token = uuid4()
    with pytest.raises(NotPermitted):
        act(second_clinician, approved, clock.now)


@pytest.mark.parametrize("name", ["shadow", "approve", "promote", "withdraw"])
def test_another_clinics_setup_is_unknown(other_clinic, approved, clock, name):
    theirs = make_member(other_clinic, Role.CLINICIAN, "Hillside Clinician")
    with pytest.raises(setups.UnknownSetup):
        ACTS[name](theirs, approved, clock.now)
    assert setups.setups_of(theirs) == []


def test_supervisors_and_administrators_may_look(clinic, approved, supervisor, administrator, counsellor):
    for member in (supervisor, administrator):
        [shown] = setups.setups_of(member)
        assert (shown.pk, len(shown.approvals.all())) == (approved.pk, 2)
    with pytest.raises(NotPermitted):
        setups.setups_of(counsellor)


# -- What is refused


def test_a_version_that_is_not_there_cannot_be_proposed(clinician, clock):
    with pytest.raises(setups.UnknownVersion, match="en9-nowhere"):
        setups.propose(member=clinician, version="en9-nowhere", at=clock.now)
    with pytest.raises(setups.UnknownVersion):
        setups.propose(member=clinician, version="../artefacts", at=clock.now)


def test_a_version_that_refuses_to_load_is_not_promoted_and_the_reason_is_given(clinician, approved, clock):
    ScoringSetup.objects.filter(pk=approved.pk).update(model_version="en9-gone")
    with pytest.raises(setups.VersionRefused, match="no manifest for version en9-gone"):
        setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    assert setups.in_force(clinician) is None


@pytest.fixture
def unfair_version():
    """A copy of the shipped version in whose manifest a gap between groups blocks promotion."""
    shipped = artefacts.load()
    place = artefacts.FOLDER / shipped.version
    manifest = dict(shipped.manifest) | {"name": "test-unfair", "fairness": {"blocks": True, "why": "elderly: 0.31"}}
    version = artefacts.version_of(manifest)
    copy = artefacts.FOLDER / version
    try:
        shutil.copytree(place, copy)
        written = json.dumps(manifest | {"version": version})
        (copy / "manifest.json").write_text(written, encoding="utf-8")
        yield version
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def test_a_version_that_is_unfair_to_a_group_is_not_promoted_and_the_gap_is_named(
    clinician, second_clinician, clock, unfair_version
):
    setup = setups.propose(member=clinician, version=unfair_version, at=clock.now)
    for member in (clinician, second_clinician):
        setups.approve(member=member, setup_id=setup.pk, at=clock.now)
    with pytest.raises(setups.FairnessBlocks, match=r"elderly: 0\.31"):
        setups.promote(member=clinician, setup_id=setup.pk, at=clock.now)


@pytest.mark.parametrize(
    "alphas",
    [
        {},
        {"none": 0.1},
        {"unscored": 0.1},
        {"high": 0},
        {"high": -0.1},
        {"high": 0.6},
        {"high": float("nan")},
        {"high": True},
        {"high": "0.1"},
    ],
)
def test_shares_of_misses_that_make_no_sense_are_refused(clinician, clock, alphas):
    with pytest.raises(setups.BadAlphas):
        setups.propose(member=clinician, alphas=alphas, at=clock.now)
    assert not ScoringSetup.objects.exists()


def test_thresholds_follow_from_the_share_of_misses_that_the_clinic_accepts(clinician, clock):
    alphas = {"moderate": 0.1, "high": 0.05, "imminent": 0.02}
    setup = setups.propose(member=clinician, alphas=alphas, at=clock.now)
    assert setup.alphas == alphas
    assert len(setup.levels) == 4
    assert setup.how["levels"]["high"]["alpha"] == 0.05
    assert setup.how["on"]


def test_one_candidate_at_a_time_scores_in_shadow(clinician, proposed, clock):
    second = setups.propose(member=clinician, at=clock.now)
    setups.start_shadow(member=clinician, setup_id=proposed.pk, at=clock.now)
    with pytest.raises(setups.ShadowTaken):
        setups.start_shadow(member=clinician, setup_id=second.pk, at=clock.now)
    setups.withdraw(member=clinician, setup_id=proposed.pk, at=clock.now)
    assert setups.start_shadow(member=clinician, setup_id=second.pk, at=clock.now).state == "shadow"


@pytest.mark.parametrize("name", ["shadow", "approve", "promote", "withdraw"])
def test_what_was_withdrawn_stays_withdrawn(clinician, approved, clock, name):
    setups.withdraw(member=clinician, setup_id=approved.pk, at=clock.now)
    with pytest.raises(setups.WrongState, match="the setup is withdrawn"):
        ACTS[name](clinician, approved, clock.now)


@pytest.mark.parametrize("state", [SetupState.IN_FORCE, SetupState.SHADOW])
def test_the_database_holds_one_setup_of_a_kind_for_a_clinic(clinician, proposed, clock, state):
    row = {"clinic": proposed.clinic, "proposed_by": clinician, "proposed_at": clock.now, "state": state}
    times = {"in_force_from": clock.now} if state == SetupState.IN_FORCE else {"shadow_from": clock.now}
    ScoringSetup.objects.create(model_version="a", **row, **times)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoringSetup.objects.create(model_version="b", **row, **times)


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
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=minds.REFUSED)
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
