"""Clinics: opening one, and changing its settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from accounts.access import require
from accounts.countries import countries
from accounts.models import Clinic, Membership
from accounts.origins import clean_origins
from accounts.permissions import Action
from accounts.profiles import profiles
from accounts.trail import OPERATOR, agent_of
from accounts.zones import zones
from audit.trail import Event, clinic_stream, record

# What an administrator may set; everything else of a clinic is fixed once it is open.
SETTINGS = (
    "name",
    "country",
    "time_zone",
    "allowed_origins",
    "escalation_seconds",
    "profile",
    "bot_enabled",
    "scoring_enabled",
)
FASTEST_ESCALATION, SLOWEST_ESCALATION = 15, 3600


class SlugTaken(ValueError):
    """Another clinic has this short name."""


def add_clinic(*, name: str, slug: str, at: datetime, is_demonstration: bool = False, **settings: Any) -> Clinic:
    """Open a clinic. Raises SlugTaken, or django's ValidationError naming the fields that are not right."""
    clinic = Clinic(name=name, slug=slug, created_at=at, is_demonstration=is_demonstration, **settings)
    _check(clinic, slug=slug)
    with transaction.atomic(durable=True):
        # The unique index decides between two at once; this answers everybody else in words.
        if Clinic.objects.filter(slug=slug).exists():
            raise SlugTaken(slug)
        clinic.save(force_insert=True)
        event = Event("clinic.created", OPERATOR, "clinic", str(clinic.pk), detail={"demonstration": is_demonstration})
        record(clinic_stream(clinic.pk), event, at=at)
    return clinic


def change_settings(*, member: Membership, changes: Mapping[str, Any], at: datetime) -> list[str]:
    """Set `changes` (names from SETTINGS) on the member's clinic; returns the names of what is different now.

    The trail gets these names, not the values. Raises NotPermitted, or django's ValidationError by field.
    """
    require(member, Action.MANAGE_CLINIC)
    unknown = set(changes) - set(SETTINGS)
    if unknown:
        raise ValidationError({name: "This cannot be set here." for name in sorted(unknown)})
    with transaction.atomic(durable=True):
        clinic = Clinic.objects.select_for_update(no_key=True).get(pk=member.clinic_id)
        before = {name: getattr(clinic, name) for name in changes}
        for name, value in changes.items():
            setattr(clinic, name, value)
        _check(clinic)
        changed = sorted(name for name, value in before.items() if getattr(clinic, name) != value)
        if changed:
            clinic.save(update_fields=changed)
            detail = {"fields": changed} | {
                name: getattr(clinic, name) for name in changed if name.endswith("_enabled") or name == "profile"
            }
            event = Event("clinic.settings_changed", agent_of(member), "clinic", str(clinic.pk), detail=detail)
            record(clinic_stream(clinic.pk), event, at=at)
    return changed


def _check(clinic: Clinic, slug: str = "") -> None:
    """Bring the fields into their one form, or raise ValidationError with a message for each wrong one."""
    wrong: dict[str, Any] = {}
    clinic.name = clinic.name.strip()
    if not clinic.name or len(clinic.name) > 120 or not clinic.name.isprintable():
        wrong["name"] = "Give a name of 1 to 120 characters."
    if clinic.country and clinic.country not in dict(countries()):
        wrong["country"] = "Choose a country from the list, or none."
    if clinic.profile not in profiles():
        wrong["profile"] = "Choose a legal profile from the list."
    if clinic.time_zone not in zones():
        wrong["time_zone"] = "Choose a time zone from the list."
    try:
        clinic.allowed_origins = clean_origins(clinic.allowed_origins, with_local=clinic.is_demonstration)
    except ValidationError as error:
        wrong["allowed_origins"] = error
    if problem := _escalation_problem(clinic.escalation_seconds):
        wrong["escalation_seconds"] = problem
    if slug:
        try:
            validate_slug(slug)
        except ValidationError as error:
            wrong["slug"] = error
    if wrong:
        raise ValidationError(wrong)


def _escalation_problem(seconds: list[int]) -> str:
    if not seconds:
        return "Give at least one time."
    if any(not FASTEST_ESCALATION <= one <= SLOWEST_ESCALATION for one in seconds):
        return f"Each time must be between {FASTEST_ESCALATION} and {SLOWEST_ESCALATION} seconds."
    if any(later <= earlier for earlier, later in zip(seconds, seconds[1:], strict=False)):
        return "Each time counts from the moment of the alert, so each must be later than the one before."
    return ""
