"""The house rules that a linter does not know."""

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
    # Namespaces of SVG, and the embed script's advice on how a page names it, are no requests.
    code = {
        path: "\n".join(line for line in path.read_text().splitlines() if "w3.org" not in line) for path in scripts()
    }
    found = [path for path, text in code.items() if word in text and not _only_in_comments(word, text)]
    assert not found


def _only_in_comments(word, text):
    return all(line.strip().startswith(("//", "*", "/*")) for line in text.splitlines() if word in line)
