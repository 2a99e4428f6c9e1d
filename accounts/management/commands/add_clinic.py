"""Opens a clinic."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import clinics
from accounts.profiles import STRICTEST, profiles


class Command(BaseCommand):
    help = "Open a clinic. Then add its first administrator with add_member."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="as clients see it")
        parser.add_argument("--slug", required=True, help="short name for addresses, for example riverside")
        parser.add_argument("--country", default="", help="ISO code of two letters, for crisis lines")
        parser.add_argument("--time-zone", default="UTC", help="for example Europe/Vienna")

        parser.add_argument(
            "--profile",
            default=STRICTEST,
            choices=sorted(profiles()),
            help="what the law lets software do there (default: people only, until counsel has signed another off)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            clinic = clinics.add_clinic(
                name=options["name"],
                slug=options["slug"],
                country=options["country"].upper(),
                time_zone=options["time_zone"],
                profile=options["profile"],
                at=timezone.now(),
            )
        except clinics.SlugTaken as error:
            raise CommandError(f"There is a clinic with the short name {options['slug']} already.") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"Clinic {clinic.name}: /c/{clinic.slug}/")
        self.stdout.write(f"Legal profile: {clinic.law.title}")
        self.stdout.write(f"Next: manage.py add_member --clinic {clinic.slug} --role administrator --email … --name …")
