"""Two clinicians and what they have proposed and approved, for the stories of setups."""

import pytest

from accounts.models import Clinic, Membership
from accounts.permissions import Role
from tests.people import make_member
from tests.stories import Clock
from triage import setups
from triage.models import ScoringSetup


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def second_clinician(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.CLINICIAN, "Clinician Two")


@pytest.fixture
def proposed(clinician: Membership, clock: Clock) -> ScoringSetup:
    return setups.propose(member=clinician, at=clock.now)


@pytest.fixture
def approved(proposed: ScoringSetup, clinician: Membership, second_clinician: Membership, clock: Clock) -> ScoringSetup:
    for member in (clinician, second_clinician):
        setups.approve(member=member, setup_id=proposed.pk, at=clock.now)
    return proposed
