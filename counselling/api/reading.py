"""What the API reads: one clinic's rows, filtered, a page at a time, in a fixed number of statements.

Reading a transcript, a list of conversations or the trail is itself recorded, in the transaction of the read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit import selectors
from audit.models import Checkpoint
from audit.trail import Event, clinic_stream, record
from counselling import care_pages, shifts
from counselling.api.pagination import Page, page
from counselling.models import Review, Takeover
from triage.access import UnknownConversation, access_conversation
from triage.models import Alert, AlertState, Conversation, Screening
from triage.trail import record_in
from triage.transcripts import Line, lines_after

WHERE = "api"


def list_conversations(*, member: Membership, wanted: Mapping[str, Any], at: datetime) -> Page:
    """A page of the clinic's conversations. Which ones were shown is recorded. Raises NotPermitted and BadCursor."""
    require(member, Action.VIEW_TRANSCRIPT)
    with transaction.atomic(durable=True):
        rows = _narrowed(_conversations(member), wanted, moment="started_at", exact=("state", "level", "holder"))
        if wanted.get("rehearsal") is not None:
            rows = rows.filter(is_rehearsal=wanted["rehearsal"])
        if "changed_since" in wanted:
            rows = rows.filter(changed_at__gte=wanted["changed_since"])
        shown = _page(_with_alert(rows, wanted.get("alert", "")), wanted)
        detail = {"where": WHERE, "conversations": [str(one.pk) for one in shown.results]}
        listed = Event("transcript.listed", agent_of(member), "clinic", str(member.clinic_id), detail=detail)
        record(clinic_stream(member.clinic_id), listed, at=at)
    return shown


def find_conversation(*, member: Membership, conversation_id: UUID) -> Conversation:
    """One conversation without its words. Raises NotPermitted and UnknownConversation."""
    require(member, Action.VIEW_TRANSCRIPT)
    conversation = _conversations(member).filter(pk=conversation_id).first()
    if conversation is None:
        raise UnknownConversation(str(conversation_id))
    return conversation


def read_transcript(
    *, member: Membership, conversation_id: UUID, after: int, limit: int, at: datetime
) -> tuple[Conversation, list[Line]]:
    """The lines above `after`. The view is recorded with it. Raises NotPermitted and UnknownConversation."""
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.VIEW_TRANSCRIPT)
        lines = lines_after(conversation, after, limit=limit, with_assessments=True)
        detail = {"from_seq": after, "to_seq": lines[-1].seq if lines else after, "where": WHERE}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    return conversation, lines


def list_alerts(*, member: Membership, wanted: Mapping[str, Any]) -> Page:
    """A page of the clinic's alerts. Raises NotPermitted and BadCursor."""
    require(member, Action.VIEW_TRANSCRIPT)
    rows = Alert.objects.filter(clinic_id=member.clinic_id)
    rows = rows.select_related("acknowledged_by__user", "resolved_by__user")
    return _page(_narrowed(rows, wanted, moment="raised_at", exact=("state", "kind", "level", "conversation")), wanted)


def list_takeovers(*, member: Membership, wanted: Mapping[str, Any]) -> Page:
    """A page of the clinic's takeovers. Raises NotPermitted and BadCursor."""
    require(member, Action.VIEW_TRANSCRIPT)
    rows = Takeover.objects.filter(conversation__clinic_id=member.clinic_id).select_related("counsellor__user")
    if wanted.get("open") is not None:
        rows = rows.filter(ended_at__isnull=wanted["open"])
    return _page(_narrowed(rows, wanted, moment="started_at", exact=("conversation", "counsellor")), wanted)


def list_on_shift(*, member: Membership) -> list[Membership]:
    """The members of the clinic who are on shift. Raises NotPermitted."""
    require(member, Action.VIEW_DESK)
    return shifts.members_on_shift(member.clinic_id)


def list_reviews(*, member: Membership, wanted: Mapping[str, Any]) -> Page:
    """A page of the clinic's reviews, without their notes. Raises NotPermitted and BadCursor."""
    require(member, Action.REVIEW)
    rows = Review.objects.filter(conversation__clinic_id=member.clinic_id).select_related("reviewer__user")
    return _page(_narrowed(rows, wanted, moment="reviewed_at", exact=("conversation", "verdict")), wanted)


def list_screenings(*, member: Membership, client_id: UUID, wanted: Mapping[str, Any], at: datetime) -> Page:
    """A page of a client's screenings, without the answers; which ones were shown is recorded.

    Raises NotPermitted, care_pages.UnknownClient and BadCursor.
    """
    require(member, Action.CARE)
    with transaction.atomic(durable=True):
        client = care_pages.client_of(member, client_id)
        rows = care_pages.with_counts(Screening.objects.filter(client=client))
        shown = _page(_narrowed(rows, wanted, moment="started_at", exact=("instrument", "state")), wanted)
        care_pages.record_listed(member, client, shown.results, where=WHERE, at=at)
    return shown


def list_entries(*, member: Membership, wanted: Mapping[str, Any], at: datetime) -> selectors.Page:
    """A page of the clinic's audit entries, newest first; reading them is recorded.

    Raises NotPermitted, UnknownConversation and BadCursor.
    """
    require(member, Action.VIEW_AUDIT)
    conversation_id = wanted.get("conversation")
    filters = selectors.Filters(
        actions=(wanted["action"],) if "action" in wanted else (),
        agent_kind=wanted.get("agent_kind", ""),
        agent_id=wanted.get("agent", ""),
        outcome=wanted.get("outcome", ""),
        conversation_id=conversation_id,
        since=wanted.get("since"),
        until=wanted.get("until"),
    )
    with transaction.atomic(durable=True):
        if conversation_id is not None:
            access_conversation(member, conversation_id, to=Action.VIEW_AUDIT)
        shown = selectors.entries_of_clinic(
            clinic_id=member.clinic_id, filters=filters, cursor=wanted["cursor"], size=wanted["limit"]
        )
        detail = {"where": WHERE, "count": len(shown.entries), "conversation": str(conversation_id or "")}
        viewed = Event("audit.viewed", agent_of(member), "clinic", str(member.clinic_id), detail=detail)
        record(clinic_stream(member.clinic_id), viewed, at=at)
    return shown


def list_checkpoints(*, member: Membership, before: int | None, limit: int) -> list[Checkpoint]:
    """Signed checkpoints, newest first. Raises NotPermitted."""
    require(member, Action.VIEW_AUDIT)
    rows = Checkpoint.objects.order_by("-number")
    return list((rows.filter(number__lt=before) if before is not None else rows)[:limit])


def _conversations(member: Membership) -> QuerySet[Conversation]:
    unresolved = Alert.objects.exclude(state=AlertState.RESOLVED).select_related("acknowledged_by__user")
    rows = Conversation.objects.filter(clinic_id=member.clinic_id).select_related("client", "holder__user")
    return rows.prefetch_related(Prefetch("alerts", queryset=unresolved, to_attr="unresolved_alerts"))


def _with_alert(rows: QuerySet[Conversation], alert: str) -> QuerySet[Conversation]:
    of_it = Alert.objects.filter(conversation_id=OuterRef("pk"))
    if alert == "none":
        return rows.filter(~Exists(of_it.exclude(state=AlertState.RESOLVED)))
    return rows.filter(Exists(of_it.filter(state=alert))) if alert else rows


def _narrowed(rows: QuerySet[Any], wanted: Mapping[str, Any], *, moment: str, exact: tuple[str, ...]) -> QuerySet[Any]:
    rows = rows.filter(**{name: wanted[name] for name in exact if name in wanted})
    if "since" in wanted:
        rows = rows.filter(**{f"{moment}__gte": wanted["since"]})
    if "until" in wanted:
        rows = rows.filter(**{f"{moment}__lt": wanted["until"]})
    return rows


def _page(rows: QuerySet[Any], wanted: Mapping[str, Any]) -> Page:
    return page(rows, order=wanted["order"], cursor=wanted["cursor"], size=wanted["limit"])
