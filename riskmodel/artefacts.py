"""Stores and loads a trained model: plain arrays and JSON beside a manifest with digests. Loading executes nothing."""

import hashlib
import importlib.metadata
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from riskmodel import embedding, tables
from riskmodel.features import rule_names
from riskmodel.sense import Sense
from riskmodel.vectors import Weights

FOLDER = Path(__file__).resolve().parent / "artefacts"
CONTRACT = 3  # raised when the meaning of what is stored changes: arrays, calibration or thresholds
_ARRAYS = ("word_idf", "character_idf", "word_weights", "character_weights", "rule_weights", "intercepts")
_SENSE = ("landmarks", "landmark_weights", "sense_intercepts")
_HELD_BACK = ("held_back", "held_back_ranks", "held_back_everyday")
_SEALED = ("files", "thresholds", "calibration", "tables", "corpus", "libraries", "embedding", "fairness", "course")
_FILES = ("weights.npz", "vocabulary.json")


class ArtefactRefused(RuntimeError):
    """A stored model must not be used; the message gives the exact reason."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What thresholds are chosen by: for each row what models gave it that never saw its family.

    `found` are the cumulative probabilities (rows, 4) with floors counted, `ranks` the true levels as places on the
    ladder, `everyday` whether the row is plain everyday talk.
    """

    found: np.ndarray[Any, np.dtype[Any]]
    ranks: np.ndarray[Any, np.dtype[Any]]
    everyday: np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A loaded model."""

    version: str
    weights: Weights
    sense: Sense | None
    manifest: Mapping[str, Any]
    held_back: HeldBack | None = None


def active_version(folder: Path = FOLDER) -> str:
    """The version named in `active.json`. Raises ArtefactRefused when there is none."""
    try:
        return str(json.loads((folder / "active.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError) as error:
        raise ArtefactRefused(f"active.json names no version ({type(error).__name__})") from None


def versions(folder: Path = FOLDER) -> tuple[str, ...]:
    """Every version that is on disk, in the order of their names; whether each may be used, `load` tells."""
    return tuple(sorted(place.parent.name for place in folder.glob("*/manifest.json")))


def load(version: str | None = None, folder: Path = FOLDER) -> Artefact:
    """The model `version`, or the active one. Raises ArtefactRefused with the exact reason."""
    version = version or active_version(folder)
    place = folder / version
    manifest = _read_manifest(place)
    contents = {name: _read_checked(place, name, manifest) for name in _FILES}
    _check_surroundings(manifest, version)
    vocabulary = json.loads(contents["vocabulary.json"])
    with np.load(io.BytesIO(contents["weights.npz"]), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in (*_ARRAYS, *_SENSE, *_HELD_BACK)}
    return assemble(version, arrays, vocabulary, manifest)


def assemble(
    version: str, arrays: Mapping[str, Any], vocabulary: Mapping[str, list[str]], manifest: Mapping[str, Any]
) -> Artefact:
    """The model of these arrays. Raises ArtefactRefused when they do not fit each other."""
    landmarks = arrays["landmarks"].astype(np.float32)
    sense = Sense(landmarks, arrays["landmark_weights"], arrays["sense_intercepts"]) if len(landmarks) else None
    weights = _weights(vocabulary, {name: arrays[name] for name in _ARRAYS})
    return Artefact(version, weights, sense, manifest, held_back_of(arrays))


def held_back_of(arrays: Mapping[str, Any]) -> HeldBack:
    """What thresholds are chosen by, out of the arrays of a model."""
    return HeldBack(*(arrays[name] for name in _HELD_BACK))


def _weights(vocabulary: Mapping[str, list[str]], arrays: Mapping[str, Any]) -> Weights:
    words = {gram: place for place, gram in enumerate(vocabulary["words"])}
    characters = {gram: place for place, gram in enumerate(vocabulary["characters"])}
    weights = Weights(words=words, characters=characters, **arrays)
    shapes = (len(words), len(characters), len(rule_names()))
    stored = (weights.word_weights.shape[0], weights.character_weights.shape[0], weights.rule_weights.shape[0])
    if shapes != stored:
        raise ArtefactRefused(f"the arrays have {stored} rows where {shapes} are named")
    return weights


def _read_manifest(place: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        raise ArtefactRefused(f"no manifest for version {place.name}") from None
    except ValueError:
        raise ArtefactRefused(f"the manifest of version {place.name} is not JSON") from None
    if manifest.get("contract") != CONTRACT:
        raise ArtefactRefused(f"contract {manifest.get('contract')} where this program reads {CONTRACT}")
    return dict(manifest)


def _read_checked(place: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    try:
        content = (place / name).read_bytes()
    except OSError:
        raise ArtefactRefused(f"file {name} is missing in version {place.name}") from None
    if hashlib.sha256(content).hexdigest() != manifest.get("files", {}).get(name):
        raise ArtefactRefused(f"the digest of {name} differs from the manifest")
    return content


def _check_surroundings(manifest: Mapping[str, Any], version: str) -> None:
    if manifest.get("version") != version:
        raise ArtefactRefused(f"the manifest is for version {manifest.get('version')}, not {version}")
    # Read from the package's metadata: scoring itself needs no scikit-learn, and importing it costs a second.
    installed = importlib.metadata.version("scikit-learn")
    trained = manifest.get("libraries", {}).get("scikit-learn")
    if trained != installed:
        raise ArtefactRefused(f"trained with scikit-learn {trained}, installed is {installed}")
    if manifest.get("embedding") != embedding.DIGEST:
        raise ArtefactRefused("trained with another sentence embedding than the pinned one")
    try:
        embedding.embedder()
    except embedding.EmbeddingRefused as refusal:
        raise ArtefactRefused(str(refusal)) from None
    if version_of(manifest) != version:
        raise ArtefactRefused("the manifest was changed: its contents do not make its version")
    if manifest.get("tables") != tables.digest():
        raise ArtefactRefused("the phrase tables changed since training: train again")


def store(
    weights: Mapping[str, Any], vocabulary: Mapping[str, list[str]], manifest: dict[str, Any], folder: Path = FOLDER
) -> str:
    """Write a model and return its version, which is made from the digest of its contents. Not made active."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: weights[name] for name in (*_ARRAYS, *_SENSE, *_HELD_BACK)})
    contents = {
        "weights.npz": buffer.getvalue(),
        "vocabulary.json": json.dumps(vocabulary, ensure_ascii=True, separators=(",", ":")).encode(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    version = version_of(manifest | {"files": digests, "tables": tables.digest()})
    place = folder / version
    place.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (place / name).write_bytes(content)
    whole = {"version": version, "contract": CONTRACT, "files": digests, "tables": tables.digest()} | manifest
    (place / "manifest.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return version


def version_of(manifest: Mapping[str, Any]) -> str:
    """The name that these contents must have. Thresholds decide as much as weights do, so they are sealed with them."""
    sealed = [
        manifest.get(part)
        for part in ("files", "thresholds", "calibration", "tables", "corpus", "libraries", "fairness", "course")
    ]
    digest = hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()
    return f"{manifest.get('name')}-{digest[:12]}"


def activate(version: str, folder: Path = FOLDER) -> None:
    """Make `version` the one that is loaded from now on.

    Raises ArtefactRefused when it cannot be loaded, or misses or calls some people too much more often than others.
    """
    fairness = load(version, folder).manifest.get("fairness") or {}
    if fairness.get("blocks"):
        raise ArtefactRefused("; ".join(fairness["why"]))
    (folder / "active.json").write_text(json.dumps({"version": version}) + "\n", encoding="utf-8")
