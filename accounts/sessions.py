"""How long a staff session lasts, and what counts as activity. The session row is asked, never the cookie."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend, login, logout
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Membership, User

HARD_AGE = timedelta(hours=12)
IDLE_AGE = timedelta(minutes=30)
# Activity is noted at most this often: a page must not cost a write each time.
_NOTE_EVERY = timedelta(minutes=1)

_MEMBERSHIP, _STARTED, _SEEN = "membership", "signed_in_at", "seen_at"


def begin(request: HttpRequest, *, user: User, member: Membership | None, at: datetime) -> None:
    """Start a session for `user`, with a new key. Without `member` only the choice of a clinic is open."""
    if request.session.get(SESSION_KEY) is not None:
        request.session.flush()
    # `login` gives a session from before sign-in a new key, so whoever planted the old one gains nothing.
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session[_STARTED] = request.session[_SEEN] = at.timestamp()
    request.session.pop(_MEMBERSHIP, None)
    if member is not None:
        request.session[_MEMBERSHIP] = str(member.pk)


def choose(request: HttpRequest, *, member: Membership) -> None:
    """Work in `member`'s clinic from now on, under a new session key."""
    request.session.cycle_key()
    request.session[_MEMBERSHIP] = str(member.pk)


def end(request: HttpRequest) -> None:
    """Destroy the session, here and in the table."""
    logout(request)


def is_live(session: SessionBase, *, at: datetime) -> bool:
    """True while the session is neither too old nor idle for too long at `at`."""
    started, seen = session.get(_STARTED), session.get(_SEEN)
    if not isinstance(started, int | float) or not isinstance(seen, int | float):
        return False
    now = at.timestamp()
    return now - started < HARD_AGE.total_seconds() and now - seen < IDLE_AGE.total_seconds()


def note_activity(session: SessionBase, *, at: datetime) -> None:
    """Remember in a request's session that somebody is there."""
    if at.timestamp() - session.get(_SEEN, 0.0) >= _NOTE_EVERY.total_seconds():
        session[_SEEN] = at.timestamp()


def member_id(session: SessionBase) -> UUID | None:
    """The membership that the session works as, or None before a clinic was chosen."""
    try:
        return UUID(session.get(_MEMBERSHIP) or "")
    except (ValueError, AttributeError, TypeError):
        return None


def touch_session(session: SessionBase, *, at: datetime) -> bool:
    """Count an open desk as activity. False when the session has ended: signed out, too old, password changed.

    Reads and writes the row under its lock, so a page that saves the same session at that moment loses nothing.
    """
    with transaction.atomic():
        key = session.session_key
        if not key or not Session.objects.select_for_update().filter(session_key=key).exists():
            return False
        fresh = type(session._wrapped if hasattr(session, "_wrapped") else session)(key)
        if not is_live(fresh, at=at) or not _still_theirs(fresh):
            return False
        note_activity(fresh, at=at)
        if not fresh.modified:
            return True
        try:
            fresh.save()
        except UpdateError:
            return False
    return True


def _still_theirs(session: SessionBase) -> bool:
    """True unless the person's password was changed or the account was closed since the session began."""
    backend = session.get(BACKEND_SESSION_KEY)
    user = load_backend(backend).get_user(session.get(SESSION_KEY)) if backend else None
    if user is None:
        return False
    return secrets.compare_digest(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is behind a request: a person, the member they work as (if chosen), and whether time ran out."""

    user: User | None = None
    member: Membership | None = None
    timed_out: bool = False
