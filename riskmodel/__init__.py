"""How worried to be about a text, and nothing else: no tables, no models of Django, no other app."""

from riskmodel.artefacts import ArtefactRefused
from riskmodel.levels import Context, Level, Reason, RiskScore, Setup
from riskmodel.meaning import Meaning, meaning
from riskmodel.scoring import score, score_rules_only, warm_up

__all__ = [
    "ArtefactRefused",
    "Context",
    "Level",
    "Meaning",
    "Reason",
    "RiskScore",
    "Setup",
    "meaning",
    "score",
    "score_rules_only",
    "warm_up",
]
