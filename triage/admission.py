"""What comes in by HTTP from people who are not signed in: read strictly, counted by address, refused plainly."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from accounts.api_tokens import member_of_token
from accounts.models import Clinic
from accounts.permissions import Action, may
from accounts.secrecy import address_digest
from triage import rates

# Most of these addresses need a token with some room; anything longer is not a person.
BODY_LIMIT = 4096
MINUTE = 60


class Refused(Exception):
    """The request is not taken. `code` is for the page, `detail` for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail

    def response(self) -> JsonResponse:
        """The answer in the shape that all refusals have."""
        answer = JsonResponse({"error": {"code": self.code, "detail": self.detail}}, status=self.status)
        if self.status == 429:
            answer["Retry-After"] = str(MINUTE)
        return answer


def read_body(request: HttpRequest, *, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """The JSON object that the page sent, of at most `limit` bytes; raises Refused."""
    # A form of another site cannot send this content type without asking the browser first.
    if request.content_type != "application/json":
        raise Refused(415, "bad_type", "The content type must be application/json.")
    try:
        raw = request.body
    except RequestDataTooBig:
        raw = b" " * (limit + 1)
    if len(raw) > limit:
        raise Refused(413, "too_long", f"The body can have {limit:,} bytes.")
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise Refused(400, "bad_json", "The body is not readable as JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "The body must be a JSON object.")
    return body


def read_text(body: dict[str, Any], name: str) -> str:
    """The text under `name`, empty when it is missing; raises Refused for anything that is no text."""
    value = body.get(name, "")
    if not isinstance(value, str) or "\x00" in value:
        raise Refused(400, "bad_text", f"{name} must be a text.")
    return value.strip()


def count(request: HttpRequest, what: str) -> None:
    """Count one `what` of the sender's address in this minute; raises Refused above the limit.

    Without Valkey nobody is refused: a flood is the lesser harm than a closed door at night. For the same reason an
    unknown address (a Unix socket without a trusted proxy) is not counted: it would be everybody's.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    if address and not rates.allowed(
        what, address_digest(address).hex(), limit=settings.CLIENT_STARTS_PER_MINUTE, seconds=MINUTE
    ):
        raise Refused(429, "too_many", "Too many chats were opened from here just now. Please try again in a minute.")


def is_rehearsal(clinic: Clinic, value: object) -> bool:
    """Whether this start is a rehearsal: asked for by `true` where that is open, or by the token of a member who may.

    Raises Refused for a rehearsal that nobody may hold, so that it is never counted as a client.
    """
    if value in (None, False, ""):
        return False
    if value is True and not settings.REHEARSAL_NEEDS_TOKEN:
        return True
    if isinstance(value, str):
        member = member_of_token(value, at=timezone.now())
        holds_it = member is not None and member.clinic_id == clinic.pk and may(member.role, Action.REHEARSE)
        if holds_it or not settings.REHEARSAL_NEEDS_TOKEN:
            return True
    raise Refused(403, "not_allowed", "A rehearsal needs an API token of this clinic.")
