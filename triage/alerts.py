"""Calls for a person: raised by a message, acknowledged and resolved by people, never closed by a score or a denial."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.access import require
from accounts.models import Membership, default_escalation_seconds
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Agent, Event
from triage import locking, publishing
from triage.models import Alert, AlertState, Conversation, Resolution
from triage.policy import URGENCY, AlertKind
from triage.states import State
from triage.trail import record_in

# How long "I act" keeps the ladder quiet while nobody has taken the conversation over.
ACKNOWLEDGED_FOR = timedelta(minutes=5)


class UnknownAlert(Exception):
    """There is no such alert in the member's clinic."""


class AlreadyResolved(Exception):
    """The alert was resolved before; the first resolution stands."""


class AlertRose(Exception):
    """The alert was raised again after the person looked; they must look once more."""


class UnknownResolution(Exception):
    """The resolution is none of the fixed reasons."""


def unresolved(conversation: Conversation) -> Alert | None:
    """The conversation's open or acknowledged alert, if any. The caller holds the conversation's lock."""
    return Alert.objects.filter(conversation_id=conversation.pk).exclude(state=AlertState.RESOLVED).first()


def raise_alert(
    conversation: Conversation, alert: Alert | None, *, kind: AlertKind, level: str, seq: int, at: datetime
) -> tuple[Alert, Event]:
    """Raise an alert for line `seq`, or raise the unresolved one again; its level only rises.

    The caller holds the conversation's lock and records the event. Of an acknowledged alert the ladder starts anew:
    whoever saw it has not seen this. Of an open one it goes on, so that a rise never postpones the next call.
    """
    again = alert is not None
    alert = alert or Alert(conversation=conversation, clinic_id=conversation.clinic_id, urgency=0)
    if not again or URGENCY[level] > alert.urgency:
        alert.kind, alert.level, alert.urgency, alert.message_seq = kind, level, URGENCY[level], seq
    due = first_escalation(conversation, at=at)
    if again and alert.state == AlertState.OPEN and alert.escalate_at is not None:
        due = min(due, alert.escalate_at)
    else:
        alert.escalation_step = 0
    alert.state, alert.raised_at, alert.escalate_at = AlertState.OPEN, at, due
    alert.acknowledged_by, alert.acknowledged_at = None, None
    alert.save(force_insert=not again)
    detail = {"seq": seq, "kind": alert.kind, "level": alert.level}
    action = "alert.raised_again" if again else "alert.raised"
    return alert, Event(action, Agent("system", "policy"), "alert", str(alert.pk), detail=detail)


def first_escalation(conversation: Conversation, *, at: datetime) -> datetime:
    """When the first step of the clinic's ladder is due. A clinic without a ladder has one all the same (CRI-5)."""
    seconds = conversation.clinic.escalation_seconds or default_escalation_seconds()
    return at + timedelta(seconds=seconds[0])


def mark_acknowledged(alert: Alert, member: Membership, *, at: datetime, until: datetime | None = None) -> Event:
    """Note that `member` has the alert in hand. The caller holds the conversation's lock and records the event.

    `until` is when the ladder looks again whether somebody took over; None when somebody has.
    """
    alert.state, alert.acknowledged_by, alert.acknowledged_at = AlertState.ACKNOWLEDGED, member, at
    alert.escalate_at = until
    alert.save(update_fields=["state", "acknowledged_by", "acknowledged_at", "escalate_at"])
    return Event("alert.acknowledged", agent_of(member), "alert", str(alert.pk), detail={"level": alert.level})


def acknowledge(*, member: Membership, alert_id: UUID, at: datetime, seen: datetime | None = None) -> Alert:
    """Say "I have seen this and I act". A second acknowledgement changes nothing and returns it.

    The ladder rests for `ACKNOWLEDGED_FOR`; if the client then still waits, it calls again. `seen` is the `raised_at`
    that was on the screen: raises AlertRose if the alert was raised again since.
    """
    require(member, Action.ACKNOWLEDGE_ALERT)
    with transaction.atomic(durable=True):
        conversation, alert = _locked_alert(member, alert_id, seen)
        if alert.state == AlertState.OPEN:
            until = at + ACKNOWLEDGED_FOR if conversation.state == State.WAITING else None
            record_in(conversation, mark_acknowledged(alert, member, at=at, until=until), at=at)
            publishing.ring_conversation(conversation, urgent=True)
    return alert


def resolve(
    *, member: Membership, alert_id: UUID, resolution: str, at: datetime, seen: datetime | None = None
) -> Alert:
    """Close an alert with one of the fixed reasons. Only here, by a named person, does a conversation's level fall.

    `seen` as for `acknowledge`: nobody can resolve what they have not seen.
    """
    require(member, Action.RESOLVE_ALERT)
    if resolution not in Resolution.values:
        raise UnknownResolution(resolution)
    with transaction.atomic(durable=True):
        conversation, alert = _locked_alert(member, alert_id, seen)
        alert.state, alert.resolution, alert.escalate_at = AlertState.RESOLVED, resolution, None
        alert.resolved_by, alert.resolved_at = member, at
        alert.save(update_fields=["state", "resolution", "escalate_at", "resolved_by", "resolved_at"])
        detail = {"resolution": resolution, "level_before": conversation.level}
        conversation.level, conversation.urgency, conversation.changed_at = "none", 0, at
        conversation.save(update_fields=["level", "urgency", "changed_at"])
        record_in(conversation, Event("alert.resolved", agent_of(member), "alert", str(alert.pk), detail=detail), at=at)
        publishing.ring_conversation(conversation, urgent=True)
    return alert


def _locked_alert(member: Membership, alert_id: UUID, seen: datetime | None) -> tuple[Conversation, Alert]:
    """Lock the alert's conversation first (the one order), then read the alert as it stands under that lock.

    Raises UnknownAlert, AlreadyResolved, and AlertRose when it was raised after what the person has `seen`.
    """
    place = Alert.objects.filter(pk=alert_id, clinic_id=member.clinic_id).values_list("conversation_id").first()
    if place is None:
        raise UnknownAlert(str(alert_id))
    conversation = locking.locked(place[0])
    alert = Alert.objects.get(pk=alert_id)
    if alert.state == AlertState.RESOLVED:
        raise AlreadyResolved(str(alert_id))
    if seen is not None and alert.raised_at > seen:
        raise AlertRose(str(alert_id))
    return conversation, alert
