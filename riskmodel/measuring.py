"""What the measuring commands have in common: which rows, which model, and scoring with a bar of progress."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from riskmodel import artefacts, corpus
from riskmodel.artefacts import Artefact
from riskmodel.corpus import SPLITS, Row
from riskmodel.levels import Level, RiskScore
from riskmodel.scoring import Scorer, score_with
from riskmodel.sets import SetError, read_set

ALL = "all"


def add_row_arguments(parser: ArgumentParser) -> None:
    """The options that say what is measured on and where the models lie."""
    parser.add_argument("--split", choices=(*SPLITS, ALL), default="test", help="rows of the corpus (default test)")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
    parser.add_argument(
        "--set", type=Path, dest="csv", metavar="FILE.csv", help="a labelled file in place of the corpus"
    )
    parser.add_argument("--artefacts", type=Path, default=artefacts.FOLDER, help="folder of the models")
    parser.add_argument("--markdown", action="store_true", help="print tables for a Markdown file")


def choose_rows(options: dict[str, Any]) -> tuple[list[Row], str]:
    """The rows that `options` name, and what they are in a few words. Raises CorpusError, SetError or OSError."""
    if options["csv"]:
        rows, left_out = read_set(options["csv"])
        return rows, f"{options['csv'].name}, {len(rows)} rows" + (f", {left_out} flagged left out" if left_out else "")
    rows = [row for row in corpus.read_corpus(options["corpus"]) if options["split"] in (row.split, ALL)]
    if not rows:
        raise SetError(f"the corpus has no rows of split {options['split']}")
    return rows, f"split {options['split']} of the corpus, {len(rows)} rows"


def cautions(artefact: Artefact, options: dict[str, Any]) -> list[str]:
    """Why figures of this model on these rows would be too kind."""
    if options["csv"]:
        return []
    found = []
    if options["split"] != "test":
        found.append("the weights were learnt from these rows: the figures say nothing of messages yet unseen")
    if artefact.manifest.get("corpus") != corpus.digest(corpus.read_corpus(options["corpus"])):
        found.append(f"the corpus is not the one that {artefact.version} was trained with: rows may be known to it")
    return found


def score_all(artefact: Artefact, rows: Sequence[Row]) -> list[RiskScore]:
    """A score a row, in their order; what cannot be scored is `unscored`, as in the service."""
    scorer = Scorer(artefact)
    return [score_with(lambda: scorer, row.text) for row in tqdm(rows, desc=artefact.version, unit="row", disable=None)]


def unscored_for_errors(scores: Sequence[RiskScore]) -> int:
    """How many are unscored because scoring failed, not because of their language or want of words."""
    kind = ("language not read", "no words to read")
    return sum(
        score.level is Level.UNSCORED and any(reason.text not in kind for reason in score.reasons) for score in scores
    )
