"""Adds a member to a clinic, and prints the path of the link with which they set a password."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from accounts import members
from accounts.models import Clinic
from accounts.permissions import Role


class Command(BaseCommand):
    help = "Add a member to a clinic and print the one-time link with which they set a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", required=True, help="the clinic's short name")
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", help="needed for somebody new")
        parser.add_argument("--role", choices=Role.values, help="needed for somebody new")
        parser.add_argument(
            "--new-link", action="store_true", help="for a member who has lost the password: only make a new link"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        clinic = Clinic.objects.filter(slug=options["clinic"]).first()
        if clinic is None:
            raise CommandError(f"There is no clinic with the short name {options['clinic']}.")
        try:
            added = self._new_link(clinic, options) if options["new_link"] else self._add(clinic, options)
        except members.AlreadyMember as error:
            raise CommandError("This person is a member already. With --new-link they get a new link.") from error
        except members.UnknownMember as error:
            raise CommandError("This person is not an active member of the clinic.") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"{added.member.user.email}: {added.member.get_role_display()} of {clinic.name}")
        if added.key:
            self.stdout.write("Link to set a password, once, within 72 hours, after the service's address:")
            self.stdout.write(reverse("accounts:set_password", args=[added.key]))
        else:
            self.stdout.write("They have an account already and sign in with their own password.")

    def _add(self, clinic: Clinic, options: dict[str, Any]) -> members.Added:
        if not options["name"] or not options["role"]:
            raise CommandError("--name and --role are needed for somebody new.")
        asked = {name: options[name] for name in ("email", "name", "role")}
        return members.add_member_by_command(clinic=clinic, **asked, at=timezone.now())

    def _new_link(self, clinic: Clinic, options: dict[str, Any]) -> members.Added:
        return members.new_link_by_command(clinic=clinic, email=options["email"], at=timezone.now())
