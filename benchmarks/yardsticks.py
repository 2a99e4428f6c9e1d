"""What the risk model is measured beside: a list of risk words, a sentiment lexicon, and models stored for a benchmark.

Each function makes one way of scoring. The imports stand inside, so that a process pays for what it measures alone.
"""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLES = Path(__file__).resolve().parent.parent / "riskmodel" / "tables"
_WORD = re.compile(r"[a-z']+")


def keywords() -> Callable[[str], float]:
    """How many different words of the list of risk words a text holds."""
    # Read here, for the package of the model would bring all its modules along.
    words = tomllib.loads((TABLES / "characters.toml").read_text(encoding="utf-8"))["risk_words"]["words"]
    listed = frozenset(words)
    return lambda text: float(len(listed.intersection(_WORD.findall(text.lower()))))


def sentiment() -> Callable[[str], float]:
    """How bad the mood of a text is, from -1 to 1: VADER (Hutto and Gilbert, 2014), its compound value turned round."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    return lambda text: -float(analyser.polarity_scores(text)["compound"])


def stored(folder: Path, parts: dict[str, bool]) -> Callable[[str], Any]:
    """The scores of a model that `artefacts.store` wrote, which reads a text as a model of these parts does."""
    import numpy as np

    from riskmodel.artefacts import assemble
    from riskmodel.parts import Parts
    from riskmodel.scoring import Scorer

    # Not `load`: it reads the file of the embedding for its digest, which a model without sense never needs.
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        scorer, read = Scorer(assemble(folder.name, arrays, vocabulary, manifest)), Parts(**parts).read
    return lambda text: scorer.score_read(read(text))


def product() -> Callable[[str], Any]:
    """What the service calls for each message: the active version, with reasons."""
    from riskmodel import score, warm_up

    warm_up()
    return score


def pipeline(corpus: str) -> Callable[[str], Any]:
    """A plain scikit-learn pipeline, trained on the rows of `corpus` that are not for measuring."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from riskmodel.corpus import read_corpus
    from riskmodel.levels import RANK, Level

    rows = [row for row in read_corpus(Path(corpus)) if row.split != "test"]
    alerting = [RANK[row.level] >= RANK[Level.MODERATE] for row in rows]
    made = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2), LogisticRegression(max_iter=1000))
    made.fit([row.text for row in rows], alerting)
    return lambda text: made.predict_proba([text])
