"""A stored model that was altered, or that belongs to other libraries, is refused with the exact reason."""

import json
import shutil

import numpy as np
import pytest

from riskmodel import artefacts
from riskmodel.artefacts import ArtefactRefused, activate, active_version, load


@pytest.fixture
def stored(tmp_path):
    """A copy of the shipped model: (folder, version)."""
    version = active_version()
    shutil.copytree(artefacts.FOLDER / version, tmp_path / version)
    shutil.copy(artefacts.FOLDER / "active.json", tmp_path)
    return tmp_path, version


def change_manifest(folder, version, changes):
    path = folder / version / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def shipped_contents(place):
    with np.load(place / "weights.npz", allow_pickle=False) as stored:
        return dict(stored), json.loads((place / "vocabulary.json").read_text())


def test_the_shipped_model_loads():
    found = load()

    assert found.version == active_version()
    assert found.manifest["rows"]["train"] > 1000


def test_the_shipped_model_is_small_enough_for_the_repository():
    size = sum(path.stat().st_size for path in artefacts.FOLDER.rglob("*"))

    assert size < 8 * 2**20


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
def test_one_flipped_byte_is_refused(stored, name):
    folder, version = stored
    path = folder / version / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ArtefactRefused, match=f"the digest of {name} differs from the manifest"):
        load(version, folder)


def test_a_missing_file_is_refused(stored):
    folder, version = stored
    (folder / version / "weights.npz").unlink()

    with pytest.raises(ArtefactRefused, match=r"weights.npz is missing"):
        load(version, folder)


def test_another_scikit_learn_is_refused_and_both_versions_named(stored):
    folder, version = stored
    change_manifest(folder, version, {"libraries": {"scikit-learn": "1.0.0"}})

    with pytest.raises(ArtefactRefused, match=r"trained with scikit-learn 1.0.0, installed is \d"):
        load(version, folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contract": 99}, "contract 99"),
        ({"version": "other"}, "the manifest is for version other"),
        ({"thresholds": {}}, "the manifest was changed"),
        ({"calibration": {}}, "the manifest was changed"),
        ({"files": {}}, "the digest of weights.npz differs"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(stored, changes, reason):
    folder, version = stored
    change_manifest(folder, version, changes)

    with pytest.raises(ArtefactRefused, match=reason):
        load(version, folder)


def test_a_model_trained_with_other_phrase_tables_is_refused(stored):
    folder, version = stored
    manifest = json.loads((folder / version / "manifest.json").read_text())
    arrays, vocabulary = shipped_contents(folder / version)
    other = artefacts.store(arrays, vocabulary, manifest | {"name": "other"}, folder)
    path = folder / other / "manifest.json"
    changed = json.loads(path.read_text()) | {"tables": "0" * 64}
    version = artefacts.version_of(changed)
    path.write_text(json.dumps(changed | {"version": version}))
    (folder / other).rename(folder / version)

    with pytest.raises(ArtefactRefused, match="the phrase tables changed since training"):
        load(version, folder)


def test_a_broken_manifest_and_a_missing_one_are_refused(stored):
    folder, version = stored
    (folder / version / "manifest.json").write_text("{")
    with pytest.raises(ArtefactRefused, match="is not JSON"):
        load(version, folder)

    with pytest.raises(ArtefactRefused, match="no manifest for version gone"):
        load("gone", folder)


def test_without_a_named_version_nothing_is_loaded(tmp_path):
    with pytest.raises(ArtefactRefused, match=r"active.json names no version"):
        load(folder=tmp_path)


def test_a_version_that_cannot_be_loaded_is_never_made_active(stored):
    folder, version = stored

    with pytest.raises(ArtefactRefused):
        activate("gone", folder)

    assert active_version(folder) == version


def test_a_version_that_misses_some_people_much_more_often_is_never_made_active(stored):
    folder, version = stored
    manifest = json.loads((folder / version / "manifest.json").read_text())
    why = ["misses 60 % of teen and 34 % of all"]
    changed = manifest | {"fairness": {"blocks": True, "why": why}}
    unfair = artefacts.version_of(changed)
    (folder / version).rename(folder / unfair)
    (folder / unfair / "manifest.json").write_text(json.dumps(changed | {"version": unfair}))

    with pytest.raises(ArtefactRefused, match=why[0]):
        activate(unfair, folder)

    assert active_version(folder) == version
