"""Who is asking, and may they: the one door of pages, sockets and the API."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts import sessions
from accounts.models import Membership
from accounts.permissions import Action, may
from accounts.sessions import Visit, touch_session
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record

__all__ = [
    "NotPermitted",
    "current_member",
    "member_of_session",
    "member_view",
    "recheck",
    "record_refusal",
    "require",
    "touch_session",
    "visit_of",
]

View = Callable[..., HttpResponse]


class NotPermitted(Exception):
    """The member's role does not include the action. Whoever answers the person records it with `record_refusal`."""

    def __init__(self, member: Membership, action: Action) -> None:
        super().__init__(f"{member.role} may not {action}")
        self.member = member
        self.action = action


def require(member: Membership, action: Action) -> None:
    """Return when `member` may do `action` and is active; raise NotPermitted otherwise.

    Writes nothing: it is asked inside transactions that end with the refusal. See `record_refusal`.
    """
    if not member.is_active or not may(member.role, action):
        raise NotPermitted(member, action)


def record_refusal(refused: NotPermitted, *, at: datetime, where: str = "") -> None:
    """Put a refusal on the clinic's trail, in a transaction of its own, after the refused act has been undone."""
    with transaction.atomic():
        detail = {"action": str(refused.action), "where": where}
        event = Event(
            "permission.refused",
            agent_of(refused.member),
            "membership",
            str(refused.member.pk),
            outcome="refused",
            detail=detail,
        )
        record(clinic_stream(refused.member.clinic_id), event, at=at)


def recheck(member_id: UUID) -> Membership | None:
    """The member as the table has them now, or None when they or their account were deactivated."""
    rows = Membership.objects.select_related("user", "clinic")
    return rows.filter(pk=member_id, is_active=True, user__is_active=True).first()


def member_of_session(session: SessionBase, user: Any, *, at: datetime | None = None) -> Membership | None:
    """The member that a session works as, for a socket's scope; None when it is over or not chosen yet.

    `user` is the person whom Django found for the same session: it has checked that the password is still the same.
    """
    member_id = sessions.member_id(session)
    if member_id is None or not user.is_authenticated or not sessions.is_live(session, at=at or timezone.now()):
        return None
    member = recheck(member_id)
    # A session can only hold a membership of its own person; anything else was not written by us.
    return member if member is not None and member.user_id == user.pk else None


def visit_of(request: HttpRequest) -> Visit:
    """Who is behind the request, asked once a request. A session that is too old or idle is destroyed here."""
    known: Visit | None = getattr(request, "_visit", None)
    if known is None:
        known = request._visit = _visit_of(request, at=timezone.now())  # type: ignore[attr-defined]
    return known


def _visit_of(request: HttpRequest, *, at: datetime) -> Visit:
    if not request.user.is_authenticated:
        return Visit()
    if not sessions.is_live(request.session, at=at):
        sessions.end(request)
        return Visit(timed_out=True)
    user = request.user
    member = member_of_session(request.session, user, at=at)
    sessions.note_activity(request.session, at=at)
    return Visit(user=user, member=member)  # type: ignore[arg-type]


def current_member(request: HttpRequest) -> Membership | None:
    """The member behind the request, read from the table; None when nobody is signed in or no clinic is chosen."""
    return visit_of(request).member


def member_view(action: Action) -> Callable[[View], View]:
    """Open a page to members who may do `action`. The view finds them as `request.member`.

    Not signed in: on to the sign-in page and back. Not permitted: the 403 page, and the refusal is on the trail.
    """

    def decorate(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            member = current_member(request)
            if member is None:
                return to_sign_in(request)
            request.member = member  # type: ignore[attr-defined]
            try:
                require(member, action)
                return view(request, *args, **kwargs)
            except NotPermitted as refused:
                where = request.resolver_match.view_name if request.resolver_match else ""
                record_refusal(refused, at=timezone.now(), where=where)
                raise PermissionDenied from refused

        guarded.needs = action  # type: ignore[attr-defined]
        return guarded

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page, or to the choice of a clinic, and back here afterwards if this was a page."""
    visit = visit_of(request)
    query = {"next": request.get_full_path()} if request.method == "GET" else {}
    if visit.timed_out:
        query["ended"] = "1"
    page = reverse("accounts:choose_clinic" if visit.user else "accounts:sign_in")
    return HttpResponseRedirect(f"{page}?{urlencode(query)}" if query else page)
