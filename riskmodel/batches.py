"""Scores a CSV file of texts row by row: streaming, bad rows named by their line, the rest goes on."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from riskmodel.levels import Level, RiskScore
from riskmodel.scoring import score

COLUMNS = ("id", "level", "probability", "categories", "reasons", "model_version")
_NEEDED = ("id", "text")
# csv keeps the limit in a C long, which has 32 bits on some platforms.
_LONGEST_FIELD = min(sys.maxsize, 2**31 - 1)


class BatchError(ValueError):
    """The file as a whole cannot be scored; the message says why."""


@dataclass(slots=True)
class Summary:
    """What came of a file: rows written, rows that could not be read (line and why), and rows a level."""

    written: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    levels: dict[Level, int] = field(default_factory=dict)


def score_rows(
    source: IO[bytes], goal: IO[str], *, tick: Callable[[int], None], complain: Callable[[str], None]
) -> Summary:
    """Score every row of `source` into `goal`. `tick` gets the bytes read so far, `complain` a sentence a bad row.

    Raises BatchError when there is no header with the columns id and text.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    summary = Summary()
    lines = _Lines(source, tick)
    reader = csv.reader(lines)
    header = _header(reader)
    writer = csv.writer(goal, lineterminator="\n")
    writer.writerow(COLUMNS)
    while True:
        begin = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            _refuse(summary, complain, begin, str(error))
            continue
        if row is None:
            return summary
        if not row:
            continue
        why = lines.take_fault() or _fault(row, header)
        if why:
            _refuse(summary, complain, begin, why)
            continue
        _write(writer, row[header["id"]], score(row[header["text"]]), summary)


class _Lines(Iterator[str]):
    """Decodes line by line, so that one invalid byte spoils one row and not the file."""

    def __init__(self, source: IO[bytes], tick: Callable[[int], None]) -> None:
        self._source = source
        self._tick = tick
        self._read = 0
        self._fault = ""
        self.number = 0

    def __next__(self) -> str:
        raw = self._source.readline()
        if not raw:
            raise StopIteration
        self.number += 1
        self._read += len(raw)
        self._tick(self._read)
        try:
            return raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            self._fault = f"invalid UTF-8 at byte {error.start + 1} of line {self.number}"
            return raw.decode("utf-8", errors="replace")

    def take_fault(self) -> str:
        fault, self._fault = self._fault, ""
        return fault


def _header(reader: Iterable[list[str]]) -> dict[str, int]:
    try:
        names = next(iter(reader), None)
    except csv.Error as error:
        raise BatchError(f"line 1: {error}") from None
    if names is None:
        raise BatchError("the file is empty")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise BatchError(f"line 1: no column {' and no column '.join(missing)}")
    return {name: names.index(name) for name in _NEEDED} | {"": len(names)}


def _fault(row: list[str], header: dict[str, int]) -> str:
    if len(row) != header[""]:
        return f"{len(row)} fields where the header has {header['']}"
    if not row[header["id"]].strip():
        return "no id"
    return ""


def _refuse(summary: Summary, complain: Callable[[str], None], line: int, why: str) -> None:
    summary.bad.append((line, why))
    complain(f"line {line}: {why}")


def _write(writer, identifier: str, found: RiskScore, summary: Summary) -> None:  # type: ignore[no-untyped-def]
    reasons = [
        {"kind": r.kind, "text": r.text, "weight": r.weight, "start": r.start, "end": r.end} for r in found.reasons
    ]
    writer.writerow(
        (
            identifier,
            found.level.value,
            f"{found.probability:.6f}",
            ";".join(found.categories),
            json.dumps(reasons, ensure_ascii=False),
            found.model_version,
        )
    )
    summary.written += 1
    summary.levels[found.level] = summary.levels.get(found.level, 0) + 1
