"""The page behind the link of a note: it asks first, then opens the client's chat or stops the notes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Clinic
from audit.trail import Agent
from triage import aftercare, check_in_links
from triage.admission import Refused, read_text
from triage.bot.catalogue import FALLBACK
from triage.models import CheckIn
from triage.views import LEAVE_TO, json_door


@never_cache
@require_safe
def page(request: HttpRequest, link: str) -> HttpResponse:
    """What the link leads to. Looking stores nothing, so a mail program that looks ahead uses nothing up."""
    try:
        found = check_in_links.read(link)
    except check_in_links.LinkRefused:
        return _shown(request, None, "refused", status=410)
    return _shown(request, found, "ask", link=link)


@csrf_exempt  # no cookie is read: the link itself is the key
@never_cache
@require_POST
def stop(request: HttpRequest, link: str) -> HttpResponse:
    """Stop every note of this client at once; the same link may say so again."""
    try:
        found = check_in_links.read(link, used_too=True)
    except check_in_links.LinkRefused:
        return _shown(request, None, "refused", status=410)
    client_id = found.plan.client_id
    aftercare.stop(client_id=client_id, by=Agent("client", str(client_id)), at=timezone.now())
    return _shown(request, found, "stopped")


def _let_in(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Open the client's chat in this browser; the check-in counts as answered."""
    link, now = read_text(body, "link"), timezone.now()
    try:
        found = check_in_links.read(link)
        started = check_in_links.let_in(clinic=clinic, link=link, at=now)
        aftercare.answer(check_in_id=found.pk, at=now)
    except (check_in_links.LinkRefused, aftercare.UnknownPlan):
        raise Refused(410, "link_refused", check_in_links.words(clinic.locale)["refused"]) from None
    return 200, {"token": started.token, "pseudonym": started.pseudonym}


let_in = json_door(_let_in)


def _shown(
    request: HttpRequest, found: CheckIn | None, state: str, *, link: str = "", status: int = 200
) -> HttpResponse:
    words = check_in_links.words(found.plan.client.locale if found else FALLBACK)
    shown = {
        "words": words,
        "said": words[state],
        "link": link,
        "clinic": found.plan.clinic if found else None,
        "leave_to": LEAVE_TO,
    }
    return render(request, "client/check_in.html", shown, status=status)
