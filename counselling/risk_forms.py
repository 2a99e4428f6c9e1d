"""What clinicians fill in on the pages of the risk model. Forms check the form of an answer; the verbs decide."""

from typing import Any

from django import forms

from riskmodel import artefacts
from triage.models import SetupState, SwitchMode
from triage.setups import HIGHEST_ALPHA
from triage.shadow import Change

_ALERTING = {"moderate": 10, "high": 5, "imminent": 2}
_MOST = round(HIGHEST_ALPHA * 100)
_BETWEEN = f"Give a percentage above 0 and at most {_MOST}, for example 2.5."
_OWN = "own"


class CandidateFilter(forms.Form):
    """What narrows and orders the list of candidates."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "All states"), *SetupState.choices])
    order = forms.ChoiceField(
        label="Order", required=False, choices=[("newest", "Newest first"), ("oldest", "Oldest first")]
    )


class ChangeFilter(forms.Form):
    """Which differences between a candidate and what is in force to list."""

    change = forms.ChoiceField(
        label="What becomes of the first alert",
        required=False,
        choices=[("", "All changes"), *((str(one), one.name.capitalize()) for one in Change)],
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)


def _share(level: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=f"Misses accepted at {level}, in %",
        required=False,
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=_MOST,
        initial=_ALERTING[level],
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"), _BETWEEN
        ),
    )


class ProposeForm(forms.Form):
    """A candidate: a version that is on this machine, and whose thresholds it uses."""

    version = forms.ChoiceField(label="Version", required=False)
    thresholds = forms.ChoiceField(
        label="Thresholds",
        initial="version",
        choices=[("version", "Those stored with the version"), (_OWN, "Chosen by the share of misses we accept")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two.", "invalid_choice": "Choose one of the two."},
    )
    moderate = _share("moderate")
    high = _share("high")
    imminent = _share("imminent")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["version"].choices = _versions()  # type: ignore[attr-defined]
        self.fields["version"].error_messages["invalid_choice"] = "No such version is on this machine."

    def clean(self) -> dict[str, Any]:
        """Ask for each share where the thresholds are chosen by them."""
        said = super().clean() or {}
        for level in _ALERTING if said.get("thresholds") == _OWN else ():
            if level not in self.errors and not said.get(level):
                self.add_error(level, _BETWEEN)
        return said

    def alphas(self) -> dict[str, float] | None:
        """The accepted share of misses by level, or None for the thresholds of the version."""
        if self.cleaned_data["thresholds"] != _OWN:
            return None
        return {level: float(self.cleaned_data[level]) / 100 for level in _ALERTING}


class ModeForm(forms.Form):
    """What happens with messages while scoring is switched off."""

    mode = forms.ChoiceField(
        label="While scoring is off",
        choices=SwitchMode.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two.", "invalid_choice": "Choose one of the two."},
    )


def _versions() -> list[tuple[str, str]]:
    try:
        shipped = artefacts.active_version()
    except artefacts.ArtefactRefused:
        shipped = ""
    others = [(one, one) for one in artefacts.versions() if one != shipped]
    return [("", f"{shipped} (shipped)"), *others] if shipped else others
