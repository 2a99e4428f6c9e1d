"""Signing in and out. Whatever is wrong, the answer reads the same and takes the same time."""

from datetime import datetime

from django.contrib.auth.hashers import check_password, identify_hasher
from django.db import transaction

from accounts import lockout
from accounts.lockout import Source
from accounts.models import Membership, User
from accounts.trail import NOBODY, agent_of, record_for_person
from audit.trail import SERVICE_STREAM, Agent, Event, clinic_stream, record

# Stands in for an account that does not exist; Django spends one full hash on it, as on a wrong password.
_NO_PASSWORD = "!"  # noqa: S105 - no secret: the mark of an unusable password


class SignInRefused(Exception):
    """Wrong e-mail address or password, locked, or without a clinic: on purpose nobody learns which."""

    detail = (
        "The e-mail address or the password is not right, or there were too many failed tries. "
        "After several failed tries, signing in stays closed for 15 minutes."
    )


def sign_in(*, email: str, password: str, address: str, at: datetime) -> list[Membership]:
    """The clinics where this person is an active member, at least one; recorded as signed in when it is just one.

    With several, `enter_clinic` records the one that is chosen. `address` is the network address of the browser,
    empty if unknown. Raises SignInRefused.
    """
    source = lockout.source_of(email=email, address=address)
    user = _account(email)
    # The one slow step, outside the transaction and done in every case, so time tells nothing.
    right = check_password(password, user.password if user else _NO_PASSWORD)
    with transaction.atomic(durable=True):
        lockout.hold(source)
        members = _judge(user, source, right=right, at=at)
        if members:
            assert user is not None
            lockout.count(source, succeeded=True, at=at)
            _renew_hash(user, password)
            _record_success(user, members, at=at)
    if not members:
        raise SignInRefused
    return members


def _account(email: str) -> User | None:
    email = email.strip().lower()
    # PostgreSQL's text holds neither NUL nor lone surrogates; such an address belongs to nobody.
    return User.objects.filter(email=email).first() if email.isprintable() else None


def _judge(user: User | None, source: Source, *, right: bool, at: datetime) -> list[Membership]:
    """The memberships to sign in to, or an empty list after the refusal was counted and recorded."""
    if lockout.is_locked(source, at=at):
        _record_refusal(user, source, "locked", at=at)
        return []
    members = active_memberships(user) if user is not None and user.is_active and right else []
    if not members:
        lockout.count(source, succeeded=False, at=at)
        _record_refusal(user, source, "no_match" if not right else "not_active", at=at)
        if lockout.is_locked(source, at=at):
            record_locked_out(user, source, at=at)
    return members


def active_memberships(user: User) -> list[Membership]:
    """Where the person works now, by the clinic's name."""
    rows = user.memberships.filter(is_active=True).select_related("clinic", "user")
    return list(rows.order_by("clinic__name", "pk"))


def _renew_hash(user: User, password: str) -> None:
    """Store the password anew when the hash settings became stronger since it was stored."""
    if identify_hasher(user.password).must_update(user.password):
        user.set_password(password)
        user.save(update_fields=["password"])


def _record_success(user: User, members: list[Membership], *, at: datetime) -> None:
    if len(members) == 1:
        _record_signed_in(members[0], at=at)
        return
    event = Event(
        "member.signed_in", Agent("human", str(user.pk)), "user", str(user.pk), detail={"clinics": len(members)}
    )
    record(SERVICE_STREAM, event, at=at)


def _record_signed_in(member: Membership, *, at: datetime) -> None:
    event = Event("member.signed_in", agent_of(member), "membership", str(member.pk))
    record(clinic_stream(member.clinic_id), event, at=at)


def _record_refusal(user: User | None, source: Source, reason: str, *, at: datetime) -> None:
    detail = {"reason": reason, "email_digest": source.email.hex()}
    if user is None:
        event = Event("member.sign_in_failed", NOBODY, outcome="failed", detail=detail)
        record(SERVICE_STREAM, event, at=at)
    else:
        record_for_person(user, "member.sign_in_failed", agent=NOBODY, outcome="failed", detail=detail, at=at)


def record_locked_out(user: User | None, source: Source, *, at: datetime) -> None:
    """Say on the trail that the last failure closed the door; needs the caller's transaction."""
    minutes = int(lockout.LOCKED_FOR.total_seconds() // 60)
    detail = {"minutes": minutes, "email_digest": source.email.hex()}
    agent = Agent("system", "sign-in")
    if user is None:
        record(SERVICE_STREAM, Event("member.locked_out", agent, detail=detail), at=at)
    else:
        record_for_person(user, "member.locked_out", agent=agent, detail=detail, at=at)


class NotAMember(Exception):
    """The person is not an active member of that clinic."""


def enter_clinic(*, user: User, clinic_id: object, at: datetime) -> Membership:
    """Begin to work in one of several clinics. Raises NotAMember, also when the clinic does not exist."""
    with transaction.atomic(durable=True):
        for member in active_memberships(user):
            if str(member.clinic_id) == str(clinic_id):
                _record_signed_in(member, at=at)
                return member
    raise NotAMember


def sign_out(*, user: User, member: Membership | None, at: datetime) -> None:
    """Record that a person ends their session; the caller then destroys it."""
    with transaction.atomic(durable=True):
        if member is None:
            record(
                SERVICE_STREAM, Event("member.signed_out", Agent("human", str(user.pk)), "user", str(user.pk)), at=at
            )
        else:
            event = Event("member.signed_out", agent_of(member), "membership", str(member.pk))
            record(clinic_stream(member.clinic_id), event, at=at)
