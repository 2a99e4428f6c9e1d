"""A message of concern that comes just after the end: nobody in danger is told only that the chat is closed."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from triage import conversations, turns
from triage.models import Client, Conversation
from triage.states import State


def pass_on(*, client_id: UUID, client_ref: UUID, text: str, at: datetime, wishes_person: bool = False) -> turns.Turn:
    """Open the client's conversation anew, or find the one that is open, and take the turn there.

    Sent again with the same `client_ref` it is stored once. Raises texts.BadText.
    """
    with transaction.atomic(durable=True):
        # The client's row orders two tabs: one opens the conversation, the other finds it.
        client = Client.objects.select_for_update(no_key=True, of=("self",)).select_related("clinic").get(pk=client_id)
        conversation = Conversation.objects.filter(client=client).exclude(state=State.CLOSED).first()
        if conversation is None:
            conversation = conversations.open_conversation(client, at=at)
    return turns.take_turn(
        conversation_id=conversation.pk, client_ref=client_ref, text=text, wishes_person=wishes_person, at=at
    )
