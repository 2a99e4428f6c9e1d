"""Makes what people type comparable: case, apostrophes, accents, punctuation, drawn-out letters, small words."""

import unicodedata
from collections.abc import Mapping

_APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc\u00b4`\u2032\uff07"))
_LONGEST_RUN = 2  # "hellooooo" is read as "helloo", which the aliases know
_LONGEST_NUMBER = 3


def words(text: str, aliases: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The words of `text`, lower case, without apostrophes, accents and punctuation; misspellings set right."""
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    kept = "".join(each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    found = (_shorten(word) for word in kept.split())
    return tuple(aliases.get(word, word) for word in found) if aliases else tuple(found)


def _shorten(word: str) -> str:
    if word.isdigit():
        return word
    short: list[str] = []
    for letter in word:
        if short[-_LONGEST_RUN:] != [letter] * _LONGEST_RUN:
            short.append(letter)
    return "".join(short)


def plain_number(text: str) -> int | None:
    """The number in "7", "7/10" or "7 out of 10"; None for anything else, so that "-1" or "7 or 8" is asked again."""
    alone = text.strip().rstrip(".!").casefold().removesuffix("/10").removesuffix("out of 10").strip()
    return int(alone) if alone.isascii() and alone.isdecimal() and len(alone) <= _LONGEST_NUMBER else None
