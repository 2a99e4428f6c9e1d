"""Who is here: members say so themselves, and their open desk proves it. A second tab or a page never flips it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import ROLE_ACTIONS, Action
from accounts.trail import agent_of
from audit.trail import Agent, Event, clinic_stream, record
from counselling.models import Shift
from triage import publishing

SWEEP = Agent("system", "shifts")
# A lid that was closed presses no switch. Nobody is promised who was not seen for the first time; after the second,
# which leaves room for a broken connection, the shift is over (CRI-8).
SEEN_WITHIN = timedelta(minutes=2)
OVER_AFTER = timedelta(minutes=15)
_TOUCH_EVERY = timedelta(seconds=20)
_MAY_TAKE_OVER = [role.value for role, actions in ROLE_ACTIONS.items() if Action.TAKE_OVER in actions]


def start_shift(*, member: Membership, at: datetime) -> Shift:
    """Say "I am here". While already on shift this says it once more."""
    shift = _change(member, on=True, at=at)
    assert shift is not None  # a shift is open now, whoever opened it
    return shift


def end_shift(*, member: Membership, at: datetime) -> Shift | None:
    """Say "I am off". Held conversations stay held; the desk shows them until they are handed back or closed."""
    return _change(member, on=False, at=at)


def _change(member: Membership, *, on: bool, at: datetime) -> Shift | None:
    require(member, Action.SET_SHIFT)
    with transaction.atomic(durable=True):
        shift = _open_shift(member.pk)
        if shift is not None and on:
            _see(shift, at=at)
        elif shift is not None:
            _end(shift, agent_of(member), {}, at=at)
        elif on:
            shift = Shift.objects.create(member=member, clinic_id=member.clinic_id, started_at=at, seen_at=at)
            _record(shift, "shift.started", agent_of(member), {}, at=at)
    return shift


def _open_shift(member_id: UUID) -> Shift | None:
    # The member's row orders two tabs that press the switch at once, and the sweep that comes between.
    Membership.objects.select_for_update(no_key=True).get(pk=member_id)
    return Shift.objects.filter(member_id=member_id, ended_at=None).first()


def _see(shift: Shift, *, at: datetime) -> None:
    shift.seen_at = max(shift.seen_at, at)
    shift.save(update_fields=["seen_at"])


def _end(shift: Shift, agent: Agent, detail: dict[str, object], *, at: datetime) -> None:
    shift.ended_at = at
    shift.save(update_fields=["ended_at"])
    _record(shift, "shift.ended", agent, detail, at=at)


def _record(shift: Shift, action: str, agent: Agent, detail: dict[str, object], *, at: datetime) -> None:
    record(clinic_stream(shift.clinic_id), Event(action, agent, "shift", str(shift.pk), detail=detail), at=at)
    publishing.ring_desk(shift.clinic_id)


def touch_shift(*, member: Membership, at: datetime) -> bool:
    """An open desk of the member is alive. True when that was noted, False without a shift or when just noted."""
    fresh = Shift.objects.filter(member=member, ended_at=None, seen_at__lte=at - _TOUCH_EVERY)
    return fresh.update(seen_at=at) > 0


def end_unseen(*, at: datetime) -> int:
    """End the shifts whose member was not seen for a while; returns how many. Safe to run twice and side by side."""
    unseen = Shift.objects.filter(ended_at=None, seen_at__lte=at - OVER_AFTER).order_by("seen_at")
    return sum(_end_unseen(member_id, at=at) for member_id in list(unseen.values_list("member_id", flat=True)))


def _end_unseen(member_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        shift = _open_shift(member_id)
        if shift is None or shift.seen_at > at - OVER_AFTER:
            return False  # they pressed the switch, or came back, since the sweep looked
        _end(shift, SWEEP, {"why": "not seen"}, at=at)
    return True


def on_shift(member: Membership) -> bool:
    """True while the member's shift is open, which is what their own switch shows."""
    return Shift.objects.filter(member=member, ended_at=None).exists()


def _here(at: datetime) -> Q:
    """Members whose shift is open, whose desk is alive, and who still work here."""
    return Q(is_active=True, user__is_active=True, shifts__ended_at=None, shifts__seen_at__gt=at - SEEN_WITHIN)


def anyone_on_shift(clinic_id: UUID, *, at: datetime) -> bool:
    """True when somebody who may take over is on shift and was seen just now (CRI-8)."""
    return Membership.objects.filter(_here(at), clinic_id=clinic_id, role__in=_MAY_TAKE_OVER).exists()


def members_on_shift(clinic_id: UUID, *, at: datetime | None = None) -> list[Membership]:
    """The members on shift, seen just before `at` (by default now), by name."""
    members = Membership.objects.filter(_here(at or timezone.now()), clinic_id=clinic_id)
    return list(members.select_related("user").order_by("user__name").distinct())
