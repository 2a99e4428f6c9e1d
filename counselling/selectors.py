"""What the review pages read: a clinic's conversations, and one conversation with everything that happened in it.

Both readings are recorded in the transaction of the read, and take a fixed number of statements.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit import selectors as trail
from audit.models import Entry
from audit.trail import Event, clinic_stream, record
from counselling.models import Review, Takeover
from counselling.reviews import note_place
from counselling.timeline import Item, build, line_seq
from triage.access import access_conversation
from triage.models import Alert, AlertState, Conversation, RiskAssessment
from triage.policy import URGENCY, AlertKind
from triage.sealing import Seal, Unreadable
from triage.trail import record_in
from triage.transcripts import ERASED, UNREADABLE, lines_after, tell_unreadable

PAGE_SIZE = 25
ENTRIES_A_PAGE = 400
WHERE = "review"
ORDERS = {
    "newest": ("-started_at", "-pk"),
    "oldest": ("started_at", "pk"),
    "longest": ("-last_seq", "-pk"),
}
_LEVELS = {urgency: level for level, urgency in URGENCY.items()}
# What a transcript page shows, named in the trail (AUD-2).
_FIELDS = ["text", "levels", "reasons", "alerts", "takeovers", "reviews"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list. Empty means: do not narrow by this."""

    state: str = ""
    level: str = ""
    alert: str = ""
    takeover: str = ""
    review: str = ""
    counsellor: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    rehearsal: str = ""
    order: str = "newest"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of conversations and how many there are in all."""

    conversations: Sequence[Conversation]
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """The place of the first conversation shown, counted from 1; 0 when there is none."""
        return (self.page - 1) * PAGE_SIZE + 1 if self.conversations else 0

    @property
    def last(self) -> int:
        """The place of the last conversation shown."""
        return self.first + len(self.conversations) - 1 if self.conversations else 0


@dataclass(frozen=True, slots=True)
class ReadReview:
    """A review with its note in clear text."""

    review: Review
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One conversation as a reviewer reads it. `erased` says that its text is gone for good."""

    conversation: Conversation
    items: Sequence[Item]
    entries: Sequence[Entry]
    names: dict[str, str]
    reviews: Sequence[ReadReview]
    takeovers: Sequence[Takeover]
    next_cursor: str
    next_line: int
    erased: bool


def list_conversations(*, member: Membership, wanted: Wanted, at: datetime) -> Listing:
    """A page of the clinic's conversations; which ones were shown is recorded. Raises NotPermitted."""
    require(member, Action.REVIEW)
    with transaction.atomic(durable=True):
        rows = _narrowed(Conversation.objects.filter(clinic_id=member.clinic_id), wanted)
        total = rows.count()
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(1, wanted.page), pages)
        start = (page - 1) * PAGE_SIZE
        shown = list(_described(rows).order_by(*ORDERS[wanted.order])[start : start + PAGE_SIZE])
        for row in shown:
            row.reached_level = _LEVELS[row.reached]  # type: ignore[attr-defined]
        detail = {"where": WHERE, "conversations": [str(row.pk) for row in shown]}
        listed = Event("transcript.listed", agent_of(member), "clinic", str(member.clinic_id), detail=detail)
        record(clinic_stream(member.clinic_id), listed, at=at)
    return Listing(shown, total, page, pages)


def counsellors(clinic_id: UUID) -> list[tuple[str, str]]:
    """Everybody who ever took a conversation over in the clinic, for a filter's list: (id, name)."""
    rows = Membership.objects.filter(clinic_id=clinic_id, takeovers__isnull=False).select_related("user")
    return [(str(row.pk), row.user.name) for row in rows.order_by("user__name", "pk").distinct()]


def read_conversation(
    *, member: Membership, conversation_id: UUID, at: datetime, cursor: str = "", after: int = 0
) -> Reading:
    """A page of a conversation's time line from `cursor` and line `after` on; the view is recorded with it.

    Raises access.UnknownConversation (another clinic's conversation included), NotPermitted and audit's BadCursor.
    """
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.REVIEW)
        page = trail.entries_of_conversation(
            clinic_id=conversation.clinic_id, conversation_id=conversation.pk, cursor=cursor, size=ENTRIES_A_PAGE
        )
        # The last page takes every line that is left, so that one without an entry is never left out.
        upto = conversation.last_seq
        if page.next_cursor:
            upto = max((seq for entry in page.entries if (seq := line_seq(entry)) is not None), default=after)
        count = max(0, upto - after)
        lines = lines_after(conversation, after, limit=count, with_assessments=True) if count else []
        names = _names(conversation.clinic_id, page.entries)
        reviews, erased = _reviews(conversation)
        takeovers = list(conversation.takeovers.select_related("counsellor__user").order_by("started_at"))
        detail = {"where": WHERE, "from_seq": after, "to_seq": upto, "entries": len(page.entries), "fields": _FIELDS}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    return Reading(
        conversation=conversation,
        items=build(page.entries, lines, names),
        entries=page.entries,
        names=names,
        reviews=reviews,
        takeovers=takeovers,
        next_cursor=page.next_cursor,
        next_line=upto,
        erased=erased,
    )


def _names(clinic_id: UUID, entries: Iterable[Entry]) -> dict[str, str]:
    """Member id -> name of everybody who acted, in one read."""
    ids = {entry.agent_id for entry in entries if entry.agent_kind == "human" and entry.agent_id}
    rows = Membership.objects.filter(clinic_id=clinic_id, pk__in=ids).select_related("user")
    return {str(row.pk): row.user.name for row in rows}


def _reviews(conversation: Conversation) -> tuple[list[ReadReview], bool]:
    """The reviews, newest first, with their notes; and whether the conversation's key was destroyed."""
    rows = conversation.reviews.select_related("reviewer__user").order_by("-reviewed_at")
    try:
        seal = Seal(conversation.pk, conversation.message_key)
    except Unreadable:
        erased = conversation.message_key is None
        return [ReadReview(row, ERASED if erased else UNREADABLE) for row in rows], erased
    return [ReadReview(row, _note_of(row, seal)) for row in rows], False


def _note_of(review: Review, seal: Seal) -> str:
    place = note_place(review.pk)
    try:
        return seal.open(review.sealed_note, place=place)
    except Unreadable:  # one altered note must not hide the conversation from its reviewers
        tell_unreadable(review.conversation_id, place)
        return UNREADABLE


def _described(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """With all that a row of the list shows: the highest level reached, alerts, takeovers, the last verdict."""
    alerts = Alert.objects.filter(conversation_id=OuterRef("pk")).order_by().values("conversation_id")
    last = Review.objects.filter(conversation_id=OuterRef("pk")).order_by("-reviewed_at")
    periods = Takeover.objects.select_related("counsellor__user").order_by("started_at")
    return (
        rows.select_related("client", "holder__user")
        .annotate(
            reached=Coalesce(Subquery(_reached()[:1]), Value(0)),
            alert_count=Coalesce(Subquery(alerts.annotate(count=Count("pk")).values("count")), Value(0)),
            open_alert=Exists(_alerts().exclude(state=AlertState.RESOLVED)),
            verdict=Coalesce(Subquery(last.values("verdict")[:1]), Value("")),
        )
        .prefetch_related(Prefetch("takeovers", queryset=periods, to_attr="periods"))
    )


def _reached() -> QuerySet[Any]:
    """The highest urgency that any message of the outer conversation was assessed at."""
    urgency = Case(
        *(When(level=level, then=Value(value)) for level, value in URGENCY.items()),
        default=Value(0),
        output_field=IntegerField(),
    )
    rows = RiskAssessment.objects.filter(message__conversation_id=OuterRef("pk"))
    return rows.annotate(urgency=urgency).order_by("-urgency").values("urgency")


def _alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(conversation_id=OuterRef("pk"))


def _narrowed(rows: QuerySet[Conversation], wanted: Wanted) -> QuerySet[Conversation]:
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.since:
        rows = rows.filter(started_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(started_at__lt=wanted.until)
    if wanted.rehearsal != "all":
        rows = rows.filter(is_rehearsal=wanted.rehearsal == "only")
    if wanted.level:
        assessed = RiskAssessment.objects.filter(
            message__conversation_id=OuterRef("pk"), level__in=_levels_from(wanted.level)
        )
        rows = rows.filter(Exists(assessed))
    return _narrowed_by_people(rows, wanted)


def _narrowed_by_people(rows: QuerySet[Conversation], wanted: Wanted) -> QuerySet[Conversation]:
    periods = Takeover.objects.filter(conversation_id=OuterRef("pk"))
    reviews = Review.objects.filter(conversation_id=OuterRef("pk"))
    last_verdict = Subquery(reviews.order_by("-reviewed_at").values("verdict")[:1])
    if wanted.alert == "open":
        rows = rows.filter(Exists(_alerts().exclude(state=AlertState.RESOLVED)))
    elif wanted.alert == "screening":
        rows = rows.filter(Exists(_alerts().filter(kind=AlertKind.SCREENING)))
    elif wanted.alert:
        rows = rows.filter(Exists(_alerts()) if wanted.alert == "yes" else ~Exists(_alerts()))
    if wanted.takeover:
        rows = rows.filter(Exists(periods) if wanted.takeover == "yes" else ~Exists(periods))
    if wanted.counsellor:
        rows = rows.filter(Exists(periods.filter(counsellor_id=wanted.counsellor)))
    if wanted.review in ("yes", "no"):
        rows = rows.filter(Exists(reviews) if wanted.review == "yes" else ~Exists(reviews))
    elif wanted.review:
        rows = rows.alias(last_verdict=last_verdict).filter(last_verdict=wanted.review)
    return rows


def _levels_from(level: str) -> list[str]:
    """`level` and everything above it on the scale; an unscored message is asked for by its own name only."""
    if level == "unscored":
        return [level]
    return [one for one, urgency in URGENCY.items() if urgency >= URGENCY[level] and one != "unscored"]
