"""Makes the demonstration clinic once and prints its sign-ins, one a line: role, e-mail address, password."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import demonstration


class Command(BaseCommand):
    help = "Make the demonstration clinic of the default set-up (once) and print its sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--print", action="store_true", dest="only_print", help="make nothing, print the sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            doors = demonstration.sign_ins() if options["only_print"] else demonstration.make(at=timezone.now())
        except demonstration.NotADemonstration as error:
            raise CommandError(str(error)) from error
        if not doors:
            raise CommandError("There is no demonstration clinic yet: run `manage.py demonstration`.")
        for door in doors:
            self.stdout.write(f"{door.role:<14}{door.email:<38}{door.password}")
