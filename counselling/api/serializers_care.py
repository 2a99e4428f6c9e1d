"""What the API answers about screenings: numbers, and the LOINC codes by which another system files them (INS-7)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from counselling.api.serializers import Answer
from counselling.care_words import definition_of
from counselling.timeline import title_of
from triage.models import Screening, ScreeningState

_BAND = "The name that the publication gives to a range of totals. It is no diagnosis."


class CodesSerializer(Answer):
    """LOINC codes; empty where the instrument has none."""

    panel = serializers.CharField(allow_blank=True)
    total = serializers.CharField(allow_blank=True)


class ScreeningSerializer(Answer):
    """One time that a client went through an instrument, without the answers."""

    id = serializers.UUIDField()
    client = serializers.UUIDField(source="client_id")
    conversation = serializers.UUIDField(source="conversation_id")
    rehearsal = serializers.BooleanField(source="conversation.is_rehearsal")
    instrument = serializers.CharField()
    title = serializers.SerializerMethodField()
    loinc = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=ScreeningState.choices)
    total = serializers.IntegerField(
        allow_null=True, help_text="Null while it is not finished, where too much was left out, or where there is none."
    )
    band = serializers.CharField(allow_blank=True, help_text=_BAND)
    missing = serializers.IntegerField(help_text="Scored items without an answer, once it is finished.")
    prorated = serializers.BooleanField(help_text="True when the total fills missing items with the others' mean.")
    level = serializers.CharField(
        allow_blank=True, help_text="The highest level that an answer called a person for. Empty is no sign of safety."
    )
    answered = serializers.IntegerField(help_text="Items answered, those that were skipped included.")
    locale = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    instrument_version = serializers.IntegerField()
    instrument_digest = serializers.CharField(help_text="sha256 of the definition that it was scored by.")
    content_version = serializers.IntegerField()
    content_digest = serializers.CharField(help_text="Digest of the approved wording that was asked.")

    @extend_schema_field(serializers.CharField())
    def get_title(self, screening: Screening) -> str:
        """The name of the instrument."""
        return title_of(screening.instrument)

    @extend_schema_field(CodesSerializer())
    def get_loinc(self, screening: Screening) -> dict[str, str]:
        """The codes of the panel and of its total."""
        definition = definition_of(screening)
        return {
            "panel": definition.loinc if definition else "",
            "total": definition.loinc_total if definition else "",
        }


class ItemSerializer(Answer):
    """One item of a screening."""

    item = serializers.IntegerField(help_text="Its number, from 1.")
    loinc = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=["answered", "refused", "not_asked"])
    value = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="The label that the client chose, if it is at hand.")
    level = serializers.CharField(allow_blank=True, help_text="What this answer called a person for by itself.")
    answered_at = serializers.DateTimeField(allow_null=True)


class ScreeningWithAnswersSerializer(ScreeningSerializer):
    """A screening with every item, asked or not."""

    items = serializers.SerializerMethodField()

    @extend_schema_field(ItemSerializer(many=True))
    def get_items(self, screening: Screening) -> Any:
        """The items with their codes."""
        definition = definition_of(screening)
        codes = definition.loinc_items if definition else ()
        rows = [
            {
                "item": row.item,
                "loinc": codes[row.item - 1] if row.item <= len(codes) else "",
                "state": row.state,
                "value": row.value,
                "answer": row.answer if row.state == "answered" else "",
                "level": row.level,
                "answered_at": row.answered_at,
            }
            for row in self.context["answers"]
        ]
        return ItemSerializer(rows, many=True).data


class ScreeningPage(Answer):
    """A page of a client's screenings."""

    results = ScreeningSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)
