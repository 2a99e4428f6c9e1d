"""What stories share: a clock that a test moves, clients that write, and reading the trail."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from accounts.models import Clinic
from audit.models import Entry
from triage import clients, turns
from triage.models import Conversation, Message
from triage.sealing import Seal
from triage.transcripts import line_of

THREE_IN_THE_MORNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The time of a story. It moves only when the story says so."""

    now: datetime = THREE_IN_THE_MORNING

    def forward(self, **delta: float) -> datetime:
        """Move on, for example `clock.forward(seconds=61)`."""
        self.now += timedelta(**delta)
        return self.now


@dataclass
class Writer:
    """A client of a story, with the one conversation that is open."""

    started: clients.Started
    clock: Clock
    sent: list[turns.Turn] = field(default_factory=list)

    @property
    def conversation_id(self) -> UUID:
        return self.started.conversation_id

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.select_related("client", "clinic").get(pk=self.conversation_id)

    def writes(self, text: str, *, ref: UUID | None = None, wishes_person: bool = False) -> turns.Turn:
        """Take one turn."""
        turn = turns.take_turn(
            conversation_id=self.conversation_id,
            client_ref=ref or uuid4(),
            text=text,
            wishes_person=wishes_person,
            at=self.clock.forward(seconds=1),
        )
        self.sent.append(turn)
        return turn

    def reads(self) -> list[tuple[str, str]]:
        """The transcript as (sender, text)."""
        conversation = self.conversation
        seal = Seal(conversation.pk, conversation.message_key)
        rows = Message.objects.filter(conversation=conversation).order_by("seq").select_related("author__user")
        return [(row.sender, line_of(row, seal).text) for row in rows]


def a_client_starts(clinic: Clinic, clock: Clock, **more: object) -> Writer:
    """Somebody opens the chat."""
    return Writer(clients.start(clinic=clinic, at=clock.now, **more), clock)


def trail(conversation_id: UUID) -> list[str]:
    """The actions on a conversation's chain, in order."""
    return list(
        Entry.objects.filter(stream__name=f"conversation:{conversation_id}")
        .order_by("seq")
        .values_list("action", flat=True)
    )
