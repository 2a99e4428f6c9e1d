"""`manage.py replay FILE.jsonl`: rehearse written conversations against a running service."""

import asyncio
import json
import statistics
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from triage.rehearsal import BadLine, Played, Player, ServiceUnreachable, read_script


class Command(BaseCommand):
    """Plays conversations as clients over the real socket and prints what the service made of them."""

    help = 'Play conversations ({"conversation": "...", "text": "..."} a line) against a running service.'
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own spelling; no database is needed here

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the service")
        parser.add_argument("--clinic", default="demonstration", help="slug of the clinic")
        parser.add_argument("--token", default="", help="API token of a member who may rehearse (production needs one)")
        parser.add_argument("--at-once", type=int, default=8, help="conversations played at the same time")
        parser.add_argument("--json", action="store_true", help="print a list of objects instead of a report")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, play, report. Exit code 1 when a line could not be read or played."""
        try:
            lines, bad = read_script(options["file"])
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from error
        for line in bad:
            self.stderr.write(f"line {line.number}: {line.reason}")
        played = self._play(lines, options) if lines else []
        if options["json"]:
            self.stdout.write(json.dumps([row.to_json() for row in played], ensure_ascii=False, indent=1))
        else:
            self._report(played, bad)
        for row in played:
            if row.error:
                self.stderr.write(f"line {row.line}: {row.error}")
        if bad or any(row.error for row in played):
            sys.exit(1)

    def _play(self, lines: list[Any], options: dict[str, Any]) -> list[Played]:
        player = Player(options["url"], options["clinic"], options["token"])
        with tqdm(total=len(lines), unit="message", file=sys.stderr, disable=None if options["json"] else False) as bar:
            try:
                return asyncio.run(
                    player.play(lines, at_once=max(1, options["at_once"]), on_line=lambda row: bar.update() and None)
                )
            except ServiceUnreachable as error:
                raise CommandError(str(error)) from error

    def _report(self, played: list[Played], bad: list[BadLine]) -> None:
        for row in played:
            mark = " ALERT" if row.alert_open else ""
            self.stdout.write(f"{row.conversation} #{row.n}  [{row.level or '-'}{mark}]  {row.state}  {row.ms:.0f} ms")
            self.stdout.write(f"  client: {row.text}")
            for reply in row.replies:
                self.stdout.write(f"  {reply['key']}: {reply['text']}")
        self.stdout.write(_summary(played, bad))


def _summary(played: list[Played], bad: list[BadLine]) -> str:
    answered = [row for row in played if not row.error]
    levels = Counter(row.level for row in answered)
    times = sorted(row.ms for row in answered) or [0.0]
    conversations = {row.conversation for row in played}
    alerts = {row.conversation for row in answered if row.alert_open}
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return "\n".join(
        (
            f"{len(played)} messages in {len(conversations)} conversations; {len(alerts)} with an open alert",
            "levels: " + ", ".join(f"{level or 'unknown'} {count}" for level, count in sorted(levels.items())),
            f"latency: median {statistics.median(times):.0f} ms, 99th percentile {p99:.0f} ms",
            f"not played: {len(played) - len(answered)}; lines that could not be read: {len(bad)}",
        )
    )
