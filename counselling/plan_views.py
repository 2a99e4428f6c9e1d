"""A client's safety plan for staff: writing it with the client, its versions, comparing them, bringing one back."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action
from counselling.plan_comparison import compare
from triage import safety_plans
from triage.bot.catalogue import NotServable
from triage.models import Client
from triage.plan_texts import PartText, PlanTexts, plan_texts

PAGE_SIZE = 10
_CHANGED = (
    "Version %s was saved while you were writing. Nothing of yours is lost: it stands in the boxes. What is saved now "
    "stands under each box that says something else. Take over what should stay, then save again."
)
_CANNOT_STORE = "The key of this plan cannot be used, so nothing was stored. Keep your text and tell whoever runs this."
# For staff alone, on a day when the approved headings cannot be served: a plan must be readable that day too.
_HEADINGS = {
    "signs": "Signs",
    "alone": "What the client can do alone",
    "distraction": "People and places for distraction",
    "people": "People to ask for help",
    "professionals": "Professionals and lines",
    "space": "A safer space",
    "reasons": "Reasons for living",
}
_LOST = (safety_plans.UnknownClient, safety_plans.UnknownVersion)


class PlanForm(forms.Form):
    """The seven parts, and the number of the version that the change begins with."""

    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    # A newer version than the one it began with was saved in between.
    is_behind = False

    def __init__(self, *args: Any, texts: PlanTexts, **more: Any) -> None:
        super().__init__(*args, **more)
        for part in texts.parts:
            self.fields[part.key] = forms.CharField(
                label=part.heading,
                help_text=part.prompt,
                required=False,
                strip=False,
                widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "autocomplete": "off"}),
            )

    def parts(self) -> dict[str, Any]:
        """What was written, by part."""
        return {key: self.cleaned_data.get(key, "") for key in safety_plans.PARTS}


class BaseForm(forms.Form):
    """The version that somebody had in front of them when they pressed the button."""

    base = forms.IntegerField(min_value=0)


class AgainstForm(forms.Form):
    """With which version to compare."""

    against = forms.IntegerField(min_value=1, required=False)


@require_http_methods(["GET", "POST"])
@member_view(Action.WRITE_PLAN)
def plan(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The plan as it is now, to read and to write; what was typed stays when something is refused."""
    texts = _texts(request, client_id)
    if request.method == "POST":
        form = PlanForm(request.POST, texts=texts)
        if form.is_valid() and (saved := _save(request, client_id, form)):
            _tell(request, saved, "The plan is saved as version %s.")
            return redirect("counselling:plan", client_id)
        return _plan_page(request, client_id, texts, form)
    return _plan_page(request, client_id, texts, None)


@require_GET
@member_view(Action.WRITE_PLAN)
def version(request: HttpRequest, client_id: UUID, number: int) -> HttpResponse:
    """One version, compared with the one before it or with the one that was asked for."""
    member, texts, asked = _member(request), _texts(request, client_id), AgainstForm(request.GET)
    against = asked.cleaned_data["against"] if asked.is_valid() else None
    against = against or max(0, number - 1)
    try:
        shown = safety_plans.view(member=member, client_id=client_id, number=number, at=timezone.now())
        other = (
            safety_plans.view(member=member, client_id=client_id, number=against, at=timezone.now())
            if against and against != number
            else None
        )
        kept = safety_plans.history(member=member, client_id=client_id)
    except _LOST:
        raise Http404 from None
    earlier, later = (shown, other) if other and against > number else (other, shown)
    changes = None
    if later and later.parts is not None and (earlier is None or earlier.parts is not None):
        compared = compare(earlier.parts or {} if earlier else later.parts, later.parts)
        changes = [(texts.heading(one.key), one) for one in compared]
    return _render(
        request,
        client_id,
        "counselling/plan_version.html",
        {"shown": shown, "earlier": earlier, "later": later, "changes": changes, "kept": kept},
    )


@require_POST
@member_view(Action.WRITE_PLAN)
def restore(request: HttpRequest, client_id: UUID, number: int) -> HttpResponse:
    """Save an earlier version anew as the newest one."""
    form = BaseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was stored. Please try it from this page once more.")
        return redirect("counselling:plan_version", client_id, number)
    said = {"number": number, "base": form.cleaned_data["base"], "at": timezone.now()}
    try:
        saved = safety_plans.restore(member=_member(request), client_id=client_id, **said)
    except _LOST:
        raise Http404 from None
    except safety_plans.PlanChanged as changed:
        messages.error(request, f"Nothing was stored: version {changed.newest} was saved in between. Look at it first.")
    except safety_plans.Unreadable:
        messages.error(request, "Nothing was stored: this version cannot be read.")
    else:
        _tell(request, saved, f"What version {number} says is saved again as version %s.")
        return redirect("counselling:plan", client_id)
    return redirect("counselling:plan_version", client_id, number)


def _save(request: HttpRequest, client_id: UUID, form: PlanForm) -> safety_plans.Saved | None:
    """Store what the form holds; None with the reason in the form when it cannot be."""
    try:
        return safety_plans.save(
            member=_member(request),
            client_id=client_id,
            parts=form.parts(),
            base=form.cleaned_data["base"],
            at=timezone.now(),
        )
    except safety_plans.UnknownClient:
        raise Http404 from None
    except safety_plans.BadPlan as bad:
        form.add_error(bad.part or None, bad.detail)
    except safety_plans.Unreadable:
        form.add_error(None, _CANNOT_STORE)
    except safety_plans.PlanChanged as changed:
        # From now on the change follows the newer version, which its writer is about to see.
        form.data = {**form.data.dict(), "base": str(changed.newest)}  # type: ignore[attr-defined]
        form.is_behind = True
        form.add_error(None, _CHANGED % changed.newest)
    return None


def _plan_page(request: HttpRequest, client_id: UUID, texts: PlanTexts, form: PlanForm | None) -> HttpResponse:
    member = _member(request)
    try:
        found = safety_plans.view(member=member, client_id=client_id, at=timezone.now())
        kept = safety_plans.history(member=member, client_id=client_id)
    except safety_plans.UnknownClient:
        raise Http404 from None
    parts = found.parts or dict.fromkeys(safety_plans.PARTS, "")
    status = 200 if form is None else 409 if form.is_behind else 400
    form = form or PlanForm(initial={"base": found.newest, **parts}, texts=texts)
    shown = {
        "plan": found,
        "form": form,
        "rows": [(form[key], _theirs(form, key, said)) for key, said in parts.items()],
        "page": Paginator(kept, PAGE_SIZE).get_page(request.GET.get("page")),
        "texts": texts,
        "limit": safety_plans.PART_LIMIT,
    }
    return _render(request, client_id, "counselling/plan_write.html", shown, status=status)


def _theirs(form: PlanForm, key: str, saved: str) -> str | None:
    """What is saved now, where that differs from what was typed in ignorance of it; None otherwise."""
    typed = str(form[key].value() or "").replace("\r\n", "\n").strip()
    return saved if form.is_behind and typed != saved else None


def _texts(request: HttpRequest, client_id: UUID) -> PlanTexts:
    """The words of the plan in the client's language. Raises Http404 for a client of nobody's or another clinic."""
    client = _client(request, client_id)
    try:
        return plan_texts(client.clinic_id, client.locale)
    except NotServable:
        parts = tuple(PartText(key, heading, "") for key, heading in _HEADINGS.items())
        return PlanTexts(parts=parts)


def _client(request: HttpRequest, client_id: UUID) -> Client:
    try:
        return safety_plans.client_of(_member(request), client_id)
    except safety_plans.UnknownClient:
        raise Http404 from None


def _render(
    request: HttpRequest, client_id: UUID, template: str, shown: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    member = _member(request)
    with timezone.override(ZoneInfo(member.clinic.time_zone)):
        return render(request, template, shown | {"client": _client(request, client_id)}, status=status)


def _tell(request: HttpRequest, saved: safety_plans.Saved, done: str) -> None:
    if saved.repeated:
        messages.info(request, f"Nothing is different: version {saved.number} says this already.")
    else:
        messages.success(request, done % saved.number)


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]
