"""What the pages of the risk model show of a version, its thresholds and a candidate, in words for clinicians."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse

from accounts.models import Membership
from accounts.permissions import Action, may
from riskmodel import ArtefactRefused, artefacts
from triage import setups, switches
from triage.models import ScoringSetup, ScoringSwitch, SetupState, SwitchScope
from triage.switching import open_switches

# A low value is never a sign of safety, so the step that raises no alert has no level's name.
LEVEL_LABELS: Mapping[str, str] = {
    "imminent": "Imminent",
    "high": "High",
    "moderate": "Moderate",
    "low": "Below moderate (raises no alert)",
}
_STORED_ORDER = ("low", "moderate", "high", "imminent")
_CANDIDATE = frozenset({SetupState.PROPOSED.value, SetupState.SHADOW.value})


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which probability a level holds, and the guarantee with what it rests on.

    `reached` is None where no figures are stored, False where the bound on false alarms came first.
    """

    level: str
    label: str
    least: str
    accepted: str = ""
    positives: int | None = None
    missed: int | None = None
    missed_share: str = ""
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds that hold, highest level first, and the day of the calibration set (empty: not stored)."""

    rows: tuple[Threshold, ...]
    calibrated_on: str = ""

    @property
    def falls_short(self) -> bool:
        """Whether the accepted share of misses of an alerting level is not reached."""
        return any(row.reached is False and row.level != "low" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Group:
    """How one group of people fares with a version; `note` says what follows from it."""

    name: str
    missed: str
    false_alarms: str
    note: str = ""
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model version as the pages show it. `refused` is the exact reason why it must not be used, or empty."""

    version: str
    refused: str = ""
    trained_on: str = ""
    rows: int = 0
    split: tuple[tuple[str, int], ...] = ()
    thresholds: Thresholds = Thresholds(())
    figures: tuple[tuple[str, str], ...] = ()
    groups: tuple[Group, ...] = ()
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """One clinician's approval; `counts` is False for somebody who is no clinician here any more."""

    name: str
    at: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with a candidate, or `hindrance` says why not now."""

    name: str
    label: str
    url: str
    hindrance: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Switches:
    """How a clinic is scored now, and every switch that is off."""

    kind: switches.ScoringKind
    everywhere: ScoringSwitch | None
    clinic: ScoringSwitch | None
    conversations: Sequence[ScoringSwitch]


def model_of(version: str = "", setup: ScoringSetup | None = None) -> Model:
    """The stored `version` (empty: the shipped one) with the thresholds of `setup`, or its own. Never raises."""
    try:
        name = version or artefacts.active_version()
    except ArtefactRefused as refusal:
        return Model("none", refused=str(refusal))
    own = _setup_thresholds(setup) if setup is not None and setup.levels is not None else None
    try:
        manifest = artefacts.load(name).manifest
    except ArtefactRefused as refusal:
        return Model(name, refused=str(refusal), thresholds=own or Thresholds(()))
    rows = {str(part): int(number) for part, number in manifest.get("rows", {}).items()}
    fairness = manifest.get("fairness") or {}
    return Model(
        name,
        trained_on=day(manifest.get("trained_on")),
        rows=sum(rows.values()),
        split=tuple(sorted(rows.items(), key=lambda part: -part[1])),
        thresholds=own or _manifest_thresholds(manifest),
        figures=tuple(
            (name.replace("auroc", "AUROC"), figure(value)) for name, value in _flat(manifest.get("metrics") or {})
        ),
        groups=groups_of(fairness),
        blocked=block_of(fairness),
    )


def approvals_of(setup: ScoringSetup) -> list[Approval]:
    """Who stands for the setup, in the order of their approvals."""
    counting = set(setups.valid_approvals(setup).values_list("pk", flat=True))
    rows = setup.approvals.select_related("member__user").order_by("at", "pk")
    return [Approval(row.member.user.name, row.at, row.pk in counting) for row in rows]


def acts_of(setup: ScoringSetup, member: Membership, *, model: Model | None = None) -> list[Act]:
    """What the member may do with the setup now; empty for who may not manage the model.

    `model` is the setup's, where the caller has read it already.
    """
    if not may(member.role, Action.MANAGE_MODEL):
        return []
    if setup.state == SetupState.IN_FORCE:
        return [Act("roll_back", "Roll back", reverse("counselling:risk_roll_back"), look="danger")]
    if setup.state not in _CANDIDATE:
        return []
    model = model or model_of(setup.model_version, setup)
    acts = [_act(setup, "shadow", "Start shadow", _shadow_hindrance(setup))] if setup.state == "proposed" else []
    approved = setup.approvals.filter(member=member).exists()
    acts.append(_act(setup, "approve", "Approve", "You have approved this candidate." if approved else ""))
    acts.append(_act(setup, "promote", "Promote", _promote_hindrance(setup, model), "primary"))
    acts.append(_act(setup, "withdraw", "Withdraw", "", "danger quiet"))
    return acts


def switches_of(member: Membership) -> Switches:
    """The switches of the member's clinic, with the one for the whole service."""
    found = open_switches(member.clinic_id)
    by_scope = {one.scope: one for one in found if one.scope != SwitchScope.CONVERSATION}
    return Switches(
        kind=switches.scoring_in(member.clinic_id).kind,
        everywhere=by_scope.get(SwitchScope.EVERYWHERE),
        clinic=by_scope.get(SwitchScope.CLINIC),
        conversations=[one for one in found if one.scope == SwitchScope.CONVERSATION],
    )


def block_of(fairness: Any) -> str:
    """Why the fairness figures of a manifest forbid promotion, or an empty text."""
    if not isinstance(fairness, Mapping) or fairness.get("blocks") is not True:
        return ""
    why = fairness.get("why") or "a gap over the threshold"
    return why if isinstance(why, str) else "; ".join(str(one) for one in why)


def groups_of(fairness: Any) -> tuple[Group, ...]:
    """The fairness figures of a manifest: everybody first, then each group, those that block promotion in front."""
    if not isinstance(fairness, Mapping) or "groups" not in fairness:
        return ()
    everybody = [_group("Everybody", fairness["overall"])] if "overall" in fairness else []
    groups = [_group(f"{one.get('group')} ({one.get('kind')})", one) for one in fairness["groups"]]
    return (*everybody, *sorted(groups, key=lambda one: not one.blocks))


def percent(share: Any) -> str:
    """0.1 as "10 %", 0.025 as "2.5 %"; empty for what is no number."""
    if isinstance(share, bool) or not isinstance(share, int | float):
        return ""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def figure(value: Any) -> str:
    """A number of a manifest as it is read by people: whole ones whole, others with three places."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def day(value: Any) -> str:
    """An ISO date as "24 November 2026"; what is none as it stands."""
    try:
        found = date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return str(value or "")
    return f"{found.day} {found:%B %Y}"


def _setup_thresholds(setup: ScoringSetup) -> Thresholds:
    how = setup.how or {}
    found = dict(zip(_STORED_ORDER, setup.levels or (), strict=False))
    return _thresholds(found, how.get("levels") or {}, how.get("on"))


def _manifest_thresholds(manifest: Mapping[str, Any]) -> Thresholds:
    stored = manifest.get("thresholds") or {}
    return _thresholds(stored.get("levels") or {}, stored.get("chosen") or {}, manifest.get("trained_on"))


def _thresholds(levels: Mapping[str, Any], how: Mapping[str, Any], on: Any) -> Thresholds:
    rows = [_threshold(level, levels[level], how.get(level) or {}) for level in LEVEL_LABELS if level in levels]
    return Thresholds(tuple(rows), day(on))


def _threshold(level: str, least: Any, how: Mapping[str, Any]) -> Threshold:
    positives, missed = how.get("positives"), how.get("misses")
    return Threshold(
        level=level,
        label=LEVEL_LABELS[level],
        least=figure(float(least)),
        accepted=percent(how.get("alpha")),
        positives=positives,
        missed=missed,
        missed_share=percent(missed / positives) if positives and missed is not None else "",
        reached=_reached(how),
    )


def _reached(how: Mapping[str, Any]) -> bool | None:
    """Whether the conformal bound holds: it does up to the conformal threshold, and no further."""
    if "reached" in how:
        return bool(how["reached"])
    if "conformal" not in how:
        return None
    return how["conformal"] is not None and how["conformal"] >= how.get("least", 0.0)


def _group(name: str, found: Mapping[str, Any]) -> Group:
    blocks = found.get("blocks") is True
    note = "blocks promotion" if blocks else "too few to tell" if found.get("too few to tell") else ""
    return Group(
        name=name,
        missed=_of(found, "missed", "dangerous"),
        false_alarms=_of(found, "false alarms", "harmless"),
        note=note,
        blocks=blocks,
    )


def _of(found: Mapping[str, Any], what: str, of: str) -> str:
    hits, number = found.get(what), found.get(of)
    if not number or hits is None:
        return "none to tell by"
    return f"{hits} of {number} ({percent(hits / number)})"


def _flat(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure of a nested manifest with the way to it."""
    if not isinstance(found, Mapping):
        yield path, found
        return
    for name, value in found.items():
        yield from _flat(value, f"{path}, {name}" if path else str(name))


def _act(setup: ScoringSetup, name: str, label: str, hindrance: str = "", look: str = "") -> Act:
    return Act(name, label, reverse(f"counselling:risk_{name}", args=[setup.pk]), hindrance, look)


def _shadow_hindrance(setup: ScoringSetup) -> str:
    taken = ScoringSetup.objects.filter(clinic_id=setup.clinic_id, state=SetupState.SHADOW).exists()
    return "Another candidate is in shadow. Withdraw or promote that one first." if taken else ""


def _promote_hindrance(setup: ScoringSetup, model: Model) -> str:
    if model.refused:
        return f"This version must not be used: {model.refused}."
    if model.blocked:
        return f"This version treats some groups of people much worse than others: {model.blocked}."
    count = setups.valid_approvals(setup).count()
    if count < setups.APPROVALS_NEEDED:
        return f"{count} of {setups.APPROVALS_NEEDED} clinicians have approved. Two different ones must."
    return ""
