"""The client's page of their own safety plan, and what it asks for over HTTP: the plan, and saving it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import Clinic
from triage import clients, safety_plans
from triage.admission import Refused, read_text
from triage.bot.catalogue import NotServable
from triage.plan_texts import plan_texts
from triage.views import LEAVE_TO, client_page, json_door

# Seven full parts as JSON with every character escaped, and some room to tell a person which part is too long.
BODY_LIMIT = 200_000
_NOT_OPEN = "This chat is not open in this browser any more. Your return key opens it again."
_CHANGED = "The plan was saved by somebody else while you were writing. Nothing of yours is lost."
_FLAGGED = "A call for a person is open now, so the plan is changed together with our team. What you wrote stays here."
_UNREADABLE = "Your plan is stored, but it cannot be read right now. Our team can look into it with you."


@client_page
def plan(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """The page without any client's words: its script asks for those with the token of the open chat."""
    shown: dict[str, Any] = {"clinic": clinic, "leave_to": LEAVE_TO, "limit": safety_plans.PART_LIMIT}
    try:
        shown["texts"] = plan_texts(clinic.pk, clinic.locale)
    except NotServable:
        return render(request, "client/plan.html", shown, status=503)
    return render(request, "client/plan.html", shown)


def _plan_read(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The plan of whoever holds the token, and whether they may change it now."""
    try:
        found = safety_plans.read_own(clinic=clinic, token=read_text(body, "token"), at=timezone.now())
    except clients.StrangerToken:
        raise Refused(403, "unknown_key", _NOT_OPEN) from None
    if found.newest and found.parts is None:
        raise Refused(409, "unreadable", _UNREADABLE)
    answer: dict[str, Any] = {"version": found.newest, "parts": found.parts or {}, "may_edit": not found.flag_open}
    if found.kept:
        answer |= {"written_at": found.kept.written_at.isoformat(), "by_client": found.kept.by_client}
    return 200, answer


def _plan_save(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Save the plan as a new version; refused where somebody else saved one after the version it began with."""
    parts, base = body.get("parts"), body.get("base")
    if not isinstance(parts, dict) or type(base) is not int or base < 0:
        raise Refused(400, "bad_plan", "parts must be an object of texts, base the number of a version.")
    token = read_text(body, "token")
    try:
        saved = safety_plans.save_own(clinic=clinic, token=token, parts=parts, base=base, at=timezone.now())
    except clients.StrangerToken:
        raise Refused(403, "unknown_key", _NOT_OPEN) from None
    except safety_plans.BadPlan as bad:
        raise Refused(400, bad.code, _named(bad, clinic)) from None
    except safety_plans.FlagOpen:
        raise Refused(409, "flag_open", _FLAGGED) from None
    except safety_plans.PlanChanged:
        raise Refused(409, "changed", _CHANGED) from None
    except safety_plans.Unreadable:
        raise Refused(409, "unreadable", _UNREADABLE) from None
    return 200, {"version": saved.number}


def _named(bad: safety_plans.BadPlan, clinic: Clinic) -> str:
    """The refusal with the heading of the part that it is about."""
    if not bad.part:
        return bad.detail
    return f"{plan_texts(clinic.pk, clinic.locale).heading(bad.part)}: {bad.detail}"


read = json_door(_plan_read)
save = json_door(_plan_save, limit=BODY_LIMIT)
