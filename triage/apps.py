"""Django app of the conversations."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
