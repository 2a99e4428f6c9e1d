"""What the bot may say in a clinic right now: the clinic's own decisions, and where it has none the shipped approvals.

Read at most every two seconds a process, in one statement, so that an activation, a retirement or a roll-back reaches
every running process in time without costing a turn a query. The check at send lies here as well (BOT-3, BOT-5).
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from triage.bot.catalogue import (
    CONTENT,
    FALLBACK,
    SAFETY_ITEMS,
    Catalogue,
    Library,
    SafetyPathMissing,
    read_library,
    safe_catalogue,
    text_digest,
)
from triage.bot.content import ContentError, Item
from triage.bot.lint import lint_text
from triage.bot.loading import item_of_source
from triage.bot.position import Reply
from triage.models import ContentRelease, ReleaseState
from triage.rows import fetch

logger = logging.getLogger(__name__)

# How long a running process may go on with what it knows (seconds).
_FRESH_FOR = 2.0
Own = Mapping[tuple[str, str], tuple[Item, ...]]


class NotApproved(Exception):
    """The bot was about to send a text that is not in the clinic's approved set. Names content ids only."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A decision as it is read again and again: ids and states, without the content."""

    id: UUID
    locale: str
    key: str
    version: int
    digest: str
    state: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of one clinic at `read_at` (seconds of the monotonic clock), and the catalogue of a day from it."""

    read_at: float
    rows: tuple[_Row, ...]
    day: date
    catalogue: Catalogue


_known: dict[UUID, _Known] = {}


def catalogue_for(clinic_id: UUID, *, at: date | None = None) -> Catalogue:
    """The catalogue of a clinic on a day (today in UTC). A decision reaches every running process within two seconds.

    Raises SafetyPathMissing when not even the approved minimum can be said.
    """
    day = at or datetime.now(UTC).date()
    known = _known.get(clinic_id)
    if known is not None and known.day == day and time.monotonic() - known.read_at <= _FRESH_FOR:
        return known.catalogue
    read_at = time.monotonic()  # before the reading: what changes meanwhile is not overlooked for longer
    rows = _read(clinic_id)
    same = known is not None and known.day == day and known.rows == rows
    catalogue = known.catalogue if known is not None and same else _built(rows, day)
    _known[clinic_id] = _Known(read_at, rows, day, catalogue)
    return catalogue


def forget(clinic_id: UUID | None = None) -> None:
    """Read anew at the next message of the clinic, or of every clinic: in this process a change holds at once."""
    if clinic_id is None:
        _known.clear()
    else:
        _known.pop(clinic_id, None)


def own_decisions(clinic_id: UUID) -> Own:
    """What the clinic decided, asked anew; see `Library.on`."""
    return _own(_read(clinic_id))


def content_folder() -> Path:
    """Where the content lies that this service ships or was given."""
    return Path(getattr(settings, "CONTENT_FOLDER", None) or CONTENT)


@lru_cache(maxsize=4)
def library_of(folder: Path) -> Library:
    """The content of a folder, read once a process; raises ContentError."""
    return read_library(folder)


def checked(catalogue: Catalogue, replies: Iterable[Reply], *, locale: str) -> tuple[Reply, ...]:
    """The replies, if each text and each answer offered is approved for the clinic; raises NotApproved.

    What is approved for a clinic is what its catalogue holds. The text is digested again here, so that a text which
    was changed on its way is found, and linted again by itself (once a text and process).
    """
    found = tuple(replies)
    approved = catalogue.approved_digests(locale)
    for reply in found:
        digest = text_digest(reply.text)
        if digest != reply.digest or digest not in approved:
            raise NotApproved(f"{reply.key} version {reply.version} is not in the approved set")
        for choice in reply.choices:
            # The numbers of a rating are no wording.
            if not choice.label.isdecimal() and text_digest(choice.label) not in approved:
                raise NotApproved(f"{reply.key} version {reply.version}: answer {choice.key} is not approved")
        if not _passes_lint(reply.text, reply.key, locale):
            raise NotApproved(f"{reply.key} version {reply.version} does not pass the lint")
    return found


@lru_cache(maxsize=4096)
def _passes_lint(text: str, key: str, locale: str) -> bool:
    # The key of one wording of several ends in its number; exceptions are written down without it.
    plain = key.rpartition(".")[0] if key.rpartition(".")[2].isdecimal() else key
    plain = plain.removesuffix("_again")
    # A text may be said in English where the locale lacks it, and is then linted as what it is.
    return any(not lint_text(text, key=plain, file="", locale=one) for one in (locale, FALLBACK))


_SQL = f"""
    SELECT id, locale, key, version, digest, state FROM "{ContentRelease._meta.db_table}"
    WHERE clinic_id = %s AND (state IN ('active', 'replaced') OR (state = 'retired' AND stops_item))
    ORDER BY locale, key, state = 'active' DESC, replaced_at DESC NULLS LAST, id
"""  # noqa: S608 - table name of our own model


def _read(clinic_id: UUID) -> tuple[_Row, ...]:
    return tuple(_Row(*row) for row in fetch(_SQL, [clinic_id]))


def _own(rows: Iterable[_Row]) -> Own:
    by_item: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        by_item.setdefault((row.locale, row.key), []).append(row)
    own: dict[tuple[str, str], tuple[Item, ...]] = {}
    for name, decided in by_item.items():
        live = [row for row in decided if row.state != ReleaseState.RETIRED]
        if live and live[0].state != ReleaseState.ACTIVE:
            live = []  # an edition that was replaced is for conversations under way only
        editions = _editions(live)
        if live and not editions and name[1] in SAFETY_ITEMS:
            continue  # the shipped words are better than none for somebody in danger
        own[name] = editions
    return own


def _editions(live: list[_Row]) -> tuple[Item, ...]:
    """The stored editions, the one in use first; none when that one cannot be read any more."""
    found = []
    for row in live:
        try:
            found.append(stored_item(row.id, row.digest))
        except (ContentError, ContentRelease.DoesNotExist) as error:
            logger.error("an approved edition is of no use", extra={"release": row.id, "error": type(error).__name__})
            if row.state == ReleaseState.ACTIVE:
                return ()
    return tuple(found)


@lru_cache(maxsize=2048)
def stored_item(release_id: UUID, digest: str) -> Item:
    """The stored edition. Raises ContentError when it cannot be read or is not what was approved."""
    source = ContentRelease.objects.values_list("source", flat=True).get(pk=release_id)
    place = Path(f"release-{release_id}.json")
    try:
        raw: Any = json.loads(source)
    except ValueError as error:
        raise ContentError(place, 0, "is not JSON") from error
    item = item_of_source(raw, place)
    if item.digest != digest:
        raise ContentError(place, 0, "was altered after it was approved")
    return item


def _built(rows: tuple[_Row, ...], day: date) -> Catalogue:
    library = library_of(content_folder())
    if not rows:
        return _shipped(content_folder(), day)
    own = _own(rows)
    try:
        return safe_catalogue(library, at=day, own=own)
    except SafetyPathMissing:
        # Nothing of this kind can be decided in the service; whatever led here, the safety path is said as shipped.
        logger.exception("a clinic's decisions leave out the safety path")
        return safe_catalogue(library, at=day, own={name: ones for name, ones in own.items() if _is_extra(name)})


def _is_extra(name: tuple[str, str]) -> bool:
    return name[1] not in SAFETY_ITEMS


@lru_cache(maxsize=4)
def _shipped(folder: Path, day: date) -> Catalogue:
    return safe_catalogue(library_of(folder), at=day)
