"""What a clinic decided about the content its bot may say: exact editions, who approved them, which one is in use."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership


class ReleaseState(models.TextChoices):
    """Where an edition of an item stands in a clinic."""

    PROPOSED = "proposed", "Waiting for approvals"
    ACTIVE = "active", "In use"
    REPLACED = "replaced", "Replaced"
    RETIRED = "retired", "Retired"
    ROLLED_BACK = "rolled_back", "Rolled back"


LIVE = (ReleaseState.PROPOSED, ReleaseState.ACTIVE, ReleaseState.REPLACED)
_ENDED = (ReleaseState.RETIRED, ReleaseState.ROLLED_BACK)


class ContentRelease(models.Model):
    """One edition (an exact digest) of an item in a clinic. Its source is kept, so that what two clinicians approved
    is what clients get, also after the software has brought another edition.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="content_releases")
    locale = models.CharField(max_length=8)
    key = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    # Canonical JSON of the content file; its sha256 is the digest.
    source = models.TextField()
    state = models.CharField(max_length=12, choices=ReleaseState.choices, default=ReleaseState.PROPOSED)
    # Whether retiring it stopped the item altogether, or only kept this edition from going on.
    stops_item = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True, default="")
    opened_at = models.DateTimeField()
    active_from = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["clinic", "locale", "key"],
                condition=Q(state=ReleaseState.ACTIVE),
                name="one_edition_in_use_an_item",
            ),
            models.UniqueConstraint(
                fields=["clinic", "locale", "key", "version", "digest"],
                condition=Q(state__in=LIVE),
                name="one_live_release_an_edition",
            ),
            models.CheckConstraint(
                name="an_edition_in_use_since_when",
                condition=~Q(state=ReleaseState.ACTIVE) | Q(active_from__isnull=False),
            ),
            models.CheckConstraint(
                name="an_edition_is_ended_by_somebody",
                condition=Q(state__in=LIVE, ended_at__isnull=True, ended_by__isnull=True)
                | Q(state__in=_ENDED, ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(
                name="a_release_is_retired_with_a_reason",
                condition=~Q(state=ReleaseState.RETIRED) | ~Q(reason=""),
            ),
        )
        indexes = (models.Index(fields=["clinic", "locale", "key"], name="content_releases_by_item"),)

    def __str__(self) -> str:
        return f"{self.locale}/{self.key} version {self.version} ({self.state})"


class ContentApproval(models.Model):
    """One clinician's approval of an edition. It counts while they are an active clinician of the clinic."""

    release = models.ForeignKey(ContentRelease, on_delete=models.PROTECT, related_name="approvals")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["release", "member"], name="one_content_approval_a_member"),)

    def __str__(self) -> str:
        return f"approval of {self.release_id} by {self.member_id}"
