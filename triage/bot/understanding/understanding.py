"""Understands one message: what it does, what it is about, and the feeling that its words show."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riskmodel import Meaning, meaning
from riskmodel.embedding import EmbeddingRefused
from triage.bot.understanding.labels import ACTS, FEELINGS, NO_FEELING, TOPICS
from triage.bot.understanding.storing import FOLDER, Learnt, UnderstandingRefused, load

logger = logging.getLogger(__name__)

_UNKNOWN_ACT = "tells"
_MOST_CHARACTERS = 20_000  # of a longer message the beginning tells what it is; the risk model reads all of it


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message was understood as, each with its probability.

    `topics` are those above the threshold of the model, the most probable first. `is_sure` says that the act may be
    acted on; without it the bot asks a choosing question. `language` is `en`, `es`, `fr`, `de` or `other`, and only
    English is understood: of anything else nothing is sure.
    """

    act: str
    act_probability: float
    topics: tuple[tuple[str, float], ...]
    feeling: str
    feeling_probability: float
    is_sure: bool
    language: str
    version: str = ""


class Understander:
    """Understands messages with one model. Any number of threads may share it."""

    def __init__(self, learnt: Learnt) -> None:
        self._learnt = learnt

    @property
    def version(self) -> str:
        """The version of the model."""
        return str(self._learnt.manifest.get("version", ""))

    def understand(self, text: str) -> Understanding:
        """What `text` says. Raises EmbeddingRefused where the network is not the pinned one."""
        return self.understand_meaning(meaning(text[:_MOST_CHARACTERS]))

    def understand_meaning(self, read: Meaning) -> Understanding:
        """What a text that was read before says."""
        if not read.words:
            return _nothing(read.language, self.version)
        calibration = self._learnt.calibration
        acts, topics, feelings = calibration.probabilities(self._learnt.weights.logits(read))
        act, feeling = int(np.argmax(acts)), int(np.argmax(feelings))
        said = [(TOPICS[place], float(topics[place])) for place in np.flatnonzero(topics >= calibration.said)]
        return Understanding(
            act=ACTS[act],
            act_probability=float(acts[act]),
            topics=tuple(sorted(said, key=lambda one: (-one[1], one[0]))),
            feeling=FEELINGS[feeling],
            feeling_probability=float(feelings[feeling]),
            is_sure=bool(acts[act] >= calibration.sure) and read.language == "en",
            language=read.language,
            version=self.version,
        )


_lock = threading.Lock()
_held: list[Understander] = []


def understander(folder: Path = FOLDER) -> Understander:
    """The understander of this process, made once. Raises UnderstandingRefused with the exact reason."""
    if folder != FOLDER:
        return Understander(load(folder))
    if not _held:
        with _lock:
            if not _held:
                _held.append(Understander(load(folder)))
    return _held[0]


def warm_up() -> str:
    """Load everything and return the version. Raises UnderstandingRefused or EmbeddingRefused with the reason."""
    understander().understand("hello")
    return understander().version


def understand(text: str) -> Understanding:
    """What `text` says; never raises. Where the model is refused nothing is sure, and the log gives the reason."""
    try:
        return understander().understand(text)
    except (UnderstandingRefused, EmbeddingRefused) as refusal:
        logger.error("messages are not understood: %s", refusal)
        return _nothing("en", "")


def _nothing(language: str, version: str) -> Understanding:
    return Understanding(_UNKNOWN_ACT, 0.0, (), NO_FEELING, 0.0, False, language, version)
