"""Check-ins after a chat or a treatment: planned with the client, sent on time, stopped at once, missed for a person.

Contact, never surveillance (IMP-13): nothing here writes to anybody but the client, and a missed one asks a person to
look. The plan's row orders sending, stopping and answering of its check-ins.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from smtplib import SMTPException
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Agent, Event, clinic_stream, record
from triage import check_in_links
from triage.bot.catalogue import NotServable
from triage.models import CareTask, CareTaskKind, CheckIn, CheckInPlan, CheckInReason, Client
from triage.sealing import Seal, Unreadable, new_message_key

logger = logging.getLogger(__name__)

AFTER_FLAG_DAYS = (1, 3, 7)  # 24 h, 72 h and 7 d by the client's clock (CRI-11)
MOST_WEEKS = 52
SEND_WITHIN = timedelta(hours=24)  # later than this after its time, a check-in is not sent any more
ANSWER_WITHIN = timedelta(hours=48)
STOP_WORDS = frozenset(
    f"{verb} {what}"
    for verb in ("stop", "no more", "end", "cancel")
    for what in (
        "notes",
        "the notes",
        "these notes",
        "messages",
        "emails",
        "mails",
        "check ins",
        "checkins",
        "the checkins",
    )
) | {
    *("stop all", "stopall", "unsubscribe", "opt out", "optout", "stop writing to me", "stop contacting me"),
    *("stop messaging me", "stop emailing me", "stop mailing me", "stop texting me", "do not contact me"),
    *("dont contact me", "dont write to me", "do not write to me", "dont email me", "do not email me"),
}
LOOK_WITHIN = timedelta(hours=24)
_SYSTEM = Agent("system", "aftercare")
_PLACE = "address"
_OPEN = Q(answered_at=None, missed_at=None, stopped_at=None)


class BadCheckIns(Exception):
    """The check-ins cannot be planned so. `code` is for the page."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class AlreadyPlanned(Exception):
    """The client has standing check-ins for that reason; these are stopped first."""


class UnknownPlan(Exception):
    """There is no such plan of check-ins for whoever asks."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the client agreed to. `wall_time` is by `time_zone`; `until` is for weekly ones; `address` may be empty."""

    reason: CheckInReason
    time_zone: str
    wall_time: time
    until: date | None = None
    address: str = field(default="", repr=False)
    names_clinic: bool = False
    agreed: bool = False


def plan_check_ins(*, client: Client, wanted: Wanted, at: datetime, member: Membership | None = None) -> CheckInPlan:
    """Plan what the client agreed to; without `member` the client chose alone, and the caller knows who they are.

    Raises BadCheckIns, AlreadyPlanned, UnknownPlan for another clinic's client, and accounts.access.NotPermitted.
    """
    if member is not None:
        require(member, Action.CARE)
        if client.clinic_id != member.clinic_id:
            raise UnknownPlan(str(client.pk))
    dues = _checked(client, wanted, at=at)
    with transaction.atomic(durable=True):
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        if CheckInPlan.objects.filter(client=client, reason=wanted.reason, ended_at=None).exists():
            raise AlreadyPlanned(str(client.pk))
        plan = _new_plan(client, wanted, member, at=at)
        CheckIn.objects.bulk_create(CheckIn(plan=plan, number=n, due_at=due) for n, due in enumerate(dues, start=1))
        detail = {"reason": str(plan.reason), "check_ins": len(dues), "by_mail": bool(wanted.address)}
        _record(plan, "check_in.planned", agent_of(member) if member else _client(plan), at=at, **detail)
    return plan


def due_times(wanted: Wanted, *, at: datetime) -> list[datetime]:
    """When the check-ins are due: the same time on the client's clock each time, whatever summer time does.

    A time that the clock skips is taken an hour later, as a person's clock would show it.
    """
    zone = ZoneInfo(wanted.time_zone)
    today = at.astimezone(zone).date()
    if wanted.reason == CheckInReason.AFTER_FLAG:
        days: Sequence[int] = AFTER_FLAG_DAYS
    else:
        last = (wanted.until - today).days if wanted.until else 0
        days = range(7, last + 1, 7)
    return [datetime.combine(today + timedelta(days=day), wanted.wall_time, tzinfo=zone) for day in days]


def send_due(*, at: datetime) -> int:
    """Send what is due; returns how many were. Safe in many workers at once and after a crash.

    A worker claims a check-in in a transaction of its own before it sends. One that dies in between leaves the claim,
    so nothing goes out twice; what never went out becomes a person's task as a missed one does.
    """
    due = CheckIn.objects.filter(_OPEN, sent_at=None, tried_at=None, due_at__lte=at, due_at__gt=at - SEND_WITHIN)
    return sum(_send(pk, plan_id, at=at) for pk, plan_id in due.order_by("due_at").values_list("pk", "plan_id"))


def stop(*, client_id: UUID, by: Agent, at: datetime) -> int:
    """End every check-in of the client at once and forget the addresses (BOT-9); returns how many plans ended.

    One that the mail server is taking this moment may still arrive; none begins after it. Again, it changes nothing.
    """
    with transaction.atomic():
        rows = CheckInPlan.objects.select_for_update(no_key=True).filter(client_id=client_id, ended_at=None)
        plans = list(rows.order_by("pk"))
        for plan in plans:
            stopped = CheckIn.objects.filter(_OPEN, plan=plan).update(stopped_at=at)
            _end(plan, at=at)
            _record(plan, "check_in.stopped", by, at=at, check_ins=stopped)
    return len(plans)


def stop_if_said(*, client_id: UUID, text: str, at: datetime) -> bool:
    """`stop` if the whole message asks for no more notes (BOT-9); True when it does.

    A bare "stop" is not among the words: in an exercise it means the exercise, and contact after a crisis must not end
    by a misunderstanding. Runs in the turn's transaction, after its own entries (the order of locks in audit.trail).
    """
    said = " ".join(re.sub(r"[^\w\s]", "", text.lower()).replace("_", " ").split()).removeprefix("please ")
    if said.removesuffix(" please") not in STOP_WORDS:
        return False
    stop(client_id=client_id, by=Agent("client", str(client_id)), at=at)
    return True


def stop_for_client(*, member: Membership, client_id: UUID, at: datetime) -> int:
    """`stop` by a member whom the client asked. Raises UnknownPlan and accounts.access.NotPermitted."""
    require(member, Action.CARE)
    if not Client.objects.filter(pk=client_id, clinic_id=member.clinic_id).exists():
        raise UnknownPlan(str(client_id))
    return stop(client_id=client_id, by=agent_of(member), at=at)


def answer(*, check_in_id: UUID, at: datetime) -> None:
    """Note that the client answered. An answer after it was missed counts too; the task for a person stays.

    Raises UnknownPlan where there is nothing to answer.
    """
    with transaction.atomic():
        plan = CheckInPlan.objects.select_for_update(no_key=True).filter(check_ins=check_in_id).first()
        found = CheckIn.objects.filter(pk=check_in_id, stopped_at=None).exclude(sent_at=None).first()
        if plan is None or found is None:
            raise UnknownPlan(str(check_in_id))
        if found.answered_at is not None:
            return  # told before: the first answer stands
        found.answered_at = at
        found.save(update_fields=["answered_at"])
        _record(plan, "check_in.answered", _client(plan), at=at, number=found.number)
        _end_if_over(plan, at=at)


def mark_missed(*, at: datetime) -> int:
    """Make a task for a person of each check-in that nobody answered or that could not be sent; returns how many."""
    unanswered, unsent = Q(sent_at__lte=at - ANSWER_WITHIN), Q(sent_at=None, due_at__lte=at - SEND_WITHIN)
    late = CheckIn.objects.filter(_OPEN, unanswered | unsent).order_by("due_at")
    return sum(_miss(pk, plan_id, at=at) for pk, plan_id in late.values_list("pk", "plan_id"))


# -- Inside


def _checked(client: Client, wanted: Wanted, *, at: datetime) -> list[datetime]:
    if client.is_rehearsal:
        raise BadCheckIns("rehearsal", "A rehearsal has nobody to write to.")
    if not wanted.agreed:
        raise BadCheckIns("not_agreed", "Check-ins are planned only when the client has agreed to them.")
    try:
        ZoneInfo(wanted.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCheckIns("time_zone", "This time zone is not known.") from None
    if wanted.address:
        _check_address(wanted.address)
    dues = due_times(wanted, at=at)
    if not dues:
        raise BadCheckIns("until", "Choose a last day that is at least a week away.")
    if len(dues) > MOST_WEEKS:
        raise BadCheckIns("until", f"Check-ins can run for {MOST_WEEKS} weeks at most.")
    return dues


def _check_address(address: str) -> None:
    if not settings.SENDS_MAIL:
        raise BadCheckIns("no_mail", "This service is not set up to send e-mail.")
    try:
        validate_email(address)
    except ValidationError:
        raise BadCheckIns("address", "This is not a complete e-mail address.") from None


def _new_plan(client: Client, wanted: Wanted, member: Membership | None, *, at: datetime) -> CheckInPlan:
    plan = CheckInPlan(
        id=uuid4(),
        clinic_id=client.clinic_id,
        client=client,
        reason=wanted.reason,
        member=member,
        time_zone=wanted.time_zone,
        wall_time=wanted.wall_time,
        until=wanted.until,
        names_clinic=wanted.names_clinic,
        made_at=at,
    )
    if wanted.address:
        plan.address_key = new_message_key(plan.pk)
        plan.sealed_address = Seal(plan.pk, plan.address_key).seal(wanted.address, place=_PLACE)
    plan.save(force_insert=True)
    return plan


def _send(check_in_id: UUID, plan_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        locked = CheckInPlan.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=plan_id).first()
        if locked is None:
            return False  # another worker, or a stop, is at it; the next sweep looks again
        claim = CheckIn.objects.filter(_OPEN, pk=check_in_id, sent_at=None, tried_at=None)
        if not claim.update(tried_at=at):
            return False
    try:
        return _send_claimed(check_in_id, plan_id, at=at)
    except (SMTPException, OSError, NotServable) as failed:
        # Nothing went out, so the next sweep may try again. The class alone: the error may quote the address.
        CheckIn.objects.filter(pk=check_in_id, sent_at=None).update(tried_at=None)
        logger.warning("check-in not sent", extra={"check_in": str(check_in_id), "error": type(failed).__name__})
    except Unreadable:
        logger.error("the address of a check-in cannot be read", extra={"check_in": str(check_in_id)})
    return False


def _send_claimed(check_in_id: UUID, plan_id: UUID, *, at: datetime) -> bool:
    # No row is locked while the mail server answers: a stop, which may come with a client's turn, never waits for it.
    plan = CheckInPlan.objects.select_related("clinic", "client").get(pk=plan_id)
    found = CheckIn.objects.filter(_OPEN, pk=check_in_id, sent_at=None).first()
    if plan.ended_at is not None or found is None:
        return False  # stopped between the claim and now
    digest = ""
    if plan.sealed_address is not None:
        address = Seal(plan.pk, plan.address_key).open(plan.sealed_address, place=_PLACE)
        digest = check_in_links.send(plan=plan, check_in=found, address=address)
    with transaction.atomic(durable=True):
        CheckInPlan.objects.select_for_update(no_key=True).get(pk=plan_id)
        CheckIn.objects.filter(pk=check_in_id).update(sent_at=at)
        late = round((at - found.due_at).total_seconds())
        detail = {"number": found.number, "by_mail": bool(digest), "digest": digest, "late_seconds": late}
        _record(plan, "check_in.sent", _SYSTEM, at=at, **detail)
    return True


def _miss(check_in_id: UUID, plan_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        plan = CheckInPlan.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=plan_id).first()
        found = CheckIn.objects.filter(_OPEN, pk=check_in_id).first()
        if plan is None or found is None:
            return False
        task = CareTask.objects.create(
            clinic_id=plan.clinic_id,
            client_id=plan.client_id,
            kind=CareTaskKind.MISSED_CHECK_IN,
            made_at=at,
            due_at=at + LOOK_WITHIN,
        )
        found.missed_at, found.task = at, task
        found.save(update_fields=["missed_at", "task"])
        _record(plan, "check_in.missed", _SYSTEM, at=at, number=found.number, sent=found.sent_at is not None)
        made = Event("care_task.made", _SYSTEM, "care_task", str(task.pk), detail={"kind": str(task.kind)})
        record(clinic_stream(plan.clinic_id), made, at=at)
        _end_if_over(plan, at=at)
    return True


def _end_if_over(plan: CheckInPlan, *, at: datetime) -> None:
    if plan.ended_at is None and not CheckIn.objects.filter(_OPEN, plan=plan).exists():
        _end(plan, at=at)


def _end(plan: CheckInPlan, *, at: datetime) -> None:
    """The address is kept no longer than there is something to send."""
    plan.ended_at, plan.address_key, plan.sealed_address = at, None, None
    plan.save(update_fields=["ended_at", "address_key", "sealed_address"])


def _client(plan: CheckInPlan) -> Agent:
    return Agent("client", str(plan.client_id))


def _record(plan: CheckInPlan, action: str, agent: Agent, *, at: datetime, **detail: object) -> None:
    event = Event(action, agent, "check_in_plan", str(plan.pk), detail={"client": str(plan.client_id), **detail})
    record(clinic_stream(plan.clinic_id), event, at=at)
