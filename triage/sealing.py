"""Envelope encryption of clients' words: one message key a conversation, wrapped by a key that is not in the database.

Destroying a conversation's wrapped key makes its text unreadable for good, backups of the table included, while the
audit chain, which holds digests only, still verifies (AUD-5).
"""

import base64
import hashlib
import json
import os
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class Unreadable(Exception):
    """The key is destroyed, unknown to this service, or the sealed bytes were altered."""


def _wrapping_keys() -> list[bytes]:
    return [base64.b64decode(key) for key in settings.MESSAGE_KEYS]


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key-id" + key).digest()[:_KEY_ID_BYTES]


def new_message_key(conversation_id: UUID) -> bytes:
    """A fresh 256-bit message key for one conversation, wrapped by the first of `MESSAGE_KEYS`."""
    wrapping = _wrapping_keys()[0]
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(wrapping).encrypt(nonce, AESGCM.generate_key(256), conversation_id.bytes)
    return _VERSION + _key_id(wrapping) + nonce + sealed


class Seal:
    """Seals and opens the texts of one conversation. Each text is bound to its place, so rows cannot be swapped."""

    def __init__(self, conversation_id: UUID, wrapped: bytes | memoryview | None) -> None:
        """Unwrap the message key; raises Unreadable when it is destroyed, altered or wrapped by an unknown key."""
        if wrapped is None:
            raise Unreadable("the message key of this conversation is destroyed")
        wrapped = bytes(wrapped)
        start = len(_VERSION) + _KEY_ID_BYTES
        key_id, nonce = wrapped[len(_VERSION) : start], wrapped[start : start + _NONCE_BYTES]
        for wrapping in _wrapping_keys():
            if _key_id(wrapping) == key_id:
                break
        else:
            raise Unreadable("the message key is wrapped by a key that this service does not have")
        try:
            key = AESGCM(wrapping).decrypt(nonce, wrapped[start + _NONCE_BYTES :], conversation_id.bytes)
        except (InvalidTag, ValueError):  # the latter for what is too short to hold a nonce
            raise Unreadable("the wrapped message key was altered") from None
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, text: str, *, place: str) -> bytes:
        """Encrypt `text` for `place` (for example `message:7`)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes | memoryview, *, place: str) -> str:
        """Decrypt what `seal` made for the same place; raises Unreadable when it was altered or moved."""
        raw = bytes(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unreadable(f"what stands at {place} was altered or moved") from None

    def seal_json(self, value: Any, *, place: str) -> bytes:
        """Encrypt a JSON value for `place`."""
        return self.seal(json.dumps(value, ensure_ascii=False, separators=(",", ":")), place=place)

    def open_json(self, sealed: bytes | memoryview, *, place: str) -> Any:
        """Decrypt what `seal_json` made."""
        return json.loads(self.open(sealed, place=place))

    def keyed_digest(self, text: str) -> str:
        """A digest for the audit trail that says nothing once the message key is destroyed (hex, 16 bytes)."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()
