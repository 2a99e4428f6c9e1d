"""Pages for staff: the desk, which lives on its socket, and the review pages, which are plain HTML."""

from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action, may
from audit.selectors import BadCursor
from counselling import judging, selectors, switch_views
from counselling import reviews as verbs
from counselling.forms import ConversationFilter, ReviewForm
from counselling.takeovers import Disposition
from counselling.timeline import rows
from triage.access import UnknownConversation
from triage.sealing import Unreadable
from triage.texts import BadText


@require_GET
@member_view(Action.VIEW_DESK)
def desk(request: HttpRequest) -> HttpResponse:
    """The desk. It shows nothing of a client itself and changes nobody's shift."""
    return render(request, "counselling/desk.html", {"member": _member(request)})


@require_GET
@member_view(Action.REVIEW)
def reviews(request: HttpRequest) -> HttpResponse:
    """The clinic's conversations, filtered by what stands in the address."""
    member = _member(request)
    with timezone.override(ZoneInfo(member.clinic.time_zone)):
        form = ConversationFilter(request.GET, counsellors=selectors.counsellors(member.clinic_id))
        shown: dict[str, object] = {"form": form, "query": _query(request)}
        if form.is_valid():
            wanted = form.wanted()
            shown["listing"] = selectors.list_conversations(member=member, wanted=wanted, at=timezone.now())
            shown["is_narrowed"] = bool(shown["query"])
        return render(request, "counselling/reviews.html", shown)


@require_http_methods(["GET", "POST"])
@member_view(Action.REVIEW)
def review(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation with everything that happened in it, and the form for a judgement."""
    member = _member(request)
    form = ReviewForm(request.POST or None)
    try:
        if request.method == "POST" and _completed(request, form, conversation_id):
            messages.success(request, "Your review is stored.")
            return redirect("counselling:review", conversation_id)
        reading = selectors.read_conversation(
            member=member,
            conversation_id=conversation_id,
            cursor=request.GET.get("from", ""),
            after=_number(request.GET.get("after", "0")),
            at=timezone.now(),
        )
    except UnknownConversation:
        raise Http404 from None
    except BadCursor:
        return HttpResponseBadRequest("This address is none that the page gave out.", content_type="text/plain")
    trail = request.GET.get("show") == "trail" and may(member.role, Action.VIEW_AUDIT)
    shown = {
        "reading": reading,
        "form": form,
        "trail": trail,
        "entry_rows": rows(reading.entries, reading.names) if trail else (),
        "may_trail": may(member.role, Action.VIEW_AUDIT),
        "disposition": dict(Disposition.choices).get(reading.conversation.disposition, ""),
        "levels": judging.LEVELS,
        "scoring": switch_views.state_of(member, conversation_id),
    }
    with timezone.override(ZoneInfo(member.clinic.time_zone)):
        return render(request, "counselling/review.html", shown)


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]


def _completed(request: HttpRequest, form: ReviewForm, conversation_id: UUID) -> bool:
    """Store the review that was sent; False with the reason in the form when it cannot be."""
    if not form.is_valid():
        return False
    said = form.cleaned_data
    try:
        verbs.complete_review(
            member=_member(request),
            conversation_id=conversation_id,
            verdict=said["verdict"],
            note=said["note"],
            at=timezone.now(),
        )
    except BadText as bad:
        form.add_error("note", bad.detail)
        return False
    except Unreadable:
        form.add_error(None, "The text of this conversation was erased, and with it the place for a note.")
        return False
    return True


def _query(request: HttpRequest) -> str:
    """The filters of the address without the page, for the links between pages."""
    return urlencode([(name, value) for name, value in request.GET.items() if value and name != "page"])


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Http404
    return int(text)
