"""The kill switch for whoever runs the service: scoring off and on, within seconds and without a restart."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import switching
from triage.locking import UnknownConversation
from triage.management.asking import clinic_named
from triage.models import SwitchMode


class Command(BaseCommand):
    help = "Switch scoring off or on: everywhere, in a clinic, or in one conversation. Holds within five seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("turn", choices=["off", "on"])
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--everywhere", action="store_true")
        place.add_argument("--clinic", metavar="SLUG", help="the clinic's short name")
        place.add_argument("--conversation", metavar="ID", type=UUID)
        parser.add_argument("--mode", choices=SwitchMode.values, help="without it, what the clinic has chosen")

    def handle(self, *args: Any, **options: Any) -> None:
        place = {
            "clinic": clinic_named(options["clinic"]) if options["clinic"] else None,
            "conversation_id": options["conversation"],
        }
        try:
            if options["turn"] == "off":
                switch = switching.switch_off_by_command(**place, mode=options["mode"] or "", at=timezone.now())
                self.stdout.write(f"Scoring is off: {switch.get_scope_display().lower()}. {self._mode(switch.mode)}.")
            else:
                switch = switching.switch_on_by_command(**place, at=timezone.now())
                self.stdout.write(f"Scoring is on again: {switch.get_scope_display().lower()}.")
        except switching.NotSwitchedOff as error:
            raise CommandError("Scoring is not switched off there.") from error
        except UnknownConversation as error:
            raise CommandError("There is no such conversation.") from error

    @staticmethod
    def _mode(mode: str) -> str:
        return str(SwitchMode(mode).label) if mode else "What happens with messages is what each clinic has chosen"
