"""Django app of the conversations."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"

    def ready(self) -> None:
        """Let `manage.py check --deploy` know the checks of the content."""
        from triage import content_checks  # noqa: F401 - registers itself; models are not there before
