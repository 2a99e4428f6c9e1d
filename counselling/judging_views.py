"""The form of the review page with which a reviewer says at which level a message stands."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action
from counselling import judging
from triage.access import UnknownConversation


class JudgementForm(forms.Form):
    """A line's number and where it stands."""

    line = forms.IntegerField(min_value=1, max_value=2_000_000_000)
    level = forms.ChoiceField(choices=list(judging.LEVELS.items()))


@require_POST
@member_view(Action.REVIEW)
def judge(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Store a judgement and go back to the conversation, which says whether it was stored."""
    form = JudgementForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was stored. Give the number of a line, and choose a level.")
        return redirect("counselling:review", conversation_id)
    line, level = form.cleaned_data["line"], form.cleaned_data["level"]
    member: Membership = request.member  # type: ignore[attr-defined]
    try:
        judging.judge_level(member=member, conversation_id=conversation_id, seq=line, level=level, at=timezone.now())
    except UnknownConversation:
        raise Http404 from None
    except judging.NotAssessed:
        messages.error(request, f"Nothing was stored. Line {line} is no line of the client that was scored.")
    else:
        messages.success(request, f"Stored: line {line}, {judging.LEVELS[level].lower()}.")
    return redirect("counselling:review", conversation_id)
