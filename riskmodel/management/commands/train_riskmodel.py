"""Trains the risk model from the corpus and, if wished, makes it the active one."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from riskmodel import artefacts, corpus
from riskmodel.artefacts import ArtefactRefused
from riskmodel.corpus import CorpusError, Row
from riskmodel.labels import LabelsError, merge, read_labels, settle

_STEPS = 26


class Command(BaseCommand):
    help = "Train the risk model from the corpus. The same rows, labels, seed, day and libraries give the same bytes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the solvers (default 1)")
        parser.add_argument("--name", default="en1", help="first part of the version (default en1)")
        parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
        parser.add_argument("--into", type=Path, default=artefacts.FOLDER, help="folder for the artefact")
        parser.add_argument("--also", type=Path, help="JSONL file of own labels (export_labels) to learn as well")
        parser.add_argument("--on", type=date.fromisoformat, default=None, help="day of the training (default today)")
        parser.add_argument("--activate", action="store_true", help="make the new model the active one")

    def handle(self, *args: Any, **options: Any) -> None:
        from riskmodel.conversations import read_conversations  # scikit-learn takes a second to import, and only here
        from riskmodel.training import train

        try:
            rows = corpus.read_corpus(options["corpus"])
            conversations = read_conversations(options["corpus"] / "conversations")
            rows, counts = self._with_own(rows, options["also"])
        except (CorpusError, LabelsError, OSError) as error:
            raise CommandError(str(error)) from None
        with tqdm(total=_STEPS, unit="step", disable=None, file=self.stderr._out) as bar:

            def tick(step: str) -> None:
                bar.set_postfix_str(step)
                bar.update()

            trained = train(
                rows,
                name=options["name"],
                seed=options["seed"],
                tick=tick,
                counts=counts,
                on=options["on"] or datetime.now(UTC).date(),
                conversations=conversations,
            )
        version = artefacts.store(trained.arrays, trained.vocabulary, trained.manifest, options["into"])
        if options["activate"]:
            try:
                artefacts.activate(version, options["into"])
            except ArtefactRefused as refusal:
                raise CommandError(str(refusal)) from None
        for name, figure in trained.manifest["metrics"].items():
            self.stdout.write(f"{name:40} {figure}")
        self.stdout.write(version)

    def _with_own(self, rows: list[Row], also: Path | None) -> tuple[list[Row], list[float] | None]:
        if also is None:
            return rows, None
        settled = settle(rows, read_labels(also))
        for finding in settled.findings:
            self.stderr.write(finding)
        merged, counts = merge(rows, settled.own)
        self.stdout.write(f"{len(settled.own)} own labels beside {len(settled.corpus)} rows of the corpus")
        return merged, counts
