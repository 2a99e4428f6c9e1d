"""Recording on the chain of a conversation."""

from datetime import datetime

from audit.trail import Event, conversation_stream, record
from triage.models import Conversation


def record_in(conversation: Conversation, *events: Event, at: datetime) -> None:
    """Append `events` to the conversation's own chain, in the caller's transaction; raises what `audit.record` does."""
    stream = conversation_stream(clinic_id=conversation.clinic_id, conversation_id=conversation.pk)
    record(stream, *events, at=at)
