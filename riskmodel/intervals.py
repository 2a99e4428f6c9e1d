"""How far chance alone may have moved a figure: intervals of shares, resampling by family, and a test of pairs."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_Z = 1.959963984540054  # 95 %, two-sided


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of the share `hits / of` (Wilson 1927); nothing is known of none: (0, 1)."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, _Z**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return (middle - half if hits else 0.0), (middle + half if hits < of else 1.0)


def by_family(
    families: Sequence[str], figure: Callable[[Any], float | None], *, seed: int, repeats: int
) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of `figure`, families drawn whole: rows of one family say nearly the same.

    `figure` gets how often each row counts, and may answer None where a draw cannot tell it. None where hardly any
    draw can.
    """
    chance = np.random.default_rng(seed)
    names, place = np.unique(np.array(families, dtype=str), return_inverse=True)
    drawn = (chance.multinomial(len(names), np.full(len(names), 1 / len(names)))[place] for _ in range(repeats))
    found = [value for value in map(figure, drawn) if value is not None]
    if len(found) < max(2, repeats // 2):
        return None
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of McNemar's test: how often chance alone splits the differing pairs so unevenly."""
    differing = only_first + only_second
    fewer = min(only_first, only_second)
    tail = sum(math.comb(differing, number) for number in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**differing))
