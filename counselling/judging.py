"""A reviewer's judgement of the level of one message: the one way in which the model learns what it has missed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event
from counselling.models import LevelJudgement
from triage.access import access_conversation
from triage.models import Message, Sender
from triage.trail import record_in

# What a reviewer chooses from. No words here call a message safe.
LEVELS: Mapping[str, str] = {
    "none": "No concern",
    "low": "Distress, no call for a person",
    "moderate": "Moderate risk",
    "high": "High risk",
    "imminent": "Imminent risk",
}


class UnknownLevel(ValueError):
    """The level is none of `LEVELS`."""


class NotAssessed(LookupError):
    """The line is none that the client wrote and the service scored."""


def judge_level(*, member: Membership, conversation_id: UUID, seq: int, level: str, at: datetime) -> LevelJudgement:
    """Note at which level line `seq` stands by `member`'s judgement. Calls nobody and changes no level on the desk.

    A review comes after the fact; for somebody in danger now there is the takeover.
    Raises UnknownLevel, NotAssessed, access.UnknownConversation and accounts.access.NotPermitted.
    """
    if level not in LEVELS:
        raise UnknownLevel(level)
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.REVIEW, lock=True)
        rows = Message.objects.filter(conversation=conversation, seq=seq, sender=Sender.CLIENT)
        message = rows.select_related("assessment").filter(assessment__isnull=False).first()
        if message is None:
            raise NotAssessed(str(seq))
        judgement = LevelJudgement.objects.create(message=message, reviewer=member, level=level, judged_at=at)
        detail = {"seq": seq, "level": level, "scored": message.assessment.level}
        judged = Event("level.judged", agent_of(member), "message", str(seq), detail=detail)
        record_in(conversation, judged, at=at)
    return judgement
