"""Which language a text is in, as far as it matters: scored, limited to the safety net, or not read at all."""

from collections.abc import Mapping
from functools import cache

from riskmodel.lexicon import lexicon
from riskmodel.normalising import Words
from riskmodel.tables import table

OTHER = "other"
_SURE_SHARE = 0.5  # a text with this share of known English words is English, whatever else it holds
_TELLING_ALONE = 4  # letters; shorter words ("na", "oi", "tut") are English slang somewhere


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in table("languages")["words"].items()}


@cache
def limited() -> frozenset[str]:
    """Languages that only the safety net reads."""
    return frozenset(table("languages")["limited"])


def tell_language(words: Words) -> str:
    """`en`, `es`, `fr`, `de`, or `other`. When in doubt a text is English: slang and typing errors stay scored."""
    if words.foreign_letters > max(1, words.latin_letters):
        return OTHER
    written = [word.replace("'", "") for word in words.as_written if word and word.isalpha() or "'" in word]
    if not written:
        return "en"
    small = _small_words()
    known = lexicon().words
    english = sum(word in small["en"] for word in written)
    if len(written) < 3 and any(word in known for word in written):
        return "en"
    if len(written) == 1 and len(written[0]) < _TELLING_ALONE:
        return "en"
    # Single letters tell nothing: they come from initials and from words written letter by letter.
    longer = [word for word in written if len(word) > 1]
    best, code = max((sum(word in some for word in longer), code) for code, some in small.items() if code != "en")
    if best > english and best >= _enough(len(written)):
        strange = sum(word not in known or word in small[code] for word in written) / len(written)
        if strange > _SURE_SHARE:
            return code if code in limited() else OTHER
    return "en"


def _enough(count: int) -> int:
    """How many small words of another language must stand in a text of `count` words."""
    return 1 if count == 1 else 2 if count < 8 else max(2, count // 5)
