"""Django app of the desk."""

from django.apps import AppConfig


class CounsellingConfig(AppConfig):
    name = "counselling"

    def ready(self) -> None:
        """Tell the conversation's side how to find out whether a person is there; it may not import the desk."""
        from counselling import shifts
        from triage import cover

        cover.provide(shifts.anyone_on_shift)
