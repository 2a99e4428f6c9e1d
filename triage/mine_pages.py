"""The client's page of what is remembered about them, and what it asks for over HTTP: read, change, erase."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import Clinic
from triage import clients, mine
from triage.admission import Refused, read_text
from triage.mood_chart import mood_chart
from triage.views import LEAVE_TO, client_page, json_door

_NOT_OPEN = "This chat is not open in this browser any more. Your return key opens it again."


@client_page
def page(request: HttpRequest, clinic: Clinic) -> HttpResponse:
    """The page without anything about anybody: its script asks for that with the token of the open chat."""
    return render(request, "client/mine.html", {"clinic": clinic, "leave_to": LEAVE_TO, "limit": mine.NAME_LIMIT})


def _mine_read(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """What is remembered of whoever holds the token."""
    token = read_text(body, "token")
    return _answered(clinic, lambda: mine.read(clinic=clinic, token=token, at=timezone.now()))


def _mine_save(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Change what is remembered; what the body does not name stays."""
    token = read_text(body, "token")
    wanted = {key: value for key, value in body.items() if key != "token"}
    return _answered(clinic, lambda: mine.change(clinic=clinic, token=token, wanted=wanted, at=timezone.now()))


def _mine_erase(clinic: Clinic, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Erase one part, or all of it."""
    token, part = read_text(body, "token"), read_text(body, "part")
    return _answered(clinic, lambda: mine.erase(clinic=clinic, token=token, part=part, at=timezone.now()))


def _answered(clinic: Clinic, verb: Callable[[], mine.Mine]) -> tuple[int, dict[str, Any]]:
    try:
        found = verb()
    except clients.StrangerToken:
        raise Refused(403, "unknown_key", _NOT_OPEN) from None
    except mine.BadAnswer as bad:
        raise Refused(400, bad.code, bad.detail) from None
    return 200, {
        "remember": not found.is_off,
        "language": found.language,
        "languages": [{"code": code, "name": name} for code, name in found.languages],
        "name": found.name,
        "helped": [title for _, title in found.helped],
        "unfinished": found.unfinished[1] if found.unfinished else "",
        "no_breath": found.no_breath,
        "no_religion": found.no_religion,
        "moods": [{"value": mood.value, "at": mood.at.isoformat()} for mood in found.moods],
        "chart": mood_chart(found.moods, ZoneInfo(clinic.time_zone)),
    }


read, save, erase = json_door(_mine_read), json_door(_mine_save), json_door(_mine_erase)
