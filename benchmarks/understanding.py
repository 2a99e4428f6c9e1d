"""How long the bot takes to understand a message: `python -m benchmarks.understanding`.

The sentence embedding is timed apart, for the risk model needs it as well; one thread, one core.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from riskmodel import meaning
from riskmodel.embedding import embedder
from triage.bot.understanding import corpus, warm_up
from triage.bot.understanding.understanding import understander

_GOAL_MS = 2.0
_ROUNDS = 3


def main() -> None:
    print(run([row.text for row in corpus.read_rows(corpus.HELD_OUT)]))


def run(texts: Sequence[str]) -> str:
    """Measure over `texts` and return a table as Markdown; of several rounds the best time of each text counts."""
    version = warm_up()
    reader = understander()
    read = [meaning(text) for text in texts]
    with tqdm(total=3, unit="step", disable=None) as bar:

        def timed(call: Callable[[int], object]) -> list[float]:
            best = np.min([[_took(call, place) for place in range(len(texts))] for _ in range(_ROUNDS)], axis=0)
            bar.update()
            return list(best)

        weighed = timed(lambda place: reader.understand_meaning(read[place]))
        whole = timed(lambda place: reader.understand(texts[place]))
        sense = timed(lambda place: embedder().embed((*read[place].words, *["again"] * 12)))
    lines = [
        ("", "p50 ms", "p99 ms"),
        ("---", "---", "---"),
        ("weighing what was read", *_points(weighed)),
        ("the whole, short texts remembered by the embedder", *_points(whole)),
        ("the embedding alone, twelve words longer", *_points(sense)),
    ]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    met = "met" if float(np.quantile(weighed, 0.5)) <= _GOAL_MS else "missed"
    head = f"{len(texts)} held-out messages, {version}."
    return f"{head}\n\n{table}\n\nGoal p50 <= {_GOAL_MS} ms besides the embedding: {met}."


def _took(call: Callable[[int], object], place: int) -> float:
    begun = time.perf_counter()
    call(place)
    return (time.perf_counter() - begun) * 1000


def _points(times: Sequence[float]) -> tuple[str, str]:
    return f"{np.quantile(times, 0.5):.2f}", f"{np.quantile(times, 0.99):.2f}"


if __name__ == "__main__":
    main()
