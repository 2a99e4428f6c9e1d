"""What a text means, for others than the risk model: its plain words, its language and its place among other meanings.

Nothing here tells how worried to be; `score` does that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.embedding import embedder
from riskmodel.languages import tell_language
from riskmodel.normalising import normalise

# About as many words as the embedding reads in one piece; of a longer text the pieces are averaged.
_WORDS_A_PIECE = 90
_MOST_PIECES = 8

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """`words` in plain spelling, `questions` asked, `language` (`en`, `es`, `fr`, `de`, `other`), unit `vector` (384).

    A text without words has a vector of noughts.
    """

    words: tuple[str, ...]
    questions: int
    language: str
    vector: Array


def meaning(text: str) -> Meaning:
    """Read `text`; any str will do. Raises EmbeddingRefused where the network is not the pinned one."""
    read = normalise(text)
    starts = range(0, len(read.words), _WORDS_A_PIECE)[:_MOST_PIECES]
    pieces = [embedder().embed(read.words[start : start + _WORDS_A_PIECE]) for start in starts]
    total = np.sum(pieces, axis=0) if pieces else np.zeros(384, dtype=np.float32)
    length = float(np.sqrt((total * total).sum()))
    vector = (total / length if length else total).astype(np.float32)
    return Meaning(tuple(read.words), read.questions, tell_language(read), vector)
