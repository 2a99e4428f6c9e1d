"""Scores a CSV file: `id,text` in; `id,level,probability,categories,reasons,model_version` out."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from riskmodel import ArtefactRefused, Level, warm_up
from riskmodel.batches import BatchError, score_rows


class Command(BaseCommand):
    help = (
        "Score the texts of a CSV file. Categories are joined by ';', reasons are JSON. Rows that cannot be read are "
        "named by line and left out. Exit code: 0 all rows scored, 2 some rows left out, 1 nothing done."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="CSV file with the columns id and text")
        parser.add_argument("goal", type=Path, help="CSV file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        source, goal = options["source"], options["goal"]
        if goal.exists() and source.exists() and os.path.samefile(source, goal):
            raise CommandError("the two files are the same one")
        partial = goal.with_name(goal.name + ".part")
        try:
            warm_up()
            with (
                source.open("rb") as reading,
                partial.open("w", encoding="utf-8", newline="") as writing,
                tqdm(total=source.stat().st_size, unit="B", unit_scale=True, disable=None) as bar,
            ):
                summary = score_rows(reading, writing, tick=lambda n: bar.update(n - bar.n), complain=self.stderr.write)
            partial.replace(goal)
        except ArtefactRefused as refusal:
            raise CommandError(f"the risk model is refused: {refusal}") from None
        except (OSError, BatchError) as error:
            raise CommandError(str(error)) from None
        finally:
            partial.unlink(missing_ok=True)
        levels = ", ".join(f"{summary.levels.get(level, 0)} {level}" for level in Level)
        self.stdout.write(f"{summary.written} rows scored ({levels}), {len(summary.bad)} left out")
        if summary.bad:
            sys.exit(2)
