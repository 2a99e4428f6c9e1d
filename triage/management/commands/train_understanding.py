"""Trains what the bot understands from the corpus in the repository, in place of the shipped model."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from triage.bot.understanding import corpus, storing
from triage.bot.understanding.corpus import CorpusError

_STEPS = 8


class Command(BaseCommand):
    help = "Train the bot's understanding. The same rows, seed, day and libraries give the same bytes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the solvers (default 1)")
        parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with en_train*.jsonl")
        parser.add_argument("--into", type=Path, default=storing.FOLDER, help="folder for the artefact")
        parser.add_argument("--on", type=date.fromisoformat, default=None, help="day of the training (default today)")

    def handle(self, *args: Any, **options: Any) -> None:
        from triage.bot.understanding.training import train  # scikit-learn takes a second to import, and only here

        try:
            rows = corpus.read_rows(corpus.TRAIN, options["corpus"])
        except (CorpusError, OSError) as error:
            raise CommandError(str(error)) from None
        with tqdm(total=_STEPS, unit="step", disable=None, file=self.stderr._out) as bar:

            def tick(step: str) -> None:
                bar.set_postfix_str(step)
                bar.update()

            on = options["on"] or datetime.now(UTC).date()
            try:
                trained = train(rows, seed=options["seed"], on=on, tick=tick)
            except ValueError as error:
                raise CommandError(f"this corpus cannot be learnt: {error}") from None
        version = storing.store(
            trained.arrays, trained.vocabulary, trained.calibration, trained.manifest, options["into"]
        )
        for name, figure in trained.manifest["out_of_fold"].items():
            self.stdout.write(f"out of fold, {name:10} {figure}")
        self.stdout.write(f"a topic is named from {trained.calibration.said} on, an act is sure from")
        self.stdout.write(f"{trained.calibration.sure} on\n{version}")
