"""Merkle trees against the definition in RFC 6962, and proofs that hold exactly when they should."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle

TREES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def test_the_tree_without_leaves_is_the_hash_of_nothing():
    assert merkle.root([]) == sha256(b"").digest()


@given(TREES)
def test_the_root_is_that_of_the_definition(leaves):
    assert merkle.root(leaves) == by_definition(leaves)


@given(TREES, st.data())
def test_every_leaf_can_be_proved_with_the_root_alone(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(leaves, index)
    facts = {"index": index, "size": len(leaves), "proof": proof, "root": merkle.root(leaves)}
    assert merkle.is_included(leaf=leaves[index], **facts)
    assert not merkle.is_included(leaf=leaves[index] + b"!", **facts)


@given(TREES, st.data())
def test_a_proof_with_anything_changed_proves_nothing(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(leaves, index)
    leaf, size, root = leaves[index], len(leaves), merkle.root(leaves)
    assert not merkle.is_included(leaf=leaf, index=index, size=size, proof=[*proof, bytes(32)], root=root)
    assert not merkle.is_included(leaf=leaf, index=index, size=size, proof=proof, root=bytes(32))
    for place in range(len(proof)):
        changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert not merkle.is_included(leaf=leaf, index=index, size=size, proof=changed, root=root)
        shortened = [*proof[:place], *proof[place + 1 :]]
        assert not merkle.is_included(leaf=leaf, index=index, size=size, proof=shortened, root=root)


def test_a_node_cannot_pass_as_a_leaf():
    leaves = [b"one", b"two"]
    node = merkle.leaf_hash(b"one") + merkle.leaf_hash(b"two")
    assert merkle.root([node]) != merkle.root(leaves)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there_has_no_proof(index):
    leaves = [b"a", b"b", b"c"]
    with pytest.raises(IndexError):
        merkle.inclusion_proof(leaves, index)
    assert not merkle.is_included(leaf=b"a", index=index, size=3, proof=[], root=merkle.root(leaves))


@given(TREES, st.data())
def test_a_proof_does_not_hold_for_a_tree_of_another_size(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    # Twice the size needs one hash more; sizes whose path has the same shape cannot and need not differ.
    assert not merkle.is_included(leaf=leaves[index], index=index, size=2 * len(leaves), proof=proof, root=root)
