"""Finds duplicates, label conflicts, leaks between splits and thin levels in the corpus, and prints its balance."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskmodel import corpus
from riskmodel.corpus import CorpusError


class Command(BaseCommand):
    help = "Check riskmodel/corpus. Exit code 1 when something is wrong with it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = corpus.read_corpus(options["corpus"])
        except CorpusError as error:
            raise CommandError(str(error)) from None
        for line in corpus.balance(rows):
            self.stdout.write(f"{line[0]:22}" + "".join(f"{cell:>10}" for cell in line[1:]))
        faults = corpus.find_faults(rows)
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults")
        self.stdout.write(f"{len(rows)} rows, nothing wrong")
