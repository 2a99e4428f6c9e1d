"""The house rules that a linter does not know."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("audit", "accounts", "riskmodel", "triage", "counselling", "config", "tests", "benchmarks")
NO_NAMES = {"utils", "helpers", "services", "managers", "common"}


def modules():
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]


def scripts():
    return [*(ROOT / "static").rglob("*.js"), *(ROOT / "static").rglob("*.css")]


def test_no_module_is_longer_than_a_person_keeps_in_mind():
    long = {str(path.relative_to(ROOT)): size for path in modules() if (size := path.read_text().count("\n")) > 400}
    assert not long


def test_no_module_is_an_attic():
    assert not [path for path in modules() if path.stem in NO_NAMES or NO_NAMES & set(path.parts)]


def test_every_module_says_in_its_first_lines_what_it_is_for():
    silent = [path for path in modules() if path.stat().st_size and not path.read_text().startswith(('"""', "#!"))]
    assert not silent


@pytest.mark.parametrize("word", ["https://", "http://", "eval(", "innerHTML"])
def test_no_script_fetches_from_elsewhere_or_builds_markup_from_text(word):
    assert not [path for path in scripts() if word in _code(path)]


def _code(path):
    """A script without its block comments, line comments and SVG namespaces, which request nothing."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    lines = (line for line in text.splitlines() if not line.strip().startswith("//") and "w3.org" not in line)
    return "\n".join(lines)
