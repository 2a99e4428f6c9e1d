"""Stores and loads what understanding has learnt: plain arrays and JSON beside a manifest. Loading executes nothing."""

import hashlib
import importlib.metadata
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from riskmodel.embedding import DIGEST as EMBEDDING
from triage.bot.understanding import cues
from triage.bot.understanding.labels import ACTS, FEELINGS, TOPICS
from triage.bot.understanding.weights import OUTPUTS, Calibration, Weights

FOLDER = Path(__file__).resolve().parent / "artefact"
CONTRACT = 1  # raised when the meaning of what is stored changes
ARRAYS = (
    "word_idf",
    "letter_idf",
    "word_weights",
    "letter_weights",
    "cue_weights",
    "sense_weights",
    "long_weights",
    "intercepts",
)
_FILES = ("weights.npz", "vocabulary.json")
_SEALED = ("files", "labels", "calibration", "cues", "corpus", "libraries", "embedding", "seed")


class UnderstandingRefused(RuntimeError):
    """What was learnt must not be used; the message gives the exact reason."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """A loaded model with the manifest that it came with."""

    weights: Weights
    calibration: Calibration
    manifest: Mapping[str, Any]


def labels() -> dict[str, list[str]]:
    """The labels in the order of the columns."""
    return {"acts": list(ACTS), "topics": list(TOPICS), "feelings": list(FEELINGS)}


def store(
    arrays: Mapping[str, Any],
    vocabulary: Mapping[str, list[str]],
    calibration: Calibration,
    manifest: Mapping[str, Any],
    folder: Path = FOLDER,
) -> str:
    """Write a model over the one in `folder` and return its version, which is made from its contents."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: arrays[name] for name in ARRAYS})
    contents = {
        "weights.npz": buffer.getvalue(),
        "vocabulary.json": json.dumps(vocabulary, ensure_ascii=True, separators=(",", ":")).encode(),
    }
    whole: dict[str, Any] = dict(manifest) | {
        "contract": CONTRACT,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "labels": labels(),
        "calibration": asdict(calibration),
        "cues": cues.digest(),
        "embedding": EMBEDDING,
    }
    whole["version"] = version_of(whole)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return str(whole["version"])


def version_of(manifest: Mapping[str, Any]) -> str:
    """The name that these contents must have: whoever alters a threshold makes another version."""
    sealed = [manifest.get(part) for part in _SEALED]
    return "understanding-" + hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()[:12]


def load(folder: Path = FOLDER) -> Learnt:
    """What was learnt. Raises UnderstandingRefused with the exact reason."""
    manifest = _manifest(folder)
    contents = {name: _checked(folder, name, manifest) for name in _FILES}
    _check_surroundings(manifest)
    try:
        vocabulary = json.loads(contents["vocabulary.json"])
        with np.load(io.BytesIO(contents["weights.npz"]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in ARRAYS}
        weights = assemble(arrays, vocabulary)
        calibration = Calibration(**manifest["calibration"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnderstandingRefused(f"its files do not hold what they should ({type(error).__name__})") from None
    return Learnt(weights, calibration, manifest)


def assemble(arrays: Mapping[str, Any], vocabulary: Mapping[str, list[str]]) -> Weights:
    """The weights of these arrays. Raises UnderstandingRefused when they do not fit each other."""
    single = {name: arrays[name].astype(np.float32) for name in ARRAYS}
    places = {name: {gram: place for place, gram in enumerate(grams)} for name, grams in vocabulary.items()}
    weights = Weights(words=places["words"], letters=places["letters"], **single)
    rows = (len(weights.words), len(weights.letters), len(cues.names()))
    stored = tuple(len(single[name]) for name in ("word_weights", "letter_weights", "cue_weights"))
    if rows != stored or (len(weights.word_idf), len(weights.letter_idf)) != rows[:2]:
        raise UnderstandingRefused(f"the arrays have {stored} rows where {rows} are named")
    if {single[name].shape[-1] for name in ARRAYS if not name.endswith("idf")} != {OUTPUTS}:
        raise UnderstandingRefused(f"the arrays do not have {OUTPUTS} columns")
    return weights


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        contract = manifest.get("contract")
    except OSError:
        raise UnderstandingRefused("there is no manifest") from None
    except (ValueError, AttributeError):
        raise UnderstandingRefused("the manifest is not JSON") from None
    if contract != CONTRACT:
        raise UnderstandingRefused(f"contract {contract} where this program reads {CONTRACT}")
    return dict(manifest)


def _checked(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError:
        raise UnderstandingRefused(f"file {name} is missing") from None
    if hashlib.sha256(content).hexdigest() != (manifest.get("files") or {}).get(name):
        raise UnderstandingRefused(f"the digest of {name} differs from the manifest")
    return content


def _check_surroundings(manifest: Mapping[str, Any]) -> None:
    if manifest.get("version") != version_of(manifest):
        raise UnderstandingRefused("the manifest was changed: its contents do not make its version")
    installed = importlib.metadata.version("scikit-learn")
    trained = (manifest.get("libraries") or {}).get("scikit-learn")
    if trained != installed:
        raise UnderstandingRefused(f"trained with scikit-learn {trained}, installed is {installed}")
    if manifest.get("labels") != labels():
        raise UnderstandingRefused("trained for other labels than this program knows: train again")
    if manifest.get("cues") != cues.digest():
        raise UnderstandingRefused("the table of cues changed since training: train again")
    if manifest.get("embedding") != EMBEDDING:
        raise UnderstandingRefused("trained with another sentence embedding than the pinned one")
