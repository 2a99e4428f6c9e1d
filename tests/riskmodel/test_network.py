"""The network of the embedding is the pinned one with bytes multiplied as bytes, and is so on every processor."""

import numpy as np
import onnxruntime
import pytest

from riskmodel.embedding import Embedder, embedder, pinned_file
from riskmodel.network import PIECES, SIZE, multiplies_signed_bytes, network, probe
from riskmodel.onnx_format import Graph, tensors
from riskmodel.wordpieces import piece_numbers

SENTENCES = (
    "yes",
    "i want to die",
    "i do not see the point of any of this any more",
    "my sister says that she will take all of her tablets tonight and i do not know what to do",
    " ".join(["we walked along the river and talked about the dog"] * 12),
)


def run(model, given):
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, given)[0]


@pytest.fixture(scope="module")
def pinned():
    return onnxruntime.InferenceSession(pinned_file(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("text", SENTENCES)
def test_it_stays_close_to_the_pinned_network_in_floats(pinned, text):
    numbers = np.array([piece_numbers(text.split())])
    given = {"input_ids": numbers, "attention_mask": np.ones_like(numbers), "token_type_ids": np.zeros_like(numbers)}
    exact = pinned.run(None, given)[0][0].mean(axis=0)

    assert embedder().embed(text.split()) @ (exact / np.linalg.norm(exact)) > 0.975


@pytest.mark.parametrize("text", SENTENCES)
def test_a_processor_that_cannot_multiply_signed_bytes_comes_to_the_same_vectors(text):
    unsigned = Embedder(signed=False)

    np.testing.assert_allclose(unsigned.embed(text.split()), embedder().embed(text.split()), atol=1e-5)


def test_the_same_file_gives_the_same_network():
    assert network(memoryview(pinned_file())) == network(memoryview(pinned_file()))


def test_another_network_is_refused():
    content = memoryview(pinned_file())

    with pytest.raises(ValueError, match="not a protocol buffer"):
        network(content[: len(content) // 2])
    with pytest.raises(ValueError, match="0 matrices instead of 36"):
        network(memoryview(probe()[0]))


def test_the_probe_tells_a_processor_whose_sums_overflow_from_one_that_is_exact():
    model, given, wanted = probe()

    assert multiplies_signed_bytes(lambda model, given: wanted)
    # Two products of 255 and 127 in sixteen bits with a sign: 64,770 becomes 32,767.
    assert not multiplies_signed_bytes(lambda model, given: wanted * 32_767 / 64_770)
    assert run(model, {"ones": given}).shape == (1, 1, 4)


def test_what_is_written_is_read_again_and_runs():
    graph = Graph()
    graph.given("numbers", "float32", ("n", 2))
    weights = graph.constant("weights", np.array([[1.5, -2.0], [0.0, 4.0]], dtype=np.float32))
    graph.node("Gemm", ["numbers", weights], "product", alpha=2.0, transB=1)
    model = graph.finished("product", "float32", ("n", 2), {"": 18})

    np.testing.assert_array_equal(tensors(memoryview(model))["weights"], [[1.5, -2.0], [0.0, 4.0]])
    np.testing.assert_array_equal(run(model, {"numbers": np.ones((1, 2), dtype=np.float32)}), [[-1.0, 8.0]])


def test_a_tensor_of_a_type_that_is_not_read_here_is_named():
    graph = Graph()
    graph.given(PIECES, "int64", (1,))
    graph.constant("flags", np.array([1.0], dtype=np.float32))
    model = graph.finished(PIECES, "int64", (1,), {"": 18})
    # Field 2 of the tensor is its type: 1 is float32 and 16 is bfloat16.
    changed = model.replace(b"\x08\x01\x10\x01", b"\x08\x01\x10\x10")

    with pytest.raises(ValueError, match="tensor 'flags' is of type 16, which is not read here"):
        tensors(memoryview(changed))


def test_a_vector_has_the_size_that_artefacts_are_made_for():
    assert embedder().embed(["hello"]).shape == (SIZE,)
