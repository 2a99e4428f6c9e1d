"""Locked after repeated failures: counted from rows, for an e-mail address and for a network address.

Where a person signed in of late, only failures from there count: strangers elsewhere cannot lock out the night shift.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from accounts.models import SignInAttempt
from accounts.secrecy import address_digest, email_digest

WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)
FAILURES_AN_EMAIL = 5
# A clinic's staff often share one address, so one forgetful person must not shut out the night shift.
FAILURES_AN_ADDRESS = 30
# How long a place where somebody signed in stays theirs.
KNOWN_FOR = timedelta(days=30)
_KEEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose failures count together. An unknown network address (a Unix socket) is not counted at all."""

    email: bytes
    address: bytes | None


def source_of(*, email: str, address: str) -> Source:
    """The digests under which a try is counted."""
    return Source(email_digest(email), address_digest(address) if address else None)


def hold(source: Source) -> None:
    """Let tries of one source pass one at a time until the transaction ends, so that a hundred at once all count."""
    keys = [source.email] if source.address is None else [source.email, source.address]
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [int.from_bytes(key[:8], "big", signed=True)])


def is_locked(source: Source, *, at: datetime) -> bool:
    """True while too many failures lie too close together. A try while locked is not counted: it cannot prolong it."""
    if source.address is not None and _full(_failures(at, address_digest=source.address), FAILURES_AN_ADDRESS, at):
        return True
    whose = {"email_digest": source.email}
    last = _last_success_here(source, at=at)
    if source.address is not None and last is not None:
        whose["address_digest"] = source.address
    failures = [moment for moment in _failures(at, **whose) if last is None or moment > last]
    return _full(failures, FAILURES_AN_EMAIL, at)


def _last_success_here(source: Source, *, at: datetime) -> datetime | None:
    """When the person last signed in from this network address. Elsewhere that clears no count: a guesser is there."""
    here = SignInAttempt.objects.filter(email_digest=source.email, address_digest=source.address or b"")
    moments = here.filter(succeeded=True, at__gt=at - KNOWN_FOR).order_by("-at")
    return moments.values_list("at", flat=True).first()


def _failures(at: datetime, **whose: bytes) -> list[datetime]:
    """The latest failures, newest first, as far back as they could still lock.

    Also those that another try noted with a slightly later clock: of many at once, the first to wait is not the first
    to be judged.
    """
    rows = SignInAttempt.objects.filter(succeeded=False, at__gt=at - WINDOW - LOCKED_FOR, **whose)
    return list(rows.order_by("-at").values_list("at", flat=True)[:FAILURES_AN_ADDRESS])


def _full(failures: list[datetime], limit: int, at: datetime) -> bool:
    if len(failures) < limit:
        return False
    return at - failures[0] < LOCKED_FOR and failures[0] - failures[limit - 1] < WINDOW


def count(source: Source, *, succeeded: bool, at: datetime) -> None:
    """Note a try that was judged."""
    SignInAttempt.objects.create(
        email_digest=source.email, address_digest=source.address or b"", at=at, succeeded=succeeded
    )


def forget_old_attempts(*, at: datetime) -> int:
    """Delete failures that can no longer lock anything, and successes that make no place known; returns how many."""
    too_old = Q(succeeded=False, at__lt=at - _KEEP) | Q(succeeded=True, at__lt=at - KNOWN_FOR)
    deleted, _ = SignInAttempt.objects.filter(too_old).delete()
    return deleted
