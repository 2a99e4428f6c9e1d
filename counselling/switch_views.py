"""Pages that switch scoring off and on again, for the clinic or for one conversation (EU-5)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action, may
from accounts.views.answers import safe_next
from counselling.risk_forms import ModeForm
from triage import switching
from triage.access import UnknownConversation, access_conversation
from triage.models import Conversation, ScoringSwitch, SwitchScope
from triage.switches import ScoringKind, scoring_for


@dataclass(frozen=True, slots=True)
class State:
    """How one conversation is scored now: its own open switch, the wider one, and whether the member may switch."""

    kind: ScoringKind
    own: ScoringSwitch | None
    wider: ScoringSwitch | None
    may_switch: bool


_NOT_OFF = "Scoring is not switched off there. If it still is off, it is switched off more widely."


@require_http_methods(["GET", "POST"])
@member_view(Action.SWITCH_SCORING)
def switch_off(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Say what switching scoring off means, ask how messages are treated meanwhile, and do it."""
    member, conversation = _member(request), _conversation(request, conversation_id)
    form = ModeForm(request.POST if request.method == "POST" else None, initial={"mode": member.clinic.switch_off_mode})
    if form.is_bound and form.is_valid():
        mode = form.cleaned_data["mode"]
        switching.switch_off(member=member, at=timezone.now(), conversation_id=conversation_id, mode=mode)
        where = "in this conversation" if conversation else "in the clinic"
        return _done(request, conversation, f"Scoring is off {where}. It holds from the next message on.")
    return _page(request, "counselling/risk_switch_off.html", conversation, form=form)


@require_http_methods(["GET", "POST"])
@member_view(Action.SWITCH_SCORING)
def switch_on(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Score again, after a question."""
    member, conversation = _member(request), _conversation(request, conversation_id)
    if request.method == "POST":
        try:
            switching.switch_on(member=member, at=timezone.now(), conversation_id=conversation_id)
        except switching.NotSwitchedOff:
            messages.error(request, _NOT_OFF)
            return redirect(_after(request, conversation))
        return _done(request, conversation, "Scoring is on again, from the next message on.")
    return _page(request, "counselling/risk_switch_on.html", conversation)


def state_of(member: Membership, conversation_id: UUID) -> State:
    """How the conversation's next message is scored. Raises locking.UnknownConversation."""
    found = switching.open_switches(member.clinic_id)
    return State(
        kind=scoring_for(conversation_id).kind,
        own=next((one for one in found if one.conversation_id == conversation_id), None),
        wider=next((one for one in found if one.scope != SwitchScope.CONVERSATION), None),
        may_switch=may(member.role, Action.SWITCH_SCORING),
    )


def _conversation(request: HttpRequest, conversation_id: UUID | None) -> Conversation | None:
    """The conversation that is meant, or None for the clinic. Raises Http404."""
    if conversation_id is None:
        return None
    try:
        return access_conversation(_member(request), conversation_id, to=Action.SWITCH_SCORING)
    except UnknownConversation:
        raise Http404 from None


def _done(request: HttpRequest, conversation: Conversation | None, told: str) -> HttpResponse:
    """Go back, with `told`: but a desk is open all day, and says by itself what is off while it is."""
    back = _after(request, conversation)
    if not back.startswith(reverse("counselling:desk")):
        messages.success(request, told)
    return redirect(back)


def _after(request: HttpRequest, conversation: Conversation | None) -> str:
    """Where the person came from; otherwise the conversation's time line, or the overview."""
    if wanted := safe_next(request):
        return wanted
    if conversation is not None and may(_member(request).role, Action.REVIEW):
        return reverse("counselling:review", args=[conversation.pk])
    return reverse("counselling:risk")


def _page(request: HttpRequest, template: str, conversation: Conversation | None, **more: Any) -> HttpResponse:
    member = _member(request)
    found = switching.open_switches(member.clinic_id)
    shown = {
        "conversation": conversation,
        "next": safe_next(request),
        "back": _after(request, conversation),
        "here": next((one for one in found if _is_of(one, conversation)), None),
        "wider": next((one for one in found if _is_wider(one, conversation)), None),
        "by_law": not member.clinic.scores,
        **more,
    }
    status = 400 if "form" in more and more["form"].is_bound else 200
    with timezone.override(ZoneInfo(member.clinic.time_zone)):
        return render(request, template, shown, status=status)


def _is_of(switch: ScoringSwitch, conversation: Conversation | None) -> bool:
    if conversation is None:
        return switch.scope == SwitchScope.CLINIC
    return switch.conversation_id == conversation.pk


def _is_wider(switch: ScoringSwitch, conversation: Conversation | None) -> bool:
    if switch.scope == SwitchScope.EVERYWHERE:
        return True
    return conversation is not None and switch.scope == SwitchScope.CLINIC


def _member(request: HttpRequest) -> Membership:
    """The member whom `member_view` found."""
    return request.member  # type: ignore[attr-defined,no-any-return]
