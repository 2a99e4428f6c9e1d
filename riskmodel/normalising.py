"""Turns what a person typed into plain words, undoing disguises, and remembers where each word came from."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from riskmodel.lexicon import Lexicon, lexicon
from riskmodel.tables import table

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PUNCTUATION = ".,!?;:\"()[]{}<>~`^=%#&/\\-_*'…|+"
_SENTENCE_END = frozenset(".!?;…\n")

_BEFORE_TO = frozenset({"want", "need", "going", "ready", "used", "trying", "try", "have", "about", "wanted", "wants"})

COMMA, SENTENCE = 1, 2


@dataclass(slots=True)
class Words:
    """Normalised words, each with its span in the original text, the breaks after them, and what was undone."""

    words: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)
    as_written: list[str] = field(default_factory=list)
    changes: dict[str, tuple[int, int]] = field(default_factory=dict)
    questions: int = 0
    foreign_letters: int = 0
    latin_letters: int = 0
    # Places of words that an emoji stands for: they may stand inside a phrase, and break none.
    emoji: frozenset[int] = frozenset()

    def add(self, words: Sequence[str], start: int, end: int, quoted: bool, written: str = "") -> None:
        for word in words:
            self.as_written.append(written)
            written = ""
            self.words.append(word)
            self.starts.append(start)
            self.ends.append(end)
            self.breaks.append(0)
            self.quoted.append(quoted)

    def end_with(self, strength: int) -> None:
        if self.breaks:
            self.breaks[-1] = max(self.breaks[-1], strength)

    def note(self, change: str, start: int, end: int) -> None:
        self.changes.setdefault(change, (start, end))


def normalise(text: str) -> Words:
    """Read any text, also with lone surrogates and controls. Work is linear in its length; it never raises."""
    found = Words()
    folded, origins = _fold(text, found)
    known = lexicon()
    chunks = [(match.start(), match.end()) for match in _CHUNK.finditer(folded)]
    quoted = False
    last = 0
    number = 0
    while number < len(chunks):
        start, end = chunks[number]
        if "\n" in folded[last:start]:
            found.end_with(SENTENCE)
        run = _spelled_out(folded, chunks, number)
        if run > 2 or (run == 2 and _is_halved(folded, chunks[number : number + 2], known)):
            last = chunks[number + run - 1][1]
            _add_spelled_out(found, folded, chunks[number : number + run], origins, known, quoted)
            number += run
            continue
        quoted = _add_chunk(found, folded, start, end, origins, known, quoted)
        last = end
        number += 1
    _join_halves(found, known)
    _read_two_as_to(found)
    if "letters written as signs" in found.changes:
        found.words = ["i" if w == "1" else read for w, read in zip(found.as_written, found.words, strict=True)]
    spans = zip(found.as_written, found.starts, found.ends, strict=True)
    found.emoji = frozenset(n for n, (word, start, end) in enumerate(spans) if len(word) > 2 >= end - start)
    return found


def _read_two_as_to(found: Words) -> None:
    for place in range(1, len(found.words)):
        if found.as_written[place] == "2" and found.words[place - 1] in _BEFORE_TO:
            found.words[place] = "to"


def _fold(text: str, found: Words) -> tuple[str, list[int] | None]:
    if text.isascii():
        found.latin_letters = sum(map(str.isalpha, text))
        return text.lower(), None
    out: list[str] = []
    origins: list[int] = []
    foreign = _look_alikes_to_read(text, found)
    for place, character in enumerate(text):
        plain = character.lower() if character.isascii() else _plain(character)
        if plain is None:
            if character not in "\ufe0f\u200d\u00ad":
                found.note("hidden characters", place, place + 1)
            continue
        if foreign and plain in foreign:
            plain = foreign[plain]
            found.note("look-alike letters", place, place + 1)
        out.append(plain)
        origins.extend([place] * len(plain))
    return "".join(out), origins


def _look_alikes_to_read(text: str, found: Words) -> dict[str, str]:
    """The look-alike table where the text is Latin enough to be disguised, else nothing: Russian stays Russian."""
    table_: dict[str, str] = table("characters")["look_alikes"]
    disguised = 0
    for character in text:
        if character.isalpha():
            if character.isascii() or "LATIN" in _name(character) or "MATHEMATICAL" in _name(character):
                found.latin_letters += 1
            elif character.lower() in table_:
                disguised += 1
            else:
                found.foreign_letters += 1
    if (
        disguised
        and found.foreign_letters * 3 <= disguised + found.latin_letters
        and (found.latin_letters or not found.foreign_letters)
    ):
        found.latin_letters += disguised
        return table_
    found.foreign_letters += disguised
    return {}


@lru_cache(maxsize=4096)
def _name(character: str) -> str:
    return unicodedata.name(unicodedata.normalize("NFKC", character)[:1] or " ", "")


@lru_cache(maxsize=4096)
def _plain(character: str) -> str | None:
    """A character as plain small letters; None where nothing is seen of it."""
    emoji = table("characters")["emoji"].get(character)
    if emoji:
        return f" {emoji} "
    category = unicodedata.category(character)
    if category == "Cf" or character == "\u034f" or "\U000e0000" <= character <= "\U000e0fff":
        return None
    if character in "’‘ʼ`´′":
        return "'"
    if character in "“”«»„‟":
        return '"'
    if character in "–—―":
        return " - "
    if category in {"Cs", "Cc", "Cn", "Co"}:
        return "\n" if character == "\x85" else " "
    decomposed = unicodedata.normalize("NFKD", character)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    if unicodedata.combining(character) or category == "Mn":
        return None if category != "Mn" else ""
    if category in {"So", "Sk", "Sm"} and not any(c.isalnum() for c in plain):
        return " "
    return plain


def _place(origins: list[int] | None, start: int, end: int) -> tuple[int, int]:
    if origins is None:
        return start, end
    return origins[start], origins[end - 1] + 1


def _spelled_out(folded: str, chunks: list[tuple[int, int]], number: int) -> int:
    """How many chunks from `number` on are single letters ("k i l l"), perhaps with a sign behind."""
    run = 0
    for start, end in chunks[number:]:
        if end - start > 2 or not (folded[start].isalnum() or folded[start] in "@$!|"):
            break
        if end - start == 2 and folded[start + 1] not in ".,-_*!?":
            break
        run += 1
    return run


def _is_halved(folded: str, pair: list[tuple[int, int]], known: Lexicon) -> bool:
    """Whether two single letters are one short word ("m y") and not words of their own ("r u")."""
    letters = "".join(folded[start] for start, _ in pair)
    return letters in known.words and not set(letters) & set("iau")


def _add_spelled_out(
    found: Words,
    folded: str,
    run: list[tuple[int, int]],
    origins: list[int] | None,
    known: Lexicon,
    quoted: bool,
) -> None:
    """Join single letters. Wider gaps part words; without them the letters are parted into known words."""
    gaps = [after[0] - before[1] for before, after in zip(run, run[1:], strict=False)]
    narrow = min(gaps)
    groups: list[list[tuple[int, int]]] = [[run[0]]]
    for gap, chunk in zip(gaps, run[1:], strict=True):
        if gap > narrow:
            groups.append([])
        groups[-1].append(chunk)
    for group in groups:
        letters = "".join(folded[start] for start, _ in group)
        span = _place(origins, group[0][0], group[-1][1])
        if len(group) == 1:
            found.add(_read(letters, known, found, span), *span, quoted)
            continue
        parts = known.part(known.unleet(letters) or letters)
        if parts is None:
            for start, end in group:
                found.add([folded[start]], *_place(origins, start, end), quoted)
            continue
        found.note("spaced letters", *span)
        for part in parts:
            found.add(_read(part, known, found, span), *span, quoted)
    if folded[run[-1][1] - 1] in _SENTENCE_END:
        found.end_with(SENTENCE)


def _add_chunk(
    found: Words,
    folded: str,
    start: int,
    end: int,
    origins: list[int] | None,
    known: Lexicon,
    quoted: bool,
) -> bool:
    """Read one run of characters without white space; returns whether double quotes are open after it."""
    chunk = folded[start:end]
    if chunk.isalpha():
        span = _place(origins, start, end)
        found.add(_read(chunk, known, found, span), *span, quoted, chunk)
        return quoted
    if '"' in chunk and chunk[0] == '"' and not quoted:
        quoted = True
    whole = known.undisguise(chunk.rstrip(".,?;:\"')"))
    if whole is not None:
        span = _place(origins, start, end)
        found.note(whole[1], *span)
        found.add(_read(whole[0], known, found, span), *span, quoted)
    else:
        for match in _WORD.finditer(chunk):
            span = _place(origins, start + match.start(), start + match.end())
            found.add(_read(match.group(), known, found, span), *span, quoted, match.group())
            between = chunk[match.end() : match.end() + 1]
            if between in _SENTENCE_END and between:
                found.end_with(SENTENCE)
            elif between in {",", ":", "(", ")", "-", "/"}:
                found.end_with(COMMA)
    return _finish_chunk(found, chunk, quoted)


def _finish_chunk(found: Words, chunk: str, quoted: bool) -> bool:
    tail = chunk[len(chunk.rstrip(_PUNCTUATION)) :]
    if _SENTENCE_END & set(tail):
        found.end_with(SENTENCE)
        found.questions += "?" in tail
    elif tail and set(tail) & set(",:()-/"):
        found.end_with(COMMA)
    if '"' in chunk and (chunk.count('"') > 1 or chunk[0] != '"'):
        quoted = False
    return quoted


def _read(word: str, known: Lexicon, found: Words, span: tuple[int, int]) -> tuple[str, ...]:
    """A word as the model reads it: contractions, shorthand and misspellings written out, repeats shortened."""
    reading = known.read(word)
    if reading.change:
        found.note(reading.change, *span)
    return reading.words


def _join_halves(found: Words, known: Lexicon) -> None:
    """Join a word of danger that was cut in two ("sui cide")."""
    place = 0
    while place + 1 < len(found.words):
        first, second = found.words[place], found.words[place + 1]
        joined = first + second
        if joined in known.risk_words and not (first in known.words and second in known.words):
            found.words[place] = joined
            found.ends[place] = found.ends[place + 1]
            found.breaks[place] = found.breaks[place + 1]
            found.note("spaced letters", found.starts[place], found.ends[place])
            for row in (found.words, found.starts, found.ends, found.breaks, found.quoted, found.as_written):
                del row[place + 1]
        place += 1
