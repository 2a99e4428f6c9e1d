"""What the service learns from: who allowed it, and how far a week's messages have drifted from those before."""

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.models import Clinic, Membership


class LearningConsent(models.Model):
    """A time in which a client allows the clinic to learn from their messages. Without one the answer is no."""

    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="learning_consents")
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["client"], condition=Q(withdrawn_at__isnull=True), name="one_standing_consent_a_client"
            ),
            models.CheckConstraint(
                name="a_consent_is_withdrawn_after_it_was_given",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
            ),
        )

    def __str__(self) -> str:
        return f"consent of {self.client_id}"


class DriftReport(models.Model):
    """What one week's assessments of a clinic looked like beside its reference. Figures alone, no words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="drift_reports")
    # A Monday, in the clinic's own time zone.
    week_start = models.DateField()
    figures = models.JSONField()
    # The names of the thresholds that were passed, see `triage.drift.THRESHOLDS`.
    past_thresholds = models.JSONField(default=list)
    made_at = models.DateTimeField()
    seen_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["clinic", "week_start"], name="one_drift_report_a_week"),
            models.CheckConstraint(
                name="a_drift_report_is_seen_by_somebody",
                condition=Q(seen_by__isnull=True, seen_at__isnull=True)
                | Q(seen_by__isnull=False, seen_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"drift of {self.clinic_id} in the week of {self.week_start}"
