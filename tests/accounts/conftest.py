"""What the stories of this room share: the clinic's trail, a browser that checks CSRF, and a hasher that counts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from audit.models import Entry
from tests import people

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def browser_of() -> Callable[[Membership], Client]:
    """`browser_of(member)`: a browser with a real session of that member."""
    return lambda member: people.sign_in(Client(), member)


@pytest.fixture
def night_nurse(clinic: Any) -> Membership:
    """A counsellor who has a password and can use the sign-in page."""
    return people.make_member(clinic, "counsellor", "Night Nurse", password=people.PASSWORD)


def trail(clinic_id: Any) -> list[str]:
    """The actions on a clinic's chain, in order."""
    rows = Entry.objects.filter(stream__name=f"clinic:{clinic_id}")
    return list(rows.order_by("seq").values_list("action", flat=True))


def service_trail() -> list[str]:
    """The actions on the service's chain, in order."""
    return list(Entry.objects.filter(stream__name="service").order_by("seq").values_list("action", flat=True))


def last_entry(action: str) -> Entry:
    """The newest entry of one action."""
    return Entry.objects.filter(action=action).latest("id")
