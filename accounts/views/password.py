"""Changing one's password, and setting the first one."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import passwords
from accounts.access import to_sign_in, visit_of
from accounts.forms import ChangePasswordForm, SetPasswordForm, password_rules
from accounts.views.answers import add_errors, address_of, form_page


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Everybody's own password, whatever their role."""
    visit = visit_of(request)
    if visit.user is None:
        return to_sign_in(request)
    request.member = visit.member  # type: ignore[attr-defined]
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        current, new = form.cleaned_data["current"], form.cleaned_data["new"]
        try:
            passwords.change_password(
                user=visit.user, current=current, new=new, address=address_of(request), at=timezone.now()
            )
        except passwords.WrongPassword:
            form.add_error("current", "This is not your present password, or it was wrong too often. Try again later.")
        except ValidationError as error:
            add_errors(form, ValidationError({"new": error.messages}))
        else:
            # All sessions of the person end with the old password; this one goes on under a new key.
            update_session_auth_hash(request, visit.user)
            messages.success(request, "Your password is changed. Everywhere else you are signed out.")
            return HttpResponseRedirect(reverse("accounts:password"))
    return form_page(request, "accounts/password.html", form, rules=password_rules(), email=visit.user.email)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password with a link that an administrator gave. Looking at the page does not use the link up."""
    try:
        user = passwords.person_of_link(token, at=timezone.now())
        form = SetPasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                passwords.set_password(key=token, new=form.cleaned_data["new"], at=timezone.now())
            except ValidationError as error:
                add_errors(form, ValidationError({"new": error.messages}))
            else:
                messages.success(request, "Your password is set. You can sign in with it now.")
                return HttpResponseRedirect(reverse("accounts:sign_in"))
    except passwords.LinkRefused:
        return render(request, "accounts/link_refused.html", status=404)
    return form_page(request, "accounts/set_password.html", form, rules=password_rules(), email=user.email)
