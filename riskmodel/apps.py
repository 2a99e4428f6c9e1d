"""Makes the risk model's management commands known to Django; the package has no models and no views."""

from django.apps import AppConfig


class RiskmodelConfig(AppConfig):
    name = "riskmodel"
    verbose_name = "Risk model"
