"""Lays the figures of a model out as tables, for a terminal or as Markdown for the model card."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskmodel.levels import LADDER

_UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, the names of the columns, and lines of as many cells."""

    heading: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """In columns, for a terminal."""
        every = (self.columns, *self.lines)
        widths = [max(map(len, column)) for column in zip(*every, strict=True)]
        rows = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in every]
        return "\n".join([self.heading, *("  ".join(row).rstrip() for row in rows)])

    def markdown(self) -> str:
        """With pipes, for a Markdown file."""
        rule = tuple("---" for _ in self.columns)
        cells = (self.columns, rule, *self.lines)
        return "\n".join([f"{self.heading}:", "", *("| " + " | ".join(line) + " |" for line in cells)])


def tables(measured: Mapping[str, Any]) -> list[Table]:
    """What `evaluation.measure` found."""
    misses = [_misses(name, one) for name, one in measured["misses"].items() if one["dangerous"]]
    categories = [
        (*_misses(name, one), percent(one["named of alerted"]))
        for name, one in measured["categories"].items()
        if one["dangerous"]
    ]
    found = [
        _figures(measured),
        Table(
            "Level of the row (down) and level given (across); unscored counts as moderate",
            ("", *LADDER),
            tuple((level, *map(str, line)) for level, line in zip(LADDER, measured["confusion"], strict=True)),
        ),
        Table("Misses by level", _MISSES, tuple(misses)),
        Table("Misses by category", (*_MISSES, "named of alerted"), tuple(categories)),
        Table("Misses and false alarms by tag", _BOTH, tuple(_both(*item) for item in measured["tags"].items())),
    ]
    return [table for table in found if table.lines]


def fairness_table(found: Mapping[str, Any]) -> Table:
    """What `fairness.fairness` found; a group that blocks promotion is marked."""
    groups = [("all rows", found["overall"]), *((f"{one['kind']} {one['group']}", one) for one in found["groups"])]
    return Table(
        "Misses and false alarms by how somebody writes",
        (*_BOTH, ""),
        tuple((*_both(name, one), _mark(one)) for name, one in groups if one["dangerous"] or one["harmless"]),
    )


def side_by_side(names: Sequence[str], measured: Sequence[Mapping[str, Any]]) -> Table:
    """The head figures of several models, a column each."""
    keys = list(dict.fromkeys(key for one in measured for key in one["figures"]))
    lines = (tuple([key, *(number(one["figures"].get(key)) for one in measured)]) for key in keys)
    return Table("Figures", ("", *names), tuple(lines))


def number(value: float | None) -> str:
    """A figure as it stands in a table."""
    return _UNKNOWN if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def percent(share: float | None) -> str:
    """A share in per cent, one digit behind the point."""
    return _UNKNOWN if share is None else f"{100 * share:.1f} %"


_MISSES = ("", "dangerous", "missed", "rate", "95 %", "two or more too low")
_BOTH = ("", "dangerous", "missed", "rate", "95 %", "harmless", "false alarms", "rate ", "95 % ")


def _figures(measured: Mapping[str, Any]) -> Table:
    def lines() -> Iterator[tuple[str, ...]]:
        for name, value in measured["figures"].items():
            yield name, number(value), _between(measured["intervals"].get(name), number)
        yield "families", number(measured["families"]), ""
        yield "unscored", number(measured["unscored"]), ""

    return Table("Figures", ("", "figure", "95 %, by family"), tuple(lines()))


def _misses(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_rate(name, one, "dangerous", "missed"), str(one["two or more levels too low"]))


def _both(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_rate(name, one, "dangerous", "missed"), *_rate(name, one, "harmless", "false alarms")[1:])


def _rate(name: str, one: Mapping[str, Any], of: str, what: str) -> tuple[str, ...]:
    return (
        name,
        str(one[of]),
        str(one[what]),
        percent(one[f"rate of {what}"]),
        _between(one[f"interval of {what}"], percent),
    )


def _between(ends: Sequence[float] | None, form: Any) -> str:
    return "" if ends is None else f"{form(ends[0])} to {form(ends[1])}"


def _mark(one: Mapping[str, Any]) -> str:
    if one.get("blocks"):
        return "BLOCKS"
    return "too few to tell" if one.get("too few to tell") else ""
