"""Which parts a model is made of, and what a text is to a model that lacks some of them."""

from dataclasses import dataclass, replace

from riskmodel.features import stretches, windows
from riskmodel.languages import tell_language
from riskmodel.normalising import normalise
from riskmodel.reading import ReadText, Stretch, read


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts, but for the table that shows what each is worth.

    `words`: words and pieces of words; `phrases`: concepts with their status, and the penalty of a stretch without
    any; `sense`: the sentence embedding; `floors`: the safety net; `categories`: the outputs beside the levels.
    Raises ValueError where a part lacks what it rests on.
    """

    words: bool = True
    phrases: bool = True
    sense: bool = True
    floors: bool = True
    categories: bool = True

    def __post_init__(self) -> None:
        if self.phrases and not self.words:
            raise ValueError("phrases are learnt beside words and not without them")
        if self.floors and not self.phrases:
            raise ValueError("the safety net goes by phrases and cannot be had without them")
        if not (self.words or self.sense):
            raise ValueError("a model of neither words nor sense knows nothing")

    def read(self, text: str) -> ReadText:
        """What a model of these parts sees of `text`, with no work for parts that it lacks."""
        if self.phrases:
            return read(text) if self.floors else replace(read(text), caught=[])
        words = normalise(text)
        if not words.words:
            return read(text)
        # Whether a concept of danger is there is a phrase's word too, so no stretch may lose anything for lack of one.
        parts = [Stretch(start, end, [], True) for start, end in stretches(words, [])]
        return ReadText(text, words, [], [], tell_language(words), parts, windows(words))
