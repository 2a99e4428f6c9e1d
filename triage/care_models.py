"""Care around the conversation: screenings with their answers, licences of instruments, and tasks for people."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, Membership


class ScreeningState(models.TextChoices):
    """Where a screening stands."""

    UNDER_WAY = "under_way", "Under way"
    FINISHED = "finished", "Finished"
    LEFT = "left", "Left in the middle"


class Screening(models.Model):
    """One time that a client went through an instrument. Numbers alone; scored here, never in the browser (INS-1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="screenings")
    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="screenings")
    conversation = models.ForeignKey("triage.Conversation", on_delete=models.PROTECT, related_name="screenings")
    instrument = models.CharField(max_length=20)
    # By which definition it was scored, and by which wording it was asked.
    instrument_version = models.PositiveSmallIntegerField()
    instrument_digest = models.CharField(max_length=64)
    content_version = models.PositiveIntegerField()
    content_digest = models.CharField(max_length=64)
    locale = models.CharField(max_length=8)
    state = models.CharField(max_length=10, choices=ScreeningState.choices, default=ScreeningState.UNDER_WAY)
    # Null where the instrument has no total, or too much was left out for one.
    total = models.SmallIntegerField(null=True, blank=True)
    band = models.CharField(max_length=40, blank=True, default="")
    missing = models.PositiveSmallIntegerField(default=0)
    prorated = models.BooleanField(default=False)
    # The highest level that an answer called for; a person alone lowers what follows from it (INS-4).
    level = models.CharField(max_length=10, blank=True, default="")
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state=ScreeningState.UNDER_WAY),
                name="one_screening_under_way_a_conversation",
            ),
            models.CheckConstraint(
                name="a_finished_screening_says_when",
                condition=Q(state=ScreeningState.FINISHED, finished_at__isnull=False)
                | (~Q(state=ScreeningState.FINISHED) & Q(finished_at__isnull=True)),
            ),
        )
        indexes = (
            models.Index(fields=["client", "instrument", "-started_at"], name="screenings_of_a_client"),
            models.Index(fields=["clinic", "-started_at"], name="screenings_of_a_clinic"),
        )

    def __str__(self) -> str:
        return f"{self.instrument} of {self.client_id}"


class ScreeningAnswer(models.Model):
    """The answer to one item; null where the client would rather not say."""

    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="answers")
    item = models.PositiveSmallIntegerField()
    value = models.SmallIntegerField(null=True, blank=True)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["screening", "item"], name="one_answer_an_item"),)

    def __str__(self) -> str:
        return f"item {self.item} of {self.screening_id}"


class InstrumentLicence(models.Model):
    """A clinic's statement that it may use an instrument whose wording is not free, and the proof (INS-6)."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="instrument_licences")
    instrument = models.CharField(max_length=20)
    # Where the proof lies, such as the file number of a letter; the letter itself is the clinic's.
    proof = models.CharField(max_length=200)
    stated_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["clinic", "instrument"],
                condition=Q(ended_at__isnull=True),
                name="one_standing_licence_an_instrument",
            ),
        )

    def __str__(self) -> str:
        return f"licence for {self.instrument}"


class CareTaskKind(models.TextChoices):
    """What a person is asked to do."""

    SCREENING_REVIEW = "screening_review", "Read the answers of a screening"
    MISSED_CHECK_IN = "missed_check_in", "Look at a check-in that was missed"


class CareTask(models.Model):
    """Something that a person has to do by a time; never done by the service itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="care_tasks")
    client = models.ForeignKey("triage.Client", on_delete=models.PROTECT, related_name="care_tasks")
    conversation = models.ForeignKey(
        "triage.Conversation", on_delete=models.PROTECT, null=True, blank=True, related_name="care_tasks"
    )
    screening = models.OneToOneField(
        Screening, on_delete=models.PROTECT, null=True, blank=True, related_name="care_task"
    )
    kind = models.CharField(max_length=20, choices=CareTaskKind.choices)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_task_is_done_by_somebody",
                condition=Q(done_by__isnull=True, done_at__isnull=True)
                | Q(done_by__isnull=False, done_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=["clinic", "due_at"], condition=Q(done_at__isnull=True), name="care_tasks_to_do"),
        )

    def __str__(self) -> str:
        return f"{self.kind} for {self.client_id}"
