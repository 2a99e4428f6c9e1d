"""An administrator's pages of the clinic's members."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import members
from accounts.access import member_view
from accounts.forms import ORDERS, MemberFilterForm, MemberForm, RoleForm
from accounts.models import Membership
from accounts.permissions import Action
from accounts.secrecy import keep_for_next_page, take_once
from accounts.views.answers import add_errors, form_page

PAGE_SIZE = 25
_WORDS: dict[type[Exception], str] = {
    members.NotYourself: "You cannot do this to your own account. Ask another administrator.",
    members.LastAdministrator: "This is the clinic's last administrator. Make somebody else an administrator first.",
    members.LinkNotPossible: "This person is deactivated or works in another clinic too, so no link can be made here.",
}


@require_safe
@member_view(Action.MANAGE_MEMBERS)
def listing(request: HttpRequest) -> HttpResponse:
    """Everybody in the clinic: filtered, ordered, page by page."""
    form = MemberFilterForm(request.GET)
    # A filter that cannot be read shows everybody and says so beside its field.
    chosen = form.cleaned_data if form.is_valid() else {}
    found = _found(request.member.clinic_id, chosen)  # type: ignore[attr-defined]
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(request, "accounts/members.html", {"form": form, "page": page, "query": query.urlencode()})


def _found(clinic_id: UUID, chosen: dict[str, Any]) -> QuerySet[Membership]:
    rows = Membership.objects.filter(clinic_id=clinic_id).select_related("user")
    if words := chosen.get("q"):
        rows = rows.filter(Q(user__name__icontains=words) | Q(user__email__icontains=words))
    if role := chosen.get("role"):
        rows = rows.filter(role=role)
    if state := chosen.get("state"):
        rows = rows.filter(is_active=state == "active")
    return rows.order_by(*ORDERS[chosen.get("order") or "name"][1])


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Action.MANAGE_MEMBERS)
def add(request: HttpRequest) -> HttpResponse:
    """Add a member; the next page shows the set-password link once."""
    form = MemberForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            added = members.add_member(
                member=request.member,  # type: ignore[attr-defined]
                **form.cleaned_data,
                at=timezone.now(),
            )
        except members.AlreadyMember:
            form.add_error("email", "This person is a member already. Look for them in the list; deactivated ones too.")
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _to_member(request, added)
    return form_page(request, "accounts/member_add.html", form)


def _to_member(request: HttpRequest, added: members.Added) -> HttpResponse:
    if added.key:
        keep_for_next_page(request.session, f"link_{added.member.pk}", added.key)
    else:
        messages.success(request, "Added. This person has an account already and signs in with their own password.")
    return HttpResponseRedirect(reverse("accounts:member", args=[added.member.pk]))


@require_safe
@member_view(Action.MANAGE_MEMBERS)
def detail(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """One member, and what can be changed about them."""
    me = request.member  # type: ignore[attr-defined]
    other = Membership.objects.select_related("user").filter(pk=member_id, clinic_id=me.clinic_id).first()
    if other is None:
        raise Http404
    key = take_once(request.session, f"link_{other.pk}")
    context = {
        "other": other,
        "is_me": other.pk == me.pk,
        "link": request.build_absolute_uri(reverse("accounts:set_password", args=[key])) if key else "",
        "link_open": members.has_open_link(other, at=timezone.now()),
        "form": RoleForm(initial={"role": other.role}),
    }
    return render(request, "accounts/member.html", context)


def _action(verb: Callable[..., Any], done: str) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A POST that does one thing to one member and goes back to their page."""

    @require_POST
    @member_view(Action.MANAGE_MEMBERS)
    def view(request: HttpRequest, member_id: UUID) -> HttpResponse:
        try:
            verb(member=request.member, member_id=member_id, at=timezone.now())  # type: ignore[attr-defined]
        except members.UnknownMember as unknown:
            raise Http404 from unknown
        except tuple(_WORDS) as refused:
            messages.error(request, _WORDS[type(refused)])
        else:
            messages.success(request, done)
        return HttpResponseRedirect(reverse("accounts:member", args=[member_id]))

    return view


deactivate = _action(members.deactivate, "Deactivated. Their access ended with this moment.")
reactivate = _action(members.reactivate, "Active again.")


@require_POST
@member_view(Action.MANAGE_MEMBERS)
def change_role(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    try:
        members.change_role(
            member=request.member,  # type: ignore[attr-defined]
            member_id=member_id,
            role=request.POST.get("role", ""),
            at=timezone.now(),
        )
    except members.UnknownMember as unknown:
        raise Http404 from unknown
    except ValidationError:
        messages.error(request, "Choose one of the roles.")
    except tuple(_WORDS) as refused:
        messages.error(request, _WORDS[type(refused)])
    else:
        messages.success(request, "The role is changed.")
    return HttpResponseRedirect(reverse("accounts:member", args=[member_id]))


@require_POST
@member_view(Action.MANAGE_MEMBERS)
def new_link(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Make a new set-password link, which the member's page shows once."""
    try:
        added = members.new_link(member=request.member, member_id=member_id, at=timezone.now())  # type: ignore[attr-defined]
    except members.UnknownMember as unknown:
        raise Http404 from unknown
    except tuple(_WORDS) as refused:
        messages.error(request, _WORDS[type(refused)])
        return HttpResponseRedirect(reverse("accounts:member", args=[member_id]))
    return _to_member(request, added)
