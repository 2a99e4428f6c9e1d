"""Why a stored message got its level: the reasons that were stored, and the same once more from the same version."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal
from accounts.models import Clinic
from triage import explaining
from triage.explaining import Explanation, Figures, Given
from triage.management.asking import member_named
from triage.sealing import Unreadable

NOT_EQUAL = 2
_NAMES = {"clause": "clause that decided", "rule": "rule", "phrase": "phrase", "word": "word", "changed": "undone"}


class Command(BaseCommand):
    help = "Show why a message got its level, and whether the model gives the same figures again (exit code 2 if not)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("assessment", type=int, metavar="ASSESSMENT_ID")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the member who reads; recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            clinic = Clinic.objects.get(pk=explaining.clinic_of(options["assessment"]))
            member = member_named(clinic, options["email"])
            found = explaining.explain(member=member, assessment_id=options["assessment"], at=at)
        except explaining.UnknownAssessment as unknown:
            raise CommandError("There is no such assessment.") from unknown
        except NotPermitted as refused:
            record_refusal(refused, at=at, where="explain")
            raise CommandError("This member may not read the clients' words.") from refused
        except Unreadable as unreadable:
            raise CommandError(f"The message cannot be read: {unreadable}.") from unreadable
        self._tell(found)

    def _tell(self, found: Explanation) -> None:
        self.stdout.write(f"Message {found.seq} of conversation {found.conversation_id}")
        self.stdout.write(f"scored {found.assessed_at:%Y-%m-%d %H:%M:%S} UTC by {found.model_version}")
        self.stdout.write(f"\n{found.text}\n")
        self.stdout.write(f"{'':<16} {'stored':<28} again")
        for name in _figure_names():
            again = "" if found.again is None else _said(getattr(found.again, name))
            self.stdout.write(f"{name.replace('_', ' '):<16} {_said(getattr(found.stored, name)):<28} {again}")
        self.stdout.write("\nReasons; a weight is a share of the log-odds of a level of moderate or above, and")
        self.stdout.write("of a clause how much these change when it is left out.")
        for then, now in _pairs(found):
            mark = " " if found.again is None or then == now else "!"
            self.stdout.write(f"{mark} {_reason(then):<62} {_reason(now)}".rstrip())
        if found.again is None:
            raise CommandError(f"Not scored again: {found.refusal}.")
        if not found.agrees:
            differences = ", ".join(name.replace("_", " ") for name in found.differences)
            raise CommandError(f"Not equal: {differences}.", returncode=NOT_EQUAL)
        self.stdout.write(f"\nAll figures agree to {explaining.DECIMALS} decimals.")


def _figure_names() -> list[str]:
    return [name for name in Figures.__dataclass_fields__ if name != "reasons"]


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.{explaining.DECIMALS}f}"
    return ", ".join(str(one) for one in value) or "-" if isinstance(value, tuple) else str(value) or "-"


def _pairs(found: Explanation) -> list[tuple[Given | None, Given | None]]:
    """The reasons side by side by what they name, so that one that is missing does not shift all others."""
    then = {_key(one): one for one in found.stored.reasons}
    now = {_key(one): one for one in found.again.reasons} if found.again else {}
    return [(then.get(key), now.get(key)) for key in dict.fromkeys([*then, *now])]


def _key(one: Given) -> tuple[str, str, int | None, int | None]:
    return one.kind, one.text, one.start, one.end


def _reason(one: Given | None) -> str:
    if one is None:
        return ""
    place = "" if one.start is None else f" [{one.start}:{one.end}]"
    return f"{_NAMES.get(one.kind, one.kind)}: {one.text}{place} {one.weight:+.{explaining.DECIMALS}f}"
