"""What callers send: query parameters and bodies. Only translation; what is allowed is decided in the domain."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.actions import MEANINGS
from audit.trail import AGENT_KINDS, OUTCOMES
from counselling.api.pagination import LIMIT, SIZE
from counselling.models import Verdict
from counselling.takeovers import Disposition
from riskmodel import Level
from triage.models import AlertState, Resolution, ScreeningState
from triage.policy import AlertKind
from triage.screenings.instruments import instruments
from triage.states import State
from triage.transcripts import PAGE

_SEQ_LIMIT = 2**31 - 1
LEVELS = [str(level) for level in Level]


class Request(serializers.Serializer):
    """Refuses names it does not know: a mistyped filter would otherwise quietly show everything."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The values that were sent; raises ValidationError."""
        known: dict[str, Any] = super().to_internal_value(data)
        if strange := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name[:80]: ["This is not known here."] for name in strange[:10]})
        return known


@extend_schema_field({"type": "string", "maxLength": 4000, "description": "Plain text as a person typed it."})
class Words(serializers.Field):
    """A text, passed on exactly as it came: the domain judges it and nothing is trimmed."""

    def to_internal_value(self, data: Any) -> Any:
        """`data` as it is."""
        return data

    def to_representation(self, value: Any) -> Any:
        """`value` as it is."""
        return value


class PageRequest(Request):
    """Where to go on in a list, and how much to show."""

    cursor = serializers.CharField(required=False, default="", max_length=400, help_text="`next_cursor` of a page.")
    limit = serializers.IntegerField(required=False, default=SIZE, min_value=1, max_value=LIMIT)


class ConversationsRequest(PageRequest):
    """Which conversations."""

    state = serializers.ChoiceField(required=False, choices=State.choices)
    level = serializers.ChoiceField(required=False, choices=LEVELS)
    alert = serializers.ChoiceField(
        required=False,
        choices=["open", "acknowledged", "none"],
        help_text="State of the conversation's unresolved alert; `none` for conversations without one.",
    )
    holder = serializers.UUIDField(required=False, help_text="Id of the member who holds it.")
    rehearsal = serializers.BooleanField(required=False, allow_null=True, default=None)
    since = serializers.DateTimeField(required=False, help_text="Started at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Started before this moment.")
    changed_since = serializers.DateTimeField(required=False, help_text="Changed at this moment or later.")
    order = serializers.ChoiceField(
        required=False, default="-started_at", choices=["started_at", "-started_at", "changed_at", "-changed_at"]
    )


class MessagesRequest(Request):
    """Which lines."""

    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=_SEQ_LIMIT)
    limit = serializers.IntegerField(required=False, default=PAGE, min_value=1, max_value=PAGE)


class AlertsRequest(PageRequest):
    """Which alerts."""

    state = serializers.ChoiceField(required=False, choices=AlertState.choices)
    kind = serializers.ChoiceField(required=False, choices=AlertKind.choices)
    level = serializers.ChoiceField(required=False, choices=LEVELS)
    conversation = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="Raised at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Raised before this moment.")
    order = serializers.ChoiceField(required=False, default="-raised_at", choices=["raised_at", "-raised_at"])


class TakeoversRequest(PageRequest):
    """Which takeovers."""

    conversation = serializers.UUIDField(required=False)
    counsellor = serializers.UUIDField(required=False)
    open = serializers.BooleanField(required=False, allow_null=True, default=None)
    since = serializers.DateTimeField(required=False, help_text="Started at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Started before this moment.")
    order = serializers.ChoiceField(required=False, default="-started_at", choices=["started_at", "-started_at"])


class ReviewsRequest(PageRequest):
    """Which reviews."""

    conversation = serializers.UUIDField(required=False)
    verdict = serializers.ChoiceField(required=False, choices=Verdict.choices)
    since = serializers.DateTimeField(required=False, help_text="Reviewed at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Reviewed before this moment.")
    order = serializers.ChoiceField(required=False, default="-reviewed_at", choices=["reviewed_at", "-reviewed_at"])


class ScreeningsRequest(PageRequest):
    """Which screenings of a client."""

    instrument = serializers.ChoiceField(required=False, choices=sorted(instruments()))
    state = serializers.ChoiceField(required=False, choices=ScreeningState.choices)
    since = serializers.DateTimeField(required=False, help_text="Started at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Started before this moment.")
    order = serializers.ChoiceField(required=False, default="-started_at", choices=["started_at", "-started_at"])


class EntriesRequest(PageRequest):
    """Which audit entries."""

    action = serializers.ChoiceField(required=False, choices=sorted(MEANINGS))
    agent_kind = serializers.ChoiceField(required=False, choices=sorted(AGENT_KINDS))
    agent = serializers.CharField(required=False, max_length=80, help_text="Id of who acted.")
    outcome = serializers.ChoiceField(required=False, choices=sorted(OUTCOMES))
    conversation = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="Recorded at this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Recorded before this moment.")


class CheckpointsRequest(Request):
    """Which checkpoints."""

    before = serializers.IntegerField(required=False, min_value=1, max_value=2**62, help_text="Below this number.")
    limit = serializers.IntegerField(required=False, default=SIZE, min_value=1, max_value=LIMIT)


class MessageRequest(Request):
    """What a counsellor writes. The same `client_ref` again is stored once and answered again."""

    client_ref = serializers.UUIDField(help_text="Made up by the sender, one for each message.")
    text = Words()


class TakeoverRequest(Request):
    """Which conversation to take over."""

    conversation = serializers.UUIDField()


class CloseRequest(Request):
    """What became of the conversation."""

    disposition = serializers.ChoiceField(choices=Disposition.choices)


class ResolveRequest(Request):
    """Why the alert is resolved."""

    resolution = serializers.ChoiceField(choices=Resolution.choices)


class ShiftRequest(Request):
    """Here or off."""

    on = serializers.BooleanField()


class ReviewRequest(Request):
    """A reviewer's judgement of a conversation."""

    conversation = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    note = Words(required=False, default="", help_text="May quote the client. A concern needs one.")
