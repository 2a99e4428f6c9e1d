"""The one lock: a conversation's row, first in every transaction that changes the conversation."""

from uuid import UUID

from triage.models import Conversation


class UnknownConversation(Exception):
    """There is no such conversation for whoever asks: never there, or another clinic's."""


def locked(conversation_id: UUID, *, clinic_id: UUID | None = None, skip_locked: bool = False) -> Conversation:
    """The conversation, locked until the transaction ends, with its clinic and client. Must run inside a transaction.

    With `clinic_id` another clinic's conversation is unknown and is not even locked for a moment. With `skip_locked` a
    conversation that somebody else holds right now is unknown too; only sweeps ask so. `no_key`: new messages refer to
    the row by foreign key, and must not wait for it.
    """
    rows = Conversation.objects.select_for_update(no_key=True, of=("self",), skip_locked=skip_locked)
    rows = rows.select_related("clinic", "client")
    if clinic_id is not None:
        rows = rows.filter(clinic_id=clinic_id)
    try:
        return rows.get(pk=conversation_id)
    except Conversation.DoesNotExist:
        raise UnknownConversation(str(conversation_id)) from None
