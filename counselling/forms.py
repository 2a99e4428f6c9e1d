"""What a reviewer may ask the list of conversations for, and what a review says."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from counselling.models import Verdict
from counselling.selectors import Wanted
from triage.states import State

_ANY = ("", "All")
_LEVELS = (
    ("", "Any"),
    ("moderate", "Moderate or above"),
    ("high", "High or above"),
    ("imminent", "Imminent"),
    ("unscored", "A message not scored"),
)
_ALERTS = (
    ("", "With or without"),
    ("yes", "Had an alert"),
    ("open", "Alert not resolved"),
    ("screening", "An answer in a screening"),
    ("no", "Never an alert"),
)
_TAKEOVERS = (("", "With or without"), ("yes", "Was taken over"), ("no", "Bot only"))
_REVIEWS = (("", "Reviewed or not"), ("no", "Not reviewed yet"), ("yes", "Reviewed"), *Verdict.choices)
_REHEARSALS = (("", "Without rehearsals"), ("all", "With rehearsals"), ("only", "Rehearsals only"))
_ORDERS = (("newest", "Newest first"), ("oldest", "Oldest first"), ("longest", "Most messages first"))


class ConversationFilter(forms.Form):
    """The filters of the list, read from the address, so that a filtered list can be kept as a bookmark."""

    review = forms.ChoiceField(label="Review", choices=_REVIEWS, required=False)
    level = forms.ChoiceField(label="Level reached", choices=_LEVELS, required=False)
    alert = forms.ChoiceField(label="Alert", choices=_ALERTS, required=False)
    takeover = forms.ChoiceField(label="Takeover", choices=_TAKEOVERS, required=False)
    counsellor = forms.ChoiceField(label="Counsellor", required=False)
    state = forms.ChoiceField(label="State", choices=(_ANY, *State.choices), required=False)
    since = forms.DateField(label="Started from", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Started until", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    rehearsal = forms.ChoiceField(label="Rehearsals", choices=_REHEARSALS, required=False)
    order = forms.ChoiceField(label="Order", choices=_ORDERS, required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, counsellors: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["counsellor"].choices = [("", "Everybody"), *counsellors]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins, because it would look like "there is nothing"."""
        said = super().clean() or {}
        if said.get("since") and said.get("until") and said["until"] < said["since"]:
            self.add_error("until", "This day lies before the first one.")
        return said

    def wanted(self) -> Wanted:
        """What to list. Days are whole days in the time zone that is in force."""
        said = self.cleaned_data
        same = ("state", "level", "alert", "takeover", "review", "rehearsal")
        return Wanted(
            **{name: said[name] for name in same},
            counsellor=said["counsellor"] or None,
            since=_midnight(said["since"]) if said["since"] else None,
            until=_midnight(said["until"] + timedelta(days=1)) if said["until"] else None,
            order=said["order"] or "newest",
            page=said["page"] or 1,
        )


class ReviewForm(forms.Form):
    """A judgement of what the bot and the counsellor did."""

    verdict = forms.ChoiceField(label="Your judgement", choices=Verdict.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Needed for a concern. It is encrypted with the conversation and shown to reviewers only.",
    )


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
