"""How a message is scored right now: asked before scoring, and therefore outside the turn's transaction.

What a clinic has chosen and switched off is read at most every two seconds a process, in one statement, so that a
promotion, a roll-back or the kill switch reaches every running process in time without costing a turn a query.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from accounts.models import Clinic
from accounts.profiles import profile_of
from riskmodel import Setup
from triage.locking import UnknownConversation
from triage.models import Conversation, ScoringSetup, ScoringSwitch, SwitchMode, SwitchScope
from triage.rows import fetch

logger = logging.getLogger(__name__)

# How long a running process may go on with what it knows (seconds).
_FRESH_FOR = 2.0


class ScoringKind(StrEnum):
    """How messages are scored."""

    MODEL = "model"
    RULES_ONLY = "rules_only"
    ALL_TO_PEOPLE = "all_to_people"
    OFF_BY_LAW = "off_by_law"


@dataclass(frozen=True, slots=True)
class Scoring:
    """How messages of a conversation are scored; `setup` counts for kind MODEL."""

    kind: ScoringKind
    setup: Setup = Setup()


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of one clinic at `read_at` (seconds of the monotonic clock)."""

    read_at: float
    usual: Scoring
    switched_off: Mapping[UUID, Scoring]


_known: dict[UUID, _Known] = {}


@lru_cache(maxsize=50_000)
def _clinic_of(conversation_id: UUID) -> UUID:
    # A conversation never changes its clinic, so this may be remembered.
    found = Conversation.objects.filter(pk=conversation_id).values_list("clinic_id", flat=True).first()
    if found is None:
        raise UnknownConversation(str(conversation_id))
    return found


def scoring_for(conversation_id: UUID) -> Scoring:
    """How the conversation's next message is scored. A change reaches every running process within two seconds.

    A clinic that has scoring off by law (LAW-1) scores nothing, whatever else is set. Of several switches that are
    open the most careful one holds: if any sends everything to people, everything goes to people.
    Raises locking.UnknownConversation.
    """
    clinic_id = _clinic_of(conversation_id)
    known = _known.get(clinic_id)
    if known is None or time.monotonic() - known.read_at > _FRESH_FOR:
        known = _known[clinic_id] = _read(clinic_id)
    return known.switched_off.get(conversation_id, known.usual)


def scoring_in(clinic_id: UUID) -> Scoring:
    """How the clinic's messages are scored, asked anew; a conversation may have a switch of its own."""
    return _read(clinic_id).usual


def forget(clinic_id: UUID | None = None) -> None:
    """Read anew at the next message of the clinic, or of every clinic: in this process a change holds at once."""
    if clinic_id is None:
        _known.clear()
    else:
        _known.pop(clinic_id, None)


_SQL = f"""
    SELECT k.scoring_enabled, k.profile, k.switch_off_mode, s.model_version, s.levels,
        w.scope, w.mode, w.conversation_id
    FROM "{Clinic._meta.db_table}" AS k
    LEFT JOIN "{ScoringSetup._meta.db_table}" AS s ON s.clinic_id = k.id AND s.state = 'in_force'
    LEFT JOIN "{ScoringSwitch._meta.db_table}" AS w
        ON w.switched_on_at IS NULL AND (w.clinic_id = k.id OR w.scope = 'everywhere')
    WHERE k.id = %s
"""  # noqa: S608 - table names of our own models


def _read(clinic_id: UUID) -> _Known:
    read_at = time.monotonic()  # before the reading: what changes meanwhile is not overlooked for longer
    found = fetch(_SQL, [clinic_id])
    enabled, profile, chosen_mode, version, levels = found[0][:5]
    if not (enabled and profile_of(profile).scoring):
        return _Known(read_at, Scoring(ScoringKind.OFF_BY_LAW), {})
    wide: set[str] = set()
    by_conversation: dict[UUID, str] = {}
    for *_, scope, mode, conversation_id in found:
        if scope == SwitchScope.CONVERSATION:
            by_conversation[conversation_id] = mode
        elif scope is not None:
            wide.add(mode or chosen_mode)
    usual = _off(wide) if wide else Scoring(ScoringKind.MODEL, setup_of(version, levels))
    return _Known(read_at, usual, {one: _off({mode, *wide}) for one, mode in by_conversation.items()})


def _off(modes: set[str]) -> Scoring:
    rules = modes == {SwitchMode.RULES_ONLY.value}
    return Scoring(ScoringKind.RULES_ONLY if rules else ScoringKind.ALL_TO_PEOPLE)


def setup_of(version: str | None, levels: Any) -> Setup:
    """What a stored setup means to the risk model; without a version the shipped one.

    Thresholds that are none fall back to the artefact's own, so that one odd row leaves nobody unscored.
    """
    found = json.loads(levels) if isinstance(levels, str) else levels
    if found is None:
        return Setup(version or "")
    try:
        low, moderate, high, imminent = (float(one) for one in found)
    except (TypeError, ValueError):
        logger.exception("thresholds of a setup are of no use", extra={"version": version})
        return Setup(version or "")
    return Setup(version or "", (low, moderate, high, imminent))
