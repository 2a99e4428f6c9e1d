"""How a clinic's messages are scored: setups with their approvals, shadow scores, and switches that are off."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership


class SetupState(models.TextChoices):
    """Where a scoring setup stands."""

    PROPOSED = "proposed", "Proposed"
    SHADOW = "shadow", "In shadow"
    IN_FORCE = "in_force", "In force"
    REPLACED = "replaced", "Replaced"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ScoringSetup(models.Model):
    """The model version and the thresholds that a clinic scores with, or might. Never changed, only moved on.

    A clinic that has none in force scores with the version that is shipped.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="scoring_setups")
    model_version = models.CharField(max_length=60)
    # The share of misses accepted by level, and the four thresholds that follow; null means those of the artefact.
    alphas = models.JSONField(null=True, blank=True)
    levels = models.JSONField(null=True, blank=True)
    # By level what the thresholds rest on, and the day of the calibration set: shown wherever the guarantee is.
    how = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=SetupState.choices, default=SetupState.PROPOSED)
    proposed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    shadow_from = models.DateTimeField(null=True, blank=True)
    # Everything that was written before has its shadow score.
    shadow_until = models.DateTimeField(null=True, blank=True)
    in_force_from = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(state=SetupState.IN_FORCE), name="one_setup_in_force_a_clinic"
            ),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(state=SetupState.SHADOW), name="one_setup_in_shadow_a_clinic"
            ),
            models.CheckConstraint(
                name="a_setup_in_force_since_when",
                condition=~Q(state=SetupState.IN_FORCE) | Q(in_force_from__isnull=False, ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_setup_in_shadow_since_when",
                condition=~Q(state=SetupState.SHADOW) | Q(shadow_from__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_version} ({self.state})"


class SetupApproval(models.Model):
    """One clinician's approval of a setup. It counts while they are an active clinician of the clinic."""

    setup = models.ForeignKey(ScoringSetup, on_delete=models.PROTECT, related_name="approvals")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["setup", "member"], name="one_approval_a_member"),)

    def __str__(self) -> str:
        return f"approval of {self.setup_id} by {self.member_id}"


class ShadowScore(models.Model):
    """What a candidate would have said about a message. Nothing of the service goes by it."""

    message = models.ForeignKey("triage.Message", on_delete=models.PROTECT, related_name="shadow_scores")
    setup = models.ForeignKey(ScoringSetup, on_delete=models.PROTECT, related_name="shadow_scores")
    level = models.CharField(max_length=10)
    probability = models.FloatField()
    scored_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["message", "setup"], name="one_shadow_score_a_message"),)

    def __str__(self) -> str:
        return f"{self.level} of {self.message_id}"


class SwitchScope(models.TextChoices):
    """How far a switch reaches."""

    CONVERSATION = "conversation", "One conversation"
    CLINIC = "clinic", "The clinic"
    EVERYWHERE = "everywhere", "The whole service"


class SwitchMode(models.TextChoices):
    """What happens with messages while scoring is switched off (EU-5)."""

    ALL_TO_PEOPLE = "all_to_people", "Every message calls a person"
    RULES_ONLY = "rules_only", "The rules of the safety net call a person, the rest is shown as not scored"


class ScoringSwitch(models.Model):
    """A time during which scoring is off, or was: who switched it off and on, and what happens meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=12, choices=SwitchScope.choices)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    conversation = models.ForeignKey(
        "triage.Conversation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Empty, for the whole service alone: what each clinic has chosen.
    mode = models.CharField(max_length=14, choices=SwitchMode.choices, blank=True)
    # Null is whoever runs the service, by command.
    switched_off_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    switched_off_at = models.DateTimeField()
    switched_on_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    switched_on_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(scope=SwitchScope.EVERYWHERE, switched_on_at__isnull=True),
                name="one_open_switch_everywhere",
            ),
            models.UniqueConstraint(
                fields=["clinic"],
                condition=Q(scope=SwitchScope.CLINIC, switched_on_at__isnull=True),
                name="one_open_switch_a_clinic",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(scope=SwitchScope.CONVERSATION, switched_on_at__isnull=True),
                name="one_open_switch_a_conversation",
            ),
            models.CheckConstraint(
                name="a_switch_names_what_its_scope_needs",
                condition=Q(scope=SwitchScope.EVERYWHERE, clinic__isnull=True, conversation__isnull=True)
                | (Q(scope=SwitchScope.CLINIC, clinic__isnull=False, conversation__isnull=True) & ~Q(mode=""))
                | (Q(scope=SwitchScope.CONVERSATION, clinic__isnull=False, conversation__isnull=False) & ~Q(mode="")),
            ),
        )
        indexes = (
            models.Index(fields=["clinic"], condition=Q(switched_on_at__isnull=True), name="open_switches_by_clinic"),
        )

    def __str__(self) -> str:
        return f"scoring off: {self.scope}"
