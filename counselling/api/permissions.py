"""Only members come in. What a member may do is asked in the domain, never here a second time."""

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from counselling.api.authentication import caller_of
from triage import rates

_WINDOW = 60


class IsMember(BasePermission):
    """The caller is known. Each verb and read asks `accounts.access.require` by itself."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True for a caller with a good token or session."""
        return caller_of(request) is not None


class RequestRate(BaseThrottle):
    """So many requests a minute for each token or session, counted in Valkey over all processes.

    Without Valkey nobody is held up: a missing count must not keep an alert from being acknowledged.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True while the caller stays below the limit."""
        caller = caller_of(request)
        limit = settings.API_REQUESTS_PER_MINUTE
        return caller is not None and rates.allowed("api", caller.counted_by, limit=limit, seconds=_WINDOW)

    def wait(self) -> float:
        """Seconds after which the caller's window is over at the latest."""
        return float(_WINDOW)
