"""Which instruments a clinic may ask whose wording is not free: list, state and end its licences."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.access import NotPermitted, record_refusal
from accounts.models import Clinic
from triage.management.asking import clinic_named, member_named
from triage.models import InstrumentLicence
from triage.screenings import licences
from triage.screenings.instruments import UnknownInstrument, instruments

_REFUSALS = (licences.LicenceNotNeeded, licences.AlreadyStated, licences.NoLicence, licences.BadProof)


class Command(BaseCommand):
    help = "List a clinic's licences for instruments whose wording is not free, state one, or end one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["list", "state", "end"])
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="the member who acts, for state and end")
        parser.add_argument("--instrument", metavar="KEY", help="for state and end, such as who5")
        parser.add_argument("--proof", default="", help="for state: where the proof lies, such as a file number")

    def handle(self, *args: Any, **options: Any) -> None:
        clinic = clinic_named(options["clinic"])
        if options["act"] == "list":
            self._list(clinic)
            return
        if not options["email"] or not options["instrument"]:
            raise CommandError("--as and --instrument are needed.")
        member = member_named(clinic, options["email"])
        asked = {"member": member, "instrument": options["instrument"], "at": timezone.now()}
        try:
            if options["act"] == "state":
                licence = licences.state_licence(**asked, proof=options["proof"])
            else:
                licence = licences.end_licence(**asked)
        except NotPermitted as refused:
            record_refusal(refused, at=timezone.now(), where="instrument_licences")
            raise CommandError(str(refused)) from refused
        except UnknownInstrument as error:
            needing = ", ".join(key for key, one in instruments().items() if one.needs_licence)
            raise CommandError(f"There is no instrument {error}. A licence is needed for {needing}.") from error
        except _REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal
        self._tell(licence)

    def _list(self, clinic: Clinic) -> None:
        for licence in licences.licences_of(clinic):
            self._tell(licence)
        for key, one in instruments().items():
            if not licences.may_use(clinic, key):
                self.stdout.write(f"{key}: no licence. {one.licence}")

    def _tell(self, licence: InstrumentLicence) -> None:
        ended = f", ended on {licence.ended_at:%Y-%m-%d}" if licence.ended_at else ""
        stated = f"stated on {licence.stated_at:%Y-%m-%d} by {licence.stated_by.user.name}"
        self.stdout.write(f"{licence.instrument}: {stated}, proof: {licence.proof}{ended}")
