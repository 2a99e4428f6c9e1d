"""One week of a clinic's assessments beside their reference, as a table of figures."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Clinic
from triage import drift
from triage.management.asking import clinic_named
from triage.models import DriftReport
from triage.policy import URGENCY


class Command(BaseCommand):
    help = "Show whether clients write differently from before: scores, languages, unknown words, what people overrode."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument(
            "--week", type=date.fromisoformat, metavar="DATE", help="a day of that week; without it the last full one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        clinic = clinic_named(options["clinic"])
        week_start = _week(clinic, options["week"])
        report = DriftReport.objects.filter(clinic=clinic, week_start=week_start).first()
        figures = report.figures if report else drift.measure(clinic, week_start)
        past = report.past_thresholds if report else drift.past_thresholds(figures)
        stored = f"report of {report.made_at:%Y-%m-%d %H:%M} UTC" if report else "counted just now, not stored"
        self.stdout.write(f"{clinic.name}, week of {week_start} ({stored})")
        for name, said in _lines(figures):
            self.stdout.write(f"  {name:<28} {said}")
        self.stdout.write("thresholds")
        for one in drift.THRESHOLDS:
            value = figures.get(one.name)
            enough = figures[one.of] >= one.least
            verdict = "PAST" if one.name in past else "ok" if value is not None and enough else "not enough to say"
            self.stdout.write(f"  {one.name:<28} {_figure(value):>8}  above {one.above:<6} {verdict}")


def _week(clinic: Clinic, day: date | None) -> date:
    current = drift.week_of(clinic, timezone.now())
    if day is None:
        return current - drift.WEEK
    week_start = day - timedelta(days=day.weekday())
    if week_start > current:
        raise CommandError("That week has not begun yet.")
    return week_start


def _lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    reference = figures["reference"]
    compared = "none yet: the first weeks are not over"
    if reference:
        weeks = f", weeks from {reference['since']} to {reference['until']}" if reference["since"] else ""
        compared = f"{reference['source']}, {reference['messages']} messages{weeks}"
    levels = {level: figures["levels"][level] for level in URGENCY if level in figures["levels"]}
    return [
        ("messages", f"{figures['messages']}, and {figures['without_model']} while scoring was off"),
        ("model", figures["version"] or "none"),
        ("compared with", compared),
        ("levels", _mix(levels)),
        ("languages", _mix(figures["languages"])),
        ("scores in tenths", " ".join(str(one) for one in figures["histogram"])),
        ("unknown words", f"{_figure(figures['unknown_words_rate'])} of {figures['words']}"),
        ("alerts resolved", str(figures["resolved"])),
        ("risks that people found", str(figures["judged_risky"])),
    ]


def _mix(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items()) or "none"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
