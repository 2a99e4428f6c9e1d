"""Whom and what a command of the operator is about, found or said in words that it is not there."""

from django.core.management.base import CommandError

from accounts.models import Clinic, Membership


def clinic_named(slug: str) -> Clinic:
    """The clinic with this short name; raises CommandError."""
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        raise CommandError(f"There is no clinic with the short name {slug}.")
    return clinic


def member_named(clinic: Clinic, email: str) -> Membership:
    """The active member with this e-mail address, marked as acting by command; raises CommandError."""
    rows = Membership.objects.select_related("user", "clinic").filter(clinic=clinic, is_active=True)
    member = rows.filter(user__is_active=True, user__email=email.strip().lower()).first()
    if member is None:
        raise CommandError("This person is not an active member of the clinic.")
    member.by_command = True
    return member
