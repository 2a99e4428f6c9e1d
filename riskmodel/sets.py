"""Reads a labelled CSV file as rows that a model can be measured on: `id,text` and `level` or `risk`."""

import csv
import sys
from pathlib import Path

from riskmodel.corpus import Row
from riskmodel.levels import LADDER, Level

_NEEDED = ("id", "text")
_SPLIT = "test"  # rows from outside are never learnt from


class SetError(ValueError):
    """The file cannot be measured on; the message names the line and never repeats a text."""


def read_set(path: Path) -> tuple[list[Row], int]:
    """The rows of a CSV file, and how many were left out because their column `flag` is 1.

    `level` is a word of the ladder or 0 to 4; where there is only `risk`, 1 counts as moderate and 0 as none.
    `categories` and `tags` are joined by `;`; `family`, else `group`, else the id says which rows belong together.
    Raises SetError at the first row that cannot be read: a figure on part of a file would pass for one on all of it.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows: list[Row] = []
    left_out = 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames)
            for fields in reader:
                if fields.get("flag") == "1":
                    left_out += 1
                else:
                    rows.append(_read_row(fields, reader.line_num))
    except UnicodeDecodeError as error:
        raise SetError(f"{path.name}: invalid UTF-8 at byte {error.start + 1}") from None
    except csv.Error as error:
        raise SetError(f"{path.name}: {error}") from None
    if not rows:
        raise SetError(f"{path.name}: no rows")
    return rows, left_out


def _check_header(names: object) -> None:
    found = list(names) if isinstance(names, list | tuple) else []
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise SetError(f"line 1: no column {' and no column '.join(missing)}")
    if "level" not in found and "risk" not in found:
        raise SetError("line 1: no column level and no column risk, so nothing can be measured")


def _read_row(fields: dict[str, str | None], line: int) -> Row:
    if None in fields or None in fields.values():
        raise SetError(f"row that ends on line {line}: not as many fields as the header has")
    known = {name: value or "" for name, value in fields.items()}
    if not known["id"].strip():
        raise SetError(f"row that ends on line {line}: no id")
    family = known.get("family") or known.get("group") or known["id"]
    categories, tags = (tuple(filter(None, known.get(name, "").split(";"))) for name in ("categories", "tags"))
    return Row(known["id"], known["text"], _level(known, line), categories, tags, family, _SPLIT)


def _level(fields: dict[str, str], line: int) -> Level:
    if "level" in fields:
        given = fields["level"].strip().lower()
        if given in LADDER:
            return Level(given)
        try:
            number = float(given)
            if number == int(number) and 0 <= number < len(LADDER):
                return LADDER[int(number)]
        except (ValueError, OverflowError):
            pass
        raise SetError(f"row that ends on line {line}: the level is none of {', '.join(LADDER)} nor 0 to 4")
    if fields["risk"].strip() not in ("0", "1"):
        raise SetError(f"row that ends on line {line}: the risk is neither 0 nor 1")
    return Level.MODERATE if fields["risk"].strip() == "1" else Level.NONE
