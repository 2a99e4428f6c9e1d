"""What counsellors write to a client."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event
from triage import publishing, rows
from triage.access import access_conversation
from triage.models import Message, Sender
from triage.sealing import Seal
from triage.states import State
from triage.texts import checked
from triage.trail import record_in
from triage.writing import Draft, next_lines


class NotHolder(Exception):
    """Only the counsellor who holds the conversation writes in it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a counsellor's message stands."""

    seq: int
    last_seq: int
    repeated: bool = False


def post_counsellor_message(
    *, member: Membership, conversation_id: UUID, client_ref: UUID, text: str, at: datetime
) -> Posted:
    """Store a counsellor's line; a repeated `client_ref` is stored once and answered again.

    Raises texts.BadText, NotHolder, access.UnknownConversation and accounts.access.NotPermitted.
    """
    text = checked(text)
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.WRITE, lock=True)
        stored = Message.objects.filter(conversation_id=conversation_id, client_ref=client_ref).first()
        if stored is not None:
            return Posted(stored.seq, conversation.last_seq, repeated=True)
        if conversation.state != State.WITH_COUNSELLOR or conversation.holder_id != member.pk:
            raise NotHolder(str(conversation_id))
        seal = Seal(conversation.pk, conversation.message_key)
        draft = Draft(Sender.COUNSELLOR, text, author=member, client_ref=client_ref)
        [row] = next_lines(conversation, seal, [draft], at=at)
        rows.store(conversation, [row])
        detail = {"seq": row.seq, "characters": len(text), "digest": seal.keyed_digest(text)}
        event = Event("counsellor.replied", agent_of(member), "message", str(row.seq), detail=detail)
        record_in(conversation, event, at=at)
        publishing.ring_conversation(conversation)
    return Posted(row.seq, row.seq)
