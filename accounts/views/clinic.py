"""An administrator's page of the clinic's settings."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import clinics
from accounts.access import member_view
from accounts.forms import ClinicForm
from accounts.permissions import Action
from accounts.views.answers import add_errors, form_page

_FIELD_OF = {"escalation_seconds": "call_3"}


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Action.MANAGE_CLINIC)
def settings(request: HttpRequest) -> HttpResponse:
    """See and change the settings, and copy the snippet for the clinic's own site."""
    member = request.member  # type: ignore[attr-defined]
    form = ClinicForm(request.POST if request.method == "POST" else None, clinic=member.clinic)
    if form.is_bound and form.is_valid():
        try:
            changed = clinics.change_settings(member=member, changes=form.changes(), at=timezone.now())
        except ValidationError as error:
            add_errors(form, error, _FIELD_OF)
        else:
            messages.success(request, "The settings are saved." if changed else "Nothing was different.")
            return HttpResponseRedirect(reverse("accounts:settings"))
    snippet = (
        f'<script src="{request.scheme}://{request.get_host()}/embed.js" '
        f'data-clinic="{member.clinic.slug}" async></script>'
    )
    return form_page(request, "accounts/settings.html", form, snippet=snippet)
