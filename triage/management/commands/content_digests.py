"""`manage.py content_digests`: prints what there is to approve, and writes the sample approvals that ship."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.bot.approvals import sample_approvals
from triage.bot.catalogue import APPROVALS, CONTENT, read_library
from triage.bot.content import ContentError


class Command(BaseCommand):
    help = "Print the digest of every content item, or write sample approvals for the content as it stands."
    requires_system_checks: list[str] = []  # it must run on content that the service refuses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=CONTENT, help="the folder of content")
        parser.add_argument("--write-sample-approvals", action="store_true", help="overwrite approvals.toml")
        parser.add_argument("--on", type=date.fromisoformat, help="day of the sample approvals, YYYY-MM-DD")

    def handle(self, *, folder: Path, write_sample_approvals: bool, on: date | None, **_options: Any) -> None:
        try:
            library = read_library(folder)
        except ContentError as error:
            raise CommandError(str(error)) from error
        if write_sample_approvals:
            if on is None:
                raise CommandError("--write-sample-approvals needs --on YYYY-MM-DD")
            (folder / APPROVALS).write_text(sample_approvals(library.items, on=on), encoding="utf-8")
            self.stdout.write(f"{folder / APPROVALS}: {len(library.items)} sample approvals")
            return
        for item in library.items:
            reason = library.reasons[item.locale, item.key, item.version] or "approved"
            self.stdout.write(f"{item.locale} {item.key} {item.version} {item.digest} {reason}")
