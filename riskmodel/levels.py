"""The words in which the risk model answers: levels, reasons and the score of one text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How soon a person should look. `UNSCORED` means that nothing is known, never that nothing is wrong."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    IMMINENT = "imminent"
    UNSCORED = "unscored"


# Ascending; `UNSCORED` stands outside the order.
LADDER: tuple[Level, ...] = (Level.NONE, Level.LOW, Level.MODERATE, Level.HIGH, Level.IMMINENT)
RANK: Mapping[Level, int] = {level: rank for rank, level in enumerate(LADDER)}

CATEGORIES: tuple[str, ...] = (
    "suicide_self_harm",
    "harm_to_others",
    "abuse_violence",
    "eating_disorder",
    "psychosis",
    "overdose_medical",
    "third_party_concern",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a score. `start` and `end` point into the original text where the reason has a place there.

    Kinds: `rule` a safety-net rule that set a floor, `clause` the part that weighs most, with the change of the
    log-odds of moderate or above if it had not been written, `phrase` a concept with its status, `word` a word with
    its exact share of these log-odds, `course` what the conversation before adds, `changed` a disguise that was
    undone, `error` why unscored.
    """

    kind: str
    text: str
    weight: float
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the client's earlier messages of this conversation were given, oldest first: levels and P(>= moderate)."""

    earlier: tuple[Level, ...] = ()
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a clinic scores with. An empty `version` is the shipped active one; `levels` are the probabilities from
    which low, moderate, high and imminent hold, None those of the artefact."""

    version: str = ""
    levels: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class RiskScore:
    """How worried to be about one text. `probability` is the calibrated P(level >= moderate), 0 when unscored."""

    level: Level
    probability: float
    probabilities: Mapping[Level, float] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    model_version: str = ""
    floor: Level | None = None
    took_ms: float = 0.0
    language: str = ""
    # How many words were read, and how many of them no training message held: the measure of drift.
    words: int = 0
    unknown_words: int = 0
