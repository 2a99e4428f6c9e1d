"""What one way of scoring costs a process of its own: milliseconds a message on one core, and memory.

`measure` starts the process, which reads a JSON order from its standard input and answers with JSON.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.lean_client import percentile, resident_mb

_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Footprint:
    """Times of a message in milliseconds, the first time that it came and again; memory in MB that it added."""

    p50: float
    p99: float
    p50_again: float
    p99_again: float
    loaded_mb: float
    used_mb: float


def measure(maker: str, texts: Sequence[str], warm_up: Sequence[str], **given: Any) -> Footprint:
    """The footprint of what the function `maker` of `yardsticks` makes when called with `given`.

    Raises subprocess.CalledProcessError where the process fails; what it says stands on standard error.
    """
    order = json.dumps({"maker": maker, "texts": list(texts), "warm_up": list(warm_up)[:_WARM_UP], "given": given})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.footprint"], input=order, stdout=subprocess.PIPE, text=True, check=True
    )
    return Footprint(**json.loads(done.stdout))


def times(score: Callable[[str], Any], texts: Sequence[str]) -> list[float]:
    """Milliseconds of each text, ascending."""
    taken = []
    for text in texts:
        began = time.perf_counter()
        score(text)
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def stay_on_one_core() -> None:
    """Leave this process one core, where the system can be asked for it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def own_mb() -> float:
    """Resident memory of this process in MB."""
    gc.collect()
    return resident_mb([os.getpid()])


def _answer(order: dict[str, Any]) -> Footprint:
    stay_on_one_core()
    before = own_mb()
    from benchmarks import yardsticks

    given = {name: Path(value) if name == "folder" else value for name, value in order["given"].items()}
    score = getattr(yardsticks, order["maker"])(**given)
    for text in order["warm_up"]:
        score(text)
    loaded = own_mb()
    first, again = times(score, order["texts"]), times(score, order["texts"])
    return Footprint(
        percentile(first, 0.50),
        percentile(first, 0.99),
        percentile(again, 0.50),
        percentile(again, 0.99),
        loaded - before,
        own_mb() - before,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_answer(json.load(sys.stdin)))))
