"""Two models beside each other on the same rows: figures, alerts gained and lost, and what may be chance."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskmodel import artefacts
from riskmodel.artefacts import ArtefactRefused
from riskmodel.corpus import CorpusError
from riskmodel.layout import side_by_side
from riskmodel.measuring import add_row_arguments, cautions, choose_rows, score_all, unscored_for_errors
from riskmodel.sets import SetError


class Command(BaseCommand):
    help = (
        "Compare two risk models on the same rows: which alerts the second gains and loses, by id, and which of the "
        "two is better on what, with McNemar's exact test. Texts are printed with --texts only."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("first", metavar="A", help="a version on disk")
        parser.add_argument("second", metavar="B", help="the version to hold against it")
        add_row_arguments(parser)
        parser.add_argument("--texts", action="store_true", help="print the texts of alerts gained and lost")

    def handle(self, *args: Any, **options: Any) -> None:
        from riskmodel.comparison import compare, verdict  # scikit-learn takes a second to import

        names = options["first"], options["second"]
        try:
            rows, what = choose_rows(options)
            models = [artefacts.load(name, options["artefacts"]) for name in names]
            notes = dict.fromkeys(note for model in models for note in cautions(model, options))
        except ArtefactRefused as refusal:
            raise CommandError(f"a risk model is refused: {refusal}") from None
        except (CorpusError, SetError, OSError) as error:
            raise CommandError(str(error)) from None
        scores = [score_all(model, rows) for model in models]
        found = compare(rows, *scores)
        self.stdout.write(f"{names[0]} and {names[1]} on {what}")
        for note in notes:
            self.stdout.write(f"Note: {note}")
        table = side_by_side(names, found.figures)
        self.stdout.write("\n" + (table.markdown() if options["markdown"] else table.text()) + "\n")
        for what, dangerous in (("dangerous", True), ("harmless", False)):
            gained, lost = found.counts(dangerous=dangerous)
            p = found.p(dangerous=dangerous)
            self.stdout.write(f"Alerts on {what} rows: {gained} gained, {lost} lost (McNemar's exact p = {p:.3g})")
        self._write_changes("Gained", found.gained, options["texts"])
        self._write_changes("Lost", found.lost, options["texts"])
        for sentence in verdict(found, *names):
            self.stdout.write(sentence)
        if failed := sum(map(unscored_for_errors, scores)):
            raise CommandError(f"scoring failed {failed} times, which count as alerts above")

    def _write_changes(self, what: str, changes: Iterable[Any], texts: bool) -> None:
        for one in changes:
            line = f"{what}: {one.row.id} is {one.row.level}, was called {one.before}, now {one.after}"
            self.stdout.write(line + (f": {one.row.text}" if texts else ""))
