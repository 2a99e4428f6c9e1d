"""What a clinic scores with: proposed by a clinician, tried, approved by two, put to use; and who may not."""

import json
import shutil
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from riskmodel import Setup, artefacts, thresholds
from tests.people import make_member
from tests.stories import a_client_starts
from tests.triage.setup_stories import ALL_IMMINENT, clinics_trail, with_thresholds
from triage import setups
from triage.models import ScoringSetup, SetupApproval, SetupState
from triage.switches import Scoring, ScoringKind, scoring_for

pytestmark = pytest.mark.django_db(transaction=True)


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
    manifest = dict(shipped.manifest) | {"name": "test-unfair", "fairness": {"blocks": True, "why": ["elderly: 0.31"]}}
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
    assert alphas.items() <= setup.alphas.items()
    assert setup.alphas["low"] == thresholds.ALPHA["low"], "what is not named stays as shipped"
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
