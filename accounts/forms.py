"""What the staff pages ask for. Forms check the form of an answer; the verbs decide."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils import timezone

from accounts.clinics import FASTEST_ESCALATION, SLOWEST_ESCALATION
from accounts.countries import countries
from accounts.models import Clinic, Membership
from accounts.origins import clean_origins
from accounts.permissions import Role
from accounts.profiles import profiles
from accounts.zones import zones

_PASSWORD_LIMIT = 1024


def password_rules() -> list[str]:
    """The rules for a new password, in words."""
    return password_validators_help_texts()


def _password(label: str, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    # Spaces at the ends belong to a password.
    return forms.CharField(label=label, strip=False, max_length=_PASSWORD_LIMIT, widget=widget)


class SignInForm(forms.Form):
    """Who wants to sign in."""

    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "username", "autocapitalize": "none"}),
    )
    password = _password("Password", "current-password")


class SetPasswordForm(forms.Form):
    """A new password, twice, because it cannot be seen while it is typed."""

    new = _password("New password", "new-password")
    again = _password("New password, once more", "new-password")

    def clean(self) -> dict[str, Any]:
        """Refuse two passwords that differ."""
        values = super().clean() or {}
        if "new" in values and "again" in values and values["new"] != values["again"]:
            self.add_error("again", "The two passwords are not the same.")
        return values


class ChangePasswordForm(SetPasswordForm):
    """A new password for somebody who knows the present one."""

    current = _password("Present password", "current-password")
    field_order = ("current", "new", "again")


def _call(label: str) -> forms.IntegerField:
    between = f"Give whole seconds between {FASTEST_ESCALATION} and {SLOWEST_ESCALATION}."
    return forms.IntegerField(
        label=label,
        help_text="Seconds from the alert",
        min_value=FASTEST_ESCALATION,
        max_value=SLOWEST_ESCALATION,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), between),
    )


# What the form sets as it stands.
_PLAIN = ("name", "country", "time_zone", "profile", "bot_enabled", "scoring_enabled")


class ClinicForm(forms.Form):
    """The clinic's settings. Switching scoring off needs a word of its own."""

    name = forms.CharField(label="Name of the clinic", max_length=120, help_text="Clients see it in the chat.")
    country = forms.ChoiceField(
        label="Country",
        required=False,
        help_text="Decides which crisis lines are shown. Without a country the chat asks the client.",
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="For the times on the staff's pages.")
    allowed_origins = forms.CharField(
        label="Sites that may show the chat",
        required=False,
        max_length=5000,
        strip=True,
        help_text="One a line, like https://www.clinic.example. No other site can embed the chat.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "none"}),
    )
    call_1 = _call("Another counsellor after")
    call_2 = _call("The supervisors after")
    call_3 = _call("The supervisors again, and so on, after")
    profile = forms.ChoiceField(
        label="Legal profile",
        help_text="What the law of your place lets software do. It holds whatever is ticked below. Ask your counsel.",
    )
    bot_enabled = forms.BooleanField(label="The bot answers until a person takes over", required=False)
    scoring_enabled = forms.BooleanField(label="Every message is scored for risk", required=False)
    understood = forms.BooleanField(
        label="I understand: without scoring no message raises an alert by itself", required=False
    )

    def __init__(self, data: Any = None, *, clinic: Clinic) -> None:
        super().__init__(data, initial=_initial(clinic))
        self.clinic = clinic
        self.fields["country"].choices = [("", "Not set: ask the client"), *countries()]  # type: ignore[attr-defined]
        self.fields["profile"].choices = [(one.key, one.label(on=timezone.localdate())) for one in profiles().values()]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones()]  # type: ignore[attr-defined]

    def clean_allowed_origins(self) -> list[str]:
        """The origins in their one form, one a line."""
        lines = self.cleaned_data["allowed_origins"].splitlines()
        return clean_origins(lines, with_local=self.clinic.is_demonstration)

    def clean(self) -> dict[str, Any]:
        """Refuse calls out of their order, and scoring switched off without a word that this is understood."""
        values = super().clean() or {}
        for earlier, later in (("call_1", "call_2"), ("call_2", "call_3")):
            if earlier in values and later in values and values[later] <= values[earlier]:
                self.add_error(later, "This must be later than the one before: all count from the alert.")
        if self.clinic.scoring_enabled and not values.get("scoring_enabled") and not values.get("understood"):
            self.add_error("understood", "Tick this to switch scoring off, or leave scoring on.")
        return values

    def changes(self) -> dict[str, Any]:
        """What was asked for, by the names of the clinic's fields."""
        values = self.cleaned_data
        plain = {name: values[name] for name in _PLAIN}
        return plain | {
            "allowed_origins": values["allowed_origins"],
            "escalation_seconds": [values["call_1"], values["call_2"], values["call_3"]],
        }


def _initial(clinic: Clinic) -> dict[str, Any]:
    seconds = [*clinic.escalation_seconds, None, None, None][:3]
    calls = {f"call_{place}": value for place, value in enumerate(seconds, start=1)}
    return (
        {name: getattr(clinic, name) for name in _PLAIN}
        | calls
        | {"allowed_origins": "\n".join(clinic.allowed_origins)}
    )


class MemberForm(forms.Form):
    """Somebody who is to be added."""

    name = forms.CharField(label="Name", max_length=120, help_text="Clients see it when this person takes over.")
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="To sign in with. Nothing is sent there.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.COUNSELLOR)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)


ORDERS = {
    "name": ("Name", ("user__name", "pk")),
    "-name": ("Name, from the end", ("-user__name", "pk")),
    "role": ("Role", ("role", "user__name", "pk")),
    "-added": ("Newest first", ("-created_at", "pk")),
    "added": ("Oldest first", ("created_at", "pk")),
}


class MemberFilterForm(forms.Form):
    """What narrows and orders the list of members."""

    q = forms.CharField(label="Name or e-mail", required=False, max_length=120)
    role = forms.ChoiceField(label="Role", required=False, choices=[("", "All roles"), *Role.choices])
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All"), ("active", "Active"), ("off", "Deactivated")],
    )
    order = forms.ChoiceField(
        label="Order", required=False, choices=[(key, label) for key, (label, _) in ORDERS.items()]
    )


class TokenForm(forms.Form):
    """A new token: its use in words, and the member as whom it acts."""

    label = forms.CharField(label="What is it for?", max_length=80, help_text="For example: data warehouse")
    acts_as = forms.ChoiceField(
        label="Acts as",
        help_text="It may do what this member may do, and the audit trail names this member.",
    )

    def __init__(self, *args: Any, holders: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["acts_as"].choices = [  # type: ignore[attr-defined]
            (str(holder.pk), f"{holder.user.name} ({holder.get_role_display()})") for holder in holders
        ]
