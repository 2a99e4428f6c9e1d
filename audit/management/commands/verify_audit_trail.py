"""Prove that the audit trail is whole, or name the first broken entry of each stream and exit with 1."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from audit import signing, trail
from audit.findings import Report
from audit.verification import UnknownStream, total_entries, verify


class Command(BaseCommand):
    help = (
        "Walk all chains of the audit trail and check them against the signed checkpoints. "
        "Exit 0: intact. Exit 1: something was altered, removed, swapped or cut off. Exit 2: could not be checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--stream", metavar="NAME", help="only this stream, for example conversation:<id>")
        parser.add_argument("--checkpoints", metavar="DIR", type=Path, help="folder of checkpoint files to trust")
        parser.add_argument(
            "--public-key",
            metavar="B64",
            action="append",
            default=[],
            help="trust only this public key (repeat for several); by default the key of the settings",
        )
        parser.add_argument("--quiet", action="store_true", help="no progress bar")
        parser.add_argument("--no-record", action="store_true", help="leave no entry about this check in the trail")

    def handle(self, *, json: bool, quiet: bool, no_record: bool, **options: Any) -> None:
        report = self._verify(is_quiet=quiet, **options)
        if not no_record:
            _record(report, options["stream"])
        self._print_json(report) if json else self._print_words(report)
        if not report.is_intact:
            raise SystemExit(1)

    def _verify(
        self, *, is_quiet: bool, stream: str | None, checkpoints: Path | None, public_key: list[str], **_: Any
    ) -> Report:
        if checkpoints is not None and not checkpoints.is_dir():
            raise CommandError(f"--checkpoints: {checkpoints} is not a folder", returncode=2)
        try:
            keys = [signing.decode_key(text, name="--public-key") for text in public_key]
            with tqdm(total=total_entries(stream), unit=" entries", desc="audit trail", disable=is_quiet) as bar:
                return verify(stream=stream, folder=checkpoints, public_keys=keys, progress=bar.update)
        except (UnknownStream, signing.KeyRefused) as error:
            raise CommandError(str(error), returncode=2) from error

    def _print_json(self, report: Report) -> None:
        self.stdout.write(json.dumps(report.to_json(), indent=2))

    def _print_words(self, report: Report) -> None:
        self.stdout.write(
            f"{report.entries:,} entries of {report.streams:,} streams in {report.seconds:.2f} s"
            f" ({report.entries_per_second:,.0f} entries/s)"
        )
        self.stdout.write(
            f"{report.checkpoints:,} checkpoints hold; {report.newer_entries:,} entries are newer than any of them"
        )
        if report.pending_checkpoints:
            self.stdout.write(
                f"checkpoints {report.pending_checkpoints} wait in the folder for the next write_checkpoint"
            )
        for finding in report.findings:
            self.stdout.write(f"BROKEN {finding.line()}")
        self.stdout.write("The trail is intact." if report.is_intact else "The trail is NOT intact.")


def _record(report: Report, stream: str | None) -> None:
    detail = {"entries": report.entries, "streams": report.streams, "findings": len(report.findings)}
    event = trail.Event(
        "audit.verified",
        trail.Agent("system", "verify_audit_trail"),
        "stream" if stream else "trail",
        stream or "",
        "success" if report.is_intact else "failed",
        detail,
    )
    with transaction.atomic():
        trail.record(trail.SERVICE_STREAM, event, at=timezone.now())
