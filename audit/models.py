"""Tables of the trail. Only `audit.trail` and `audit.checkpoints` write rows; triggers refuse to change them."""

from django.db import models


class Stream(models.Model):
    """One chain: of a conversation, of a clinic, or of the service itself. The row holds the end of the chain."""

    name = models.TextField(unique=True)
    clinic_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    head_seq = models.BigIntegerField()
    head_digest = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One thing that happened. `detail` is canonical JSON kept as text, because the digest covers its very bytes."""

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="entries", db_index=False)
    seq = models.BigIntegerField()
    recorded = models.DateTimeField()
    action = models.TextField()
    outcome = models.TextField()
    agent_kind = models.TextField()
    agent_id = models.TextField()
    agent_role = models.TextField()
    entity_kind = models.TextField()
    entity_id = models.TextField()
    clinic_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    detail = models.TextField()
    previous = models.BinaryField()
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="audit_entry_once")]
        indexes = [
            models.Index(fields=["clinic_id", "-recorded", "-id"], name="audit_entry_clinic"),
            models.Index(fields=["conversation_id", "seq"], name="audit_entry_conversation"),
            models.Index(fields=["action", "-recorded"], name="audit_entry_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} (entry {self.seq} of stream {self.stream_id})"


class Checkpoint(models.Model):
    """A signed statement of where the streams stood; the same text lies in a file outside the database."""

    number = models.BigIntegerField(unique=True)
    previous = models.BinaryField()
    root = models.BinaryField()
    leaf_count = models.BigIntegerField()
    entry_count = models.BigIntegerField()
    written_at = models.DateTimeField()
    public_key = models.BinaryField()
    digest = models.BinaryField()
    signature = models.BinaryField()

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class CheckpointLeaf(models.Model):
    """The end of one stream at a checkpoint. Named, not linked, so that a removed stream is still missed."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="leaves", db_index=False)
    position = models.BigIntegerField()
    stream_name = models.TextField()
    seq = models.BigIntegerField()
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "position"], name="audit_leaf_once")]
        indexes = [models.Index(fields=["stream_name", "-seq"], name="audit_leaf_stream")]

    def __str__(self) -> str:
        return f"{self.stream_name} at {self.seq}"
