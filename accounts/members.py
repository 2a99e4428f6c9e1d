"""The people of a clinic: adding, changing roles, deactivating. Each change waits for the clinic's row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import passwords
from accounts.access import NotPermitted, recheck, require
from accounts.models import Clinic, Membership, PasswordLink, User
from accounts.permissions import Action, Role
from accounts.trail import OPERATOR, agent_of
from audit.trail import Agent, Event, clinic_stream, record


class UnknownMember(LookupError):
    """There is no such member in this clinic; another clinic's members are unknown here."""


class AlreadyMember(ValueError):
    """The person is a member of this clinic, perhaps a deactivated one."""


class NotYourself(ValueError):
    """Nobody changes their own role or deactivates themselves."""


class LastAdministrator(ValueError):
    """The clinic would be left without an active administrator."""


class LinkNotPossible(ValueError):
    """The person works in another clinic too, so this clinic must not be able to set their password."""


@dataclass(frozen=True, slots=True)
class Added:
    """A new member and the key of their set-password link; no key if they sign in with a password they have."""

    member: Membership
    key: str


def add_member(*, member: Membership, email: str, name: str, role: str, at: datetime) -> Added:
    """Add a person to the clinic of `member`. Raises NotPermitted, AlreadyMember, or ValidationError by field."""
    require(member, Action.MANAGE_MEMBERS)
    with transaction.atomic(durable=True):
        clinic = _locked_clinic(member)
        return _add(clinic, email=email, name=name, role=role, agent=agent_of(member), at=at)


def add_member_by_command(*, clinic: Clinic, email: str, name: str, role: str, at: datetime) -> Added:
    """The same for whoever runs the service, who may also add the first administrator."""
    with transaction.atomic(durable=True):
        Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        return _add(clinic, email=email, name=name, role=role, agent=OPERATOR, at=at)


def _add(clinic: Clinic, *, email: str, name: str, role: str, agent: Agent, at: datetime) -> Added:
    email, name = email.strip().lower(), name.strip()
    _check_person(email, name, role)
    user = User.objects.filter(email=email).first()
    if user is not None and user.memberships.filter(clinic=clinic).exists():
        raise AlreadyMember(email)
    # A person who has an account keeps their name and password: this clinic is not the only one that knows them.
    is_new = user is None
    user = user or User.objects.create_user(email=email, name=name, password=None, created_at=at)
    added = Membership.objects.create(user=user, clinic=clinic, role=role, created_at=at)
    key = passwords.make_link(user, at=at) if is_new else ""
    detail = {"role": role, "new_account": is_new}
    record(clinic_stream(clinic.pk), Event("member.added", agent, "membership", str(added.pk), detail=detail), at=at)
    return Added(added, key)


def _check_person(email: str, name: str, role: str) -> None:
    wrong: dict[str, str] = {}
    try:
        validate_email(email)
    except ValidationError:
        wrong["email"] = "Write an e-mail address, like name@clinic.example."
    if len(email) > 254 or not email.isascii():
        wrong["email"] = "Write an e-mail address of at most 254 plain characters."
    if not name or len(name) > 120 or not name.isprintable():
        wrong["name"] = "Give a name of 1 to 120 characters."
    if role not in Role.values:
        wrong["role"] = "Choose one of the roles."
    if wrong:
        raise ValidationError(wrong)


def change_role(*, member: Membership, member_id: UUID, role: str, at: datetime) -> Membership:
    """Give another member of the clinic another role; the same role again changes nothing.

    Raises NotPermitted, UnknownMember, NotYourself, LastAdministrator, or ValidationError for an unknown role.
    """
    if role not in Role.values:
        raise ValidationError({"role": "Choose one of the roles."})
    with _changing(member, member_id) as other:
        if other.role == role:
            return other
        if other.role == Role.ADMINISTRATOR:
            _keep_an_administrator(other)
        detail = {"from": other.role, "to": role}
        other.role = role
        other.save(update_fields=["role"])
        _record(member, other, "member.role_changed", detail, at=at)
    return other


def deactivate(*, member: Membership, member_id: UUID, at: datetime) -> Membership:
    """End another member's access, from their next request on. Nothing of what they did is removed.

    Raises NotPermitted, UnknownMember, NotYourself or LastAdministrator.
    """
    with _changing(member, member_id) as other:
        if not other.is_active:
            return other
        if other.role == Role.ADMINISTRATOR:
            _keep_an_administrator(other)
        other.is_active = False
        other.save(update_fields=["is_active"])
        _record(member, other, "member.deactivated", {"role": other.role}, at=at)
    return other


def reactivate(*, member: Membership, member_id: UUID, at: datetime) -> Membership:
    """Give a deactivated member their access back. Raises NotPermitted, UnknownMember or NotYourself."""
    with _changing(member, member_id) as other:
        if not other.is_active:
            other.is_active = True
            other.save(update_fields=["is_active"])
            _record(member, other, "member.reactivated", {"role": other.role}, at=at)
    return other


def new_link(*, member: Membership, member_id: UUID, at: datetime) -> Added:
    """A new set-password link for another member; an older one stops working.

    Raises NotPermitted, UnknownMember, NotYourself, or LinkNotPossible for somebody who also works elsewhere.
    """
    with _changing(member, member_id) as other:
        if not other.is_active or other.user.memberships.exclude(clinic_id=other.clinic_id).exists():
            raise LinkNotPossible
        key = passwords.make_link(other.user, at=at)
        _record(member, other, "member.invited", {}, at=at)
    return Added(other, key)


def new_link_by_command(*, clinic: Clinic, email: str, at: datetime) -> Added:
    """The same for whoever runs the service, also for somebody who works in several clinics. Raises UnknownMember."""
    with transaction.atomic(durable=True):
        rows = Membership.objects.select_related("user").filter(clinic=clinic, is_active=True)
        other = rows.filter(user__email=email.strip().lower()).first()
        if other is None:
            raise UnknownMember(email)
        key = passwords.make_link(other.user, at=at)
        event = Event("member.invited", OPERATOR, "membership", str(other.pk))
        record(clinic_stream(clinic.pk), event, at=at)
    return Added(other, key)


@contextmanager
def _changing(member: Membership, member_id: UUID) -> Iterator[Membership]:
    """The other member, under the clinic's lock; `member` is asked again there, who may just have been demoted."""
    require(member, Action.MANAGE_MEMBERS)
    with transaction.atomic(durable=True):
        _locked_clinic(member)
        rows = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("user", "clinic")
        other = rows.filter(pk=member_id, clinic_id=member.clinic_id).first()
        if other is None:
            raise UnknownMember(str(member_id))
        if other.pk == member.pk:
            raise NotYourself
        yield other


def _locked_clinic(member: Membership) -> Clinic:
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=member.clinic_id)
    now = recheck(member.pk)
    if now is None:
        raise NotPermitted(member, Action.MANAGE_MEMBERS)
    require(now, Action.MANAGE_MEMBERS)
    return clinic


def _keep_an_administrator(leaving: Membership) -> None:
    """Needs the clinic's lock."""
    rows = Membership.objects.filter(
        clinic_id=leaving.clinic_id, role=Role.ADMINISTRATOR, is_active=True, user__is_active=True
    )
    if not rows.exclude(pk=leaving.pk).exists():
        raise LastAdministrator


def _record(member: Membership, other: Membership, action: str, detail: dict[str, str], *, at: datetime) -> None:
    event = Event(action, agent_of(member), "membership", str(other.pk), detail=detail)
    record(clinic_stream(other.clinic_id), event, at=at)


def has_open_link(member: Membership, *, at: datetime) -> bool:
    """True while the person could still use a set-password link."""
    return PasswordLink.objects.filter(user_id=member.user_id, expires_at__gt=at).exists()
