"""Pages of care for staff: tasks for people, a client's screenings with their trend, the answers. Plain HTML."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action, may
from counselling import care_pages
from counselling.care_forms import ScreeningFilter, TaskFilter
from triage import care_tasks


@require_GET
@member_view(Action.CARE)
def tasks(request: HttpRequest) -> HttpResponse:
    """What waits for a person in the clinic, or was done by one."""
    member = _member(request)
    form = TaskFilter(request.GET, doers=care_pages.doers(member.clinic_id))
    form.is_valid()
    wanted = form.wanted()
    found = care_pages.list_tasks(member=member, wanted=wanted, at=timezone.now())
    shown = {
        "form": form,
        "found": found,
        "page": found.page,
        "wanted": wanted,
        "may_read": may(member.role, Action.VIEW_TRANSCRIPT),
    }
    return _page(request, "counselling/care_tasks.html", shown)


@require_POST
@member_view(Action.CARE)
def done(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Note that the member did a task, and go back to where they were."""
    member = _member(request)
    try:
        task = care_tasks.finish(member=member, task_id=task_id, at=timezone.now())
    except care_tasks.UnknownCareTask:
        raise Http404 from None
    except care_tasks.AlreadyDone as before:
        task = before.task
        messages.error(request, _said_before(task, member))
    else:
        messages.success(request, "Stored: you did this task.")
    if request.POST.get("back") == "answers" and task.screening_id:
        return redirect("counselling:care_answers", task.screening_id)
    # Only the filters come back from the form, never an address.
    query = _narrowing(TaskFilter(request.POST, doers=care_pages.doers(member.clinic_id)))
    return redirect(f"{reverse('counselling:care')}{'?' if query else ''}{query}")


@require_GET
@member_view(Action.CARE)
def screenings(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """What a client's screenings came to, with a trend for each questionnaire."""
    member, form = _member(request), ScreeningFilter(request.GET)
    form.is_valid()
    try:
        found = care_pages.read_screenings(member=member, client_id=client_id, wanted=form.wanted(), at=timezone.now())
    except care_pages.UnknownClient:
        raise Http404 from None
    shown = {
        "form": form,
        "found": found,
        "page": found.page,
        "latest": care_pages.latest_conversation(member, client_id),
        "may_read": may(member.role, Action.VIEW_TRANSCRIPT),
        "may_review": may(member.role, Action.REVIEW),
    }
    return _page(request, "counselling/care_screenings.html", shown)


@require_GET
@member_view(Action.VIEW_TRANSCRIPT)
def answers(request: HttpRequest, screening_id: UUID) -> HttpResponse:
    """One screening with every answer. Each reading is recorded in its conversation."""
    member = _member(request)
    try:
        found = care_pages.read_answers(member=member, screening_id=screening_id, at=timezone.now())
    except care_pages.UnknownScreening:
        raise Http404 from None
    shown = {
        "found": found,
        "may_care": may(member.role, Action.CARE),
        "may_review": may(member.role, Action.REVIEW),
    }
    return _page(request, "counselling/care_answers.html", shown)


def _said_before(task: Any, member: Membership) -> str:
    """Who did the task first, and when, in the clinic's time."""
    who = "You" if task.done_by_id == member.pk else task.done_by.user.name
    with timezone.override(ZoneInfo(member.clinic.time_zone)):
        when = date_format(timezone.localtime(task.done_at), "j M Y, H:i")
    return f"Nothing was stored: {who} did this task already, on {when}."


def _page(request: HttpRequest, template: str, shown: dict[str, Any]) -> HttpResponse:
    form = shown.get("form")
    if form is not None:
        shown |= {"query": _narrowing(form), "is_narrowed": bool(_narrowing(form)), "fields": form.visible_fields()}
    with timezone.override(ZoneInfo(_member(request).clinic.time_zone)):
        return render(request, template, shown, status=400 if form is not None and form.errors else 200)


def _narrowing(form: Any) -> str:
    """The filters that were understood, without the page, for the links between pages."""
    form.is_valid()
    said = form.cleaned_data.items()
    return urlencode([(name, value) for name, value in said if value and name != "page"])


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]
