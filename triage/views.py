"""The client's pages and what a page asks for over HTTP: start, come back, leave, and the consent to learning."""

import re
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Clinic
from triage import clients, consents
from triage.admission import BODY_LIMIT, Refused, count, is_rehearsal, read_body, read_text
from triage.crisis import directory

# Where "Leave now" goes: an everyday page that says nothing about where somebody was.
LEAVE_TO = "https://www.bbc.co.uk/weather"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")
_EMBED = Path(settings.BASE_DIR) / "static" / "embed" / "embed.js"

Page = Callable[[HttpRequest, Clinic], HttpResponse]
Door = Callable[[Clinic, dict[str, Any]], tuple[int, dict[str, Any]]]


def client_page(view: Page) -> Callable[..., HttpResponse]:
    """A page of one clinic's chat: never stored, and shown in frames of the clinic's own sites only."""

    @never_cache
    @require_safe
    @xframe_options_exempt  # frame-ancestors below says the same per clinic, which this header cannot
    @wraps(view)
    def page(request: HttpRequest, slug: str) -> HttpResponse:
        clinic = Clinic.objects.filter(slug=slug).first()
        if clinic is None:
            advice = directory.card(None, at=timezone.now()).advice
            return render(request, "client/unknown.html", {"advice": advice, "leave_to": LEAVE_TO}, status=404)
        origins = [origin for origin in clinic.allowed_origins if _ORIGIN.fullmatch(origin)]
        # Older Safari does not take 'self' for the socket's scheme, so the socket is named.
        socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
        policy = {"frame-ancestors": [SELF, *origins], "connect-src": [SELF, socket]}
        response = view(request, clinic)
        csp_replace(policy)(lambda _: response)(request)
        return response

    return page


@client_page
def chat(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """The chat itself. It holds the crisis card and all emergency numbers, so they show without a connection."""
    return render(request, "client/chat.html", _words(clinic, clinic.country) | {"numbers": emergency_numbers()})


@client_page
def urgent(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """The crisis card as plain HTML, for `?country=AT`; as JSON for the chat page's chooser."""
    words = _words(clinic, request.GET.get("country", clinic.country))
    if request.headers.get("accept") == "application/json":
        return JsonResponse(words["card"])
    return render(request, "client/urgent.html", words)


@client_page
def safety(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """What "Leave now" does and does not do; history and shared devices."""
    return render(request, "client/safety.html", _words(clinic))


@client_page
def about(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """What this chat is and is not."""
    return render(request, "client/about.html", _words(clinic))


def _words(clinic: Clinic, country: str = "") -> dict[str, Any]:
    return {
        "clinic": clinic,
        "leave_to": LEAVE_TO,
        "text_limit": settings.CLIENT_TEXT_LIMIT,
        "card": directory.card(country or None, at=timezone.now()).to_json(),
        "countries": directory.countries(),
    }


@cache
def emergency_numbers() -> dict[str, dict[str, Any]]:
    """Name and emergency numbers of every country, small enough to lie in the page for the day the service is down."""
    now = timezone.now()
    cards = {code: directory.card(code, at=now).to_json() for code, _ in directory.countries()}
    return {code: {"country_name": c["country_name"], "emergency": c["emergency"]} for code, c in cards.items()}


def json_door(view: Door, *, limit: int = BODY_LIMIT) -> Callable[..., HttpResponse]:
    """One POST of the page: strict JSON of at most `limit` bytes in, JSON out, refusals in one shape.

    Exempt from CSRF: these addresses read no cookie and no session. Whoever asks brings the key in the body, so
    another site has nothing to borrow.
    """

    @csrf_exempt
    @never_cache
    @require_POST
    @wraps(view)
    def door(request: HttpRequest, slug: str) -> HttpResponse:
        try:
            clinic = Clinic.objects.filter(slug=slug).first()
            if clinic is None:
                raise Refused(404, "unknown_clinic", "There is no chat at this address.")
            body = read_body(request, limit=limit)
            if view is not _leave:  # leaving must never be refused for haste
                count(request, view.__name__)
            status, answer = view(clinic, body)
        except Refused as refused:
            return refused.response()
        return JsonResponse(answer, status=status) if answer else HttpResponse(status=status)

    return door


def _start(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Let somebody in who gives nothing about themselves."""
    rehearsal = is_rehearsal(clinic, body.get("rehearsal"))
    country = read_text(body, "country")
    try:
        started = clients.start(clinic=clinic, country=country, is_rehearsal=rehearsal, at=timezone.now())
    except clients.UnknownCountry:
        raise Refused(400, "unknown_country", "This country is not in our list.") from None
    return 201, _told(started) | {"return_key": started.return_key}


def _come_back(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Let a client in again, by return key or by a token that is still good."""
    return_key, token = read_text(body, "return_key"), read_text(body, "token")
    if not return_key and not token:
        raise Refused(400, "empty", "Please enter your return key.")
    try:
        back = clients.come_back(clinic=clinic, return_key=return_key, token=token, at=timezone.now())
    except clients.UnknownReturnKey:
        raise Refused(403, "unknown_key", "We do not know this key. Please check it, or start a new chat.") from None
    return 200, _told(back)


def _leave(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """End this browser's session. The conversation goes on for the people who answer it."""
    token = read_text(body, "token")
    if token:
        clients.leave(token=token, at=timezone.now())
    return 204, {}


def _consent(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Store the client's answer whether the clinic may learn from their messages; without one, say what is stored."""
    wanted, token, now = body.get("learning"), read_text(body, "token"), timezone.now()
    if wanted is not None and not isinstance(wanted, bool):
        raise Refused(400, "bad_answer", "learning must be true or false.")
    try:
        if wanted is True:
            consents.give(clinic=clinic, token=token, at=now)
        elif wanted is False:
            consents.withdraw(clinic=clinic, token=token, at=now)
        return 200, {"learning": consents.is_given(clinic=clinic, token=token, at=now)}
    except clients.StrangerToken:
        raise Refused(403, "unknown_key", "This chat is not open in this browser any more.") from None


def _told(started: clients.Started) -> dict[str, Any]:
    return {
        "token": started.token,
        "pseudonym": started.pseudonym,
        "conversation": str(started.conversation_id),
    }


start, come_back, leave = json_door(_start), json_door(_come_back), json_door(_leave)
consent = json_door(_consent)


@require_safe
def embed_script(request: HttpRequest) -> HttpResponse:
    """The script that a clinic puts on its own pages. Its frame is refused where the clinic did not allow it."""
    response = HttpResponse(_EMBED.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    # The file is public and the same for everybody; a host page may load it with an integrity check.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
