"""Ed25519 signatures of checkpoints (RFC 8032). The seed is in the settings, never in the database."""

import base64
import binascii
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

KEY_BYTES = 32


class KeyRefused(ValueError):
    """A key is not 32 bytes in base64."""


def decode_key(text: str, *, name: str) -> bytes:
    """The 32 bytes of a key given in base64. Raises KeyRefused with `name` and the reason, never with the key."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRefused(f"{name} is not base64") from error
    if len(raw) != KEY_BYTES:
        raise KeyRefused(f"{name} must be {KEY_BYTES} bytes in base64, it is {len(raw)} bytes")
    return raw


def _private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(decode_key(settings.AUDIT_SIGNING_KEY, name="AUDIT_SIGNING_KEY"))


def public_key() -> bytes:
    """The public half of the key that signs checkpoints, 32 bytes."""
    return _private_key().public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """A short name for a public key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def sign(message: bytes) -> bytes:
    """64 bytes; the same message always gives the same signature."""
    return _private_key().sign(message)


def is_signed(*, public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of `public`'s private half signed exactly `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
