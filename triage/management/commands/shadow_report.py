"""What a setup in shadow would change in a clinic: counts, and with a member's name the messages behind them."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal
from accounts.models import Clinic
from triage import shadow
from triage.management.asking import clinic_named, member_named
from triage.models import ScoringSetup, SetupState


class Command(BaseCommand):
    help = "Compare what scores in shadow with what is in force: alerts lost, later, earlier, gained."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--setup", type=UUID, metavar="ID", help="without it the one that is in shadow now")
        parser.add_argument("--change", choices=[str(one) for one in shadow.Change], default="")
        parser.add_argument("--page", type=int, default=1)
        parser.add_argument("--messages", action="store_true", help="with the clients' words; needs --as")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="the member who reads; recorded on the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        clinic = clinic_named(options["clinic"])
        setup = _setup(clinic, options["setup"])
        if options["messages"] and not options["email"]:
            raise CommandError("Reading the clients' words needs --as with the e-mail address of the member who reads.")
        self._tell(setup)
        place = {"page": options["page"], "change": options["change"]}
        if not options["messages"]:
            for one in shadow.list_differences(setup, **place):
                self.stdout.write(_line(one))
            return
        member, at = member_named(clinic, options["email"]), timezone.now()
        try:
            read = shadow.read_differences(member=member, setup_id=setup.pk, at=at, **place)
        except NotPermitted as refused:
            record_refusal(refused, at=at, where="shadow_report")
            raise CommandError("This member may not read the clients' words.") from refused
        for with_text in read:
            self.stdout.write(_line(with_text.difference))
            self.stdout.write(f"    {with_text.text}")

    def _tell(self, setup: ScoringSetup) -> None:
        found = shadow.compare(setup)
        self.stdout.write(
            f"{setup.model_version} ({setup.get_state_display().lower()}), first alerts of conversations:"
        )
        for change in shadow.Change:
            self.stdout.write(f"  {change:<8} {getattr(found, change):>6}")
        self.stdout.write(f"  {'same':<8} {found.same:>6}\n  {'none':<8} {found.quiet:>6}")
        self.stdout.write(
            f"{found.messages} messages in {found.conversations} conversations, {found.rehearsals} of them rehearsals"
        )


def _setup(clinic: Clinic, setup_id: UUID | None) -> ScoringSetup:
    rows = ScoringSetup.objects.filter(clinic=clinic)
    setup = rows.filter(pk=setup_id).first() if setup_id else rows.filter(state=SetupState.SHADOW).first()
    if setup is None:
        raise CommandError("There is no such setup." if setup_id else "Nothing is in shadow in this clinic.")
    return setup


def _line(one: shadow.Difference) -> str:
    mark = "  (rehearsal)" if one.is_rehearsal else ""
    return f"{one.change:<8} {one.conversation_id}  message {one.seq}: {one.old} -> {one.new}{mark}"
