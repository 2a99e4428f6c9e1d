"""Two tables: a conversation with a counter, and its lines in clear text."""

from django.db import models


class BareConversation(models.Model):
    """The row whose lock orders the lines."""

    last_seq = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return str(self.pk)


class BareMessage(models.Model):
    """One line."""

    conversation = models.ForeignKey(BareConversation, on_delete=models.CASCADE)
    seq = models.PositiveIntegerField()
    client_ref = models.UUIDField()
    body = models.TextField()

    class Meta:
        app_label = "bare"
        constraints = (models.UniqueConstraint(fields=["conversation", "seq"], name="bare_one_message_a_seq"),)

    def __str__(self) -> str:
        return str(self.seq)
