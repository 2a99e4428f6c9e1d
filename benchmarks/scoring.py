"""How fast a message is scored and what that costs in memory: `python -m benchmarks.scoring`.

Messages are the rows of split `test`. A reference (a plain scikit-learn pipeline of TF-IDF and logistic regression) and
a fixed loop are measured in the same run, for machines differ and neighbours make noise.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from benchmarks.footprint import Footprint, measure
from riskmodel import corpus, score, warm_up
from riskmodel.corpus import Row

SHORT, LONG = 200, 2_000  # characters
_MEMORY_AFTER = 500  # scores
_LONG_TEXTS = 100
_CORES = 2


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, help="file to write the table to")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="folder with *.jsonl")
    options = parser.parse_args(arguments)
    told = run(corpus.read_corpus(options.corpus), str(options.corpus))
    print(told)
    if options.markdown:
        options.markdown.write_text(told + "\n", encoding="utf-8")


def run(rows: Sequence[Row], folder: str) -> str:
    """Measure everything and return it as Markdown."""
    short = [row.text for row in rows if row.split == "test" and len(row.text) <= SHORT]
    others = [row.text for row in rows if row.split == "train" and len(row.text) <= SHORT]
    long = of_length([row.text for row in rows if row.split == "test"], LONG, _LONG_TEXTS)
    before, load_before = loop_rate(), load()
    with tqdm(total=6, unit="step", disable=None) as bar:

        def step(footprint: Footprint) -> Footprint:
            bar.update()
            return footprint

        plain = step(measure("pipeline", short, others, corpus=folder))
        ours = step(measure("product", short, others))
        plain_long = step(measure("pipeline", long, others, corpus=folder))
        ours_long = step(measure("product", long, others))
        used = step(measure("product", short[:_MEMORY_AFTER], others))
        rates = batch_rates(short)
        bar.update()
    lines = [
        ("one message, first time", _both(ours), _both(plain)),
        ("the same again", _again(ours), _again(plain)),
        (f"{LONG:,} characters", _both(ours_long), _both(plain_long)),
        *((f"batch, {name}", f"{rate:,.0f} messages/s", "") for name, rate in rates.items()),
        ("memory, loaded", f"{used.loaded_mb:.0f} MB", f"{plain.loaded_mb:.0f} MB"),
        (f"memory, after {len(short[:_MEMORY_AFTER])} messages twice", f"{used.used_mb:.0f} MB", ""),
    ]
    head = f"{len(short)} messages of up to {SHORT} characters, {len(long)} of {LONG:,}; model {warm_up()}."
    noise = (
        f"Noise: the same loop {before:,.0f} times a second before and {loop_rate():,.0f} after; "
        f"load {load_before} before and {load()} after."
    )
    table = "\n".join(
        "| " + " | ".join(line) + " |"
        for line in (("", "with reasons (p50 / p99)", "plain pipeline"), ("---",) * 3, *lines)
    )
    return "\n\n".join([head, table, noise])


def of_length(texts: Sequence[str], length: int, count: int) -> list[str]:
    """`count` texts of exactly `length` characters, of other messages each until there are no more.

    Raises ValueError where there is no text to make them of.
    """
    if not any(texts):
        raise ValueError("no texts to make longer ones of")
    made: list[str] = []
    place = 0
    while len(made) < count:
        parts: list[str] = []
        while len("\n".join(parts)) < length:
            parts.append(texts[place % len(texts)])
            place += 1
        made.append("\n".join(parts)[:length])
    return made


def loop_rate(seconds: float = 1.0) -> float:
    """How often a second a fixed piece of work is done: the same work tells how steady the machine is."""
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        sum(number * number for number in range(1_000))
        done += 1
    return done / (time.perf_counter() - began)


def load() -> str:
    """The load of the last minute, where the system tells it."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def batch_rates(texts: Sequence[str]) -> dict[str, float]:
    """Messages a second by one thread, and by two threads and two processes that have loaded the model before.

    Each way is measured in processes of its own, so that none finds what another remembered.
    """
    spawn = get_context("spawn")
    found = {}
    for name, workers in (("one thread", 1), (f"{_CORES} threads", _CORES)):
        with ProcessPoolExecutor(1, mp_context=spawn, initializer=warm_up) as alone:
            alone.submit(_nothing).result()
            found[name] = alone.submit(_in_threads, list(texts), workers).result()
    with ProcessPoolExecutor(_CORES, mp_context=spawn, initializer=warm_up) as pool:
        list(pool.map(_nap, range(_CORES * 4)))
        found[f"{_CORES} processes"] = _rate(pool, _level, texts)
    return found


def _in_threads(texts: Sequence[str], workers: int) -> float:
    with ThreadPoolExecutor(workers) as pool:
        return _rate(pool, _level, texts)


def _rate(pool: Executor, work: Callable[[str], str], texts: Sequence[str]) -> float:
    began = time.perf_counter()
    for _ in pool.map(work, texts, chunksize=16):
        pass
    return len(texts) / (time.perf_counter() - began)


def _level(text: str) -> str:
    return score(text).level.value


def _nothing() -> None:
    """Waits for a process to have started."""


def _nap(number: int) -> int:
    time.sleep(0.25)  # long enough for every process to take one and so to have started
    return number


def _both(cost: Footprint) -> str:
    return f"{cost.p50:.2f} / {cost.p99:.2f} ms"


def _again(cost: Footprint) -> str:
    return f"{cost.p50_again:.2f} / {cost.p99_again:.2f} ms"


if __name__ == "__main__":
    main()
