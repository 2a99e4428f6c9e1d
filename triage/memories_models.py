"""What the service remembers about a client from one conversation to the next, and their mood check-ins."""

from django.db import models
from django.db.models import Q


class ClientMemory(models.Model):
    """What is remembered of one client. Keys and marks alone; the name is sealed with a key of its own."""

    client = models.OneToOneField("triage.Client", on_delete=models.PROTECT, related_name="memory")
    # The client's wish that nothing is remembered; then this row holds nothing but that wish.
    is_off = models.BooleanField(default=False)
    memory_key = models.BinaryField(max_length=128, null=True, blank=True)
    sealed_name = models.BinaryField(null=True, blank=True)
    # Keys of exercises, in the order in which they helped.
    helped = models.JSONField(default=list)
    unfinished = models.CharField(max_length=80, blank=True, default="")
    no_breath = models.BooleanField(default=False)
    no_religion = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="nothing_is_remembered_against_a_clients_wish",
                condition=Q(is_off=False)
                | Q(
                    memory_key__isnull=True,
                    sealed_name__isnull=True,
                    helped=[],
                    unfinished="",
                    no_breath=False,
                    no_religion=False,
                ),
            ),
            models.CheckConstraint(
                name="a_remembered_name_has_a_key",
                condition=Q(memory_key__isnull=True, sealed_name__isnull=True)
                | Q(memory_key__isnull=False, sealed_name__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"memory of {self.client_id}"


class MoodCheck(models.Model):
    """One check-in: how the client's mood was, from 0 for very low to 10 for very good."""

    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="mood_checks")
    value = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_mood_lies_between_0_and_10", condition=Q(value__gte=0, value__lte=10)),
        )
        indexes = (models.Index(fields=["client", "-at"], name="mood_checks_of_a_client"),)

    def __str__(self) -> str:
        return f"mood of {self.client_id}"
