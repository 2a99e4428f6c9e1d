"""How worried to be about a text, and nothing else: no tables, no models of Django, no other app."""

from riskmodel.artefacts import ArtefactRefused
from riskmodel.levels import Context, Level, Reason, RiskScore
from riskmodel.scoring import score, warm_up

__all__ = ["ArtefactRefused", "Context", "Level", "Reason", "RiskScore", "score", "warm_up"]
