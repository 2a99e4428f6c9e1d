"""What a client's socket reads to catch up: state, head and the lines after a sequence number."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from triage.crisis import directory
from triage.models import Conversation
from triage.safety_plans import has_plan
from triage.transcripts import Line, read_lines


@dataclass(frozen=True, slots=True)
class News:
    """What a follower does not have yet."""

    state: str
    last_seq: int
    lines: tuple[Line, ...]
    counsellor_name: str = ""
    counsellor_role: str = ""
    has_plan: bool = False

    def counsellor_json(self) -> dict[str, Any]:
        """Who the client talks to, when it is a person (CRI-9: name and role)."""
        if not self.counsellor_name:
            return {}
        return {"counsellor": {"name": self.counsellor_name, "role": self.counsellor_role}}


def news(conversation_id: UUID, after: int) -> News:
    """State, head and up to one page of lines after `after`."""
    conversation = Conversation.objects.select_related("holder__user").get(pk=conversation_id)
    holder = conversation.holder
    return News(
        state=conversation.state,
        last_seq=conversation.last_seq,
        lines=lines(conversation_id, after) if conversation.last_seq > after else (),
        counsellor_name=holder.user.name if holder else "",
        counsellor_role=holder.get_role_display() if holder else "",
        has_plan=has_plan(conversation.client_id),
    )


def lines(conversation_id: UUID, after: int) -> tuple[Line, ...]:
    """Up to one page of lines after `after`, for a follower whose bell says that nothing else has changed."""
    return tuple(read_lines(conversation_id, after))


def standing(conversation_id: UUID) -> tuple[int, str]:
    """The highest sequence number of the conversation, and its state."""
    last_seq, state = Conversation.objects.values_list("last_seq", "state").get(pk=conversation_id)
    return last_seq, state


def card_json(country: str) -> dict[str, Any]:
    """The crisis card of a country as the page shows it."""
    return directory.card(country or None, at=timezone.now()).to_json()
