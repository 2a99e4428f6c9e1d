"""`manage.py play_flow KEY`: talk through a flow in the terminal, without a client, a database or a score."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.bot import preview
from triage.bot.catalogue import FALLBACK, Library, NotServable, read_library
from triage.bot.content import ContentError, Item
from triage.serving import content_folder


class Command(BaseCommand):
    """Plays one flow, interactively or from a list of answers."""

    help = "Talk through a flow of the bot's content without a client. Nothing is stored or scored."
    requires_system_checks: list[str] = []  # noqa: RUF012 - it must run on content that the service refuses

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("key", help="the flow's key, such as grounding")
        parser.add_argument("--locale", default=FALLBACK)
        parser.add_argument("--content-version", type=int, help="without it the newest on disk")
        parser.add_argument("--folder", type=Path, help="the folder of content")
        parser.add_argument("--on", type=date.fromisoformat, help="as on this day, YYYY-MM-DD")
        parser.add_argument("--answers", nargs="*", help="what the client says, one after another")
        parser.add_argument("--json", action="store_true", help="one list of steps; needs --answers")

    def handle(self, *, key: str, locale: str, answers: list[str] | None, **options: Any) -> None:
        """Play until the flow ends or the answers do. Exit code 1 when answers are left over."""
        if options["json"] and answers is None:
            raise CommandError("--json needs --answers")
        try:
            library = read_library(options["folder"] or content_folder())
            item = _item(library, key, locale, options["content_version"])
            catalogue = preview.catalogue_with(library, item, at=options["on"] or datetime.now(UTC).date())
            played = preview.begin(catalogue, item)
        except (ContentError, preview.NothingToPlay, NotServable) as error:
            raise CommandError(str(error)) from error
        steps = [_told(None, played)]
        self._show(steps[-1], quiet=options["json"])
        given, asked = 0, self._asked() if answers is None else iter(answers)
        while not played.ended and (text := next(asked, None)) is not None:
            given += 1
            played = preview.go_on(catalogue, played.position, text, locale=locale)
            steps.append(_told(text, played))
            self._show(steps[-1], quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(steps, ensure_ascii=False, indent=1))
        if answers is not None and given < len(answers):
            self.stderr.write(f"The flow ended; not said any more: {', '.join(answers[given:])}")
            sys.exit(1)

    def _asked(self) -> Iterator[str]:
        while True:
            try:
                yield input("> ")
            except (EOFError, KeyboardInterrupt):
                return

    def _show(self, step: dict[str, Any], *, quiet: bool) -> None:
        if quiet:
            return
        if step["client"] is not None:
            self.stdout.write(f"client: {step['client']}")
        for reply in step["replies"]:
            self.stdout.write(f"{reply['key']}: {reply['text']}{'  [crisis card]' if reply['card'] else ''}")
        if labels := [label for reply in step["replies"] for label in reply["choices"]]:
            self.stdout.write("  " + "  ".join(f"({label})" for label in labels))
        for note in step["notes"]:
            self.stdout.write(f"  * {note}")


def _item(library: Library, key: str, locale: str, version: int | None) -> Item:
    found = [one for one in library.items if (one.key, one.locale) == (key, locale) and version in (None, one.version)]
    if not found:
        raise CommandError(f"There is no {locale}/{key}{f' version {version}' if version else ''}.")
    return max(found, key=lambda one: one.version)


def _told(text: str | None, played: preview.Played) -> dict[str, Any]:
    replies = [
        {
            "key": reply.key,
            "version": reply.version,
            "digest": reply.digest,
            "text": reply.text,
            "choices": [choice.label for choice in reply.choices],
            "card": reply.card,
        }
        for reply in played.replies
    ]
    return {
        "client": text,
        "replies": replies,
        "notes": list(played.notes),
        "position": played.position.to_json(),
        "ended": played.ended,
    }
