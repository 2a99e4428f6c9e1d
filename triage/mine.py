"""What the service remembers about a client, read, changed and erased by the client alone.

Each verb takes the token of the open chat. The conversation's row is locked first, as in a turn, so that a change and
a message of the same moment follow one another.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Clinic
from audit.trail import Agent, Event, clinic_stream, record
from triage import clients, locking, remembering, serving
from triage.models import Client, ClientMemory, Conversation, MoodCheck
from triage.sealing import Seal, Unreadable, new_message_key
from triage.states import State

logger = logging.getLogger(__name__)

NAME_LIMIT = 40  # characters
# What can be erased by itself; `all` is everything at once.
PARTS = ("name", "helped", "unfinished", "preferences", "mood")
ALL = "all"
MOST_MOODS = 200
_LANGUAGES = {"en": "English", "es": "Español", "fr": "Français", "de": "Deutsch"}
_PLACE = "name"
_WISHES = ("no_breath", "no_religion")


class BadAnswer(Exception):
    """What the client sent cannot be taken. `code` and `detail` are for the page."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Mood:
    """One check-in, from 0 to 10."""

    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Mine:
    """All that is remembered. Exercises are (key, title); `moods` are oldest first, the last 200."""

    language: str
    languages: Sequence[tuple[str, str]]
    is_off: bool = False
    name: str = ""
    helped: Sequence[tuple[str, str]] = ()
    unfinished: tuple[str, str] | None = None
    no_breath: bool = False
    no_religion: bool = False
    moods: Sequence[Mood] = field(default_factory=tuple)


def read(*, clinic: Clinic, token: str, at: datetime) -> Mine:
    """What is remembered of whoever holds `token`. Raises clients.StrangerToken, also for a token of another clinic."""
    return _mine(Client.objects.select_related("clinic").get(pk=_identity(clinic, token, at=at).client_id))


def change(*, clinic: Clinic, token: str, wanted: Mapping[str, Any], at: datetime) -> Mine:
    """Change name, language, wishes, or whether anything is remembered; names that are not in `wanted` stay.

    `remember` False erases what is kept, and nothing is kept from then on. Said once more a thing changes nothing.
    Raises BadAnswer and clients.StrangerToken.
    """
    identity = _identity(clinic, token, at=at)
    checked = _checked(wanted, clinic)
    with transaction.atomic(durable=True):
        conversation = locking.locked(identity.conversation_id)
        client = conversation.client
        memory = _locked(client, at=at)
        if "remember" in checked and checked["remember"] == memory.is_off:
            _set_off(client, memory, not checked["remember"], at=at)
        fields = _change(client, memory, checked)
        _store(conversation, memory, fields, at=at)
    return _mine(client)


def erase(*, clinic: Clinic, token: str, part: str, at: datetime) -> Mine:
    """Erase one of PARTS, or all. Erasing what is not there changes nothing. Raises as `change`."""
    identity = _identity(clinic, token, at=at)
    if part not in (*PARTS, ALL):
        raise BadAnswer("bad_part", "There is no such part to erase.")
    with transaction.atomic(durable=True):
        conversation = locking.locked(identity.conversation_id)
        memory = _locked(conversation.client, at=at)
        erased = _erase(memory, PARTS if part == ALL else (part,))
        if erased:
            _record(conversation.client, "memory.erased", erased, at=at)
            _store(conversation, memory, [], at=at)
    return _mine(conversation.client)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client wants staff to know: the name to be called by, empty for none, and what to leave out."""

    name: str
    no_breath: bool
    no_religion: bool


def wishes_of(client_ids: Iterable[UUID]) -> dict[UUID, Wishes]:
    """By client what they want staff to know, for members who may read their words. One statement."""
    rows = ClientMemory.objects.filter(client_id__in=list(client_ids), is_off=False)
    return {row.client_id: Wishes(_name(row), row.no_breath, row.no_religion) for row in rows}


# -- Inside


def _identity(clinic: Clinic, token: str, *, at: datetime) -> clients.Identity:
    identity = clients.identify(token=token, at=at)
    if identity.clinic_id != clinic.pk:
        raise clients.StrangerToken
    return identity


def _locked(client: Client, *, at: datetime) -> ClientMemory:
    rows = ClientMemory.objects.select_for_update(no_key=True)
    return rows.get_or_create(client=client, defaults={"changed_at": at})[0]


def _checked(wanted: Mapping[str, Any], clinic: Clinic) -> dict[str, Any]:
    unknown = set(wanted) - {"name", "language", "remember", *_WISHES}
    if unknown or not wanted:
        raise BadAnswer("bad_answer", "Name one of: name, language, remember, no_breath, no_religion.")
    for key in ("remember", *_WISHES):
        if key in wanted and not isinstance(wanted[key], bool):
            raise BadAnswer("bad_answer", f"{key} must be true or false.")
    if "language" in wanted and wanted["language"] not in dict(_languages(clinic)):
        raise BadAnswer("bad_language", "This language is not served here.")
    return {**wanted, "name": checked_name(wanted["name"])} if "name" in wanted else dict(wanted)


def checked_name(raw: object) -> str:
    """The name, trimmed and nothing else changed; empty takes it away. Raises BadAnswer."""
    if not isinstance(raw, str):
        raise BadAnswer("bad_name", "The name must be a text.")
    name = raw.strip()
    if len(name) > NAME_LIMIT:
        raise BadAnswer("too_long", f"A name can have {NAME_LIMIT} characters; this one has {len(name)}.")
    if not name.isprintable():
        raise BadAnswer("bad_name", "This name holds a character that cannot be stored. Please type it again.")
    return name


def _set_off(client: Client, memory: ClientMemory, is_off: bool, *, at: datetime) -> None:
    if is_off:
        erased = _erase(memory, PARTS)
        if erased:
            _record(client, "memory.erased", erased, at=at)
    memory.is_off = is_off
    _record(client, "memory.changed", ["remember"], at=at)


def _change(client: Client, memory: ClientMemory, wanted: Mapping[str, Any]) -> list[str]:
    """Take over what differs; returns the names of what did."""
    fields = []
    if wanted.get("language", client.locale) != client.locale:
        client.locale = wanted["language"]
        client.save(update_fields=["locale"])
        fields.append("language")
    if memory.is_off and any(wanted.get(key) for key in ("name", *_WISHES)):
        raise BadAnswer("memory_off", "You have asked us to remember nothing. Allow it first, then save this.")
    for key in _WISHES:
        if wanted.get(key, getattr(memory, key)) != getattr(memory, key):
            setattr(memory, key, wanted[key])
            fields.append(key)
    if "name" in wanted and wanted["name"] != _name(memory):
        _set_name(memory, wanted["name"])
        fields.append("name")
    return fields


def _set_name(memory: ClientMemory, name: str) -> None:
    # A new key for each name: with the old key the old name is gone from backups of the table too.
    memory.memory_key = new_message_key(memory.client_id) if name else None
    memory.sealed_name = Seal(memory.client_id, memory.memory_key).seal(name, place=_PLACE) if name else None


def _name(memory: ClientMemory | None) -> str:
    if memory is None or memory.sealed_name is None:
        return ""
    try:
        return Seal(memory.client_id, memory.memory_key).open(memory.sealed_name, place=_PLACE)
    except Unreadable:
        logger.exception("a client's name cannot be read", extra={"client": memory.client_id})
        return ""


def _erase(memory: ClientMemory, parts: Sequence[str]) -> list[str]:
    """Empty the named parts; returns those that held something."""
    erased = []
    if "name" in parts and memory.sealed_name is not None:
        _set_name(memory, "")
        erased.append("name")
    if "helped" in parts and memory.helped:
        memory.helped = []
        erased.append("helped")
    if "unfinished" in parts and memory.unfinished:
        memory.unfinished = ""
        erased.append("unfinished")
    if "preferences" in parts and (memory.no_breath or memory.no_religion):
        memory.no_breath = memory.no_religion = False
        erased.append("preferences")
    if "mood" in parts and MoodCheck.objects.filter(client_id=memory.client_id).delete()[0]:
        erased.append("mood")
    return erased


def _store(conversation: Conversation, memory: ClientMemory, fields: list[str], *, at: datetime) -> None:
    memory.changed_at = at
    memory.save()
    if conversation.state != State.CLOSED:
        remembering.set_wish(conversation, no_breath=memory.no_breath)
        conversation.save(update_fields=["bot_position"])
    if fields:
        _record(conversation.client, "memory.changed", fields, at=at)


def _record(client: Client, action: str, fields: Sequence[str], *, at: datetime) -> None:
    own = str(client.pk)
    event = Event(action, Agent("client", own), "client", own, detail={"fields": list(fields)})
    record(clinic_stream(client.clinic_id), event, at=at)


def _mine(client: Client) -> Mine:
    memory = ClientMemory.objects.filter(client=client).first() or ClientMemory(client=client)
    newest = MoodCheck.objects.filter(client=client).order_by("-at", "-pk")[:MOST_MOODS]
    return Mine(
        language=client.locale,
        languages=_languages(client.clinic),
        is_off=memory.is_off,
        name=_name(memory),
        helped=[_titled(client, key) for key in memory.helped],
        unfinished=_titled(client, memory.unfinished) if memory.unfinished else None,
        no_breath=memory.no_breath,
        no_religion=memory.no_religion,
        moods=[Mood(one.value, one.at) for one in newest][::-1],
    )


def _titled(client: Client, key: str) -> tuple[str, str]:
    item = serving.catalogue_for(client.clinic_id).find(key, client.locale)
    return key, item.title if item else "An exercise that is no longer offered"


def _languages(clinic: Clinic) -> list[tuple[str, str]]:
    """The languages that have an opening of their own here."""
    catalogue = serving.catalogue_for(clinic.pk)
    served = [code for code in _LANGUAGES if any(item.key == "welcome" for item in catalogue.items(code))]
    return [(code, _LANGUAGES[code]) for code in served]
