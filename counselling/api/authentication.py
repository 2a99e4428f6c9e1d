"""Who calls: a member by an integration's token, or a member of staff by their session."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.access import NotPermitted, current_member, record_refusal
from accounts.api_tokens import member_of_token
from accounts.models import Membership, User
from accounts.permissions import Action


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what their calls are counted by."""

    member: Membership
    counted_by: str


def caller_of(request: Request) -> Caller | None:
    """Who calls, once the request was authenticated; None for nobody we know."""
    return request.auth if isinstance(request.auth, Caller) else None


class CsrfRefused(exceptions.PermissionDenied):
    """A session came without its CSRF token, so another site may have sent this."""

    default_code = "csrf_failed"
    default_detail = "This needs the CSRF token of the session in the X-CSRFToken header."


class OnlyInPerson(exceptions.PermissionDenied):
    """A token asked for what only a person may decide. A token can be made for anybody by whoever manages tokens."""

    default_code = "not_permitted"
    default_detail = "Only a person who is signed in may do this; a token may not."


def require_person(request: Request, action: Action) -> None:
    """Return for a member with a session of their own; put a token's try on the trail and raise OnlyInPerson."""
    caller = caller_of(request)
    if caller is not None and caller.member.via_token is not None:
        record_refusal(NotPermitted(caller.member, action), at=timezone.now(), where="api by token")
        raise OnlyInPerson


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <token>`: the integration acts as the member to whom the token belongs."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """The caller, None without such a header; raises AuthenticationFailed for a token that is not good."""
        scheme, _, raw = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"token":
            return None
        token = raw.strip().decode("latin-1")
        member = member_of_token(token, at=timezone.now()) if token else None
        if member is None:
            raise exceptions.AuthenticationFailed("This token is unknown or revoked.")
        return member.user, Caller(member, f"token:{token}")

    def authenticate_header(self, request: Request) -> str:
        """What a caller without a right to be here is told to send."""
        return 'Token realm="api"'


class SessionAuthentication(BaseAuthentication):
    """The session of a signed-in member of staff, with its CSRF token on everything that changes something."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """The caller, None without a session; raises CsrfRefused."""
        member = current_member(request._request)
        if member is None:
            return None
        _check_csrf(request._request)
        return member.user, Caller(member, f"member:{member.pk}")


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:  # type: ignore[override]
        return reason


def _check_csrf(request: HttpRequest) -> None:
    # The API's views are exempt as a whole, because a token is no ambient credential; a session is one.
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    if check.process_view(request, lambda _: HttpResponse(), (), {}):
        raise CsrfRefused


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = "counselling.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'A token of the clinic, sent as "Token <token>".',
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the session."""

    target_class = "counselling.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "staff_session",
            "description": "A signed-in member of staff; changes need the X-CSRFToken header too.",
        }
