"""The words that the tables know, and the readings of disguised, shortened or misspelt ones."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from riskmodel.tables import common_words, concepts, table

_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_INNER_SIGNS = re.compile(r"[^a-z0-9]+")
_MASK = re.compile(r"[*#_%]+|x{2,}")
_LETTER = re.compile(r"[a-z]")
_WORDS_IN_PHRASE = re.compile(r"[a-z]+(?![\w]*>)")
_MEASURE = re.compile(
    r"\d*(?:1st|2nd|3rd|\dth)|\d+(?:mg|mcg|g|kg|lbs?|st|ml|l|cl|am|pm|h|hrs?|mins?|m|km|cm|ft|k|x|yo|yrs?|s|p|d|am)"
)
_LONGEST_WORD = 40
_FEW = frozenset({"1", "2"})  # two tablets are medicine, thirty are an overdose


class Reading(NamedTuple):
    """How a word is read, and the disguise that was undone for it, if any."""

    words: tuple[str, ...]
    change: str = ""


@dataclass(frozen=True, slots=True)
class _Respelling:
    words: tuple[str, ...]
    change: str


class Lexicon:
    """Known words. `risk_words` are the longer ones of the concept tables: only they are looked for behind masks."""

    def __init__(self) -> None:
        self.risk_words = frozenset(_risk_words())
        self._respellings = _respellings()
        self.words = common_words() | self.risk_words | _phrase_words() | self._respellings.keys() | {"i", "a"}
        self._squeezed = self._squeeze_all()
        self._leet: dict[str, str] = table("characters")["leet"]
        self.read = lru_cache(maxsize=20_000)(self._read)
        self.undisguise = lru_cache(maxsize=5_000)(self._undisguise)

    def _squeeze_all(self) -> dict[str, str]:
        squeezed: dict[str, str] = {}
        for word in sorted(self.words, key=lambda w: (w not in self.risk_words, len(w), w)):
            squeezed.setdefault(_RUN.sub(r"\1", word), word)
        return squeezed

    def _read(self, word: str) -> Reading:
        plain = word.replace("'", "")
        if plain == "ill" and "'" in word:
            return Reading(("i", "will"))
        if word.endswith("'s") and plain not in self._respellings:
            plain = word[:-2]
        respelling = self._respellings.get(plain)
        if respelling:
            return Reading(respelling.words, respelling.change)
        if plain in self.words or len(plain) > _LONGEST_WORD:
            return Reading((plain[:_LONGEST_WORD],))
        return self._read_unknown(plain)

    def _read_unknown(self, plain: str) -> Reading:
        if plain.isdecimal():
            return Reading(("fewnum" if plain in _FEW else "num",))
        if plain[:1].isdecimal():
            unit = plain.lstrip("0123456789")
            letters = None if _MEASURE.fullmatch(plain) else self.unleet(plain)
            if letters:
                return Reading(self._read(letters).words, "letters written as signs")
            return Reading(("num", unit) if unit.isalpha() and unit not in {"am", "pm"} else ("num",))
        if not plain.isalpha():
            letters = self.unleet(plain)
            return Reading(self._read(letters).words, "letters written as signs") if letters else Reading((plain,))
        parts = self.part(plain) if len(plain) > 7 else None
        if parts and len(parts) > 2 and self.risk_words.intersection(parts):
            return Reading(tuple(word for part in parts for word in self._read(part).words), "words run together")
        doubled = len(plain) > 3 and _RUN.search(plain) and _RUN.sub(r"\1", plain) in self._squeezed
        if doubled or _LONG_RUN.search(plain):
            shortened = self._shorten(plain)
            if shortened in self._respellings:
                return Reading(self._respellings[shortened].words, "repeated letters")
            return Reading((shortened,), "repeated letters" if _LONG_RUN.search(plain) else "")
        return Reading((plain,))

    def _shorten(self, word: str) -> str:
        twice = _LONG_RUN.sub(r"\1\1", word)
        if twice in self.words:
            return twice
        once = _RUN.sub(r"\1", word)
        return self._squeezed.get(once, once if _LONG_RUN.search(word) else word)

    def unleet(self, word: str) -> str | None:
        """The known word behind digits and signs, or None. At most 16 readings are tried."""
        if len(word) > _LONGEST_WORD or not (_LETTER.search(word) or len(word) > 2):
            return None
        choices = [self._leet.get(character, character) for character in word]
        if sum(len(choice) > 1 for choice in choices) > 4:
            choices = [choice[0] for choice in choices]
        for letters in product(*choices):
            candidate = "".join(letters)
            if not candidate.isalpha():
                return None
            if candidate in self.words:
                return candidate
            shortened = self._shorten(candidate)
            if shortened in self.words and candidate != word:
                return shortened
        return None

    def _undisguise(self, chunk: str) -> tuple[str, str] | None:
        """The word behind signs inside a chunk ("su1c!de", "k*ll", "s-u-i-c-i-d-e"), with what was undone."""
        if len(chunk) > _LONGEST_WORD or "'" in chunk or not any(not c.isalpha() for c in chunk):
            return None
        core = chunk.rstrip("!.,?-_*")
        if not _LETTER.search(core):
            return None
        if core and not core.isalpha() and not core[0].isdecimal():
            word = self.unleet(core)
            if word is not None and len(word) > 2:
                return word, "letters written as signs"
        if "*" in core or "#" in core:
            word = self._unmask(core.strip("*") if core.count("*") > 1 and core[0] == "*" else core)
            if word is not None:
                return word, "masked letters"
        joined = _INNER_SIGNS.sub("", core)
        if joined != core and len(joined) > 2 and self._is_split(core, joined):
            return joined, "spaced letters"
        return None

    def _is_split(self, core: str, joined: str) -> bool:
        pieces = [piece for piece in _INNER_SIGNS.split(core) if piece]
        if joined in self.risk_words:
            return not all(piece in self.words and len(piece) > 1 for piece in pieces)
        return all(len(piece) == 1 for piece in pieces) and len(pieces) > 2 and self.part(joined) is not None

    def _unmask(self, core: str) -> str | None:
        if len(_LETTER.findall(core)) < 2:
            return None
        pattern = re.compile(
            "".join("[a-z]{1,3}" if _MASK.fullmatch(p) else re.escape(p) for p in re.split(r"([*#_%]+)", core) if p)
        )
        fitting = [word for word in self.risk_words if pattern.fullmatch(word)]
        return min(fitting, key=lambda word: (abs(len(word) - len(core)), word)) if fitting else None

    def part(self, letters: str) -> tuple[str, ...] | None:
        """Part a run of letters into as few known words as possible, or None. Long runs are left alone."""
        if len(letters) > 200:
            return None
        best: list[tuple[int, tuple[str, ...]] | None] = [(0, ())] + [None] * len(letters)
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - 14), end):
                before, word = best[start], letters[start:end]
                if before is None or not (word in self.words and (len(word) > 1 or word in "iau")):
                    continue
                cost = before[0] + (3 if len(word) < 3 else 2)
                held = best[end]
                if held is None or cost < held[0]:
                    best[end] = (cost, (*before[1], word))
        whole = best[-1]
        return whole[1] if whole else None


def _respellings() -> dict[str, _Respelling]:
    found: dict[str, _Respelling] = {}
    for section, words in table("respellings").items():
        change = "invented word for a risk" if section == "algospeak" else ""
        for written, read in words.items():
            found[written.lower()] = _Respelling(tuple(read.split()), change)
    return found


def _phrase_words() -> frozenset[str]:
    phrases = [phrase for concept in concepts() for phrase in concept["phrases"]]
    phrases += [words for values in table("sets")["sets"].values() for words in values]
    phrases += table("idioms")["phrases"]
    return frozenset(word for phrase in phrases for word in _WORDS_IN_PHRASE.findall(phrase))


def _risk_words() -> list[str]:
    return [word.strip() for word in table("characters")["risk_words"]["words"]]


@cache
def lexicon() -> Lexicon:
    """The lexicon of the tables, made once in a process."""
    return Lexicon()
