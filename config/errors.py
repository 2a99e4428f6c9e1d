"""Error pages: plain words, no details of the service, nothing of the request repeated."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

_WORDS = {
    400: ("This request could not be read", "Go back and try again."),
    403: ("This is not open to you", "Your role does not include this page. Ask your clinic's administrator."),
    404: ("There is nothing here", "The address may be mistyped, or the page is not part of your clinic."),
    500: ("Something went wrong on our side", "It has been noted. Please try again in a moment."),
}
_CODES = {400: "bad_request", 403: "not_permitted", 404: "unknown", 500: "unavailable"}
_FORM_EXPIRED = (
    "This form has expired",
    "Go back, load the page again and send it once more. What you typed is kept there.",
)


def _page(request: HttpRequest, status: int, words: tuple[str, str] | None = None) -> HttpResponse:
    title, advice = words or _WORDS[status]
    if request.path.startswith("/api/") or request.headers.get("content-type") == "application/json":
        return JsonResponse({"error": {"code": _CODES[status], "detail": title}}, status=status)
    return render(request, "error.html", {"title": title, "advice": advice, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, for what Django itself could not read."""
    return _page(request, 400)


def no_csrf_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's own page for this carries inline styles, which our content policy blocks."""
    return _page(request, 403, _FORM_EXPIRED)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, for a member whose role does not include the page."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what never was and for another clinic's."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; what went wrong stands in the log, not here."""
    return _page(request, 500)
