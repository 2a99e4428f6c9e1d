"""A checkpoint as a signed statement, pure: its exact bytes, its text in a file, and what makes it valid.

The signature covers the line `clinic-audit-checkpoint-1`, a line feed, and the canonical JSON of the header: `entries`
(entries new since each stream's last checkpoint), `leaves` (how many), `number`, `previous` (digest of the checkpoint
before, zeros for the first), `public_key`, `root`, `written_at`. A checkpoint's digest is the SHA-256 of those bytes.
A leaf is the canonical JSON `[stream, seq, digest]`; leaves are sorted by stream name.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple, Self

from audit import merkle, signing
from audit.chain import canonical_json, utc_text

FORMAT = "clinic-audit-checkpoint-1"
NO_CHECKPOINT = bytes(32)


class StatementRefused(ValueError):
    """The text is not a checkpoint that this version can read."""


class Leaf(NamedTuple):
    """Where one stream stood."""

    stream: str
    seq: int
    digest: bytes

    def encoded(self) -> bytes:
        """The leaf as it goes into the Merkle tree."""
        return canonical_json([self.stream, self.seq, self.digest.hex()]).encode()


@dataclass(frozen=True, slots=True)
class Statement:
    """One checkpoint with its leaves and its signature."""

    number: int
    previous: bytes
    root: bytes
    leaf_count: int
    entry_count: int
    written_at: datetime
    public_key: bytes
    signature: bytes
    leaves: tuple[Leaf, ...]

    def _header(self) -> dict[str, int | str]:
        return {
            "entries": self.entry_count,
            "leaves": self.leaf_count,
            "number": self.number,
            "previous": self.previous.hex(),
            "public_key": base64.b64encode(self.public_key).decode(),
            "root": self.root.hex(),
            "written_at": utc_text(self.written_at),
        }

    def signed_bytes(self) -> bytes:
        """Exactly what the signature covers: the format's name, and everything but leaves and signature."""
        return f"{FORMAT}\n{canonical_json(self._header())}".encode()

    def digest(self) -> bytes:
        """SHA-256 of what was signed; the next checkpoint has it as `previous`."""
        return sha256(self.signed_bytes()).digest()

    def faults(self) -> Iterator[str]:
        """What is wrong with this statement taken alone; nothing if its signature and tree hold."""
        if not signing.is_signed(public=self.public_key, signature=self.signature, message=self.signed_bytes()):
            yield "its signature does not hold"
        if self.leaf_count != len(self.leaves):
            yield f"it names {self.leaf_count} leaves and holds {len(self.leaves)}"
        if self.root != merkle.root([leaf.encoded() for leaf in self.leaves]):
            yield "its root is not that of its leaves"

    def to_text(self) -> str:
        """The file's text: JSON with one line a leaf, so that people can print and compare it."""
        leaves = ",\n".join(leaf.encoded().decode() for leaf in self.leaves)
        signature = base64.b64encode(self.signature).decode()
        return (
            f'{{"format":"{FORMAT}",\n"header":{canonical_json(self._header())},\n'
            f'"signature":"{signature}",\n"leaves":[\n{leaves}\n]}}\n'
        )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a file's text. Raises StatementRefused; whether the statement holds is for `faults` to say."""
        try:
            return cls._from_parsed(json.loads(text))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
            raise StatementRefused(f"not a readable checkpoint ({type(error).__name__})") from error

    @classmethod
    def _from_parsed(cls, parsed: dict) -> Self:
        if parsed["format"] != FORMAT:
            raise StatementRefused("unknown format")
        header = parsed["header"]
        return cls(
            number=_count(header["number"]),
            previous=bytes.fromhex(header["previous"]),
            root=bytes.fromhex(header["root"]),
            leaf_count=_count(header["leaves"]),
            entry_count=_count(header["entries"]),
            written_at=datetime.fromisoformat(header["written_at"]).astimezone(UTC),
            public_key=base64.b64decode(header["public_key"], validate=True),
            signature=base64.b64decode(parsed["signature"], validate=True),
            leaves=tuple(
                Leaf(_name(name), _count(seq), bytes.fromhex(digest)) for name, seq, digest in parsed["leaves"]
            ),
        )


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("not a count")
    return value


def _name(value: str) -> str:
    value.encode()  # refuses half characters, which JSON can spell and the database cannot hold
    return value


def seal(*, number: int, previous: bytes, leaves: Sequence[Leaf], entry_count: int, written_at: datetime) -> Statement:
    """A statement signed with the service's key over `leaves`, which it sorts by stream."""
    ordered = tuple(sorted(leaves))
    unsigned = Statement(
        number=number,
        previous=previous,
        root=merkle.root([leaf.encoded() for leaf in ordered]),
        leaf_count=len(ordered),
        entry_count=entry_count,
        written_at=written_at,
        public_key=signing.public_key(),
        signature=b"",
        leaves=ordered,
    )
    return replace(unsigned, signature=signing.sign(unsigned.signed_bytes()))
