"""Writes the messages that people judged, of clients who allow it, to a file for `train_riskmodel --also`."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from accounts.access import NotPermitted, record_refusal
from accounts.models import Clinic
from counselling import labels
from triage.management.asking import clinic_named, member_named


class Command(BaseCommand):
    help = "Write the judged messages of clients who allow it to OUT.jsonl, with their words. Recorded on the trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the clinician who exports")
        parser.add_argument("--since", type=_date, metavar="DATE", help="judged on that day (YYYY-MM-DD) or later")
        parser.add_argument("out", type=Path, metavar="OUT.jsonl", help="a new file; only its owner can read it")

    def handle(self, *args: Any, **options: Any) -> None:
        clinic, out = clinic_named(options["clinic"]), options["out"]
        member, at = member_named(clinic, options["email"]), timezone.now()
        if not out.absolute().parent.is_dir():
            raise CommandError(f"There is no folder {out.parent} to write to.")
        try:
            with tqdm(unit=" conversations", disable=None, file=self.stderr._out) as bar:
                export = labels.export_labels(
                    member=member, path=out, at=at, since=_start_of(clinic, options["since"]), tick=_teller(bar)
                )
        except NotPermitted as refused:
            record_refusal(refused, at=at, where="export_labels")
            raise CommandError("Only a clinician may export labels.") from refused
        except labels.OutputExists as exists:
            raise CommandError(f"{exists}. An export never overwrites a file.") from exists
        except OSError as error:
            raise CommandError(f"The file cannot be written: {error.strerror}.") from error
        self._tell(export, out)

    def _tell(self, export: labels.Export, out: Path) -> None:
        for reason, count in sorted(export.left_out.items(), key=lambda one: -one[1]):
            self.stdout.write(f"left out {count:>6}: {reason}")
        if not export.rows:
            raise CommandError("Nothing was written: no judged message may be learned from.")
        clients = len({row.family for row in export.rows})
        self.stdout.write(f"{len(export.rows)} messages of {clients} clients written to {out}")
        self.stdout.write(f"SHA-256 {export.digest}")
        self.stdout.write("The file holds clients' words. Keep it where only the training can read it, then delete it.")


def _date(value: str) -> date:
    return date.fromisoformat(value)


def _start_of(clinic: Clinic, day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, tzinfo=ZoneInfo(clinic.time_zone))


def _teller(bar: "tqdm[Any]") -> labels.Tick:
    def tell(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return tell
