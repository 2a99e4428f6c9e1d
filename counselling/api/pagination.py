"""Pages by key instead of by number: a list that grows while it is read loses and doubles nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from audit.selectors import BadCursor

SIZE, LIMIT = 50, 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in order, and the cursor of the next page, None at the end."""

    results: Sequence[Any]
    next_cursor: str | None


def page(rows: QuerySet[Any], *, order: str, cursor: str = "", size: int = SIZE) -> Page:
    """One page of `rows` by `order`, a moment's field, with a minus sign for newest first. Ties go by id.

    Raises BadCursor for one that this list, in this order, did not give out.
    """
    field, descends = order.removeprefix("-"), order.startswith("-")
    if cursor:
        moment, last = _decoded(cursor, order)
        beyond, side = ("lt", "lte") if descends else ("gt", "gte")
        further = Q(**{f"{field}__{beyond}": moment}) | Q(**{field: moment, f"pk__{beyond}": last})
        # The plain bound is implied, but it is what lets PostgreSQL start in the middle of the index.
        rows = rows.filter(further, **{f"{field}__{side}": moment})
    # One more than is shown tells whether there is a next page, without counting.
    found = list(rows.order_by(order, "-pk" if descends else "pk")[: size + 1])
    return Page(found[:size], _encoded(found[size - 1], order, field) if len(found) > size else None)


def _encoded(row: Model, order: str, field: str) -> str:
    place = json.dumps([order, getattr(row, field).isoformat(), str(row.pk)])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decoded(cursor: str, order: str) -> tuple[datetime, UUID]:
    try:
        said, moment, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(moment), UUID(last)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadCursor("not a cursor of this service") from error
    if said != order or place[0].tzinfo is None:
        raise BadCursor("not a cursor of this list in this order")
    return place
