"""Which model version and thresholds a clinic scores with: proposed, tried in shadow, approved by two, put to use.

Every change waits for the clinic's row. What takes long, reading an artefact, comes before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.access import NotPermitted, require
from accounts.models import Membership
from accounts.permissions import Action, Role
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from riskmodel import ArtefactRefused, Level, artefacts, thresholds
from riskmodel.levels import LADDER
from triage import switches
from triage.models import ScoringSetup, SetupApproval, SetupState
from triage.switching import locked_clinic

APPROVALS_NEEDED = 2
# Somebody who accepts to miss every second person in danger has mistyped.
HIGHEST_ALPHA = 0.5
_CANDIDATE = frozenset({SetupState.PROPOSED.value, SetupState.SHADOW.value})


class UnknownSetup(LookupError):
    """There is no such setup in the member's clinic."""


class UnknownVersion(ValueError):
    """No such model version is on this machine."""


class BadAlphas(ValueError):
    """The accepted shares of misses are not usable; the message says which and why."""


class VersionRefused(ValueError):
    """The stored model must not be used; the message gives the exact reason."""


class FairnessBlocks(ValueError):
    """The model misses some groups of people much more than others; the message names the gap."""


class WrongState(ValueError):
    """The setup is not in a state in which this can be done; the message names the state."""


class ShadowTaken(ValueError):
    """Another setup of the clinic is in shadow; it must be withdrawn first."""


class NotEnoughApprovals(ValueError):
    """Fewer than two different clinicians who work here have approved; the message says how many have."""


class NothingToRollBack(LookupError):
    """The clinic has no setup in force: it scores with the shipped version."""


def propose(
    *, member: Membership, at: datetime, version: str = "", alphas: Mapping[str, float] | None = None
) -> ScoringSetup:
    """Propose a model version (empty: the one that is shipped), and thresholds for the accepted shares of misses.

    `alphas` names levels (low, moderate, high, imminent), each with the expected share of misses that the clinic
    accepts, above 0 and at most 0.5, those left out as shipped; None takes the thresholds of the artefact.
    Raises UnknownVersion, VersionRefused, BadAlphas and accounts.access.NotPermitted.
    """
    _require_in_person(member)
    wanted = _checked_alphas(alphas)
    if version and version not in artefacts.versions():
        raise UnknownVersion(version)
    artefact = _loaded(version)
    levels, how = None, {}
    if wanted is not None:
        try:
            chosen = thresholds.thresholds_for(artefact, wanted)
        except thresholds.BadAlpha as refusal:
            raise BadAlphas(str(refusal)) from refusal
        levels = [float(one) for one in chosen.levels]
        how = {"levels": {str(level): dict(one) for level, one in chosen.how.items()}, "on": str(chosen.calibrated_on)}
    with transaction.atomic(durable=True):
        clinic = locked_clinic(member, Action.MANAGE_MODEL)
        setup = ScoringSetup.objects.create(
            clinic=clinic,
            model_version=artefact.version,
            alphas=None if wanted is None else {str(level): one for level, one in wanted.items()},
            levels=levels,
            how=how,
            proposed_by=member,
            proposed_at=at,
        )
        _record(setup, member, "model.proposed", at=at, alphas=setup.alphas, levels=levels)
    return setup


def start_shadow(*, member: Membership, setup_id: UUID, at: datetime) -> ScoringSetup:
    """Let a proposed setup score every message written from now on, silently.

    Raises WrongState, ShadowTaken, UnknownSetup and accounts.access.NotPermitted.
    """
    with _changing(member, setup_id) as setup:
        _expect(setup, {SetupState.PROPOSED.value})
        if ScoringSetup.objects.filter(clinic_id=setup.clinic_id, state=SetupState.SHADOW).exists():
            raise ShadowTaken
        setup.state, setup.shadow_from = SetupState.SHADOW, at
        setup.save(update_fields=["state", "shadow_from"])
        _record(setup, member, "model.shadowed", at=at)
    return setup


def approve(*, member: Membership, setup_id: UUID, at: datetime) -> ScoringSetup:
    """Note that a clinician stands for the setup, whoever proposed it. A second approval by the same changes nothing.

    Promotes nothing. Raises WrongState, UnknownSetup and accounts.access.NotPermitted.
    """
    with _changing(member, setup_id) as setup:
        _expect(setup, _CANDIDATE)
        _, is_new = SetupApproval.objects.get_or_create(setup=setup, member=member, defaults={"at": at})
        if is_new:
            _record(setup, member, "model.approved", at=at)
    return setup


def promote(*, member: Membership, setup_id: UUID, at: datetime) -> ScoringSetup:
    """Put the setup to use in the clinic, in every running process within seconds; the one before can come back.

    Raises NotEnoughApprovals, VersionRefused, FairnessBlocks, WrongState, UnknownSetup and
    accounts.access.NotPermitted.
    """
    _require_in_person(member)
    version = ScoringSetup.objects.filter(pk=setup_id, clinic_id=member.clinic_id).values_list("model_version").first()
    if version is None:
        raise UnknownSetup(str(setup_id))
    _check_usable(version[0])
    with _changing(member, setup_id) as setup:
        _expect(setup, _CANDIDATE)
        approvers = [str(one) for one in valid_approvals(setup).values_list("member_id", flat=True)]
        if len(approvers) < APPROVALS_NEEDED:
            raise NotEnoughApprovals(f"{len(approvers)} of {APPROVALS_NEEDED} clinicians have approved")
        before = _in_force(setup.clinic_id)
        if before is not None:
            _end(before, SetupState.REPLACED, at=at)
        _put_in_force(setup, at=at)
        shadowed = setup.shadow_from is not None
        replaced = str(before.pk) if before else ""
        _record(setup, member, "model.activated", at=at, approved_by=approvers, shadowed=shadowed, replaced=replaced)
    return setup


def withdraw(*, member: Membership, setup_id: UUID, at: datetime) -> ScoringSetup:
    """Give a proposed setup up, also one in shadow. What it scored stays readable.

    Raises WrongState, UnknownSetup and accounts.access.NotPermitted.
    """
    with _changing(member, setup_id) as setup:
        _expect(setup, _CANDIDATE)
        _end(setup, SetupState.WITHDRAWN, at=at)
        _record(setup, member, "model.withdrawn", at=at)
    return setup


def roll_back(*, member: Membership, at: datetime) -> ScoringSetup | None:
    """Put back at once what the clinic scored with before; None is the version that is shipped.

    One clinician is enough, and nothing is checked that could fail: a version that is refused meanwhile is replaced
    by the shipped one at each message. Raises NothingToRollBack and accounts.access.NotPermitted.
    """
    _require_in_person(member)
    with transaction.atomic(durable=True):
        clinic = locked_clinic(member, Action.MANAGE_MODEL)
        failed = _in_force(clinic.pk)
        if failed is None:
            raise NothingToRollBack
        _end(failed, SetupState.WITHDRAWN, at=at)
        before = previous(clinic.pk)
        if before is not None:
            _put_in_force(before, at=at)
        to = str(before.pk) if before else ""
        version = before.model_version if before else ""
        _record(failed, member, "model.rolled_back", at=at, to=to, to_version=version)
        transaction.on_commit(partial(switches.forget, clinic.pk))
    return before


def setups_of(member: Membership) -> list[ScoringSetup]:
    """Every setup of the member's clinic, newest first, each with its `proposed_by` and, as `counting`, how many of
    its approvals count now.

    Raises accounts.access.NotPermitted.
    """
    require(member, Action.VIEW_MODEL)
    rows = ScoringSetup.objects.filter(clinic_id=member.clinic_id).select_related("proposed_by__user")
    counting = Count("approvals", filter=_counts_in(member.clinic_id, "approvals__"))
    return list(rows.annotate(counting=counting).order_by("-proposed_at", "-pk"))


def in_force(member: Membership) -> ScoringSetup | None:
    """What the clinic scores with; None is the version that is shipped. Raises accounts.access.NotPermitted."""
    require(member, Action.VIEW_MODEL)
    return _in_force(member.clinic_id)


def previous(clinic_id: UUID) -> ScoringSetup | None:
    """What a roll-back would put in force; None is the version that is shipped."""
    return ScoringSetup.objects.filter(clinic_id=clinic_id, state=SetupState.REPLACED).order_by("-ended_at").first()


def refusal(version: str) -> str:
    """The exact reason why a model version must not be used (the shipped one if empty); an empty text if it may.

    While a setup in force is refused, its clinic is scored with the shipped version. Reads the whole artefact.
    """
    try:
        _loaded(version)
    except VersionRefused as refused:
        return str(refused)
    return ""


def valid_approvals(setup: ScoringSetup) -> QuerySet[SetupApproval]:
    """The approvals that count now: of clinicians who still work in the clinic as such."""
    return setup.approvals.filter(_counts_in(setup.clinic_id)).order_by("at")


def _counts_in(clinic_id: UUID, before: str = "") -> Q:
    who = {"role": Role.CLINICIAN, "is_active": True, "user__is_active": True, "clinic_id": clinic_id}
    return Q(**{f"{before}member__{name}": value for name, value in who.items()})


def _require_in_person(member: Membership) -> None:
    """A token is no second pair of eyes: what two clinicians answer for, they do themselves."""
    require(member, Action.MANAGE_MODEL)
    if member.via_token is not None:
        raise NotPermitted(member, Action.MANAGE_MODEL)


@contextmanager
def _changing(member: Membership, setup_id: UUID) -> Iterator[ScoringSetup]:
    _require_in_person(member)
    with transaction.atomic(durable=True):
        clinic = locked_clinic(member, Action.MANAGE_MODEL)
        setup = ScoringSetup.objects.filter(pk=setup_id, clinic=clinic).first()
        if setup is None:
            raise UnknownSetup(str(setup_id))
        yield setup
        transaction.on_commit(partial(switches.forget, clinic.pk))


def _expect(setup: ScoringSetup, states: frozenset[str] | set[str]) -> None:
    if setup.state not in states:
        raise WrongState(f"the setup is {setup.get_state_display().lower()}")


def _in_force(clinic_id: UUID) -> ScoringSetup | None:
    return ScoringSetup.objects.filter(clinic_id=clinic_id, state=SetupState.IN_FORCE).first()


def _end(setup: ScoringSetup, state: SetupState, *, at: datetime) -> None:
    setup.state, setup.ended_at = state, at
    setup.save(update_fields=["state", "ended_at"])


def _put_in_force(setup: ScoringSetup, *, at: datetime) -> None:
    setup.state, setup.in_force_from, setup.ended_at = SetupState.IN_FORCE, at, None
    setup.save(update_fields=["state", "in_force_from", "ended_at"])


def _loaded(version: str) -> artefacts.Artefact:
    try:
        return artefacts.load(version or None)
    except ArtefactRefused as refusal:
        raise VersionRefused(str(refusal)) from refusal


def _check_usable(version: str) -> None:
    fairness = _loaded(version).manifest.get("fairness")
    if isinstance(fairness, Mapping) and fairness.get("blocks") is True:
        raise FairnessBlocks("; ".join(fairness.get("why") or ["a gap over the threshold"]))


def _checked_alphas(alphas: Mapping[str, float] | None) -> dict[Level, float] | None:
    if alphas is None:
        return None
    named = {str(level): level for level in LADDER[1:]}
    for name, alpha in alphas.items():
        if str(name) not in named:
            raise BadAlphas(f"{name} is none of the levels {', '.join(named)}")
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= HIGHEST_ALPHA:
            raise BadAlphas(f"the share for {name} must be above 0 and at most {HIGHEST_ALPHA}")
    if not alphas:
        raise BadAlphas("no level is named")
    return dict(thresholds.ALPHA) | {named[str(name)]: float(alpha) for name, alpha in alphas.items()}


def _record(setup: ScoringSetup, member: Membership, action: str, *, at: datetime, **detail: Any) -> None:
    detail = {"version": setup.model_version} | detail
    event = Event(action, agent_of(member), "scoring_setup", str(setup.pk), detail=detail)
    record(clinic_stream(setup.clinic_id), event, at=at)
