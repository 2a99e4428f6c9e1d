"""A client's safety plan: read, saved as a new version, restored, erased. Nothing that was saved is ever overwritten.

The client's row orders two who save at once; the second is told and keeps what they wrote.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import require
from accounts.models import Clinic, Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Agent, Event, clinic_stream, record
from triage import clients
from triage.models import Alert, AlertState, Client, PlanWriter, SafetyPlan, SafetyPlanVersion
from triage.sealing import Seal, Unreadable, new_message_key

__all__ = ["PARTS", "PART_LIMIT", "Unreadable"]

# In the order in which somebody goes through them on a hard day.
PARTS = ("signs", "alone", "distraction", "people", "professionals", "space", "reasons")
PART_LIMIT = 2000  # characters a part
_NOBODY = "somebody who has left the team"


class BadPlan(Exception):
    """The plan cannot be taken. `code` is for the page, `part` names the part at fault, empty for the whole."""

    def __init__(self, code: str, detail: str, part: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.part = code, detail, part


class PlanChanged(Exception):
    """Somebody saved a version after the one that this change began with. `newest` is its number."""

    def __init__(self, newest: int) -> None:
        super().__init__(f"version {newest} was saved in between")
        self.newest = newest


class FlagOpen(Exception):
    """An alert of this client is not resolved: the plan is changed together with a person."""


class UnknownClient(Exception):
    """There is no such client in the member's clinic."""


class UnknownVersion(Exception):
    """The plan has no version of that number."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The number of the version that holds what was sent; `repeated`: it did before, nothing was stored."""

    number: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """One version without its words: number, who saved it and when."""

    number: int
    by_client: bool
    writer: str
    written_at: datetime
    restored_from: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as a reader gets it. `newest` is 0 while there is none; `parts` is None when they cannot be read."""

    newest: int
    kept: Kept | None
    parts: Mapping[str, str] | None
    flag_open: bool


def checked_parts(raw: Mapping[str, object]) -> dict[str, str]:
    """The seven parts, trimmed and nothing else changed. Raises BadPlan for what cannot be stored whole."""
    parts = {}
    for key in PARTS:
        text = raw.get(key, "")
        if not isinstance(text, str) or "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise BadPlan("bad_text", "This part holds a character that cannot be stored. Please type it again.", key)
        parts[key] = text.replace("\r\n", "\n").strip()
        if len(parts[key]) > PART_LIMIT:
            told = f"A part can have {PART_LIMIT:,} characters; this one has {len(parts[key]):,}."
            raise BadPlan("too_long", told, key)
    if not any(parts.values()):
        raise BadPlan("empty", "All parts are empty. One line in one part is enough to save.")
    return parts


def has_plan(client_id: UUID) -> bool:
    """Whether the client has a saved plan."""
    return SafetyPlan.objects.filter(client_id=client_id, erased_at=None, last_version__gt=0).exists()


# -- The client's own plan


def read_own(*, clinic: Clinic, token: str, at: datetime) -> Plan:
    """The plan of whoever holds `token`. Raises clients.StrangerToken, also for a token of another clinic."""
    identity = _identity(clinic, token, at=at)
    return _plan_of(_standing(identity.client_id), identity.client_id)


def save_own(*, clinic: Clinic, token: str, parts: Mapping[str, object], base: int, at: datetime) -> Saved:
    """Save the client's plan as a new version after version `base` (0 for the first).

    Raises BadPlan, FlagOpen, PlanChanged, Unreadable and clients.StrangerToken.
    """
    identity = _identity(clinic, token, at=at)
    said = checked_parts(parts)
    with transaction.atomic(durable=True):
        client = _locked(identity.client_id, clinic.pk)
        if flag_open(client.pk):
            raise FlagOpen(str(client.pk))
        version = SafetyPlanVersion(writer=PlanWriter.CLIENT, session_id=identity.session_id)
        return _store(client, version, said, base, Agent("client", str(client.pk)), at=at)


# -- Staff


def view(*, member: Membership, client_id: UUID, at: datetime, number: int | None = None) -> Plan:
    """A version of the plan (the newest without `number`) for a member; the view is recorded with it.

    Raises UnknownClient, UnknownVersion and accounts.access.NotPermitted.
    """
    require(member, Action.WRITE_PLAN)
    with transaction.atomic(durable=True):
        client = client_of(member, client_id)
        standing = _standing(client.pk)
        plan = _plan_of(standing, client.pk, number)
        detail = {"client": str(client.pk), "version": plan.kept.number if plan.kept else 0}
        viewed = Event("plan.viewed", agent_of(member), "safety_plan", _id_of(standing), detail=detail)
        record(clinic_stream(client.clinic_id), viewed, at=at)
    return plan


def history(*, member: Membership, client_id: UUID) -> Sequence[Kept]:
    """Every version, newest first, without words. Raises UnknownClient and accounts.access.NotPermitted."""
    require(member, Action.WRITE_PLAN)
    standing = _standing(client_of(member, client_id).pk)
    return [_kept(row) for row in _rows(standing)] if standing else []


def save(*, member: Membership, client_id: UUID, parts: Mapping[str, object], base: int, at: datetime) -> Saved:
    """Save what a member wrote down with the client, as a new version after version `base` (0 for the first).

    Raises BadPlan, PlanChanged, UnknownClient, Unreadable and accounts.access.NotPermitted.
    """
    require(member, Action.WRITE_PLAN)
    said = checked_parts(parts)
    with transaction.atomic(durable=True):
        client = _locked(client_id, member.clinic_id)
        version = SafetyPlanVersion(writer=PlanWriter.MEMBER, member=member)
        return _store(client, version, said, base, agent_of(member), at=at)


def restore(*, member: Membership, client_id: UUID, number: int, base: int, at: datetime) -> Saved:
    """Save what version `number` says as a new version after version `base`.

    Raises PlanChanged, UnknownClient, UnknownVersion, Unreadable and accounts.access.NotPermitted.
    """
    require(member, Action.WRITE_PLAN)
    with transaction.atomic(durable=True):
        client = _locked(client_id, member.clinic_id)
        standing = _standing(client.pk)
        row = _row(standing, number)
        parts = _opened(row)
        version = SafetyPlanVersion(writer=PlanWriter.MEMBER, member=member, restored_from=number)
        return _store(client, version, parts, base, agent_of(member), at=at)


def client_of(member: Membership, client_id: UUID) -> Client:
    """The client, if they are the member's clinic's. Raises UnknownClient."""
    client = Client.objects.filter(pk=client_id, clinic_id=member.clinic_id).first()
    if client is None:
        raise UnknownClient(str(client_id))
    return client


def flag_open(client_id: UUID) -> bool:
    """Whether an alert of any conversation of the client is not resolved."""
    alerts = Alert.objects.filter(conversation__client_id=client_id)
    return alerts.exclude(state=AlertState.RESOLVED).exists()


# -- Erasing


def erase(client: Client, *, by: Agent, at: datetime) -> bool:
    """Destroy the key of the client's plan: no version can be read again, in backups of the table neither.

    Runs in the caller's transaction, which holds the client's row. True when there was a plan.
    """
    plan = _standing(client.pk)
    if plan is None:
        return False
    plan.plan_key, plan.erased_at, plan.changed_at = None, at, at
    plan.save(update_fields=["plan_key", "erased_at", "changed_at"])
    detail = {"client": str(client.pk), "versions": plan.last_version}
    record(clinic_stream(client.clinic_id), Event("plan.erased", by, "safety_plan", str(plan.pk), detail=detail), at=at)
    return True


# -- Inside


def _identity(clinic: Clinic, token: str, *, at: datetime) -> clients.Identity:
    identity = clients.identify(token=token, at=at)
    if identity.clinic_id != clinic.pk:
        raise clients.StrangerToken
    return identity


def _locked(client_id: UUID, clinic_id: UUID) -> Client:
    client = Client.objects.select_for_update(no_key=True).filter(pk=client_id, clinic_id=clinic_id).first()
    if client is None:
        raise UnknownClient(str(client_id))
    return client


def _standing(client_id: UUID) -> SafetyPlan | None:
    return SafetyPlan.objects.filter(client_id=client_id, erased_at=None).first()


def _id_of(plan: SafetyPlan | None) -> str:
    return str(plan.pk) if plan else ""


def _rows(plan: SafetyPlan) -> Sequence[SafetyPlanVersion]:
    # Without the sealed words: a list of fifty versions has no use for them.
    rows = SafetyPlanVersion.objects.filter(plan=plan).defer("sealed_parts").select_related("member__user")
    return list(rows.order_by("-number"))


def _row(plan: SafetyPlan | None, number: int) -> SafetyPlanVersion:
    rows = SafetyPlanVersion.objects.select_related("plan", "member__user")
    row = rows.filter(plan=plan, number=number).first() if plan else None
    if row is None:
        raise UnknownVersion(str(number))
    return row


def _kept(row: SafetyPlanVersion) -> Kept:
    by_client = row.writer == PlanWriter.CLIENT
    name = "The client" if by_client else row.member.user.name if row.member else _NOBODY
    return Kept(row.number, by_client, name, row.written_at, row.restored_from)


def _plan_of(plan: SafetyPlan | None, client_id: UUID, number: int | None = None) -> Plan:
    if plan is None or not plan.last_version:
        if number is not None:
            raise UnknownVersion(str(number))
        return Plan(0, None, None, flag_open(client_id))
    row = _row(plan, plan.last_version if number is None else number)
    parts = None
    with suppress(Unreadable):  # said on the page; a version that was altered must not hide the others
        parts = _opened(row)
    return Plan(plan.last_version, _kept(row), parts, flag_open(client_id))


def _place(number: int) -> str:
    return f"plan:{number}"


def _opened(row: SafetyPlanVersion) -> dict[str, str]:
    """The words of a version; raises Unreadable."""
    found = Seal(row.plan_id, row.plan.plan_key).open_json(row.sealed_parts, place=_place(row.number))
    return {key: str(found.get(key, "")) for key in PARTS}


def _store(
    client: Client, version: SafetyPlanVersion, parts: dict[str, str], base: int, agent: Agent, *, at: datetime
) -> Saved:
    """Store `version` with its words, unless the newest one says the same. The caller holds the client's row."""
    plan = _standing(client.pk) or _begin(client, at=at)
    if plan.last_version and _says_already(plan, parts):  # a lost answer, or the button pressed twice
        return Saved(plan.last_version, repeated=True)
    if base != plan.last_version:
        raise PlanChanged(plan.last_version)
    seal = Seal(plan.pk, plan.plan_key)
    plan.last_version, plan.changed_at = plan.last_version + 1, at
    plan.save(update_fields=["last_version", "changed_at"])
    version.plan, version.number, version.written_at = plan, plan.last_version, at
    version.sealed_parts = seal.seal_json(parts, place=_place(version.number))
    version.save(force_insert=True)
    digest = seal.keyed_digest(json.dumps(parts, ensure_ascii=False, sort_keys=True))
    detail: dict[str, object] = {"client": str(client.pk), "version": version.number, "digest": digest}
    if version.restored_from is not None:
        detail["restored_from"] = version.restored_from
    saved = Event("plan.saved", agent, "safety_plan", str(plan.pk), detail=detail)
    record(clinic_stream(client.clinic_id), saved, at=at)
    return Saved(version.number)


def _begin(client: Client, *, at: datetime) -> SafetyPlan:
    plan_id = uuid4()
    key = new_message_key(plan_id)
    return SafetyPlan.objects.create(
        id=plan_id, clinic_id=client.clinic_id, client=client, plan_key=key, begun_at=at, changed_at=at
    )


def _says_already(plan: SafetyPlan, parts: Mapping[str, str]) -> bool:
    try:
        return _opened(_row(plan, plan.last_version)) == parts
    except Unreadable:
        return False
