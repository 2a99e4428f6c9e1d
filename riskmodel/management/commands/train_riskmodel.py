"""Trains the risk model from the corpus and, if wished, makes it the active one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from riskmodel import artefacts, corpus
from riskmodel.artefacts import ArtefactRefused
from riskmodel.corpus import CorpusError

_STEPS = 15


class Command(BaseCommand):
    help = "Train the risk model from riskmodel/corpus. The same corpus, seed and libraries give the same bytes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the solvers (default 1)")
        parser.add_argument("--name", default="en1", help="first part of the version (default en1)")
        parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
        parser.add_argument("--into", type=Path, default=artefacts.FOLDER, help="folder for the artefact")
        parser.add_argument("--activate", action="store_true", help="make the new model the active one")

    def handle(self, *args: Any, **options: Any) -> None:
        from riskmodel.training import train  # scikit-learn takes a second to import, and only here

        try:
            rows = corpus.read_corpus(options["corpus"])
        except CorpusError as error:
            raise CommandError(str(error)) from None
        with tqdm(total=_STEPS, unit="step", disable=None, file=self.stderr._out) as bar:

            def tick(step: str) -> None:
                bar.set_postfix_str(step)
                bar.update()

            trained = train(rows, name=options["name"], seed=options["seed"], tick=tick)
        version = artefacts.store(trained.arrays, trained.vocabulary, trained.manifest, options["into"])
        if options["activate"]:
            try:
                artefacts.activate(version, options["into"])
            except ArtefactRefused as refusal:
                raise CommandError(str(refusal)) from None
        for name, figure in trained.manifest["metrics"].items():
            self.stdout.write(f"{name:40} {figure}")
        self.stdout.write(version)
