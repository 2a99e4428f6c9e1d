"""What the API answers: rows as JSON, and nothing that a caller did not ask for."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.models import Entry
from counselling.models import TakeoverEnd, Verdict
from counselling.takeovers import Disposition
from triage.models import AlertState, Conversation, Resolution, Sender
from triage.policy import AlertKind
from triage.states import State

_LEVEL = "none, low, moderate, high, imminent or unscored. A low value is never a sign of safety."


class Answer(serializers.Serializer):
    """Base of what is only ever sent."""


class PersonSerializer(Answer):
    """A member of the clinic's staff."""

    id = serializers.UUIDField()
    name = serializers.CharField(source="user.name")
    role = serializers.CharField()


class AlertSerializer(Answer):
    """A call for a person, and who answered it."""

    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    kind = serializers.ChoiceField(choices=AlertKind.choices)
    level = serializers.CharField(help_text=_LEVEL)
    state = serializers.ChoiceField(choices=AlertState.choices)
    message_seq = serializers.IntegerField()
    raised_at = serializers.DateTimeField()
    acknowledged_by = PersonSerializer(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    resolved_by = PersonSerializer(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolution = serializers.ChoiceField(choices=Resolution.choices, allow_blank=True)
    escalation_step = serializers.IntegerField()
    escalate_at = serializers.DateTimeField(allow_null=True)


class ConversationSerializer(Answer):
    """One contact of a client; no words of theirs."""

    id = serializers.UUIDField()
    client = serializers.UUIDField(source="client_id")
    pseudonym = serializers.CharField(source="client.pseudonym")
    state = serializers.ChoiceField(choices=State.choices)
    level = serializers.CharField(help_text=_LEVEL)
    holder = PersonSerializer(allow_null=True)
    alert = serializers.SerializerMethodField()
    rehearsal = serializers.BooleanField(source="is_rehearsal")
    last_seq = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()
    waiting_since = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    disposition = serializers.ChoiceField(choices=Disposition.choices, allow_blank=True)

    @extend_schema_field(AlertSerializer(allow_null=True))
    def get_alert(self, conversation: Conversation) -> Any:
        """The unresolved alert, which `reading` has fetched for the whole page at once."""
        mark = next(iter(conversation.unresolved_alerts), None)  # type: ignore[attr-defined]
        return AlertSerializer(mark).data if mark else None


class ReasonSerializer(Answer):
    """Why the model gave a level: a piece of the message and its weight."""

    kind = serializers.CharField()
    text = serializers.CharField()
    weight = serializers.FloatField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)


class AssessmentSerializer(Answer):
    """What the risk model said about a client's message."""

    level = serializers.CharField(help_text=_LEVEL)
    probability = serializers.FloatField()
    categories = serializers.ListField(child=serializers.CharField())
    reasons = ReasonSerializer(many=True)
    model_version = serializers.CharField()


class MessageSerializer(Answer):
    """One line of a conversation."""

    seq = serializers.IntegerField()
    sender = serializers.ChoiceField(choices=Sender.choices)
    text = serializers.CharField()
    sent_at = serializers.DateTimeField()
    name = serializers.CharField(allow_blank=True)
    role = serializers.CharField(allow_blank=True)
    content = serializers.CharField(allow_blank=True, help_text="Key and version of the approved content.")
    card = serializers.CharField(allow_blank=True)
    client_ref = serializers.UUIDField(allow_null=True)
    assessment = AssessmentSerializer(allow_null=True)


class TranscriptSerializer(Answer):
    """Lines in order. `next_after` goes into `after` of the next request; null when the head is reached."""

    conversation = serializers.UUIDField()
    last_seq = serializers.IntegerField()
    results = MessageSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True)


class PostedSerializer(Answer):
    """Where a counsellor's message was stored."""

    seq = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    repeated = serializers.BooleanField(help_text="True when this client_ref had been stored before.")


class TakeoverSerializer(Answer):
    """A period in which a counsellor held a conversation."""

    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    counsellor = PersonSerializer()
    from_seq = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.ChoiceField(choices=TakeoverEnd.choices, allow_blank=True)


class OnShiftSerializer(Answer):
    """Who is here."""

    on_shift = PersonSerializer(many=True)


class ShiftSerializer(Answer):
    """Whether the caller is on shift now."""

    on = serializers.BooleanField()


class ReviewSerializer(Answer):
    """A judgement of a conversation. The note may quote the client and is read on the review page only."""

    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    reviewer = PersonSerializer()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reviewed_at = serializers.DateTimeField()


class Hex(serializers.Field):
    """Bytes in hexadecimal."""

    def to_representation(self, value: bytes) -> str:
        """The bytes as text."""
        return bytes(value).hex()


_hex = extend_schema_field({"type": "string", "pattern": "^[0-9a-f]*$"})(Hex)


class EntrySerializer(Answer):
    """One entry of the audit trail. `seq` counts in the conversation's chain, or in the clinic's without one."""

    seq = serializers.IntegerField()
    recorded = serializers.DateTimeField()
    action = serializers.CharField()
    outcome = serializers.CharField()
    agent_kind = serializers.CharField()
    agent_id = serializers.CharField(allow_blank=True)
    agent_role = serializers.CharField(allow_blank=True)
    entity_kind = serializers.CharField(allow_blank=True)
    entity_id = serializers.CharField(allow_blank=True)
    conversation = serializers.UUIDField(source="conversation_id", allow_null=True)
    detail = serializers.SerializerMethodField()
    previous = _hex()
    digest = _hex()

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_detail(self, entry: Entry) -> Any:
        """Ids, versions, digests and numbers; never anybody's words."""
        return json.loads(entry.detail)


class CheckpointSerializer(Answer):
    """A signed statement of where all chains of the service stood; it names no clinic."""

    number = serializers.IntegerField()
    previous = _hex()
    root = _hex()  # type: ignore[assignment]
    leaf_count = serializers.IntegerField()
    entry_count = serializers.IntegerField()
    written_at = serializers.DateTimeField()
    public_key = _hex()
    digest = _hex()
    signature = _hex()


class ErrorDetailSerializer(Answer):
    """Why something was refused."""

    code = serializers.CharField()
    detail = serializers.CharField(help_text="A sentence for a person.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="For bad_input: what is wrong with which field.",
    )
    holder = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="For held_by_another: id and name."
    )


class ErrorSerializer(Answer):
    """Every refusal has this shape."""

    error = ErrorDetailSerializer()


class ConversationPage(Answer):
    """A page of conversations."""

    results = ConversationSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AlertPage(Answer):
    """A page of alerts."""

    results = AlertSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TakeoverPage(Answer):
    """A page of takeovers."""

    results = TakeoverSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ReviewPage(Answer):
    """A page of reviews."""

    results = ReviewSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EntryPage(Answer):
    """A page of audit entries, newest first."""

    results = EntrySerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class CheckpointList(Answer):
    """Checkpoints, newest first."""

    results = CheckpointSerializer(many=True)
