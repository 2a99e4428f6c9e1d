"""Measures one model on the held-out rows of the corpus or on a labelled file, and prints tables."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskmodel import artefacts
from riskmodel.artefacts import ArtefactRefused
from riskmodel.corpus import CorpusError
from riskmodel.fairness import fairness
from riskmodel.layout import fairness_table, tables
from riskmodel.measuring import add_row_arguments, cautions, choose_rows, score_all, unscored_for_errors
from riskmodel.sets import SetError


class Command(BaseCommand):
    help = (
        "Measure a risk model: figures with intervals, levels given, misses by level, category and tag, and gaps "
        "between groups. A row is dangerous from moderate on, whatever a column risk says. No text is printed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", nargs="?", metavar="VERSION", help="a version on disk (default the active one)")
        add_row_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from riskmodel.evaluation import measure  # scikit-learn takes a second to import, and a mistype should not

        try:
            rows, what = choose_rows(options)
            artefact = artefacts.load(options["version"], options["artefacts"])
            notes = cautions(artefact, options)
        except ArtefactRefused as refusal:
            raise CommandError(f"the risk model is refused: {refusal}") from None
        except (CorpusError, SetError, OSError) as error:
            raise CommandError(str(error)) from None
        scores = score_all(artefact, rows)
        self.stdout.write(f"{artefact.version} on {what}")
        for note in notes:
            self.stdout.write(f"Note: {note}")
        found = fairness(rows, scores)
        for table in [*tables(measure(rows, scores)), fairness_table(found)]:
            self.stdout.write("\n" + (table.markdown() if options["markdown"] else table.text()))
        self.stdout.write("")
        for sentence in found["why"]:
            self.stdout.write(f"Blocks promotion: {sentence}")
        if failed := unscored_for_errors(scores):
            raise CommandError(f"scoring failed on {failed} rows, which count as alerts above")
