"""The clinician-readable tables beside this module, read once, and one digest over all of them."""

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "tables"


@cache
def table(name: str) -> dict[str, Any]:
    """The TOML table `name` (for example `cues` or `concepts/suicide`). Raises FileNotFoundError or TOMLDecodeError."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def concepts() -> tuple[dict[str, Any], ...]:
    """Every concept of `tables/concepts/*.toml`, in the order of file names and places."""
    found: list[dict[str, Any]] = []
    for path in sorted((FOLDER / "concepts").glob("*.toml")):
        found.extend(table(f"concepts/{path.stem}")["concept"])
    return tuple(found)


@cache
def common_words() -> frozenset[str]:
    """Everyday English words. They tell which reading of a disguised word is a word, and help to tell the language."""
    return frozenset((FOLDER / "words.txt").read_text(encoding="utf-8").split())


@cache
def function_words() -> frozenset[str]:
    """Small words that carry no meaning of their own for the linear models."""
    return frozenset(table("function_words")["words"].split())


@cache
def words_of_force() -> frozenset[str]:
    """Words that people put anywhere for force: a phrase holds with them between its words as well as without."""
    return frozenset(table("function_words")["force"].split())


@cache
def digest() -> str:
    """SHA-256 over every table: a model is only valid with the tables that it was trained with."""
    whole = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in {".toml", ".txt"}:
            whole.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()
