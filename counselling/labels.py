"""Messages that people judged, in the clear and in the format of the corpus, for training a clinic's own model.

The one place where clients' words leave the service. Only those whose writer allows it, only by a clinician, and the
trail names every conversation that was opened for it.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from uuid import UUID

from django.db import transaction

from accounts.access import NotPermitted, require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.secrecy import keyed_digest
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from counselling.judgements import Judgement, LeftOut, judgements
from riskmodel.corpus import Row
from riskmodel.labels import draw_split
from riskmodel.levels import CATEGORIES, Level
from riskmodel.normalising import normalise
from triage import consents
from triage.access import access_conversation
from triage.models import Conversation, Message
from triage.sealing import Seal, Unreadable
from triage.trail import record_in
from triage.transcripts import message_place, tell_unreadable

TAG = "service"

Tick = Callable[[int, int], None]


class OutputExists(FileExistsError):
    """There is a file of that name already; an export never overwrites one."""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export wrote. `digest` is the SHA-256 of the file, empty when nothing was written."""

    rows: tuple[Row, ...]
    left_out: Mapping[LeftOut, int]
    conversations: int
    digest: str


def family_of(client_id: UUID) -> str:
    """What stands for a client in a file of labels: rows of one client belong together, and nobody can say whose."""
    return f"client-{keyed_digest('family of labels', str(client_id)).hex()[:24]}"


def export_labels(
    *, member: Membership, path: Path, at: datetime, since: datetime | None = None, tick: Tick | None = None
) -> Export:
    """Write every judged message of the member's clinic that may be learned from to `path`, readable by its owner only.

    `since` narrows it to judgements from then on; `tick` is told conversations read, and how many there are. Each
    conversation is on the trail as read before the file is there. Without a single label nothing is written.
    Raises OutputExists, OSError and accounts.access.NotPermitted.
    """
    _require_in_person(member)
    if os.path.lexists(path):
        raise OutputExists(f"{path.name} exists already")
    found, counted = judgements(member.clinic_id, since=since)
    left_out = Counter(counted)
    by_place = sorted(found, key=lambda one: (one.conversation_id, one.seq))
    groups = [(key, list(group)) for key, group in groupby(by_place, key=lambda one: one.conversation_id)]
    read: list[tuple[Judgement, str]] = []
    for done, (conversation_id, group) in enumerate(groups, start=1):
        read += _read(member, conversation_id, group, left_out, at=at)
        if tick is not None:
            tick(done, len(groups))
    return _write(member, path, read, left_out, len(groups), at=at, since=since)


def _require_in_person(member: Membership) -> None:
    """The words leave the service, so an integration's token is not enough."""
    for action in (Action.MANAGE_MODEL, Action.VIEW_TRANSCRIPT):
        require(member, action)
    if member.via_token is not None:
        raise NotPermitted(member, Action.MANAGE_MODEL)


def _read(
    member: Membership, conversation_id: UUID, group: Sequence[Judgement], left_out: Counter[LeftOut], *, at: datetime
) -> list[tuple[Judgement, str]]:
    """Each judgement with its text. That the conversation was read is recorded in the transaction of the read."""
    with transaction.atomic(durable=True):
        conversation = access_conversation(member, conversation_id, to=Action.VIEW_TRANSCRIPT)
        seqs = [one.seq for one in group]
        sealed = dict(Message.objects.filter(conversation=conversation, seq__in=seqs).values_list("seq", "sealed_text"))
        read = list(_opened(conversation, group, sealed, left_out))
        detail = {"where": "export_labels", "seqs": seqs}
        viewed = Event("transcript.viewed", agent_of(member), "conversation", str(conversation.pk), detail=detail)
        record_in(conversation, viewed, at=at)
    return read


def _opened(
    conversation: Conversation,
    group: Sequence[Judgement],
    sealed: Mapping[int, bytes | memoryview],
    left_out: Counter[LeftOut],
) -> Iterator[tuple[Judgement, str]]:
    if conversation.message_key is None:  # erased since the list was made
        left_out[LeftOut.ERASED] += len(group)
        return
    for one in group:
        place = message_place(one.seq)
        try:
            yield one, Seal(conversation.pk, conversation.message_key).open(sealed[one.seq], place=place)
        except Unreadable:
            tell_unreadable(conversation.pk, place)
            left_out[LeftOut.UNREADABLE] += 1


def _write(
    member: Membership,
    path: Path,
    read: Sequence[tuple[Judgement, str]],
    left_out: Counter[LeftOut],
    conversations: int,
    *,
    at: datetime,
    since: datetime | None,
) -> Export:
    """Put the file and its entry on the trail there together, or neither."""
    is_made = False
    try:
        with transaction.atomic(durable=True):
            # Asked last and held: nobody's words are in a file that is younger than the end of their consent.
            allowed = consents.held({one.client_id for one, _ in read})
            still = [(one, text) for one, text in read if one.client_id in allowed]
            left_out[LeftOut.WITHDRAWN] += len(read) - len(still)
            rows = tuple(_rows(still, left_out))
            export = Export(rows, +left_out, conversations, "")
            if rows:
                content = _content(rows)
                export = replace(export, digest=hashlib.sha256(content).hexdigest())
                _create(path, content)
                is_made = True
                record(clinic_stream(member.clinic_id), _exported(member, export, since), at=at)
    except BaseException:
        if is_made:
            path.unlink(missing_ok=True)
        raise
    return export


def _exported(member: Membership, export: Export, since: datetime | None) -> Event:
    detail = {
        "count": len(export.rows),
        "digest": export.digest,
        "levels": dict(sorted(Counter(str(row.level) for row in export.rows).items())),
        "left_out": {reason.name.lower(): count for reason, count in sorted(export.left_out.items())},
        "conversations": export.conversations,
        "since": since.isoformat() if since else "",
    }
    return Event("labels.exported", agent_of(member), "clinic", str(member.clinic_id), detail=detail)


def _rows(read: Sequence[tuple[Judgement, str]], left_out: Counter[LeftOut]) -> Iterator[Row]:
    """One row for the same words, by whomever: the last judgement of them stands."""
    latest: dict[tuple[str, ...], tuple[Judgement, str]] = {}
    for one, text in sorted(read, key=lambda pair: (pair[0].judged_at, pair[0].assessment_id)):
        words = tuple(normalise(text).words) or (text,)
        left_out[LeftOut.LATER] += words in latest
        latest[words] = (one, text)
    for one, text in sorted(latest.values(), key=lambda pair: pair[0].assessment_id):
        family = family_of(one.client_id)
        categories = tuple(category for category in CATEGORIES if category in one.categories)
        yield Row(str(one.assessment_id), text, Level(one.level), categories, (TAG,), family, draw_split(family))


def _content(rows: Sequence[Row]) -> bytes:
    # ASCII alone: some characters of a message end a line for whoever reads the file line by line.
    return "".join(json.dumps(asdict(row), ensure_ascii=True) + "\n" for row in rows).encode("ascii")


def _create(path: Path, content: bytes) -> None:
    """A new file that only its owner can read, whole and on disk; never one that was there before."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise OutputExists(f"{path.name} exists already") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
