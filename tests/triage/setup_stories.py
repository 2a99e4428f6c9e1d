"""What the stories of setups share: approving one in a line, doing things at once, and the clinic's trail."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from accounts.models import Clinic, Membership
from audit.models import Entry
from tests.stories import Clock
from triage import setups
from triage.models import ScoringSetup

# Thresholds that every message reaches, and such that none does.
ALL_IMMINENT = [0.0, 0.0, 0.0, 0.0]
NEVER = [1.0, 1.0, 1.0, 1.0]


def with_thresholds(setup: ScoringSetup, levels: list[Any]) -> ScoringSetup:
    """Give a stored setup thresholds that no calibration would have chosen."""
    ScoringSetup.objects.filter(pk=setup.pk).update(levels=levels)
    return setup


def approved_setup(
    clock: Clock, first: Membership, second: Membership, *, levels: list[float] | None = None
) -> ScoringSetup:
    """A setup of the shipped version that two clinicians have approved."""
    setup = setups.propose(member=first, at=clock.forward(seconds=1))
    for member in (first, second):
        setups.approve(member=member, setup_id=setup.pk, at=clock.now)
    ScoringSetup.objects.filter(pk=setup.pk).update(levels=levels)
    return setup


def clinics_trail(clinic: Clinic) -> list[str]:
    """The actions on the clinic's own chain, in order."""
    rows = Entry.objects.filter(stream__name=f"clinic:{clinic.pk}").order_by("seq")
    return list(rows.values_list("action", flat=True))


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads of their own at the same moment; what each returned or raised."""
    together = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        try:
            together.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))
