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
    "Client",
    "ClientSession",
    "Conversation",
    "DriftReport",
    "LearningConsent",
    "Message",
    "Resolution",
    "RiskAssessment",
    "ScoringSetup",
    "ScoringSwitch",
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

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="shadow_scores")
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
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
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


# In a module of their own, yet tables of this app like the others.
from triage.learning_models import DriftReport, LearningConsent  # noqa: E402
