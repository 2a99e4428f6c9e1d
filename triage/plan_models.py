"""A client's safety plan: seven parts in the client's own words, of which every saved version stays."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership


class SafetyPlan(models.Model):
    """The plan of one client. Its key opens every version, so that destroying the one key erases them all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="safety_plans")
    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="safety_plans")
    plan_key = models.BinaryField(max_length=128, null=True, blank=True)
    # The number of the newest version; 0 only between the plan's birth and its first version.
    last_version = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["client"], condition=Q(erased_at__isnull=True), name="one_safety_plan_a_client"
            ),
            models.CheckConstraint(
                name="an_erased_plan_has_no_key",
                condition=Q(erased_at__isnull=True, plan_key__isnull=False)
                | Q(erased_at__isnull=False, plan_key__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"safety plan of {self.client_id}"


class PlanWriter(models.TextChoices):
    """Who saved a version."""

    CLIENT = "client", "The client"
    MEMBER = "member", "A member of the team"


class SafetyPlanVersion(models.Model):
    """One save of a plan, whole. Never changed afterwards: a trigger in the database refuses it."""

    plan = models.ForeignKey(SafetyPlan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    sealed_parts = models.BinaryField()
    writer = models.CharField(max_length=10, choices=PlanWriter.choices)
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The browser session that the client saved in. Sessions may be cleared away; the version stays the client's.
    session = models.ForeignKey(
        "triage.ClientSession", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    restored_from = models.PositiveIntegerField(null=True, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["plan", "number"], name="one_version_a_number"),
            models.CheckConstraint(
                name="a_version_names_its_writer",
                condition=Q(writer=PlanWriter.MEMBER, member__isnull=False, session__isnull=True)
                | Q(writer=PlanWriter.CLIENT, member__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number} of {self.plan_id}"
