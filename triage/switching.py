"""Switching scoring off and on again: for one conversation, for a clinic, or for the whole service (EU-5)."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from accounts.access import NotPermitted, recheck, require
from accounts.models import Clinic, Membership
from accounts.permissions import Action
from accounts.trail import OPERATOR, agent_of
from audit.trail import SERVICE_STREAM, Event, clinic_stream, record
from triage import switches
from triage.access import access_conversation
from triage.locking import locked
from triage.models import Conversation, ScoringSwitch, SwitchMode, SwitchScope
from triage.trail import record_in

logger = logging.getLogger(__name__)


class NotSwitchedOff(Exception):
    """Scoring is not switched off there. What is switched off more widely is switched on again more widely."""


class UnknownMode(ValueError):
    """The mode is none of `SwitchMode`."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What is asked for, by whom (None is whoever runs the service)."""

    off: bool
    member: Membership | None
    at: datetime
    mode: str = ""

    def __post_init__(self) -> None:
        if self.mode and self.mode not in SwitchMode.values:
            raise UnknownMode(self.mode)


def switch_off(
    *, member: Membership, at: datetime, conversation_id: UUID | None = None, mode: str = ""
) -> ScoringSwitch:
    """Switch scoring off in one conversation of the member's clinic, or in the whole clinic, from the next message on.

    Without `mode` what the clinic has chosen holds. Switched off already in that mode, nothing changes; in the other
    mode, the new one holds. Raises UnknownMode, access.UnknownConversation and accounts.access.NotPermitted.
    """
    return _by_member(member, conversation_id, _Order(True, member, at, mode))


def switch_on(*, member: Membership, at: datetime, conversation_id: UUID | None = None) -> ScoringSwitch:
    """Score again in the conversation, or in the clinic. Whoever switched it off, another member may switch it on.

    Raises NotSwitchedOff, access.UnknownConversation and accounts.access.NotPermitted.
    """
    return _by_member(member, conversation_id, _Order(False, member, at))


def switch_off_by_command(
    *, at: datetime, clinic: Clinic | None = None, conversation_id: UUID | None = None, mode: str = ""
) -> ScoringSwitch:
    """The same for whoever runs the service; with neither clinic nor conversation everywhere.

    Everywhere without `mode` means in each clinic what it has chosen. Raises UnknownMode and
    locking.UnknownConversation.
    """
    return _by_command(clinic, conversation_id, _Order(True, None, at, mode))


def switch_on_by_command(
    *, at: datetime, clinic: Clinic | None = None, conversation_id: UUID | None = None
) -> ScoringSwitch:
    """The same the other way. Raises NotSwitchedOff and locking.UnknownConversation."""
    return _by_command(clinic, conversation_id, _Order(False, None, at))


def choose_mode(*, member: Membership, mode: str, at: datetime) -> None:
    """Choose what happens with the clinic's messages when scoring is switched off next; an open switch stays as it is.

    Raises UnknownMode and accounts.access.NotPermitted.
    """
    if mode not in SwitchMode.values:
        raise UnknownMode(mode)
    with transaction.atomic(durable=True):
        clinic = locked_clinic(member, Action.MANAGE_MODEL)
        if clinic.switch_off_mode != mode:
            clinic.switch_off_mode = mode
            clinic.save(update_fields=["switch_off_mode"])
            detail = {"fields": ["switch_off_mode"], "switch_off_mode": mode}
            event = Event("clinic.settings_changed", agent_of(member), "clinic", str(clinic.pk), detail=detail)
            record(clinic_stream(clinic.pk), event, at=at)
        transaction.on_commit(partial(switches.forget, clinic.pk))


def open_switches(clinic_id: UUID) -> list[ScoringSwitch]:
    """What is switched off in the clinic right now, the widest first: the service, the clinic, conversations."""
    rows = ScoringSwitch.objects.filter(switched_on_at=None).select_related("switched_off_by__user", "conversation")
    wide = list(rows.filter(scope=SwitchScope.EVERYWHERE))
    own = rows.filter(clinic_id=clinic_id).order_by("switched_off_at")
    return wide + sorted(own, key=lambda one: one.scope != SwitchScope.CLINIC)


def locked_clinic(member: Membership, action: Action) -> Clinic:
    """The member's clinic, locked; the member is asked again under the lock, who may just have been demoted."""
    require(member, action)
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=member.clinic_id)
    now = recheck(member.pk)
    if now is None:
        raise NotPermitted(member, action)
    require(now, action)
    return clinic


def _by_member(member: Membership, conversation_id: UUID | None, order: _Order) -> ScoringSwitch:
    require(member, Action.SWITCH_SCORING)
    with transaction.atomic(durable=True):
        if conversation_id is None:
            return _in_clinic(locked_clinic(member, Action.SWITCH_SCORING), order)
        conversation = access_conversation(member, conversation_id, to=Action.SWITCH_SCORING, lock=True)
        return _in_conversation(conversation, order)


def _by_command(clinic: Clinic | None, conversation_id: UUID | None, order: _Order) -> ScoringSwitch:
    if conversation_id is not None:
        with transaction.atomic(durable=True):
            return _in_conversation(locked(conversation_id), order)
    if clinic is None:
        return _everywhere(order)
    with transaction.atomic(durable=True):
        return _in_clinic(Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk), order)


def _everywhere(order: _Order) -> ScoringSwitch:
    """The switch comes first, in a transaction of its own: it must not wait for the trails of busy clinics."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # No row stands for "everywhere", so two at once wait for each other here. Turns only read, and go on.
        cursor.execute(f'LOCK TABLE "{ScoringSwitch._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')
        switch, event = _turn(order, scope=SwitchScope.EVERYWHERE)
        if event is not None:
            record(SERVICE_STREAM, event, at=order.at)
        transaction.on_commit(switches.forget)
    if event is not None:
        for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
            _tell_clinic(clinic_id, event, at=order.at)
    return switch


def _tell_clinic(clinic_id: UUID, event: Event, *, at: datetime) -> None:
    """Put a switch of the whole service on a clinic's trail as well. The service's trail has it already, so a clinic
    whose trail is held up must keep neither the operator waiting nor the next clinic from being told."""
    try:
        with transaction.atomic(durable=True):
            record(clinic_stream(clinic_id), event, at=at)
    except OperationalError:
        logger.exception("a switch of the whole service is not on a clinic's trail", extra={"clinic": clinic_id})


def _in_clinic(clinic: Clinic, order: _Order) -> ScoringSwitch:
    switch, event = _turn(order, usual=clinic.switch_off_mode, scope=SwitchScope.CLINIC, clinic=clinic)
    if event is not None:
        record(clinic_stream(clinic.pk), event, at=order.at)
    transaction.on_commit(partial(switches.forget, clinic.pk))
    return switch


def _in_conversation(conversation: Conversation, order: _Order) -> ScoringSwitch:
    clinic = conversation.clinic
    place: dict[str, Any] = {"scope": SwitchScope.CONVERSATION, "clinic": clinic, "conversation": conversation}
    switch, event = _turn(order, usual=clinic.switch_off_mode, **place)
    if event is not None:
        record_in(conversation, event, at=order.at)
        record(clinic_stream(clinic.pk), event, at=order.at)
    transaction.on_commit(partial(switches.forget, clinic.pk))
    return switch


def _turn(order: _Order, *, usual: str = "", **place: Any) -> tuple[ScoringSwitch, Event | None]:
    """Turn the switch of `place` under the caller's lock; without an event nothing had to change."""
    found = ScoringSwitch.objects.filter(switched_on_at=None, **place).first()
    mode = order.mode or usual
    if order.off and found is not None and found.mode == mode:
        return found, None
    if found is not None:
        found.switched_on_by, found.switched_on_at = order.member, order.at
        found.save(update_fields=["switched_on_by", "switched_on_at"])
    elif not order.off:
        raise NotSwitchedOff
    if order.off:
        found = ScoringSwitch.objects.create(**place, mode=mode, switched_off_by=order.member, switched_off_at=order.at)
    assert found is not None  # found, or just made
    return found, _event(found, order)


def _event(switch: ScoringSwitch, order: _Order) -> Event:
    agent = agent_of(order.member) if order.member else OPERATOR
    action = "scoring.switched_off" if order.off else "scoring.switched_on"
    detail = {"scope": str(switch.scope), "mode": switch.mode}
    if switch.conversation_id is not None:
        detail["conversation"] = str(switch.conversation_id)
    return Event(action, agent, "scoring_switch", str(switch.pk), detail=detail)
