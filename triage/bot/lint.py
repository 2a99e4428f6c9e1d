"""The lint of what the bot says: forbidden classes F1 to F12, reading grade, length, one question, disclosure.

Patterns are wide on purpose. A hit is looked at by a person; an exception is written down in `ALLOWED` with its reason.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from triage.bot.content import Item

GRADE_TARGET = 6.0
GRADE_LIMIT = 8.0
LONGEST_SENTENCE = 20
LONGEST_REPLY = 60
# What begins each part of a conversation says, in every wording, that software writes.
OPENINGS = frozenset({"welcome", "are_you_real", "hand_back"})
# The formula needs a passage of about a hundred words (BOT-1); shorter items are joined.
GRADE_NEEDS_WORDS = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that may not be said, or not like that: where, which rule, what was found."""

    file: str
    key: str
    rule: str
    found: str

    def to_json(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.rule}: {self.found}"


FORBIDDEN = Path(__file__).resolve().parent / "forbidden"


def read_forbidden(file: Path) -> dict[str, re.Pattern[str]]:
    """The forbidden classes of a locale, such as "F1 method or means", each with one pattern over its wordings."""
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{name} {entry['title']}": re.compile("|".join(f"(?:{each})" for each in entry["patterns"]), re.IGNORECASE)
        for name, entry in raw.items()
    }


_FORBIDDEN = {file.stem: read_forbidden(file) for file in sorted(FORBIDDEN.glob("*.toml"))}
_AS_PUBLISHED = (
    "Wording of the instrument as published; it may not be changed (INS-5). To be confirmed by the clinicians."
)
# (key of the text, rule) -> who allowed it and why.
ALLOWED: Mapping[tuple[str, str], str] = {
    ("phq2.item2", "F11 certainty that takes hope, police"): _AS_PUBLISHED,
    ("phq9.item2", "F11 certainty that takes hope, police"): _AS_PUBLISHED,
    ("asq.item2", "BOT-2 sentence length"): _AS_PUBLISHED,
    ("phq9.item8", "BOT-2 sentence length"): _AS_PUBLISHED,
}
_CAPITALS = re.compile(r"\b[A-Z]{4,}\b")
_DISCLOSURE = re.compile(r"\b(?:automated|computer program|software)\b", re.IGNORECASE)
_NOT_A_PERSON = re.compile(r"\b(?:not a|no) (?:person|human)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z']+")
_ENDS = re.compile(r"(?<=[.!?])\s+")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]es|[^dt]ed|[^l]e)$")


def lint_text(text: str, *, key: str, file: str, locale: str = "en") -> list[Hit]:
    """Every rule that holds for a single reply or label."""
    if locale not in _FORBIDDEN:
        return [Hit(file, key, "locale", f"there is no list of forbidden wording for '{locale}'")]
    hits = [Hit(file, key, rule, found) for rule, found in _forbidden(text, locale)]
    longest = max((len(_WORD.findall(sentence)) for sentence in sentences(text)), default=0)
    if longest > LONGEST_SENTENCE:
        hits.append(Hit(file, key, "BOT-2 sentence length", f"{longest} words, {LONGEST_SENTENCE} allowed"))
    hits = [hit for hit in hits if (hit.key, hit.rule) not in ALLOWED]
    if text.count("?") > 1:
        hits.append(Hit(file, key, "BOT-2 one question", f"{text.count('?')} questions"))
    if len(text.split()) > LONGEST_REPLY:
        hits.append(Hit(file, key, "reply length", f"{len(text.split())} words, {LONGEST_REPLY} allowed"))
    if capitals := _CAPITALS.search(text):
        hits.append(Hit(file, key, "BOT-2 capitals", capitals[0]))
    return hits


def _forbidden(text: str, locale: str) -> Iterable[tuple[str, str]]:
    plain = text.replace("\u2019", "'")
    for rule, pattern in _FORBIDDEN[locale].items():
        if found := pattern.search(plain):
            yield rule, found[0]


def lint_item(item: Item) -> list[Hit]:
    """Every rule for one item: each text, then its reading grade as a whole, then what its kind must say."""
    file = _name(item.file)
    hits = [
        hit for key, text in item.sentences_shown() for hit in lint_text(text, key=key, file=file, locale=item.locale)
    ]
    grade = grade_of_item(item)
    if grade is not None and grade > GRADE_LIMIT:
        hits.append(Hit(file, item.key, "BOT-1 reading grade", f"{grade:.1f}, {GRADE_LIMIT:.0f} allowed"))
    if item.key in OPENINGS and not all(map(_discloses, item.nodes[item.start].texts)):
        hits.append(Hit(file, f"{item.key}.{item.start}", "BOT-4 disclosure", "does not say first what this is"))
    return hits


def _discloses(text: str) -> bool:
    return bool(_DISCLOSURE.search(text) and _NOT_A_PERSON.search(text))


def lint_items(items: Iterable[Item]) -> list[Hit]:
    """Lint many items; short ones are graded joined together as well."""
    found = list(items)
    hits = [hit for item in found for hit in lint_item(item)]
    short = " ".join(_passage(item) for item in found if grade_of_item(item) is None)
    if len(_WORD.findall(short)) >= GRADE_NEEDS_WORDS and (grade := reading_grade(short)) > GRADE_LIMIT:
        hits.append(Hit("short items", "joined", "BOT-1 reading grade", f"{grade:.1f}, {GRADE_LIMIT:.0f} allowed"))
    return hits


def grade_of_item(item: Item) -> float | None:
    """Reading grade of an item's texts together; None when they are too short for the formula."""
    passage = _passage(item)
    return reading_grade(passage) if len(_WORD.findall(passage)) >= GRADE_NEEDS_WORDS else None


def _passage(item: Item) -> str:
    texts = [text for node in item.nodes.values() for text in node.texts]
    return " ".join([*texts, *(text for each in item.texts.values() for text in each)])


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade of an English passage (Kincaid and others, 1975); numbers do not count."""
    said = _WORD.findall(text)
    if not said:
        return 0.0
    syllables = sum(_syllables(word) for word in said)
    return 0.39 * len(said) / len(sentences(text)) + 11.8 * syllables / len(said) - 15.59


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for part in _ENDS.split(text) if _WORD.search(part)]


def _syllables(word: str) -> int:
    plain = _SILENT_END.sub("", word.lower().replace("'", "")) or word.lower()
    return max(1, len(_VOWELS.findall(plain)))


def _name(file: Path) -> str:
    return "/".join(file.parts[-2:])
