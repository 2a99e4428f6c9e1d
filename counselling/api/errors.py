"""Every refusal of the API in one shape: `{"error": {"code", "detail", ...}}` with the right status."""

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.access import NotPermitted
from audit.selectors import BadCursor
from counselling import care_pages, takeovers
from triage import alerts, messages, texts
from triage.access import UnknownConversation
from triage.screenings.licences import LicenceMissing
from triage.sealing import Unreadable

_UNKNOWN = "There is nothing with this id in your clinic."

# What the domain refuses: status, code, and words for a person.
_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    NotPermitted: (403, "not_permitted", "The role of this member does not include this."),
    UnknownConversation: (404, "unknown", _UNKNOWN),
    alerts.UnknownAlert: (404, "unknown", _UNKNOWN),
    care_pages.UnknownClient: (404, "unknown", _UNKNOWN),
    care_pages.UnknownScreening: (404, "unknown", _UNKNOWN),
    Http404: (404, "unknown", _UNKNOWN),
    messages.NotHolder: (409, "not_holder", "This member does not hold the conversation."),
    takeovers.NotAllowed: (409, "closed", "This is not possible in the conversation's present state."),
    takeovers.AlertOpen: (409, "alert_open", "An alert is not resolved yet. Resolve it with a reason first."),
    takeovers.BotOff: (409, "bot_off", "The automated helper is off in this clinic."),
    alerts.AlertRose: (409, "alert_rose", "The alert was raised again since. Read it, then decide again."),
    alerts.AlreadyResolved: (409, "already_resolved", "This alert was resolved before; that resolution stands."),
    LicenceMissing: (409, "licence_missing", "The clinic has stated no licence for this instrument."),
    Unreadable: (409, "erased", "The words of this conversation were erased; nothing can be added to it."),
    BadCursor: (400, "bad_cursor", "This cursor is none that this list gave out."),
    OperationalError: (503, "unavailable", "The service cannot reach its database. Nothing was stored; try again."),
    InterfaceError: (503, "unavailable", "The service cannot reach its database. Nothing was stored; try again."),
}
# DRF's own refusals that need another word than DRF's.
_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "bad_json",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "too_fast",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.NotFound: "unknown",
}
_RETRY_AFTER_SECONDS = 1


class BodyTooBig(exceptions.APIException):
    """The body is larger than anything that this API takes."""

    status_code = 413
    default_code = "too_big"
    default_detail = "The body of a request can have 65,536 bytes."


class LengthMissing(exceptions.APIException):
    """A body came in pieces of unknown length, which is not read here; without this it would look empty."""

    status_code = 411
    default_code = "length_required"
    default_detail = "Send the body with a Content-Length header."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer for `error`; None for one that is nobody's refusal, which then is an error page of the service."""
    if isinstance(error, takeovers.HeldByAnother):
        holder = {"id": str(error.holder.pk), "name": error.holder.user.name}
        return _answer(409, "held_by_another", f"{holder['name']} holds this conversation.", holder=holder)
    if isinstance(error, texts.BadText):
        return _answer(400, error.code, error.detail)
    if isinstance(error, exceptions.ValidationError):
        return _answer(400, "bad_input", "Something in this request cannot be read.", fields=_fields(error.detail))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    for kind, (status, code, detail) in _REFUSALS.items():
        if isinstance(error, kind):
            return _answer(status, code, detail, headers=_retry(_RETRY_AFTER_SECONDS if status == 503 else None))
    return None


def _of_framework(error: exceptions.APIException) -> Response:
    code = _CODES.get(type(error)) or str(error.default_code)
    headers = _retry(getattr(error, "wait", None))
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return _answer(error.status_code, code, str(error.detail), headers=headers)


def _answer(status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return Response({"error": {"code": code, "detail": detail, **more}}, status=status, headers=headers)


def _retry(seconds: float | None) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(seconds)))} if seconds else {}


def _fields(detail: Any) -> dict[str, list[str]]:
    """DRF's nested complaints, flat: field name -> sentences."""
    if not isinstance(detail, dict):
        return {"body": [str(one) for one in detail]}
    return {
        "body" if name == "non_field_errors" else name: [
            str(one) for one in (told if isinstance(told, list) else [told])
        ]
        for name, told in detail.items()
    }
