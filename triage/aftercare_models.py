"""Check-ins that a client agreed to: the plan with its sealed address, and each check-in with what became of it."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership
from triage.care_models import CareTask


class CheckInReason(models.TextChoices):
    """Why somebody is written to after a chat."""

    AFTER_FLAG = "after_flag", "After a flagged chat"
    AFTER_TREATMENT = "after_treatment", "After treatment"


class CheckInPlan(models.Model):
    """What a client agreed to. Its key opens the address alone, and goes when the plan ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="check_in_plans")
    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="check_in_plans")
    reason = models.CharField(max_length=16, choices=CheckInReason.choices)
    # Who entered it: null where the client chose it alone.
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The client's clock: check-ins keep its wall time when summer time begins or ends.
    time_zone = models.CharField(max_length=60)
    wall_time = models.TimeField()
    until = models.DateField(null=True, blank=True)
    address_key = models.BinaryField(max_length=128, null=True, blank=True)
    sealed_address = models.BinaryField(null=True, blank=True)
    names_clinic = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["client", "reason"], condition=Q(ended_at__isnull=True), name="one_check_in_plan_a_reason"
            ),
            models.CheckConstraint(
                name="an_ended_plan_has_no_address",
                condition=Q(ended_at__isnull=True) | Q(address_key__isnull=True, sealed_address__isnull=True),
            ),
            models.CheckConstraint(
                name="an_address_has_its_key",
                condition=Q(address_key__isnull=True, sealed_address__isnull=True)
                | Q(address_key__isnull=False, sealed_address__isnull=False),
            ),
        )
        indexes = (models.Index(fields=["clinic", "-made_at"], name="check_in_plans_of_a_clinic"),)

    def __str__(self) -> str:
        return f"check-ins of {self.client_id}"


class CheckIn(models.Model):
    """One check-in of a plan. `tried_at` is the claim of the worker that sends it, so that no other does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(CheckInPlan, on_delete=models.PROTECT, related_name="check_ins")
    number = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    task = models.OneToOneField(CareTask, on_delete=models.PROTECT, null=True, blank=True, related_name="check_in")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["plan", "number"], name="one_check_in_a_number"),
            models.CheckConstraint(
                name="a_stopped_check_in_is_neither_answered_nor_missed",
                condition=Q(stopped_at__isnull=True) | Q(answered_at__isnull=True, missed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_missed_check_in_has_its_task",
                condition=Q(missed_at__isnull=True, task__isnull=True) | Q(missed_at__isnull=False, task__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                fields=["due_at"],
                condition=Q(answered_at__isnull=True, missed_at__isnull=True, stopped_at__isnull=True),
                name="check_ins_to_come",
            ),
        )

    def __str__(self) -> str:
        return f"check-in {self.number} of {self.plan_id}"
