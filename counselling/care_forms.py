"""What staff may ask the lists of tasks and screenings for, read from the address."""

from typing import Any
from uuid import UUID

from django import forms

from counselling.care_pages import TASK_ORDERS, WantedScreenings, WantedTasks
from triage.models import CareTaskKind, ScreeningState
from triage.screenings.instruments import instruments

_SHOWN = (("open", "To do"), ("overdue", "Overdue"), ("done", "Done"), ("all", "All"))
_TASK_ORDERS = (("due", "Due first"), ("due_last", "Due last"), ("newest", "Newest first"), ("done", "Done last first"))
_ORDERS = (("newest", "Newest first"), ("oldest", "Oldest first"))


class _ListForm(forms.Form):
    """A page of a list. What cannot be read narrows nothing, and the page says so beside the field."""

    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.error_messages["invalid_choice"] = "Choose one of the list."

    def said(self, name: str, default: Any = "") -> Any:
        """The value of a field, or `default` where it is empty or cannot be read."""
        return getattr(self, "cleaned_data", {}).get(name) or default


class TaskFilter(_ListForm):
    """Which tasks, and in which order."""

    show = forms.ChoiceField(label="Show", choices=_SHOWN, required=False)
    kind = forms.ChoiceField(label="Kind", choices=(("", "All kinds"), *CareTaskKind.choices), required=False)
    done_by = forms.ChoiceField(label="Done by", required=False)
    order = forms.ChoiceField(label="Order", choices=_TASK_ORDERS, required=False)

    def __init__(self, data: Any, *, doers: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["done_by"].choices = [("", "Anybody"), *doers]  # type: ignore[attr-defined]

    def wanted(self) -> WantedTasks:
        """What to list. Whoever asks who did a task asks for tasks that are done."""
        done_by = UUID(self.said("done_by")) if self.said("done_by") else None
        show = self.said("show", "open")
        return WantedTasks(
            show="done" if done_by and show != "all" else show,
            kind=self.said("kind"),
            done_by=done_by,
            order=self.said("order", TASK_ORDERS[0]),
            page=self.said("page", 1),
        )


class ScreeningFilter(_ListForm):
    """Which of a client's screenings, and in which order."""

    instrument = forms.ChoiceField(label="Questionnaire", required=False)
    state = forms.ChoiceField(label="State", choices=(("", "All"), *ScreeningState.choices), required=False)
    order = forms.ChoiceField(label="Order", choices=_ORDERS, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        known = [(one.key, one.title) for one in instruments().values()]
        self.fields["instrument"].choices = [("", "All"), *known]  # type: ignore[attr-defined]

    def wanted(self) -> WantedScreenings:
        """What to list."""
        return WantedScreenings(
            instrument=self.said("instrument"),
            state=self.said("state"),
            order=self.said("order", "newest"),
            page=self.said("page", 1),
        )
