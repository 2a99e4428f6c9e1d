"""Proposing, trying, approving and putting to use what a clinic scores with, as one of its clinicians."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal
from accounts.models import Membership
from riskmodel import artefacts
from triage import setups
from triage.management.asking import clinic_named, member_named
from triage.models import ScoringSetup, SetupState

_REFUSALS = (
    setups.UnknownSetup,
    setups.UnknownVersion,
    setups.BadAlphas,
    setups.VersionRefused,
    setups.FairnessBlocks,
    setups.WrongState,
    setups.ShadowTaken,
    setups.NotEnoughApprovals,
    setups.NothingToRollBack,
)
_ON_A_SETUP = {
    "shadow": setups.start_shadow,
    "approve": setups.approve,
    "promote": setups.promote,
    "withdraw": setups.withdraw,
}


class Command(BaseCommand):
    help = "List, propose, try in shadow, approve, promote, withdraw or roll back what a clinic scores with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["list", "propose", *_ON_A_SETUP, "roll_back"])
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the member who acts")
        parser.add_argument("--setup", type=UUID, metavar="ID", help=f"for {', '.join(_ON_A_SETUP)}")
        parser.add_argument("--model", default="", metavar="VERSION", help="for propose; without it the shipped one")
        parser.add_argument(
            "--alpha",
            action="append",
            metavar="LEVEL=SHARE",
            help="for propose: the share of misses that the clinic accepts at a level, such as high=0.05",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        member = member_named(clinic_named(options["clinic"]), options["email"])
        try:
            if options["act"] == "list":
                self._list(member)
            elif options["act"] == "roll_back":
                before = setups.roll_back(member=member, at=timezone.now())
                self.stdout.write(f"In force again: {before.model_version if before else self._shipped()}")
            else:
                self._tell(self._act(member, options))
        except NotPermitted as refused:
            record_refusal(refused, at=timezone.now(), where="model_setup")
            raise CommandError(str(refused)) from refused
        except _REFUSALS as refusal:
            raise CommandError(str(refusal) or (type(refusal).__doc__ or "").splitlines()[0]) from refusal

    def _act(self, member: Membership, options: dict[str, Any]) -> ScoringSetup:
        if options["act"] == "propose":
            alphas = _alphas(options["alpha"])
            return setups.propose(member=member, version=options["model"], alphas=alphas, at=timezone.now())
        if options["setup"] is None:
            raise CommandError("--setup is needed; `list` shows the ids.")
        return _ON_A_SETUP[options["act"]](member=member, setup_id=options["setup"], at=timezone.now())

    def _list(self, member: Membership) -> None:
        found = setups.setups_of(member)
        if setups.in_force(member) is None:
            self.stdout.write(f"In force: the shipped version {self._shipped()}")
        for setup in found:
            self._tell(setup)
            if setup.state == SetupState.IN_FORCE and (why := setups.refusal(setup.model_version)):
                self.stderr.write(f"It refuses to load, and the shipped version scores instead: {why}")

    def _tell(self, setup: ScoringSetup) -> None:
        approvals = setups.valid_approvals(setup).count()
        thresholds = ", ".join(f"{one:.4f}" for one in setup.levels) if setup.levels else "of the version"
        self.stdout.write(
            f"{setup.pk}  {setup.get_state_display():<10}  {setup.model_version}  thresholds {thresholds}  "
            f"approvals {approvals} of {setups.APPROVALS_NEEDED}"
        )

    @staticmethod
    def _shipped() -> str:
        try:
            return artefacts.active_version()
        except artefacts.ArtefactRefused as refusal:
            return f"(none: {refusal})"


def _alphas(given: list[str] | None) -> dict[str, float] | None:
    if given is None:
        return None
    try:
        pairs = [one.split("=") for one in given]
        return {level: float(share) for level, share in pairs}
    except ValueError as error:
        raise CommandError("Write --alpha LEVEL=SHARE, for example --alpha high=0.05.") from error
