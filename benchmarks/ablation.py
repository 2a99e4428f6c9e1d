"""What each part of the risk model is worth: `python -m benchmarks.ablation` trains models that lack parts.

Trained on all rows but those of split `test`, measured on these, whose families no model saw. Prints a table, the gain
of each step with its interval, and what each way of scoring costs; `--markdown FILE` writes them as well.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import yardsticks
from benchmarks.footprint import Footprint, measure
from riskmodel import artefacts, corpus
from riskmodel.corpus import Row
from riskmodel.evaluation import FALSE_ALARMS, differences, head_figures
from riskmodel.levels import RANK, Level, RiskScore
from riskmodel.parts import Parts
from riskmodel.thresholds import is_everyday
from riskmodel.training import Senses, train

SHIPPED, NO_SENSE = "+ floors (as shipped)", "as shipped, without MiniLM"
MODELS = {
    "TF-IDF": Parts(phrases=False, sense=False, floors=False, categories=False),
    "MiniLM": Parts(words=False, phrases=False, floors=False, categories=False),
    "TF-IDF + MiniLM": Parts(phrases=False, floors=False, categories=False),
    "+ phrases with status": Parts(floors=False, categories=False),
    SHIPPED: Parts(categories=False),
    NO_SENSE: Parts(sense=False, categories=False),
}
YARDSTICKS = {"keywords": "keywords", "VADER": "sentiment"}
STEPS = (
    ("TF-IDF", "keywords"),
    ("MiniLM", "TF-IDF"),
    ("TF-IDF + MiniLM", "TF-IDF"),
    ("+ phrases with status", "TF-IDF + MiniLM"),
    (SHIPPED, "+ phrases with status"),
    (SHIPPED, NO_SENSE),
)
SHORT = 200  # characters of a chat message
_AT = 0.05
_QWK = "agreement (quadratic weighted kappa)"


@dataclass(frozen=True, slots=True)
class AtFive:
    """What comes at the threshold that keeps 5 % false alarms on the harmless rows."""

    everyday_alerts: float
    missed_high: int
    high: int
    missed_imminent: int
    imminent: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One line of the table."""

    name: str
    scores: list[RiskScore]
    figures: dict[str, Any]
    at_five: AtFive
    footprint: Footprint


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, help="file to write the tables to")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
    parser.add_argument("--processes", type=int, default=2, help="trainings at once, one thread each")
    parser.add_argument("--seed", type=int, default=1, help="seed of the solvers")
    options = parser.parse_args(arguments)
    told = run(corpus.read_corpus(options.corpus), options.processes, options.seed)
    print(told)
    if options.markdown:
        options.markdown.write_text(told + "\n", encoding="utf-8")


def run(rows: Sequence[Row], processes: int, seed: int) -> str:
    """Train every variant, measure it, and return the tables."""
    tested = [row for row in rows if row.split == "test"]
    short = [row.text for row in tested if len(row.text) <= SHORT]
    others = [row.text for row in rows if row.split == "train" and len(row.text) <= SHORT]
    with tempfile.TemporaryDirectory() as folder:
        trained = _train_all(rows, processes, seed, Path(folder))
        variants = []
        for name in tqdm([*YARDSTICKS, *MODELS], unit="way of scoring", disable=None):
            if name in YARDSTICKS:
                scores = _plain(YARDSTICKS[name], tested)
                footprint = measure(YARDSTICKS[name], short, others)
            else:
                place, scores = trained[name]
                parts = asdict(MODELS[name])
                footprint = measure("stored", short, others, folder=str(place), parts=parts)
            variants.append(
                Variant(name, scores, head_figures(tested, scores), at_five_percent(tested, scores), footprint)
            )
        same = _as_shipped(trained[SHIPPED][0])
    families = len({row.family for row in tested})
    head = f"{len(tested)} rows of {families} families that no model saw; {len(short)} of them timed."
    note = f"Weights and thresholds of the levels {'equal' if same else 'differ from'} those of the active version."
    return "\n\n".join([head, table(variants), own_table(variants), steps_table(tested, variants), note])


def at_five_percent(rows: Sequence[Row], scores: Sequence[RiskScore]) -> AtFive:
    """What the highest recall costs that 5 % false alarms allow. Raises ValueError where no row is harmless."""
    ranks = np.array([RANK[row.level] for row in rows])
    probability = np.array([score.probability for score in scores])
    harmless = np.sort(probability[ranks < RANK[Level.MODERATE]])[::-1]
    if not harmless.size:
        raise ValueError("no harmless rows: there are no false alarms to keep to")
    alerted = probability > harmless[math.floor(_AT * harmless.size)]
    everyday = np.array([is_everyday(row) for row in rows], dtype=bool)
    high, imminent = (ranks == RANK[level] for level in (Level.HIGH, Level.IMMINENT))
    return AtFive(
        float(alerted[everyday].mean()) if everyday.any() else 0.0,
        int((~alerted[high]).sum()),
        int(high.sum()),
        int((~alerted[imminent]).sum()),
        int(imminent.sum()),
    )


def table(variants: Sequence[Variant]) -> str:
    """The variants as a Markdown table."""
    recalls = " / ".join(str(percent) for percent in FALSE_ALARMS)
    head = (
        "way of scoring", "AUROC", f"recall at {recalls} % false alarms", "QWK", "everyday alerts at 5 %",
        "missed high at 5 %", "missed imminent at 5 %", "p50 / p99 of a message", "memory added",
    )  # fmt: skip
    return _markdown(head, [_line(one) for one in variants])


def own_table(variants: Sequence[Variant]) -> str:
    """What each model does at the thresholds that its own calibration chose, by which a service would go."""
    names = ("alerted of moderate", "alerted of high", "alerted of imminent", "alerts below moderate",
             "alerts on everyday text")  # fmt: skip
    lines = [(one.name, *(_figure(one.figures.get(name)) for name in names)) for one in variants if one.name in MODELS]
    return _markdown(("at its own thresholds", *names), lines)


def steps_table(rows: Sequence[Row], variants: Sequence[Variant]) -> str:
    """What each step adds, with the 95 % interval over draws of families."""
    by_name = {one.name: one for one in variants}
    lines = []
    for name, before in STEPS:
        one, other = by_name[name], by_name[before]
        found = differences(rows, other.scores, one.scores)
        gains = [
            f"{_signed(one.figures[key], other.figures[key])} ({_interval(found[key])})"
            for key in ("auroc", "recall at 5 % false alarms")
        ]
        milliseconds = f"{one.footprint.p50 - other.footprint.p50:+.1f} ms"
        memory = f"{one.footprint.used_mb - other.footprint.used_mb:+.0f} MB"
        lines.append((f"{name}, over {before}", *gains, milliseconds, memory))
    return _markdown(("step", "AUROC", "recall at 5 % false alarms", "p50", "memory"), lines)


def _line(one: Variant) -> tuple[str, ...]:
    figures, at, cost = one.figures, one.at_five, one.footprint
    recalls = " / ".join(_figure(figures[f"recall at {percent} % false alarms"]) for percent in FALSE_ALARMS)
    return (
        one.name,
        _figure(figures["auroc"]),
        recalls,
        "-" if one.name in YARDSTICKS else _figure(figures[_QWK]),
        f"{100 * at.everyday_alerts:.1f} %",
        f"{at.missed_high} of {at.high}",
        f"{at.missed_imminent} of {at.imminent}",
        f"{cost.p50:.2f} / {cost.p99:.2f} ms",
        f"{cost.used_mb:.0f} MB",
    )


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(one: float | None, other: float | None) -> str:
    return "-" if one is None or other is None else f"{one - other:+.3f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}"


def _plain(maker: str, rows: Sequence[Row]) -> list[RiskScore]:
    """The scores of a yardstick, which knows an order and no levels."""
    score = getattr(yardsticks, maker)()
    return [RiskScore(Level.NONE, score(row.text)) for row in rows]


def _train_all(rows: Sequence[Row], processes: int, seed: int, folder: Path) -> dict[str, tuple[Path, list[RiskScore]]]:
    senses = Senses()
    with tqdm(unit="stretch", desc="sense", disable=None) as bar:
        texts = [Parts().read(row.text) for row in rows]
        senses.learn([text.words.words for text in texts], lambda done: bar.update())
        senses.learn([text.words.words[a:b] for text in texts for a, b in text.windows], lambda done: bar.update())
    trained = {}
    with ProcessPoolExecutor(max_workers=processes, initializer=_hold, initargs=(list(rows), senses)) as pool:
        waiting = {pool.submit(_train, MODELS[name], seed, folder / str(n)): name for n, name in enumerate(MODELS)}
        for done in tqdm(as_completed(waiting), total=len(waiting), unit="training", disable=None):
            trained[waiting[done]] = done.result()
    return trained


# Read and embedded once, and handed to every process.
_rows: list[Row] = []
_senses = Senses()


def _hold(rows: list[Row], senses: Senses) -> None:
    _rows[:] = rows
    _senses.known.update(senses.known)


def _train(parts: Parts, seed: int, folder: Path) -> tuple[Path, list[RiskScore]]:
    """The place of a trained model, and its scores of the rows of split `test`."""
    trained = train(_rows, name="ablation", seed=seed, on=date.today(), senses=_senses, parts=parts)
    version = artefacts.store(trained.arrays, trained.vocabulary, trained.manifest, folder)
    scorer = yardsticks.stored(folder / version, asdict(parts))
    return folder / version, [scorer(row.text) for row in _rows if row.split == "test"]


def _as_shipped(place: Path) -> bool:
    """Whether the levels of the model of all parts are those of the active version."""
    active = artefacts.FOLDER / artefacts.active_version()
    levels = [json.loads((one / "manifest.json").read_text())["thresholds"]["levels"] for one in (place, active)]
    if levels[0] != levels[1]:
        return False
    with np.load(place / "weights.npz") as made, np.load(active / "weights.npz") as shipped:
        return all(
            made[name].shape == shipped[name].shape and np.array_equal(made[name][..., :4], shipped[name][..., :4])
            for name in ("word_weights", "character_weights", "rule_weights", "landmark_weights", "held_back")
        )


if __name__ == "__main__":
    main()
