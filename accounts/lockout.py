"""Locked after repeated failures: counted from rows, for an e-mail address and for a network address."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import SignInAttempt
from accounts.secrecy import address_digest, email_digest

WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)
FAILURES_AN_EMAIL = 5
# A clinic's staff often share one address, so one forgetful person must not shut out the night shift.
FAILURES_AN_ADDRESS = 30
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
    succeeded = SignInAttempt.objects.filter(email_digest=source.email, succeeded=True)
    last = succeeded.order_by("-at").values_list("at", flat=True).first()
    failures = [moment for moment in _failures(at, email_digest=source.email) if last is None or moment > last]
    return _full(failures, FAILURES_AN_EMAIL, at)


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
    """Delete tries that can no longer lock anything; returns how many."""
    deleted, _ = SignInAttempt.objects.filter(at__lt=at - _KEEP).delete()
    return deleted
