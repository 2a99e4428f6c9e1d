"""Pages of the risk model: what scores now, the switch, candidates and what they would change. Plain HTML, no script.

Each act has a page of its own that says what will happen; the act itself is a POST from there.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import member_view, require
from accounts.models import Membership
from accounts.permissions import Action, may
from accounts.views.answers import form_page
from counselling import risk_pages
from counselling.risk_forms import CandidateFilter, ChangeFilter, ModeForm, ProposeForm
from triage import drift, setups, shadow
from triage.models import ScoringSetup, SetupState, SwitchMode
from triage.switching import choose_mode

PAGE_SIZE = 25
_SHADOW_TAKEN = "Another candidate is in shadow. Withdraw or promote that one first."
_NOTHING_BEFORE = "Nothing can be rolled back: the clinic scores with the version that is shipped."
_REFUSALS = (
    setups.VersionRefused,
    setups.FairnessBlocks,
    setups.WrongState,
    setups.ShadowTaken,
    setups.NotEnoughApprovals,
)


@require_GET
@member_view(Action.VIEW_MODEL)
def overview(request: HttpRequest) -> HttpResponse:
    """What scores the clinic's messages now, the switch, and what is waiting for a decision."""
    return _overview(request, ModeForm(initial={"mode": _member(request).clinic.switch_off_mode}))


@require_POST
@member_view(Action.MANAGE_MODEL)
def mode(request: HttpRequest) -> HttpResponse:
    """Choose what happens with messages when scoring is switched off next."""
    form = ModeForm(request.POST)
    if not form.is_valid():
        return _overview(request, form)
    choose_mode(member=_member(request), mode=form.cleaned_data["mode"], at=timezone.now())
    messages.success(request, "Stored. It holds when scoring is switched off next.")
    return redirect("counselling:risk")


@require_POST
@member_view(Action.SWITCH_SCORING)
def drift_seen(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Note that a drift report was seen; the first one who does stands for it."""
    try:
        drift.acknowledge_drift(member=_member(request), report_id=report_id, at=timezone.now())
    except drift.UnknownDriftReport:
        raise Http404 from None
    messages.success(request, "Stored that you have seen the report.")
    return redirect("counselling:risk")


@require_GET
@member_view(Action.VIEW_MODEL)
def candidates(request: HttpRequest) -> HttpResponse:
    """Every candidate that the clinic ever had: filtered, ordered, page by page."""
    member, form = _member(request), CandidateFilter(request.GET)
    # A filter that cannot be read shows everything and says so beside its field.
    chosen = form.cleaned_data if form.is_valid() else {}
    found = setups.setups_of(member)
    rows = [one for one in found if chosen.get("state") in ("", None, one.state)]
    if chosen.get("order") == "oldest":
        rows.reverse()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    shown = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "has_any": bool(found),
        "needed": setups.APPROVALS_NEEDED,
        "may_manage": may(member.role, Action.MANAGE_MODEL),
    }
    return _page(request, "counselling/risk_candidates.html", shown)


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_MODEL)
def propose(request: HttpRequest) -> HttpResponse:
    """Propose a version and thresholds. What was typed stays when something is refused."""
    form = ProposeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        said = {"version": form.cleaned_data["version"], "alphas": form.alphas()}
        try:
            setup = setups.propose(member=_member(request), at=timezone.now(), **said)
        except setups.UnknownVersion:
            form.add_error("version", "This version is not on this machine any more. Choose another.")
        except setups.VersionRefused as refusal:
            form.add_error("version", f"This version must not be used: {refusal}.")
        except setups.BadAlphas as bad:
            form.add_error("thresholds", f"These shares cannot be used: {bad}.")
        else:
            messages.success(request, "Proposed. Nothing is different yet: two clinicians decide.")
            return redirect("counselling:risk_candidate", setup.pk)
    return form_page(request, "counselling/risk_propose.html", form)


@require_GET
@member_view(Action.VIEW_MODEL)
def candidate(request: HttpRequest, setup_id: UUID) -> HttpResponse:
    """One candidate: approvals, thresholds, figures, and in counts what it would change; no client's words."""
    return _candidate(request, setup_id, with_words=False)


@require_GET
@member_view(Action.VIEW_TRANSCRIPT)
def candidate_messages(request: HttpRequest, setup_id: UUID) -> HttpResponse:
    """The same with the messages that decide. Each reading is recorded in its conversation."""
    require(_member(request), Action.VIEW_MODEL)
    return _candidate(request, setup_id, with_words=True)


def _act(act: str, verb: Callable[..., Any], done: str) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """The page that says what the act on a candidate will do, and the act."""

    @require_http_methods(["GET", "POST"])
    @member_view(Action.MANAGE_MODEL)
    def view(request: HttpRequest, setup_id: UUID) -> HttpResponse:
        member, setup = _member(request), _setup(request, setup_id)
        if request.method == "POST":
            try:
                verb(member=member, setup_id=setup_id, at=timezone.now())
            except _REFUSALS as refusal:
                messages.error(request, _sentence(refusal))
            else:
                messages.success(request, done)
            return redirect("counselling:risk_candidate", setup_id)
        model = risk_pages.model_of(setup.model_version, setup)
        offered = {one.name: one for one in risk_pages.acts_of(setup, member, model=model)}
        shown = {
            "act": act,
            "setup": setup,
            "model": model,
            "offered": offered.get(act),
            "approvals": risk_pages.approvals_of(setup),
            "counting": setups.valid_approvals(setup).count(),
            "needed": setups.APPROVALS_NEEDED,
            "now": setups.in_force(member),
            "shipped": risk_pages.model_of().version,
        }
        return _page(request, "counselling/risk_confirm.html", shown)

    return view


start_shadow = _act("shadow", setups.start_shadow, "In shadow: it scores every new message silently.")
approve = _act("approve", setups.approve, "Your approval is stored. Nothing is different for clients yet.")
promote = _act("promote", setups.promote, "In force. Every running process scores with it within 10 seconds.")
withdraw = _act("withdraw", setups.withdraw, "Withdrawn. What it scored in shadow stays readable.")


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_MODEL)
def roll_back(request: HttpRequest) -> HttpResponse:
    """Put back what the clinic scored with before; one clinician is enough."""
    member = _member(request)
    if request.method == "POST":
        try:
            before = setups.roll_back(member=member, at=timezone.now())
        except setups.NothingToRollBack:
            messages.error(request, _NOTHING_BEFORE)
        else:
            version = before.model_version if before else f"the shipped version {risk_pages.model_of().version}"
            messages.success(request, f"Rolled back. From now on {version} scores.")
        return redirect("counselling:risk")
    shown = {
        "act": "roll_back",
        "setup": setups.in_force(member),
        "before": setups.previous(member.clinic_id),
        "shipped": risk_pages.model_of().version,
        "nothing": _NOTHING_BEFORE,
    }
    return _page(request, "counselling/risk_confirm.html", shown)


def _overview(request: HttpRequest, form: ModeForm) -> HttpResponse:
    member = _member(request)
    now = setups.in_force(member)
    found = risk_pages.switches_of(member)
    page = Paginator(found.conversations, PAGE_SIZE).get_page(request.GET.get("page"))
    prefetch_related_objects(list(page), "conversation__client")
    waiting = [one for one in setups.setups_of(member) if one.state in (SetupState.PROPOSED, SetupState.SHADOW)]
    shown = {
        "setup": now,
        "model": risk_pages.model_of(now.model_version if now else "", now),
        "switches": found,
        "switched_page": page,
        "waiting": waiting,
        "needed": setups.APPROVALS_NEEDED,
        "drift": [{"report": one, "passed": drift.passed(one)} for one in drift.open_drift(member.clinic)],
        "mode_form": form,
        "usual_mode": SwitchMode(member.clinic.switch_off_mode).label,
        "may_manage": may(member.role, Action.MANAGE_MODEL),
        "may_switch": may(member.role, Action.SWITCH_SCORING),
        "may_review": may(member.role, Action.REVIEW),
    }
    return _page(request, "counselling/risk.html", shown, status=400 if form.errors else 200)


def _candidate(request: HttpRequest, setup_id: UUID, *, with_words: bool) -> HttpResponse:
    member, setup = _member(request), _setup(request, setup_id)
    form = ChangeFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    change, number = chosen.get("change") or "", chosen.get("page") or 1
    model = risk_pages.model_of(setup.model_version, setup)
    approvals = risk_pages.approvals_of(setup)
    shown: dict[str, Any] = {
        "setup": setup,
        "model": model,
        "approvals": approvals,
        "counting": sum(one.counts for one in approvals),
        "needed": setups.APPROVALS_NEEDED,
        "acts": risk_pages.acts_of(setup, member, model=model),
        "form": form,
        "change": change,
        "with_words": with_words,
        "may_manage": may(member.role, Action.MANAGE_MODEL),
        "may_read": may(member.role, Action.VIEW_TRANSCRIPT),
        "may_review": may(member.role, Action.REVIEW),
    }
    if setup.shadow_from is not None or with_words:
        counts = shadow.comparison(member=member, setup_id=setup_id)
        total = getattr(counts, change) if change else counts.lost + counts.later + counts.earlier + counts.gained
        page = Paginator(range(total), shadow.PAGE).get_page(number)
        wanted: dict[str, Any] = {"member": member, "setup_id": setup_id, "page": page.number, "change": change}
        if with_words:
            found = shadow.read_differences(at=timezone.now(), **wanted)
            rows = [(one.difference, one.text) for one in found]
        else:
            rows = [(one, "") for one in shadow.differences(**wanted)]
        shown |= {"counts": counts, "total": total, "page": page, "rows": rows}
    return _page(request, "counselling/risk_candidate.html", shown)


def _setup(request: HttpRequest, setup_id: UUID) -> ScoringSetup:
    """The setup of the member's own clinic. Raises Http404."""
    rows = ScoringSetup.objects.filter(clinic_id=_member(request).clinic_id).select_related("proposed_by__user")
    found = rows.filter(pk=setup_id).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, template: str, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
    with timezone.override(ZoneInfo(_member(request).clinic.time_zone)):
        return render(request, template, shown, status=status)


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]


def _sentence(refusal: Exception) -> str:
    """A verb's refusal as a sentence; nothing was done."""
    told = str(refusal) or (_SHADOW_TAKEN if isinstance(refusal, setups.ShadowTaken) else "it is not possible now")
    return f"Nothing was done: {told[:1].lower()}{told[1:].rstrip('.')}."
