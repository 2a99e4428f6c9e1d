"""Merkle trees as in RFC 6962, section 2.1: SHA-256, with leaves and nodes hashed in domains of their own."""

from collections.abc import Sequence
from hashlib import sha256

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf; the prefix keeps a node from passing as a leaf."""
    return sha256(_LEAF + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    """Pairs joined from the left; an odd last one moves up as it is, which gives the RFC's tree for every size."""
    above = [_node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def root(leaves: Sequence[bytes]) -> bytes:
    """The 32 bytes that stand for all `leaves` in their order. Without leaves: the hash of nothing."""
    if not leaves:
        return sha256(b"").digest()
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes, from the leaf upwards, by which somebody who has only the root can check leaf `index`.

    Raises IndexError if there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    level = [leaf_hash(leaf) for leaf in leaves]
    proof = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level = _level_above(level)
        index //= 2
    return proof


def is_included(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is number `index` of the `size` leaves under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last = size - 1
    digest = leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            return False
        if index % 2 or index == last:
            digest = _node_hash(sibling, digest)
            while index % 2 == 0 and index:
                index //= 2
                last //= 2
        else:
            digest = _node_hash(digest, sibling)
        index //= 2
        last //= 2
    return last == 0 and digest == root
