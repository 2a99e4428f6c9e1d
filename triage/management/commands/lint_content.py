"""`manage.py lint_content`: checks everything the bot can say; exit code 1 and one line a hit when there are hits."""

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.bot.catalogue import CONTENT, read_library
from triage.bot.content import ContentError
from triage.bot.lint import GRADE_TARGET, Hit, grade_of_item, lint_items, lint_text
from triage.crisis import directory
from triage.crisis.resources import ResourceError


class Command(BaseCommand):
    help = "Check all content: forbidden wording (F1-F12), reading grade, length, disclosure, approvals, expiry."
    requires_system_checks: list[str] = []  # it must run on content that the service refuses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=CONTENT, help="the folder of content")
        parser.add_argument("--at", type=date.fromisoformat, help="check expiry as on this day, YYYY-MM-DD")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, folder: Path, at: date | None, **options: Any) -> None:
        day = at or datetime.now(UTC).date()
        try:
            library = read_library(folder)
            catalogue = library.on(day)
            lines = directory.problems(at=datetime.combine(day, time.min, UTC))
            advice = directory.resources().advice
        except (ContentError, ResourceError) as error:
            raise CommandError(str(error)) from error
        hits = lint_items(library.items)
        hits += lint_text(advice, key="advice", file="crisis/resources.toml")
        hits += [Hit(f"{p.file.parent.name}/{p.file.name}", p.key, "approval", p.reason) for p in catalogue.problems]
        grades = {item.key: round(grade, 1) for item in library.items if (grade := grade_of_item(item)) is not None}
        if options["json"]:
            report = {"hits": [hit.to_json() for hit in hits], "grades": grades, "crisis_lines_to_check": lines}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
        else:
            self._print(hits, grades, lines, items=len(library.items))
        if hits:
            raise SystemExit(1)

    def _print(self, hits: list[Hit], grades: dict[str, float], lines: list[str], *, items: int) -> None:
        for hit in hits:
            self.stdout.write(str(hit))
        hard = [f"{key} {grade}" for key, grade in grades.items() if grade > GRADE_TARGET]
        if hard:
            self.stdout.write(f"Reading grade above the target of {GRADE_TARGET:.0f}: {', '.join(hard)}")
        self.stdout.write(f"{items} items, {len(hits)} hits. Crisis lines that this clinic has to check: {len(lines)}.")
