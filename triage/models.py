"""Clients, conversations, messages, assessments and alerts, with the rules that the database itself can hold."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership
from triage.policy import AlertKind
from triage.states import State

__all__ = [
    "Alert",
    "AlertState",
    "CareTask",
    "CareTaskKind",
    "CheckIn",
    "CheckInPlan",
    "CheckInReason",
    "Client",
    "ClientMemory",
    "ClientSession",
    "ContentApproval",
    "ContentRelease",
    "Conversation",
    "DriftReport",
    "InstrumentLicence",
    "LearningConsent",
    "Message",
    "MoodCheck",
    "PlanWriter",
    "ReleaseState",
    "Resolution",
    "RiskAssessment",
    "SafetyPlan",
    "SafetyPlanVersion",
    "ScoringSetup",
    "ScoringSwitch",
    "Screening",
    "ScreeningAnswer",
    "ScreeningState",
    "Sender",
    "SetupApproval",
    "SetupState",
    "ShadowScore",
    "SwitchMode",
    "SwitchScope",
]


class Client(models.Model):
    """Somebody who writes. Anonymous: a pseudonym and the digest of a return key, nothing else is asked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="clients")
    pseudonym = models.CharField(max_length=60)
    return_key_digest = models.BinaryField(max_length=32, unique=True)
    locale = models.CharField(max_length=8, default="en")
    # The client's own answer, never a guess from an address (DIR-4, CRI-13).
    country = models.CharField(max_length=2, blank=True, default="")
    is_rehearsal = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.pseudonym


class ClientSession(models.Model):
    """One browser's right to speak for a client until it ends. Only the token's digest is kept."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="sessions")
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"session of {self.client_id}"


class Conversation(models.Model):
    """One contact of a client. Its row lock orders everything that happens in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="conversations")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="conversations")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WITH_BOT)
    holder = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="held")
    last_seq = models.PositiveIntegerField(default=0)
    # The highest level since a person last judged it: the desk's order. A person lowers it, the score never does.
    level = models.CharField(max_length=10, default="none")
    urgency = models.PositiveSmallIntegerField(default=0)
    # Where the bot stands: keys and numbers only, never a client's words.
    bot_position = models.JSONField(null=True, blank=True)
    message_key = models.BinaryField(max_length=128, null=True, blank=True)
    is_rehearsal = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    disposition = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_holder_exactly_while_with_a_counsellor",
                condition=Q(state=State.WITH_COUNSELLOR, holder__isnull=False)
                | (~Q(state=State.WITH_COUNSELLOR) & Q(holder__isnull=True)),
            ),
            models.CheckConstraint(
                name="waiting_since_exactly_while_waiting",
                condition=Q(state=State.WAITING, waiting_since__isnull=False)
                | (~Q(state=State.WAITING) & Q(waiting_since__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["client"], condition=~Q(state=State.CLOSED), name="one_open_conversation_a_client"
            ),
        )
        indexes = (
            models.Index(fields=["clinic", "-changed_at"], name="conversations_by_change"),
            models.Index(
                fields=["clinic", "-urgency", "waiting_since"],
                condition=~Q(state=State.CLOSED),
                name="conversations_on_the_desk",
            ),
            models.Index(fields=["clinic", "-started_at"], name="conversations_by_start"),
        )

    def __str__(self) -> str:
        return f"conversation {self.id}"


class Sender(models.TextChoices):
    """Who wrote a message."""

    CLIENT = "client", "Client"
    BOT = "bot", "Automated helper"
    COUNSELLOR = "counsellor", "Counsellor"
    SYSTEM = "system", "System"


class Message(models.Model):
    """One line of a conversation. The text is sealed; `seq` is gapless within the conversation."""

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="messages")
    seq = models.PositiveIntegerField()
    sender = models.CharField(max_length=12, choices=Sender.choices)
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True)
    client_ref = models.UUIDField(null=True, blank=True)
    sealed_text = models.BinaryField()
    # What the bot said: key, version and digest of the approved content (BOT-5).
    content_key = models.CharField(max_length=80, blank=True, default="")
    content_version = models.PositiveIntegerField(null=True, blank=True)
    content_digest = models.CharField(max_length=64, blank=True, default="")
    choices = models.JSONField(default=list)
    card = models.CharField(max_length=20, blank=True, default="")
    exercise = models.CharField(max_length=40, blank=True, default="")
    sent_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_message_a_seq"),
            models.UniqueConstraint(fields=["conversation", "client_ref"], name="one_message_a_client_ref"),
            models.CheckConstraint(
                name="an_author_exactly_for_a_counsellor",
                condition=Q(sender=Sender.COUNSELLOR, author__isnull=False)
                | (~Q(sender=Sender.COUNSELLOR) & Q(author__isnull=True)),
            ),
            models.CheckConstraint(
                name="the_bot_says_approved_content_only",
                condition=~Q(sender=Sender.BOT) | ~Q(content_digest=""),
            ),
        )

    def __str__(self) -> str:
        return f"message {self.seq} of {self.conversation_id}"


class RiskAssessment(models.Model):
    """The stored result of the risk model for one client message. Reasons quote the client, so they are sealed."""

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="assessment")
    level = models.CharField(max_length=10)
    probability = models.FloatField()
    categories = models.JSONField(default=list)
    sealed_reasons = models.BinaryField()
    floor = models.CharField(max_length=10, blank=True, default="")
    model_version = models.CharField(max_length=60)
    took_ms = models.FloatField()
    # What drift is measured by: the language found, the words read, and those that no training message held.
    language = models.CharField(max_length=8, blank=True, default="", db_default="")
    words = models.PositiveSmallIntegerField(default=0, db_default=0)
    unknown_words = models.PositiveSmallIntegerField(default=0, db_default=0)
    assessed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level} ({self.model_version})"


class AlertState(models.TextChoices):
    """Where an alert stands."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


class Resolution(models.TextChoices):
    """Why a person resolved an alert. A client's denial is not among them."""

    TALKED = "talked", "Talked with the client, safe for now"
    PLAN = "plan", "Safety plan made or gone through"
    EMERGENCY = "emergency", "Emergency services involved"
    OTHER_CARE = "other_care", "Another service has taken over the care"
    NO_CONCERN = "no_concern", "Read by a person: no concern in this message"
    NOT_REACHED = "not_reached", "Client not reached, re-contact planned"


class Alert(models.Model):
    """A call for a person. At most one is unresolved for a conversation; a rise raises it again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="alerts")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=12, choices=AlertKind.choices)
    level = models.CharField(max_length=10)
    urgency = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=14, choices=AlertState.choices, default=AlertState.OPEN)
    message_seq = models.PositiveIntegerField()
    raised_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=16, choices=Resolution.choices, blank=True, default="")
    # The durable timer: when the next person is called, and how many were.
    escalate_at = models.DateTimeField(null=True, blank=True)
    escalation_step = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation"], condition=~Q(state=AlertState.RESOLVED), name="one_unresolved_alert"
            ),
            models.CheckConstraint(
                name="a_person_resolves_with_a_reason",
                condition=~Q(state=AlertState.RESOLVED)
                | (Q(resolved_by__isnull=False, resolved_at__isnull=False) & ~Q(resolution="")),
            ),
        )
        indexes = (
            models.Index(fields=["escalate_at"], condition=Q(escalate_at__isnull=False), name="alerts_with_a_timer"),
            models.Index(fields=["clinic", "-raised_at"], name="alerts_by_clinic"),
        )

    def __str__(self) -> str:
        return f"{self.kind} alert ({self.level})"


# In modules of their own, yet tables of this app like the others.
from triage.aftercare_models import CheckIn, CheckInPlan, CheckInReason  # noqa: E402
from triage.care_models import (  # noqa: E402
    CareTask,
    CareTaskKind,
    InstrumentLicence,
    Screening,
    ScreeningAnswer,
    ScreeningState,
)
from triage.content_models import ContentApproval, ContentRelease, ReleaseState  # noqa: E402
from triage.learning_models import DriftReport, LearningConsent  # noqa: E402
from triage.memories_models import ClientMemory, MoodCheck  # noqa: E402
from triage.plan_models import PlanWriter, SafetyPlan, SafetyPlanVersion  # noqa: E402
from triage.scoring_models import (  # noqa: E402
    ScoringSetup,
    ScoringSwitch,
    SetupApproval,
    SetupState,
    ShadowScore,
    SwitchMode,
    SwitchScope,
)
