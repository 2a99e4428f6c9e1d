"""Signing in and out, and choosing a clinic."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions, sign_in
from accounts.access import to_sign_in, visit_of
from accounts.forms import SignInForm
from accounts.views.answers import address_of, form_page, landing, safe_next


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Sign in; on to the wanted page, the role's first page, or the choice of a clinic."""
    onward = safe_next(request)
    visit = visit_of(request)
    if request.method != "POST":
        if visit.member is not None:
            return HttpResponseRedirect(onward or landing(visit.member))
        ended = visit.timed_out or "ended" in request.GET
        return form_page(request, "accounts/sign_in.html", SignInForm(), next=onward, ended=ended)
    form = SignInForm(request.POST)
    if form.is_valid():
        try:
            members = sign_in.sign_in(**form.cleaned_data, address=address_of(request), at=timezone.now())
        except sign_in.SignInRefused as refused:
            form.add_error(None, refused.detail)
        else:
            only = members[0] if len(members) == 1 else None
            sessions.begin(request, user=members[0].user, member=only, at=timezone.now())
            if only is None:
                return to_choice(onward)
            return HttpResponseRedirect(onward or landing(only))
    return form_page(request, "accounts/sign_in.html", form, next=onward)


def to_choice(onward: str) -> HttpResponse:
    """On to the choice of a clinic, keeping where the person wanted to go."""
    page = reverse("accounts:choose_clinic")
    return HttpResponseRedirect(f"{page}?{urlencode({'next': onward})}" if onward else page)


@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    """End this session. An open desk of the same session is closed by its next heartbeat."""
    visit = visit_of(request)
    if visit.user is not None:
        sign_in.sign_out(user=visit.user, member=visit.member, at=timezone.now())
        sessions.end(request)
        messages.success(request, "You are signed out.")
    return HttpResponseRedirect(reverse("accounts:sign_in"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_clinic(request: HttpRequest) -> HttpResponse:
    """For a person who works in several clinics: which one now?"""
    visit = visit_of(request)
    if visit.user is None:
        return to_sign_in(request)
    onward = safe_next(request)
    if request.method == "POST":
        try:
            member = sign_in.enter_clinic(user=visit.user, clinic_id=request.POST.get("clinic"), at=timezone.now())
        except sign_in.NotAMember:
            messages.error(request, "You are not a member of that clinic.")
        else:
            sessions.choose(request, member=member)
            return HttpResponseRedirect(onward or landing(member))
    context = {"members": sign_in.active_memberships(visit.user), "next": onward, "here": visit.member}
    return render(request, "accounts/choose_clinic.html", context)
