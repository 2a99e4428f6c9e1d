"""Says to whoever runs the service that a real clinic's bot still speaks on sample approvals."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError

from accounts.models import Clinic
from triage import serving


class SamplesServed(Exception):
    """A clinic that is no demonstration is served content on sample approvals."""


def clinics_on_samples() -> dict[str, int]:
    """Short name of each clinic that is no demonstration -> how many items it says on sample approvals alone."""
    samples = {(locale, key) for locale, key, _ in serving.library_of(serving.content_folder()).samples}
    clinics = Clinic.objects.filter(is_demonstration=False).order_by("slug")
    counted = {clinic.slug: len(samples - serving.own_decisions(clinic.pk).keys()) for clinic in clinics}
    return {slug: count for slug, count in counted.items() if count}


def check_readiness() -> None:
    """For the operator's monitoring, where the settings ask for it; raises SamplesServed."""
    if getattr(settings, "WARN_OF_SAMPLE_CONTENT", False) and clinics_on_samples():
        raise SamplesServed


@register(deploy=True)
def sample_approvals_serve(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """`manage.py check --deploy`: names the clinics whose clinicians have not decided yet."""
    try:
        found = clinics_on_samples()
    except DatabaseError:
        return []  # a build has no database and is not wrong for it; readiness asks again where the service runs
    return [
        Warning(
            f"In the clinic {slug} the bot says {count} items on sample approvals, for which nobody answers.",
            hint="Two of its clinicians approve each item under Content.",
            id="triage.W001",
        )
        for slug, count in found.items()
    ]
