"""The staff page of one client's check-ins: what was planned and what became of it, plan with the client, stop."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action
from triage import aftercare
from triage.models import CheckIn, CheckInPlan, CheckInReason, Client

PAGE_SIZE = 25
_SHOWN = (
    ("", "All"),
    ("to_come", "Still to come"),
    ("sent", "Sent, no answer yet"),
    ("answered", "Answered"),
    ("missed", "Missed"),
    ("stopped", "Stopped"),
)
_ORDERS = (("due", "Due first"), ("due_last", "Due last"))
_OPEN = Q(answered_at=None, missed_at=None, stopped_at=None)
_NARROWED = {
    "to_come": _OPEN & Q(sent_at=None),
    "sent": _OPEN & Q(sent_at__isnull=False),
    "answered": Q(answered_at__isnull=False),
    "missed": Q(missed_at__isnull=False),
    "stopped": Q(stopped_at__isnull=False),
}


class CheckInFilter(forms.Form):
    """Which check-ins, and in which order."""

    show = forms.ChoiceField(label="Show", choices=_SHOWN, required=False)
    order = forms.ChoiceField(label="Order", choices=_ORDERS, required=False)


class PlanForm(forms.Form):
    """What was agreed with the client."""

    reason = forms.ChoiceField(label="Why", choices=CheckInReason.choices)
    time_zone = forms.CharField(label="The client's time zone, such as Europe/Vienna", max_length=60)
    wall_time = forms.TimeField(label="Time of day, by the client's clock", widget=forms.TimeInput({"type": "time"}))
    until = forms.DateField(
        label="Last day, for weekly check-ins", required=False, widget=forms.DateInput({"type": "date"})
    )
    address = forms.CharField(
        label="E-mail address (may stay empty)",
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    names_clinic = forms.BooleanField(label="The client wants the clinic's name in the note", required=False)
    agreed = forms.BooleanField(label="The client has agreed to these check-ins", required=False)

    def clean_time_zone(self) -> str:
        """A zone by its name, as people type it."""
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError("This time zone is not known.")
        return name

    def wanted(self) -> aftercare.Wanted:
        """The form's answers for the verb."""
        said = dict(self.cleaned_data)
        return aftercare.Wanted(**(said | {"reason": CheckInReason(said["reason"])}))


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Action.CARE)
def check_ins(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """See the check-ins of a client, and plan them with the client's agreement."""
    member = _member(request)
    client = _client(member, client_id)
    if request.method != "POST":
        start = {"time_zone": member.clinic.time_zone, "wall_time": "10:00", "reason": CheckInReason.AFTER_FLAG}
        return _shown(request, client, PlanForm(initial=start))
    form = PlanForm(request.POST)
    if form.is_valid() and _planned(member, client, form):
        messages.success(request, "Stored: the check-ins are planned.")
        return redirect("counselling:check_ins", client.pk)
    return _shown(request, client, form, status=400)


@require_POST
@member_view(Action.CARE)
def stop(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Stop every check-in of the client at once."""
    member = _member(request)
    client = _client(member, client_id)
    if aftercare.stop_for_client(member=member, client_id=client.pk, at=timezone.now()):
        messages.success(request, "Stored: all check-ins are stopped, and the address is forgotten.")
    else:
        messages.info(request, "Nothing was planned, so nothing was stopped.")
    return redirect("counselling:check_ins", client.pk)


def standing(check_in: CheckIn) -> str:
    """How a check-in stands, in plain words."""
    if check_in.stopped_at:
        return "Stopped"
    if check_in.answered_at:
        return "Answered"
    if check_in.missed_at:
        return "Missed: a task asks a person to look" if check_in.sent_at else "Not sent: a task asks a person to look"
    return "Sent, no answer yet" if check_in.sent_at else "Still to come"


def _planned(member: Membership, client: Client, form: PlanForm) -> bool:
    try:
        aftercare.plan_check_ins(client=client, wanted=form.wanted(), member=member, at=timezone.now())
    except aftercare.BadCheckIns as bad:
        field = {"not_agreed": "agreed", "no_mail": "address", "rehearsal": None}.get(bad.code, bad.code)
        form.add_error(field, bad.detail)
    except aftercare.AlreadyPlanned:
        form.add_error("reason", "Check-ins for this are planned already. Stop these first.")
    else:
        return True
    return False


def _shown(request: HttpRequest, client: Client, form: PlanForm, *, status: int = 200) -> HttpResponse:
    filters = CheckInFilter(request.GET)
    filters.is_valid()
    said = {name: value for name, value in filters.cleaned_data.items() if value}
    every = CheckIn.objects.filter(plan__client=client)
    rows = every.filter(_NARROWED.get(said.get("show", ""), Q())).select_related("plan")
    order = ("-due_at", "-pk") if said.get("order") == "due_last" else ("due_at", "pk")
    page = Paginator(rows.order_by(*order), PAGE_SIZE).get_page(request.GET.get("page"))
    shown: dict[str, Any] = {
        "client": client,
        "plan_form": form,
        "form": filters,
        "fields": filters.visible_fields(),
        "is_narrowed": bool(said),
        "query": urlencode(said),
        "page": page,
        "rows": [(row, standing(row)) for row in page],
        "has_any": every.exists(),
        "is_planned": CheckInPlan.objects.filter(client=client, ended_at=None).exists(),
    }
    with timezone.override(ZoneInfo(_member(request).clinic.time_zone)):
        return render(request, "counselling/aftercare_check_ins.html", shown, status=400 if filters.errors else status)


def _client(member: Membership, client_id: UUID) -> Client:
    client = Client.objects.filter(pk=client_id, clinic_id=member.clinic_id).first()
    if client is None:
        raise Http404
    return client


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]
