"""Who is here: members say so themselves, and only they end it. A second tab or a page never flips it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import ROLE_ACTIONS, Action
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from counselling.models import Shift
from triage import publishing

_MAY_TAKE_OVER = [role.value for role, actions in ROLE_ACTIONS.items() if Action.TAKE_OVER in actions]


def start_shift(*, member: Membership, at: datetime) -> Shift:
    """Say "I am here". While already on shift nothing changes."""
    shift = _change(member, on=True, at=at)
    assert shift is not None  # a shift is open now, whoever opened it
    return shift


def end_shift(*, member: Membership, at: datetime) -> Shift | None:
    """Say "I am off". Held conversations stay held; the desk shows them until they are handed back or closed."""
    return _change(member, on=False, at=at)


def _change(member: Membership, *, on: bool, at: datetime) -> Shift | None:
    require(member, Action.SET_SHIFT)
    with transaction.atomic(durable=True):
        # The member's row orders two tabs that press the switch at once.
        Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
        shift = Shift.objects.filter(member=member, ended_at=None).first()
        if (shift is not None) == on:
            return shift
        if shift is None:
            shift = Shift.objects.create(member=member, clinic_id=member.clinic_id, started_at=at)
        else:
            shift.ended_at = at
            shift.save(update_fields=["ended_at"])
        action = "shift.started" if on else "shift.ended"
        event = Event(action, agent_of(member), "shift", str(shift.pk))
        record(clinic_stream(member.clinic_id), event, at=at)
        publishing.ring_desk(member.clinic_id)
    return shift


def on_shift(member: Membership) -> bool:
    """True while the member's shift is open."""
    return Shift.objects.filter(member=member, ended_at=None).exists()


def anyone_on_shift(clinic_id: UUID) -> bool:
    """True when somebody who may take over, and still works here, is on shift (CRI-8)."""
    return Shift.objects.filter(
        clinic_id=clinic_id,
        ended_at=None,
        member__is_active=True,
        member__user__is_active=True,
        member__role__in=_MAY_TAKE_OVER,
    ).exists()


def members_on_shift(clinic_id: UUID) -> list[Membership]:
    """The members on shift, by name."""
    members = Membership.objects.filter(
        clinic_id=clinic_id, is_active=True, shifts__ended_at=None, shifts__isnull=False
    )
    return list(members.select_related("user").order_by("user__name").distinct())
