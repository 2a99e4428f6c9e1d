"""Changing a password, and setting the first one with a link that works once."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts import lockout
from accounts.models import PasswordLink, User
from accounts.secrecy import digest_of_key, new_key
from accounts.sign_in import record_locked_out
from accounts.trail import record_for_person

LINK_LASTS = timedelta(hours=72)


class WrongPassword(Exception):
    """The present password is not right, or was wrong too often; nobody learns which."""


class LinkRefused(Exception):
    """The link is unknown, was used, was replaced by a newer one, is too old, or its account is closed."""


def change_password(*, user: User, current: str, new: str, address: str, at: datetime) -> None:
    """Replace the person's own password; every other session of theirs ends.

    Raises WrongPassword (counted like a failed sign-in), or django's ValidationError when `new` breaks the rules.
    """
    validate_password(new, user)
    source = lockout.source_of(email=user.email, address=address)
    right = check_password(current, user.password)
    with transaction.atomic(durable=True):
        lockout.hold(source)
        locked = lockout.is_locked(source, at=at)
        if right and not locked:
            _store(user, new, at=at, how="changed")
            return
        if not locked:
            lockout.count(source, succeeded=False, at=at)
            if lockout.is_locked(source, at=at):
                record_locked_out(user, source, at=at)
    raise WrongPassword


def make_link(user: User, *, at: datetime) -> str:
    """A new key for the set-password page, shown once; an older one stops working. Needs the caller's transaction."""
    key = new_key()
    values = {"digest": digest_of_key(key), "expires_at": at + LINK_LASTS}
    PasswordLink.objects.update_or_create(user=user, defaults=values)
    return key


def person_of_link(key: str, *, at: datetime) -> User:
    """Whose password the link sets. Looking at the page does not use the link up. Raises LinkRefused."""
    return _live_link(key, at=at).user


def set_password(*, key: str, new: str, at: datetime) -> User:
    """Set the password of the link's person and use the link up; every session of theirs ends.

    Raises LinkRefused, or django's ValidationError when `new` breaks the rules; the link then still works.
    """
    with transaction.atomic(durable=True):
        link = _live_link(key, at=at, lock=True)
        validate_password(new, link.user)
        _store(link.user, new, at=at, how="link")
        link.delete()
    return link.user


def _live_link(key: str, *, at: datetime, lock: bool = False) -> PasswordLink:
    rows = PasswordLink.objects.select_related("user")
    if lock:
        rows = rows.select_for_update(of=("self",))
    link = rows.filter(digest=digest_of_key(key), expires_at__gt=at, user__is_active=True).first()
    if link is None or not link.user.memberships.filter(is_active=True).exists():
        raise LinkRefused
    return link


def _store(user: User, new: str, *, at: datetime, how: str) -> None:
    user.set_password(new)
    user.save(update_fields=["password"])
    record_for_person(user, "member.password_changed", detail={"how": how}, at=at)
