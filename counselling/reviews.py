"""A supervisor's or clinician's judgement of a conversation: what the bot and the counsellor did, not the client."""

import uuid
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event
from counselling.models import Review, Verdict
from triage.access import access_conversation
from triage.sealing import Seal
from triage.texts import BadText, checked
from triage.trail import record_in

NEEDS_NOTE = frozenset({Verdict.CONCERN, Verdict.UNSAFE})


class UnknownVerdict(Exception):
    """The verdict is none of the fixed ones."""


def note_place(review_id: UUID) -> str:
    """Where a review's note is sealed to."""
    return f"review:{review_id}"


def complete_review(*, member: Membership, conversation_id: UUID, verdict: str, note: str, at: datetime) -> Review:
    """Store `member`'s review. Reviews are added, never changed: an earlier one stays readable beside a later one.

    The note may quote the client, so it is sealed with the conversation's key and is gone when that key is destroyed.
    Raises UnknownVerdict, texts.BadText (a concern without a note included), sealing.Unreadable for an erased
    conversation, access.UnknownConversation and accounts.access.NotPermitted.
    """
    if verdict not in Verdict.values:
        raise UnknownVerdict(verdict)
    note = _checked_note(verdict, note)
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.REVIEW, lock=True)
        seal = Seal(conversation.pk, conversation.message_key)
        review_id = uuid.uuid4()
        review = Review.objects.create(
            pk=review_id,
            conversation=conversation,
            reviewer=member,
            verdict=verdict,
            sealed_note=seal.seal(note, place=note_place(review_id)),
            reviewed_at=at,
        )
        detail = {"verdict": verdict, "note_characters": len(note), "note_digest": seal.keyed_digest(note)}
        event = Event("review.completed", agent_of(member), "review", str(review_id), detail=detail)
        record_in(conversation, event, at=at)
    return review


def _checked_note(verdict: str, note: str) -> str:
    if isinstance(note, str) and not note.strip():
        if verdict in NEEDS_NOTE:
            raise BadText("empty", "Say in a sentence what the concern is.")
        return ""
    return checked(note)
