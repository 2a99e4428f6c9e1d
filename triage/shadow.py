"""What would be different with a setup that scores in shadow: alerts gained and lost, earlier and later."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event
from triage.access import access_conversation
from triage.models import Client, Conversation, Message, RiskAssessment, ScoringSetup, ShadowScore
from triage.policy import URGENCY, is_concern
from triage.rows import fetch
from triage.setups import UnknownSetup
from triage.trail import record_in
from triage.transcripts import lines_after

PAGE = 50
_ALERTING = [level for level in URGENCY if is_concern(level)]


class Change(StrEnum):
    """What becomes of a conversation's first alert. The order is that of the list: what is lost comes first."""

    LOST = "lost"
    LATER = "later"
    EARLIER = "earlier"
    GAINED = "gained"


class UnknownChange(ValueError):
    """The change is none of `Change`."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Conversations by what becomes of their first alert, among the messages that both setups scored.

    `same` alert at the same message, `quiet` in neither; `rehearsals` are how many of all were rehearsals.
    """

    lost: int = 0
    later: int = 0
    earlier: int = 0
    gained: int = 0
    same: int = 0
    quiet: int = 0
    rehearsals: int = 0
    messages: int = 0

    @property
    def conversations(self) -> int:
        """How many conversations were compared."""
        return self.lost + self.later + self.earlier + self.gained + self.same + self.quiet


@dataclass(frozen=True, slots=True)
class Difference:
    """A conversation whose first alert would change. At the message `seq` one setup alerts first: `old` and `new` are
    the levels that the setup in force and the candidate gave it."""

    conversation_id: UUID
    pseudonym: str
    change: Change
    seq: int
    old: str
    new: str
    is_rehearsal: bool


@dataclass(frozen=True, slots=True)
class DifferenceWithText:
    """A difference with the client's words."""

    difference: Difference
    text: str


_CHANGES = f"""
    WITH scored AS (
        SELECT m.conversation_id, m.seq, r.level AS old, s.level AS new FROM "{ShadowScore._meta.db_table}" AS s
        JOIN "{Message._meta.db_table}" AS m ON m.id = s.message_id
        JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
        WHERE s.setup_id = %s
    ), first AS (
        SELECT conversation_id, count(*) AS messages, min(seq) FILTER (WHERE old = ANY(%s)) AS by_old,
            min(seq) FILTER (WHERE new = ANY(%s)) AS by_new
        FROM scored GROUP BY conversation_id
    ), changes AS (
        SELECT conversation_id, messages, CASE
            WHEN by_old IS NULL AND by_new IS NULL THEN 'quiet' WHEN by_old IS NULL THEN 'gained'
            WHEN by_new IS NULL THEN 'lost' WHEN by_new < by_old THEN 'earlier' WHEN by_new > by_old THEN 'later'
            ELSE 'same' END AS change, least(by_old, by_new) AS seq
        FROM first
    )
"""  # noqa: S608 - table names of our own models
_COUNTS = f"""{_CHANGES}
    SELECT change, count(*), count(*) FILTER (WHERE c.is_rehearsal), sum(messages)::bigint FROM changes
    JOIN "{Conversation._meta.db_table}" AS c ON c.id = conversation_id GROUP BY change
"""  # noqa: S608 - as above
_DIFFERENCES = f"""{_CHANGES}
    SELECT conversation_id, p.pseudonym, change, seq, old, new, c.is_rehearsal FROM changes
    JOIN scored USING (conversation_id, seq)
    JOIN "{Conversation._meta.db_table}" AS c ON c.id = conversation_id
    JOIN "{Client._meta.db_table}" AS p ON p.id = c.client_id
    WHERE change = ANY(%s)
    ORDER BY array_position(%s::text[], change), c.started_at DESC, conversation_id LIMIT %s OFFSET %s
"""  # noqa: S608 - as above


def comparison(*, member: Membership, setup_id: UUID) -> Comparison:
    """What the setup would change. Raises setups.UnknownSetup and accounts.access.NotPermitted."""
    return compare(_setup(member, setup_id))


def differences(*, member: Membership, setup_id: UUID, page: int = 1, change: str = "") -> list[Difference]:
    """One page (`PAGE`, from 1) of the conversations whose first alert would change, lost ones first; no words.

    `change` narrows it to one of `Change`. Raises UnknownChange, setups.UnknownSetup and NotPermitted.
    """
    return list_differences(_setup(member, setup_id), page=page, change=change)


def read_differences(
    *, member: Membership, setup_id: UUID, at: datetime, page: int = 1, change: str = ""
) -> list[DifferenceWithText]:
    """The same with the words of each deciding message. That each was read is recorded in its conversation.

    Raises UnknownChange, setups.UnknownSetup and NotPermitted.
    """
    require(member, Action.VIEW_TRANSCRIPT)
    found = differences(member=member, setup_id=setup_id, page=page, change=change)
    return [DifferenceWithText(one, _read(member, one, setup_id, at=at)) for one in found]


def compare(setup: ScoringSetup) -> Comparison:
    """The counts for whoever runs the service; members ask `comparison`."""
    counts = {"rehearsals": 0, "messages": 0}
    for change, number, rehearsals, messages in fetch(_COUNTS, [setup.pk, _ALERTING, _ALERTING]):
        counts[change] = number
        counts["rehearsals"] += rehearsals
        counts["messages"] += messages
    return Comparison(**counts)


def list_differences(setup: ScoringSetup, *, page: int = 1, change: str = "") -> list[Difference]:
    """The list for whoever runs the service; members ask `differences`."""
    if change and change not in set(Change):
        raise UnknownChange(change)
    order = [str(one) for one in Change]
    wanted = [change] if change else order
    parameters = [setup.pk, _ALERTING, _ALERTING, wanted, order, PAGE, (max(page, 1) - 1) * PAGE]
    return [
        Difference(conversation_id, pseudonym, Change(kind), seq, old, new, is_rehearsal)
        for conversation_id, pseudonym, kind, seq, old, new, is_rehearsal in fetch(_DIFFERENCES, parameters)
    ]


def _setup(member: Membership, setup_id: UUID) -> ScoringSetup:
    require(member, Action.VIEW_MODEL)
    setup = ScoringSetup.objects.filter(pk=setup_id, clinic_id=member.clinic_id).first()
    if setup is None:
        raise UnknownSetup(str(setup_id))
    return setup


def _read(member: Membership, difference: Difference, setup_id: UUID, *, at: datetime) -> str:
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, difference.conversation_id, to=Action.VIEW_TRANSCRIPT)
        [line] = lines_after(conversation, difference.seq - 1, limit=1)
        detail = {"from_seq": line.seq - 1, "to_seq": line.seq, "where": "shadow", "setup": str(setup_id)}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    return line.text
