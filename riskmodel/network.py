"""The network of the sentence embedding, put together anew so that it multiplies bytes: all-MiniLM-L6-v2.

The pinned file holds every weight as a byte with one scale a column, but turns them all to floats in every process and
multiplies these. Here the same bytes are multiplied as bytes, with the activations rounded to bytes as well
(`DynamicQuantizeMatMul` of ONNX Runtime). It takes a third of the time and half of the memory; its vectors lie at a
cosine of 0.98 or so to the file's own, and models are trained on what this network gives (docs/decisions/0010).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from riskmodel.onnx_format import Array, Graph, tensors

LAYERS, HEADS, SIZE, MOST_PIECES = 6, 12, 384, 128
_EPSILON = 1e-12
_FUSED = "com.microsoft"  # ONNX Runtime's own operations
_OPSETS = {"": 18, _FUSED: 1}
PIECES, RESULT = "pieces", "sense of each piece"


class _Weights:
    """The tensors of the pinned file, by the place where the network uses them."""

    def __init__(self, found: Mapping[str, Array]) -> None:
        self._found = found
        # The six matrices of a layer bear the numbers that they had when the file was made, in order of use.
        names = sorted((n[:-2] for n in found if n.startswith("val_") and n.endswith("_q")), key=lambda n: int(n[4:]))
        if len(names) != 6 * LAYERS:
            raise ValueError(f"{len(names)} matrices instead of {6 * LAYERS}")
        self._matrices = names

    def matrix(self, layer: int, *places: int) -> tuple[Array, Array]:
        """Matrices of a layer side by side, as bytes, and the scale of each column."""
        names = [self._matrices[6 * layer + place] for place in places]
        together = np.concatenate([self._found[f"{name}_q"] for name in names], axis=1)
        scales = np.concatenate([self._found[f"{name}_scale"].ravel() for name in names])
        return together, scales

    def layer(self, number: int, name: str) -> Array:
        return self._found[f"inner.encoder.layer.{number}.{name}"]

    def embeddings(self, name: str) -> Array:
        return self._found[f"inner.embeddings.{name}"]


def network(content: memoryview, *, signed: bool = True) -> bytes:
    """The network as an ONNX file, made from the bytes of the pinned one. The same content gives the same bytes.

    It takes `pieces`, shape (1, n), and gives shape (1, n, 384). Without `signed` every weight is moved up by 128:
    slower, and right on processors whose instruction for signed bytes overflows (`multiplies_signed_bytes`). Raises
    ValueError or KeyError where the content is another network.
    """
    weights, graph = _Weights(tensors(content)), Graph()
    at = graph.node(
        "LayerNormalization", [_embedded(graph, weights), *_norm(graph, weights)], "embedded", epsilon=_EPSILON
    )
    for layer in range(LAYERS):
        at = _layer(graph, weights, layer, at, signed)
    graph.node("Identity", [at], RESULT)
    return graph.finished(RESULT, "float32", (1, "n", SIZE), _OPSETS)


def _embedded(graph: Graph, weights: _Weights) -> str:
    pieces = graph.given(PIECES, "int64", (1, "n"))
    words = graph.constant("words", weights.embeddings("word_embeddings.weight_q"))
    scales = graph.constant("scales of words", weights.embeddings("word_embeddings.weight_scale"))
    chosen = graph.node("Cast", [graph.node("Gather", [words, pieces], "bytes of pieces")], "numbers of pieces", to=1)
    meaning = graph.node("Mul", [chosen, graph.node("Gather", [scales, pieces], "scales of pieces")], "meaning")
    # There is one kind of text only, so its vector is added to the places once and for all.
    exact = weights.embeddings("position_embeddings.weight_q")[:MOST_PIECES].astype(np.float32)
    exact = exact * weights.embeddings("position_embeddings.weight_scale")[:MOST_PIECES]
    places = graph.constant("places", exact + weights.embeddings("token_type_embeddings.weight")[0])
    count = graph.node("Shape", [pieces], "count", start=1, end=2)
    nought = graph.constant("nought", np.array([0], dtype=np.int64))
    return graph.node("Add", [meaning, graph.node("Slice", [places, nought, count], "places used")], "meaning in place")


def _norm(graph: Graph, weights: _Weights) -> list[str]:
    return [graph.constant(f"norm {part}", weights.embeddings(f"LayerNorm.{part}")) for part in ("weight", "bias")]


def _layer(graph: Graph, weights: _Weights, layer: int, at: str, signed: bool) -> str:
    def name(what: str) -> str:
        return f"{layer} {what}"

    def multiply(given: str, what: str, places: tuple[int, ...], biases: tuple[str, ...]) -> str:
        matrix, scales = weights.matrix(layer, *places)
        bias = np.concatenate([weights.layer(layer, f"{one}.bias") for one in biases])
        return _multiply(graph, name(what), given, (matrix, scales, bias), signed)

    def joined(before: str, given: str, what: str, norm: str) -> str:
        parts = [graph.constant(name(f"{what} {p}"), weights.layer(layer, f"{norm}.{p}")) for p in ("weight", "bias")]
        return graph.node(
            "SkipLayerNormalization", [before, given, *parts], name(what), domain=_FUSED, epsilon=_EPSILON
        )

    asked = tuple(f"attention.self.{one}" for one in ("query", "key", "value"))
    split = [name("query"), name("key"), name("value")]
    graph.node("Split", [multiply(at, "asked", (0, 1, 2), asked)], split, axis=2, num_outputs=3)
    seen = graph.node("MultiHeadAttention", split, name("seen"), domain=_FUSED, num_heads=HEADS)
    told = multiply(seen, "told", (3,), ("attention.output.dense",))
    middle = joined(at, told, "middle", "attention.output.LayerNorm")
    wide = graph.node("Gelu", [multiply(middle, "wide", (4,), ("intermediate.dense",))], name("bent"), domain=_FUSED)
    return joined(middle, multiply(wide, "narrow", (5,), ("output.dense",)), "end", "output.LayerNorm")


def _multiply(graph: Graph, name: str, given: str, parts: tuple[Array, Array, Array], signed: bool) -> str:
    matrix, scales, bias = parts
    nought = np.zeros(len(scales), dtype=np.int8)
    if not signed:
        matrix = (matrix.astype(np.int16) + 128).astype(np.uint8)
        nought = np.full(len(scales), 128, dtype=np.uint8)
    takes = [
        given,
        graph.constant(f"{name} matrix", matrix),
        graph.constant(f"{name} scales", scales.astype(np.float32)),
        graph.constant(f"{name} nought", nought),
        graph.constant(f"{name} bias", bias),
    ]
    return graph.node("DynamicQuantizeMatMul", takes, name, domain=_FUSED)


def probe() -> tuple[bytes, Array, Array]:
    """A network of one product, what to give it, and what it must give: the largest sums that bytes can come to."""
    given = np.ones((1, 1, 64), dtype=np.float32)
    columns = np.array([127, 127, -127, -128], dtype=np.int8)
    matrix = np.tile(columns, (64, 1))
    ones = np.ones(4, dtype=np.float32)
    graph = Graph()
    _multiply(graph, RESULT, graph.given("ones", "float32", (1, 1, 64)), (matrix, ones, 0 * ones), signed=True)
    return graph.finished(RESULT, "float32", (1, 1, 4), _OPSETS), given, columns.astype(np.float32) * 64


def multiplies_signed_bytes(run: Any) -> bool:
    """Whether this processor multiplies signed bytes exactly; `run(model, inputs)` returns the result of a network.

    Some processors (x86 with AVX2 and without VNNI) add two products in sixteen bits and cut off what is above.
    """
    model, given, wanted = probe()
    return bool(np.allclose(run(model, {"ones": given}), wanted, rtol=1e-3))
