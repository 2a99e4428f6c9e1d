"""Weighs what a stretch means: its likeness to examples that the model was trained on, by sentence embedding.

A Gaussian kernel over unit vectors against a few hundred landmarks, which are training messages, and one linear weight
for each: a logistic regression over Nystroem features (Williams and Seeger, 2001) folded into one matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# exp(SHARPNESS * (cosine - 1)): how alike two sentences must be to be treated alike. By folds, docs/model_card.md.
SHARPNESS = 1.6


def likeness(vectors: Array, landmarks: Array) -> Array:
    """The kernel between unit vectors (n, 384) and landmarks (m, 384), shape (n, m), between 0 and 1."""
    # Not `@`: BLAS would start threads under many scoring threads, and sum in an order of its own.
    cosine: Array = np.einsum("ik,jk->ij", vectors, landmarks)
    return np.exp(SHARPNESS * (cosine - 1.0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Sense:
    """`landmarks` are unit vectors (m, 384), `weights` (m, levels) and `intercepts` (levels,) make log-odds."""

    landmarks: Array
    weights: Array
    intercepts: Array

    def logits(self, vectors: Sequence[Array]) -> Array:
        """The share of each window in the log-odds of each level, shape (windows, levels)."""
        near = likeness(np.stack(vectors), self.landmarks)
        total: Array = np.einsum("ij,jk->ik", near, self.weights) + self.intercepts
        return total
