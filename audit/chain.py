"""The hash chain, pure: canonical JSON, the digest of an entry, and the digest a stream starts from.

Canonical JSON: UTF-8, no white space, object keys sorted by code point, only `"`, `\\` and control characters escaped,
integers of 64 bits written exactly, finite floats in their shortest round-trip form. Everything else is refused.

Digest of an entry, form 1: SHA-256 of the canonical JSON object with the keys of `EntryFields`, `previous` in
hexadecimal, `recorded` in UTC with microseconds and `Z`, `detail` as the *text* that is stored, and `form` = 1.
Genesis, form 1: SHA-256 of the canonical JSON object with `clinic_id`, `conversation_id`, `form`, `genesis` (the name).
An entry's database id is not part of it: it says nothing, the order of a stream is its `seq`.
"""

import json
import math
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import NamedTuple

FORM = 1
MAX_DEPTH = 8
_INT64 = range(-(2**63), 2**63)
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NotCanonical(ValueError):
    """The value has no single exact form in JSON."""


class EntryFields(NamedTuple):
    """All that one entry says. The order is that of the columns `audit.verification` reads."""

    stream: str
    seq: int
    recorded: datetime
    action: str
    outcome: str
    agent_kind: str
    agent_id: str
    agent_role: str
    entity_kind: str
    entity_id: str
    clinic_id: str | None
    conversation_id: str | None
    detail: str
    previous: bytes


def canonical_json(value: object) -> str:
    """The one text of `value`. Raises NotCanonical for anything that JSON cannot hold exactly."""
    _check(value, depth=0)
    text = _encoder.encode(value)
    if not text.isascii():
        _check_unicode(text)
    return text


def _check(value: object, *, depth: int) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if value not in _INT64:
            raise NotCanonical("an integer does not fit into 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NotCanonical("a number is not finite")
    elif depth >= MAX_DEPTH:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth=depth + 1)
    elif isinstance(value, dict):
        _check_object(value, depth=depth)
    else:
        raise NotCanonical(f"{type(value).__name__} has no place in canonical JSON")


def _check_object(value: dict, *, depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"a key is {type(key).__name__}, not a string")
        _check(item, depth=depth + 1)


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("a string holds half a character (lone surrogate)") from error


def utc_text(moment: datetime) -> str:
    """`moment` (aware) in UTC with microseconds, for example `2026-01-02T03:04:05.000006Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _quoted(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def entry_form(entry: EntryFields) -> str:
    """The canonical JSON of an entry, written out key by key because verification does this for every entry."""
    return (
        f'{{"action":{_quoted(entry.action)}'
        f',"agent_id":{_quoted(entry.agent_id)}'
        f',"agent_kind":{_quoted(entry.agent_kind)}'
        f',"agent_role":{_quoted(entry.agent_role)}'
        f',"clinic_id":{_quoted(entry.clinic_id)}'
        f',"conversation_id":{_quoted(entry.conversation_id)}'
        f',"detail":{_quoted(entry.detail)}'
        f',"entity_id":{_quoted(entry.entity_id)}'
        f',"entity_kind":{_quoted(entry.entity_kind)}'
        f',"form":{FORM}'
        f',"outcome":{_quoted(entry.outcome)}'
        f',"previous":"{entry.previous.hex()}"'
        f',"recorded":"{utc_text(entry.recorded)}"'
        f',"seq":{entry.seq}'
        f',"stream":{_quoted(entry.stream)}}}'
    )


def entry_digest(entry: EntryFields) -> bytes:
    """32 bytes that stand for this entry and, through `previous`, for all before it."""
    return sha256(entry_form(entry).encode()).digest()


def genesis_digest(name: str, clinic_id: str | None, conversation_id: str | None) -> bytes:
    """What the first entry of a stream has as `previous`; binds the stream to its clinic and conversation."""
    form = {"clinic_id": clinic_id, "conversation_id": conversation_id, "form": FORM, "genesis": name}
    return sha256(canonical_json(form).encode()).digest()
