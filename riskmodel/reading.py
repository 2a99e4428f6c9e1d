"""One text as the model reads it: words, concepts, rules that hold, and the stretches that are scored."""

from dataclasses import dataclass

from riskmodel.assertions import Hit, assert_concepts
from riskmodel.features import TELLING, rule_columns, stretches, windows
from riskmodel.languages import tell_language
from riskmodel.normalising import Words, normalise
from riskmodel.safety_net import Caught, catch

# A concept with one of these says itself that there is no danger now.
_TAKEN_BACK = frozenset({"negated", "past", "resolved", "quoted", "joking"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """The words `start` to `end`, the columns of their rule features, and whether a concept of danger is among them."""

    start: int
    end: int
    rules: list[int]
    has_concept: bool


@dataclass(frozen=True, slots=True)
class ReadText:
    """Everything that is known of a text before any weight is applied."""

    original: str
    words: Words
    hits: list[Hit]
    caught: list[Caught]
    language: str
    stretches: list[Stretch]
    windows: list[tuple[int, int]]

    @property
    def has_words(self) -> bool:
        return bool(self.words.words)

    @property
    def count(self) -> int:
        """How many words were read."""
        return len(self.words.words)


def read(text: str) -> ReadText:
    """Read `text`. Linear in its length; never raises for any str."""
    words = normalise(text)
    if not words.words:
        return ReadText(text, words, [], [], tell_language(words), [], [])
    hits, reading = assert_concepts(words)
    parts = [_stretch(words, hits, start, end) for start, end in stretches(words, hits)]
    return ReadText(text, words, hits, catch(words, hits, reading), tell_language(words), parts, windows(words))


def whole(text: ReadText) -> Stretch:
    """The whole text as one stretch: what the model is trained on."""
    return _stretch(text.words, text.hits, 0, len(text.words.words))


def _stretch(words: Words, hits: list[Hit], start: int, end: int) -> Stretch:
    found = any(
        hit.concept in TELLING and start <= hit.start and hit.end <= end and not hit.statuses & _TAKEN_BACK
        for hit in hits
    )
    return Stretch(start, end, rule_columns(words, hits, start, end), found)
