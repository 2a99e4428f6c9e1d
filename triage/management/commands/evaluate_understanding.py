"""Measures what the bot understands on the held-out rows of the corpus. No text is printed."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskmodel.embedding import EmbeddingRefused
from triage.bot.understanding import corpus, evaluation, storing
from triage.bot.understanding.corpus import CorpusError
from triage.bot.understanding.storing import UnderstandingRefused
from triage.bot.understanding.understanding import understander


class Command(BaseCommand):
    help = "Measure the bot's understanding on held-out rows: acts, topics, feelings, and what being sure is worth."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
        parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with en_held_out.jsonl")
        parser.add_argument("--artefact", type=Path, default=storing.FOLDER, help="folder of the artefact")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = corpus.read_rows(corpus.HELD_OUT, options["corpus"])
            learnt = corpus.read_rows(corpus.TRAIN, options["corpus"])
            reader = understander(options["artefact"])
            found = [reader.understand(row.text) for row in rows]
        except (UnderstandingRefused, EmbeddingRefused) as refusal:
            raise CommandError(f"understanding is refused: {refusal}") from None
        except (CorpusError, OSError) as error:
            raise CommandError(str(error)) from None
        # "thanks" can only be written one way: such rows are measured apart, for they were learnt by heart.
        known = {row.id for row in corpus.shared(rows, learnt)}
        new = [(row, one) for row, one in zip(rows, found, strict=True) if row.id not in known]
        every = evaluation.measure(rows, found)
        unknown = evaluation.measure([row for row, _ in new], [one for _, one in new])
        if options["json"]:
            self.stdout.write(json.dumps({"version": reader.version, "all": every, "new": unknown}, indent=1))
            return
        self.stdout.write(f"{reader.version}\nHeld out, all: {evaluation.text_of(every)}")
        head = evaluation.text_of(unknown).split("\n\n")[0]
        self.stdout.write(f"\nOnly those whose wording is not in train as well: {head}")
