"""Periods of human work with a conversation: takeovers, shifts, calls up the ladder, reviews."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership
from triage.models import Alert, Conversation, Message


class TakeoverEnd(models.TextChoices):
    """How a period of human interaction ended."""

    HANDED_BACK = "handed_back", "Handed back to the bot"
    CLOSED = "closed", "Conversation closed"
    TAKEN_FROM = "taken_from", "Taken over from the holder"


class Takeover(models.Model):
    """A period in which one counsellor holds a conversation and the bot is silent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="takeovers")
    counsellor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="takeovers")
    # The seq of the line that told the client: nothing of the bot may follow it while the period is open.
    from_seq = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=12, choices=TakeoverEnd.choices, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(ended_at__isnull=True), name="one_open_takeover"
            ),
        )

    def __str__(self) -> str:
        return f"takeover of {self.conversation_id}"


class Shift(models.Model):
    """A period in which a member says they are here. Opening a page never starts one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="shifts")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="shifts")
    started_at = models.DateTimeField()
    # When an open desk of the member last said so: a closed lid presses no switch.
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["member"], condition=Q(ended_at__isnull=True), name="one_open_shift"),
        )

    def __str__(self) -> str:
        return f"shift of {self.member_id}"


class Escalation(models.Model):
    """One step up the ladder that fired. Unique, so that two sweeps cannot call twice."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="escalations")
    step = models.PositiveIntegerField()
    # Which role is called by this step: another counsellor first, then supervisors.
    called_role = models.CharField(max_length=16)
    raised_at = models.DateTimeField()
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["alert", "raised_at", "step"], name="an_escalation_fires_once"),)

    def __str__(self) -> str:
        return f"step {self.step} of {self.alert_id}"


class Verdict(models.TextChoices):
    """A supervisor's judgement of what the bot and the counsellor did."""

    APPROPRIATE = "appropriate", "Appropriate"
    CONCERN = "concern", "Concern"
    UNSAFE = "unsafe", "Unsafe"


class Review(models.Model):
    """A supervisor's review of a conversation. The note may quote the client, so it is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    sealed_note = models.BinaryField()
    reviewed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.verdict} review of {self.conversation_id}"


class LevelJudgement(models.Model):
    """A reviewer's judgement of the level at which a client's message stands. Added, never changed; the last counts."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="level_judgements")
    reviewer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="level_judgements")
    level = models.CharField(max_length=10)
    judged_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_person_judges_a_level_of_the_scale",
                condition=Q(level__in=["none", "low", "moderate", "high", "imminent"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.level} for {self.message_id}"
