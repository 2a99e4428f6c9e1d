"""What the desk shows: the clinic's open conversations in order, with alert and holder, in a fixed number of reads."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event
from counselling import shifts
from triage import mine
from triage.access import access_conversation
from triage.models import Alert, AlertState, Conversation, RiskAssessment, ScoringSwitch
from triage.rows import fetch
from triage.sealing import Seal, Unreadable
from triage.states import State
from triage.switches import scoring_in
from triage.trail import record_in
from triage.transcripts import Line, lines_after, open_reasons, telling

QUEUE_LIMIT = 500


def queue(member: Membership) -> dict[str, Any]:
    """The whole queue in order: urgency first, then the longest wait; with those on shift."""
    require(member, Action.VIEW_DESK)
    rows = Conversation.objects.filter(clinic_id=member.clinic_id).exclude(state=State.CLOSED)
    rows = rows.select_related("client", "holder__user")
    rows = rows.order_by("-urgency", F("waiting_since").asc(nulls_last=True), "last_message_at")[:QUEUE_LIMIT]
    people = shifts.members_on_shift(member.clinic_id)
    return {
        "conversations": cards(list(rows)),
        "on_shift": [{"id": str(one.pk), "name": one.user.name, "role": one.get_role_display()} for one in people],
        "scoring": str(scoring_in(member.clinic_id).kind),
    }


# No row may be passed over because another one carries a later time: turns commit in another order than their clocks
# say. So each row that the desk shows is hashed as it stands, and the sum does not depend on their order.
_FINGERPRINT = """
    SELECT count(*), coalesce(sum(hashtextextended(shown, 0)), 0) FROM (
        SELECT ROW(id, state, holder_id, urgency, level, last_seq, waiting_since, changed_at)::text AS shown
        FROM triage_conversation WHERE clinic_id = %s AND state <> 'closed'
        UNION ALL
        SELECT ROW(id, state, kind, level, message_seq, raised_at, acknowledged_by_id, escalation_step)::text
        FROM triage_alert WHERE clinic_id = %s AND state <> 'resolved'
        UNION ALL
        SELECT ROW(id, member_id)::text FROM counselling_shift WHERE clinic_id = %s AND ended_at IS NULL
        UNION ALL
        SELECT ROW(id, mode)::text FROM triage_scoringswitch
        WHERE switched_on_at IS NULL AND (clinic_id = %s OR scope = 'everywhere')
    ) AS row
"""


def fingerprint(clinic_id: UUID) -> str:
    """How the clinic's queue stands, in a few characters and one statement; a desk that missed a bell notices by it."""
    [(count, total)] = fetch(_FINGERPRINT, [clinic_id] * 4)
    return f"{count}:{total}"


def cards(conversations: Iterable[Conversation]) -> list[dict[str, Any]]:
    """One card a conversation. Five reads, however many conversations."""
    conversations = list(conversations)
    ids = [conversation.pk for conversation in conversations]
    open_alerts = Alert.objects.filter(conversation_id__in=ids).exclude(state=AlertState.RESOLVED)
    alerts = {alert.conversation_id: alert for alert in open_alerts.select_related("acknowledged_by__user")}
    assessed = RiskAssessment.objects.filter(
        message__conversation__alerts__in=[alert.pk for alert in alerts.values()],
        message__seq=F("message__conversation__alerts__message_seq"),
    ).annotate(conversation_id=F("message__conversation_id"), seq=F("message__seq"))
    reasons = {assessment.conversation_id: assessment for assessment in assessed}
    switched_off = ScoringSwitch.objects.filter(conversation_id__in=ids, switched_on_at=None)
    modes = dict(switched_off.values_list("conversation_id", "mode"))
    wishes = mine.wishes_of({conversation.client_id for conversation in conversations})
    return [
        _card(one, alerts.get(one.pk), reasons.get(one.pk))
        | {"scoring_off": modes.get(one.pk)}
        | _wishes(wishes.get(one.client_id))
        for one in conversations
    ]


def _wishes(wishes: mine.Wishes | None) -> dict[str, Any]:
    if wishes is None:
        return {"called": "", "wishes": []}
    told = {"no_breath": wishes.no_breath, "no_religion": wishes.no_religion}
    return {"called": wishes.name, "wishes": [name for name, is_wished in told.items() if is_wished]}


def _card(conversation: Conversation, alert: Alert | None, assessment: Any) -> dict[str, Any]:
    return {
        "id": str(conversation.pk),
        "client": str(conversation.client_id),
        "pseudonym": conversation.client.pseudonym,
        "state": conversation.state,
        "level": conversation.level,
        "urgency": conversation.urgency,
        "waiting_since": _iso(conversation.waiting_since),
        "started_at": _iso(conversation.started_at),
        "last_message_at": _iso(conversation.last_message_at),
        "last_seq": conversation.last_seq,
        "holder": _holder(conversation.holder),
        "rehearsal": conversation.is_rehearsal,
        "alert": _alert(conversation, alert, assessment) if alert else None,
    }


def _holder(holder: Membership | None) -> dict[str, str] | None:
    return {"id": str(holder.pk), "name": holder.user.name} if holder else None


def _alert(conversation: Conversation, alert: Alert, assessment: Any) -> dict[str, Any]:
    card: dict[str, Any] = {
        "id": str(alert.pk),
        "kind": alert.kind,
        "level": alert.level,
        "state": alert.state,
        "raised_at": _iso(alert.raised_at),
        "reasons": _reasons(conversation, assessment),
        "escalation_step": alert.escalation_step,
    }
    if alert.acknowledged_by is not None:
        card["acknowledged_by"] = alert.acknowledged_by.user.name
    return card


def _reasons(conversation: Conversation, assessment: Any) -> list[str]:
    if assessment is None:
        return []
    try:
        seal = Seal(conversation.pk, conversation.message_key)
    except Unreadable:
        return []
    reasons = open_reasons(assessment, conversation.pk, assessment.seq, seal)
    words = [str(reason.get("quote") or reason["text"]) for reason in telling(reasons)]
    words += [str(reason["text"]) for reason in reasons if reason.get("kind") == "course"]
    return list(dict.fromkeys(words))[:3]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def open_transcript(
    *, member: Membership, conversation_id: UUID, after: int, at: datetime
) -> tuple[Conversation, list[Line]]:
    """The lines above `after`, for a member who opens the conversation. The view is recorded with it."""
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.VIEW_TRANSCRIPT)
        lines = lines_after(conversation, after, with_assessments=True)
        detail = {"from_seq": after, "to_seq": lines[-1].seq if lines else after, "where": "desk"}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    return conversation, lines


def follow(*, member: Membership, conversation_id: UUID, after: int) -> tuple[Conversation, list[Line]]:
    """The lines above `after` of a conversation that the member has opened before (and whose opening is recorded)."""
    conversation = access_conversation(member, conversation_id, to=Action.VIEW_TRANSCRIPT)
    return conversation, lines_after(conversation, after, with_assessments=True)
