"""Reading the trail for pages and the API: filtered, newest first or in order, page by page without OFFSET."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.actions import MEANINGS
from audit.models import Entry

PAGE_SIZE = 50
PAGE_LIMIT = 500


class BadCursor(ValueError):
    """A page's cursor is not one that this service gave out."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show; everything empty shows all. `since` is included, `until` is not."""

    actions: tuple[str, ...] = ()
    agent_kind: str = ""
    agent_id: str = ""
    outcome: str = ""
    entity_kind: str = ""
    entity_id: str = ""
    conversation_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries and the cursor of the next page, empty at the end."""

    entries: tuple[Entry, ...]
    next_cursor: str


def entries_of_conversation(
    *,
    clinic_id: UUID,
    conversation_id: UUID,
    filters: Filters | None = None,
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """What happened in a conversation, in the order in which it happened. Raises BadCursor."""
    entries = _filtered(Entry.objects.filter(clinic_id=clinic_id, conversation_id=conversation_id), filters)
    if cursor:
        (after,) = _decode(cursor, length=1)
        entries = entries.filter(seq__gt=_integer(after))
    return _page(entries.order_by("seq"), size, lambda entry: [entry.seq])


def entries_of_clinic(
    *, clinic_id: UUID, filters: Filters | None = None, cursor: str = "", size: int = PAGE_SIZE
) -> Page:
    """All that happened in a clinic, its conversations included, newest first. Raises BadCursor."""
    entries = _filtered(Entry.objects.filter(clinic_id=clinic_id), filters)
    if cursor:
        recorded, entry_id = _decode(cursor, length=2)
        moment, last = _moment(recorded), _integer(entry_id)
        entries = entries.filter(Q(recorded__lt=moment) | Q(recorded=moment, id__lt=last)).filter(recorded__lte=moment)
    return _page(entries.order_by("-recorded", "-id"), size, lambda entry: [entry.recorded.isoformat(), entry.id])


def _filtered(entries: QuerySet[Entry], filters: Filters | None) -> QuerySet[Entry]:
    if filters is None:
        return entries
    if filters.actions:
        entries = entries.filter(action__in=filters.actions)
    if filters.since:
        entries = entries.filter(recorded__gte=filters.since)
    if filters.until:
        entries = entries.filter(recorded__lt=filters.until)
    exact = ("agent_kind", "agent_id", "outcome", "entity_kind", "entity_id", "conversation_id")
    return entries.filter(**{name: value for name in exact if (value := getattr(filters, name))})


def _page(entries: QuerySet[Entry], size: int, key: Any) -> Page:
    size = min(max(size, 1), PAGE_LIMIT)
    # One more than shown tells whether there is a next page, without counting.
    found = list(entries[: size + 1])
    shown = tuple(found[:size])
    return Page(shown, _encode(key(shown[-1])) if len(found) > size else "")


def _encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, *, length: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:
        raise BadCursor("not a cursor of this service") from error
    if not isinstance(values, list) or len(values) != length:
        raise BadCursor("not a cursor of this list")
    return values


def _integer(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise BadCursor("not a cursor of this list")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadCursor("not a cursor of this list") from error
    if moment.tzinfo is None:
        raise BadCursor("not a cursor of this list")
    return moment


def action_label(action: str) -> str:
    """An action in plain words; one that a later version recorded is shown by its name."""
    return MEANINGS.get(action, action)


def detail_of(entry: Entry) -> dict[str, Any]:
    """The detail as values."""
    detail: dict[str, Any] = json.loads(entry.detail)
    return detail
