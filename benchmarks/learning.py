"""How the risk model grows with a clinic's own labels: `python -m benchmarks.learning` writes figures and a plot.

Own labels and the measuring set are drawn from the held-out rows of the corpus (see riskmodel/simulation.py), so they
tell what own labels do where clients write as our authors do, and not how any clinic fares.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.plot import Line, plot
from riskmodel import corpus
from riskmodel.corpus import Row
from riskmodel.labels import OWN_WEIGHT
from riskmodel.reading import read
from riskmodel.simulation import MEASURES, REPEATS, SIZES, Outcome, as_json, draw_clinic, learn, look, summarise
from riskmodel.training import Senses

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_NAMES = ("dangerous, alerted", "found at 5 % false alarms", "harmless, alerted")
_PLOTTED = dict(zip(MEASURES[:3], _NAMES, strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="draws of a clinic")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of own labels; 0 is always told")
    parser.add_argument("--weight", type=float, default=OWN_WEIGHT, help="what an own label counts")
    parser.add_argument("--processes", type=int, default=2, help="trainings at once, one thread each")
    parser.add_argument("--strangers", default="", metavar="TAG", help="clients whose kind the corpus does not have")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
    parser.add_argument("--into", type=Path, default=_DOCS, help="folder for figures/ and images/")
    options = parser.parse_args(arguments)
    found = run(options.corpus, options.sizes, options.repeats, options.weight, options.processes, options.strangers)
    write(found, options.into)
    for one in found["sizes"]:
        print(one["own labels"], *(f"{name} {tell(one[name])}" for name in MEASURES), sep="; ")


def tell(one: dict[str, float | None]) -> str:
    """Mean and spread over draws, as they stand in a card."""
    spread = "" if one["spread"] is None else f" ± {one['spread']:.3f}"
    return f"{one['mean']:.3f}{spread}"


def run(
    folder: Path, sizes: Sequence[int], repeats: int, weight: float, processes: int, strangers: str = ""
) -> dict[str, Any]:
    """Train and measure every draw. More labels than the smallest pool has are cut to it, and that is told."""
    rows = corpus.read_corpus(folder)
    most = min(len(draw_clinic(rows, repeat, strangers=strangers).pool) for repeat in range(repeats))
    sizes = sorted({0, *(min(size, most) for size in sizes)})
    # Without own labels every draw has the same model: it is trained once, and looked at with each measuring set.
    jobs = [(0, range(repeats)), *((size, [repeat]) for size in sizes[1:] for repeat in range(repeats))]
    outcomes: list[Outcome] = []
    senses = Senses()
    senses.learn_texts([read(row.text) for row in rows])  # once, for all trainings
    with ProcessPoolExecutor(max_workers=processes, initializer=_hold, initargs=(rows, senses)) as pool:
        waiting = [pool.submit(_job, size, list(draws), weight, strangers) for size, draws in jobs]
        for done in tqdm(as_completed(waiting), total=len(jobs), unit="training", disable=None):
            outcomes += done.result()
    return {
        "corpus": corpus.digest(rows),
        "rows learnt": sum(row.split != "test" for row in rows),
        "rows held out": sum(row.split == "test" for row in rows),
        "weight of an own label": weight,
        "clients of a kind that the corpus does not have": strangers,
        "draws": repeats,
        "sizes": summarise(outcomes, sizes),
        "outcomes": as_json(outcomes),
    }


def write(found: dict[str, Any], folder: Path) -> None:
    """The figures as JSON and as a plot."""
    for part in ("figures", "images"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    strangers = found["clients of a kind that the corpus does not have"]
    name = f"learning_{strangers}" if strangers else "learning"
    (folder / "figures" / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    across = [one["own labels"] for one in found["sizes"]]
    lines = [
        Line(label, [(one[measure]["mean"], one[measure]["spread"] or 0.0) for one in found["sizes"]])
        for measure, label in _PLOTTED.items()
    ]
    picture = plot(
        "Own labels of a simulated clinic, and what the model then finds",
        across,
        lines,
        across_label="own labels learnt beside the corpus",
    )
    (folder / "images" / f"{name}.svg").write_text(picture, encoding="utf-8")


# Read once and handed to every process: the corpus may be edited while they train.
_held: list[Row] = []
_senses = Senses()


def _hold(rows: list[Row], senses: Senses) -> None:
    _held[:] = rows
    _senses.known.update(senses.known)


def _job(own: int, repeats: list[int], weight: float, strangers: str) -> list[Outcome]:
    clinics = {repeat: draw_clinic(_held, repeat, strangers=strangers) for repeat in repeats}
    scorer = learn(_held, clinics[repeats[0]], own, weight=weight, senses=_senses)
    return [Outcome(repeat, own, look(scorer, clinic)) for repeat, clinic in clinics.items()]


if __name__ == "__main__":
    main()
