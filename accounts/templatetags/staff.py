"""What the header of a staff page shows: only the places that the member's role opens."""

from dataclasses import dataclass

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.models import Membership
from accounts.permissions import Action, may

register = template.Library()

_PLACES = (
    ("Desk", "counselling:desk", Action.VIEW_DESK),
    ("Review", "counselling:reviews", Action.REVIEW),
    ("Tasks", "counselling:care", Action.CARE),
    ("Clinic", "accounts:settings", Action.MANAGE_CLINIC),
    ("Members", "accounts:members", Action.MANAGE_MEMBERS),
    ("Tokens", "accounts:tokens", Action.MANAGE_TOKENS),
    ("Risk model", "counselling:risk", Action.VIEW_MODEL),
    ("Content", "counselling:content", Action.VIEW_CONTENT),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One link of the header."""

    label: str
    url: str
    is_here: bool


def places_of(member: Membership, path: str) -> list[Place]:
    """The places of the member's role; `path` is where they are now."""
    places = []
    for label, name, action in _PLACES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            # The header also stands on error pages, which must work when a part is not installed.
            continue
        if may(member.role, action):
            places.append(Place(label, url, path.startswith(url)))
    return places


@register.simple_tag
def staff_places(request: HttpRequest) -> list[Place]:
    """`{% staff_places request as places %}`"""
    member = getattr(request, "member", None)
    return places_of(member, request.path) if member else []


@register.simple_tag
def several_clinics(request: HttpRequest) -> bool:
    """True when the person may work in another clinic as well."""
    member = getattr(request, "member", None)
    return member is not None and member.user.memberships.filter(is_active=True).count() > 1
