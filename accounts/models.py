"""Clinics, the people who work there, and the keys that integrations use."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from accounts.permissions import Role
from accounts.profiles import STRICTEST, BotSays, Profile, profile_of


def default_escalation_seconds() -> list[int]:
    """Seconds until the next person is called: second counsellor, supervisors, supervisors again (CRI-5)."""
    return [60, 120, 180]


class Clinic(models.Model):
    """A clinic that runs a supervised chat. Everything else belongs to exactly one clinic."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    # Empty means: the crisis card asks the client. There is no default country (DIR-4).
    country = models.CharField(max_length=2, blank=True, default="")
    time_zone = models.CharField(max_length=60, default="UTC")
    locale = models.CharField(max_length=8, default="en")
    allowed_origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    escalation_seconds = ArrayField(models.PositiveIntegerField(), default=default_escalation_seconds)
    # What the law lets software do here; it holds whatever else is switched on (LAW-1).
    profile = models.CharField(max_length=20, default=STRICTEST)
    bot_enabled = models.BooleanField(default=True)
    scoring_enabled = models.BooleanField(default=True)
    # What happens with messages when scoring is switched off: a `SwitchMode` of triage, chosen by clinicians.
    switch_off_mode = models.CharField(max_length=14, default="all_to_people", db_default="all_to_people")
    is_demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def law(self) -> Profile:
        """The legal profile; one that is not known any more counts as the strictest."""
        return profile_of(self.profile)

    @property
    def bot_speaks(self) -> bool:
        """Whether the bot may say content: the clinic wants it, and the law allows it."""
        return self.bot_enabled and self.law.bot is BotSays.CONTENT

    @property
    def scores(self) -> bool:
        """Whether messages are scored: the clinic wants it, and the law allows it."""
        return self.scoring_enabled and self.law.scoring


class UserManager(BaseUserManager["User"]):
    """Makes staff accounts; the e-mail address is the name to sign in with, whatever its case."""

    def create_user(self, *, email: str, name: str, password: str | None, **fields: Any) -> "User":
        """A stored account; without `password` nobody can sign in with it until a link has set one."""
        user = self.model(email=email.strip().lower(), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person on the staff of one or more clinics. Clients are never users."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="one_account_an_address"),)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's place in a clinic: the `member` of every staff verb."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    # Set on the row in hand, never stored: the token by which an integration acts as this member.
    via_token: uuid.UUID | None = None
    # The same for whoever runs the service, who acts as this member from a shell.
    by_command: bool = False

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "clinic"], name="one_membership_a_clinic"),)

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class ApiToken(models.Model):
    """A key of an integration. It acts as one member; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(max_length=80)
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label


class PasswordLink(models.Model):
    """A link with which a person sets a password once. Only its digest is kept; a new link replaces an older one."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="password_link")
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M}"


class SignInAttempt(models.Model):
    """One try to sign in. Failures are counted from here, so a restart forgets none."""

    email_digest = models.BinaryField(max_length=32)
    address_digest = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    class Meta:
        indexes = (
            models.Index(fields=["email_digest", "-at"], name="attempts_by_email"),
            models.Index(fields=["address_digest", "-at"], name="attempts_by_address"),
        )

    def __str__(self) -> str:
        return f"{'success' if self.succeeded else 'failure'} at {self.at:%Y-%m-%d %H:%M}"
