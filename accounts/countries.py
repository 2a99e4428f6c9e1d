"""The countries that a clinic can be in: ISO 3166-1 codes with English names, from the IANA time zone database."""

from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("countries.tsv")


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """All (code, name), in the order of the names."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return tuple((code, name) for code, _, name in (line.partition("\t") for line in lines))
