"""What the pages share: where to go next, which address asks, and errors that stand beside their fields."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Membership
from accounts.templatetags.staff import places_of


def address_of(request: HttpRequest) -> str:
    """The network address that asks; the ASGI server has put a trusted proxy's word there. Empty on a Unix socket."""
    return str(request.META.get("REMOTE_ADDR") or "")


def safe_next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is a page of ours; empty otherwise."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fits = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if fits else ""


def landing(member: Membership) -> str:
    """The first page of a role."""
    places = places_of(member, "")
    return places[0].url if places else reverse("accounts:password")


def form_page(request: HttpRequest, template: str, form: forms.BaseForm, **context: Any) -> HttpResponse:
    """Show a form; one that was refused keeps what was typed, and is answered with 400."""
    status = 400 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def add_errors(form: forms.BaseForm, error: ValidationError, names: Mapping[str, str] | None = None) -> None:
    """Tie a verb's errors to the form's fields; `names` says which field stands for which name of the verb."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        field = (names or {}).get(name, name)
        form.add_error(field if field in form.fields else None, ValidationError(errors))
