"""Approving, putting to use, retiring and rolling back what the bot may say in a clinic, as one of its clinicians."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal
from accounts.models import Membership
from triage import releases
from triage.management.asking import clinic_named, member_named

_REFUSALS = (
    releases.UnknownItem,
    releases.DigestDiffers,
    releases.LintRefuses,
    releases.Expired,
    releases.NotEnoughApprovals,
    releases.WrongState,
    releases.ReasonNeeded,
    releases.SafetyPath,
    releases.NothingToRollBack,
)
_ON_AN_EDITION = {"approve": releases.approve, "activate": releases.activate}


class Command(BaseCommand):
    """One act of a clinician on an item of content."""

    help = "List, approve, activate, retire or roll back what the bot may say in a clinic."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("act", choices=["list", *_ON_AN_EDITION, "retire", "roll_back"])
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the member who acts")
        parser.add_argument("--key", default="", help="the item")
        parser.add_argument("--locale", default="en")
        parser.add_argument("--content-version", type=int, metavar="N")
        parser.add_argument("--digest", default="", help="for approve and activate; `content_digests` prints it")
        parser.add_argument("--reason", default="", help="for retire")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the act, and say what was done or why not."""
        member = member_named(clinic_named(options["clinic"]), options["email"])
        try:
            self._act(member, options)
        except NotPermitted as refused:
            record_refusal(refused, at=timezone.now(), where="content_release")
            raise CommandError(str(refused)) from refused
        except _REFUSALS as refusal:
            raise CommandError(str(refusal) or (type(refusal).__doc__ or "").splitlines()[0]) from refusal

    def _act(self, member: Membership, options: dict[str, Any]) -> None:
        act, key, locale, version = options["act"], options["key"], options["locale"], options["content_version"]
        if act == "list":
            for one in releases.releases_of(member):
                self.stdout.write(f"{one.locale}/{one.key} {one.version}  {one.get_state_display()}  {one.digest}")
            return
        if not key:
            raise CommandError("--key is needed.")
        if act in _ON_AN_EDITION:
            if version is None or not options["digest"]:
                raise CommandError("--content-version and --digest are needed; `content_digests` prints both.")
            done = _ON_AN_EDITION[act](member, key, locale, version, options["digest"], at=timezone.now())
            count = releases.valid_approvals(done).count()
            self.stdout.write(f"{locale}/{key} {version}  {done.get_state_display()}  approvals {count}")
        elif act == "retire":
            releases.retire(member, key, locale, reason=options["reason"], version=version, at=timezone.now())
            self.stdout.write(f"{locale}/{key} is retired.")
        else:
            before = releases.roll_back(member, key, locale, at=timezone.now())
            self.stdout.write(f"In use again: {f'version {before.version}' if before else 'what the samples name'}")
