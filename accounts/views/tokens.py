"""An administrator's page of the keys of integrations."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_tokens
from accounts.access import member_view
from accounts.forms import TokenForm
from accounts.permissions import Action
from accounts.secrecy import keep_for_next_page, take_once
from accounts.views.answers import form_page


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Action.MANAGE_TOKENS)
def listing(request: HttpRequest) -> HttpResponse:
    """All keys, and a form for a new one, which the next page shows once."""
    member = request.member  # type: ignore[attr-defined]
    holders = api_tokens.holders(member)
    form = TokenForm(request.POST if request.method == "POST" else None, holders=holders)
    if form.is_bound and form.is_valid():
        label, acts_as = form.cleaned_data["label"], UUID(form.cleaned_data["acts_as"])
        try:
            created = api_tokens.create(member=member, label=label, acts_as=acts_as, at=timezone.now())
        except api_tokens.BadLabel:
            form.add_error("label", "Write 1 to 80 printable characters.")
        except api_tokens.UnknownHolder:
            form.add_error("acts_as", "This member is not active any more.")
        else:
            keep_for_next_page(request.session, "token", created.key)
            return HttpResponseRedirect(reverse("accounts:tokens"))
    key = "" if form.is_bound else take_once(request.session, "token")
    tokens = api_tokens.tokens_of_clinic(member)
    return form_page(request, "accounts/tokens.html", form, key=key, tokens=tokens)


@require_POST
@member_view(Action.MANAGE_TOKENS)
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Stop a key for good."""
    try:
        api_tokens.revoke(member=request.member, token_id=token_id, at=timezone.now())  # type: ignore[attr-defined]
    except api_tokens.UnknownToken as unknown:
        raise Http404 from unknown
    messages.success(request, "Revoked. Nobody can use this token any more.")
    return HttpResponseRedirect(reverse("accounts:tokens"))
