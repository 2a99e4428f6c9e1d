"""Reading a conversation's lines: decrypted once, then shaped for the client or for staff."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from accounts.permissions import Role
from triage.crisis import directory
from triage.models import Conversation, Message, RiskAssessment, Sender
from triage.rows import Columns, fetch
from triage.sealing import Seal, Unreadable

logger = logging.getLogger(__name__)

PAGE = 200
ERASED = "[This text was erased.]"
UNREADABLE = "[This text cannot be read.]"
SENDER_ROLES = {Sender.BOT.value: "Automated helper"}


@dataclass(frozen=True, slots=True)
class Line:
    """One message in clear text, with what staff may see about it."""

    seq: int
    sender: str
    text: str
    sent_at: datetime
    author_name: str = ""
    author_role: str = ""
    client_ref: UUID | None = None
    content_key: str = ""
    content_version: int | None = None
    choices: tuple[dict[str, str], ...] = ()
    card: str = ""
    exercise: str = ""
    assessment: dict[str, Any] | None = None


def message_place(seq: int) -> str:
    """Where a message's text is sealed to."""
    return f"message:{seq}"


def reasons_place(seq: int) -> str:
    """Where the reasons for a message's level are sealed to."""
    return f"reasons:{seq}"


def lines_after(
    conversation: Conversation, after: int, *, limit: int = PAGE, with_assessments: bool = False
) -> list[Line]:
    """The conversation's lines with a `seq` above `after`, in order, at most `limit`.

    Assessments are for staff only and are read only when asked for.
    """
    return read_lines(conversation.pk, after, limit=limit, with_assessments=with_assessments)


def read_lines(conversation_id: UUID, after: int, *, limit: int = PAGE, with_assessments: bool = False) -> list[Line]:
    """What `lines_after` returns, for who has the id alone: one statement, however many lines."""
    sql, message, assessment = _statement(with_assessments)
    found = fetch(sql, [conversation_id, after, limit])
    if not found:
        return []
    wrapped = found[0][0]
    try:
        seal: Seal | None = Seal(conversation_id, wrapped)
    except Unreadable:
        seal = None
        if wrapped is not None:
            tell_unreadable(conversation_id, "message key")
    unsealed = ERASED if wrapped is None else UNREADABLE
    return [_line_of_row(values, message, assessment, seal, unsealed) for values in found]


@lru_cache(maxsize=1000)
def tell_unreadable(conversation_id: UUID, place: str) -> None:
    """Log once in a process that something sealed cannot be opened: one bad row must blind neither chat nor desk."""
    logger.error("not readable: %s", place, extra={"conversation": conversation_id})


@cache
def _statement(with_assessments: bool) -> tuple[str, Columns[Message], Columns[RiskAssessment] | None]:
    message = Columns(Message, "m")
    assessment = Columns(RiskAssessment, "r") if with_assessments else None
    sql = f"""
        SELECT c.message_key, u.name, s.role, {message.sql} {f", {assessment.sql}" if assessment else ""}
        FROM {message.table} JOIN triage_conversation AS c ON c.id = m.conversation_id
        LEFT JOIN accounts_membership AS s ON s.id = m.author_id LEFT JOIN accounts_user AS u ON u.id = s.user_id
        {f"LEFT JOIN {assessment.table} ON r.message_id = m.id" if assessment else ""}
        WHERE m.conversation_id = %s AND m.seq > %s ORDER BY m.seq LIMIT %s
    """  # noqa: S608 - table and column names of our own models
    return sql, message, assessment


def _line_of_row(
    values: Sequence[Any],
    message: Columns[Message],
    assessment: Columns[RiskAssessment] | None,
    seal: Seal | None,
    unsealed: str,
) -> Line:
    _, name, role, *rest = values
    row = message.instance(rest[: len(message)])
    assessed = rest[len(message) :]
    shown = None
    if assessment is not None and assessed[0] is not None:
        shown = _shown(assessment.instance(assessed), row, seal)
    author = (name or "", Role(role).label if role else "")
    return line_of(row, seal, author=author, assessment=shown, unsealed=unsealed)


def line_of(
    row: Message,
    seal: Seal | None,
    *,
    author: tuple[str, str] = ("", ""),
    assessment: dict[str, Any] | None = None,
    unsealed: str = ERASED,
) -> Line:
    """Open one stored message of `author` (name, role). Without a seal it says `unsealed`; a line that was altered
    says that it cannot be read, and is logged.
    """
    name, role = author
    return Line(
        seq=row.seq,
        sender=row.sender,
        text=_text_of(row, seal) if seal else unsealed,
        sent_at=row.sent_at,
        author_name=name,
        author_role=role or SENDER_ROLES.get(row.sender, ""),
        client_ref=row.client_ref,
        content_key=row.content_key,
        content_version=row.content_version,
        choices=tuple(row.choices),
        card=row.card,
        exercise=row.exercise,
        assessment=assessment,
    )


def _text_of(row: Message, seal: Seal) -> str:
    place = message_place(row.seq)
    try:
        return seal.open(row.sealed_text, place=place)
    except Unreadable:
        tell_unreadable(row.conversation_id, place)
        return UNREADABLE


def _shown(assessment: RiskAssessment, message: Message, seal: Seal | None) -> dict[str, Any]:
    return {
        "level": assessment.level,
        "probability": round(assessment.probability, 4),
        "categories": assessment.categories,
        "reasons": open_reasons(assessment, message.conversation_id, message.seq, seal),
        "model_version": assessment.model_version,
    }


def open_reasons(
    assessment: RiskAssessment, conversation_id: UUID, seq: int, seal: Seal | None
) -> list[dict[str, Any]]:
    """The reasons for a level, in clear text; none without a seal, and one that says so where they were altered."""
    if seal is None:
        return []
    place = reasons_place(seq)
    try:
        return list(seal.open_json(assessment.sealed_reasons, place=place))
    except Unreadable:
        tell_unreadable(conversation_id, place)
        return [{"kind": "error", "text": UNREADABLE, "weight": 0.0, "start": None, "end": None}]


def client_frame(line: Line, *, country: str, at: datetime) -> dict[str, Any]:
    """A line as the client's page gets it. Nothing of an assessment can be named here."""
    frame: dict[str, Any] = {
        "type": "message",
        "seq": line.seq,
        "sender": line.sender,
        "text": line.text,
        "sent_at": line.sent_at.isoformat(),
        "choices": list(line.choices),
        "card": directory.card(country or None, at=at).to_json() if line.card == "crisis" else None,
        "exercise": line.exercise,
    }
    if line.content_key:
        frame["content"] = f"{line.content_key}@{line.content_version}"
    if line.client_ref:
        frame["client_ref"] = str(line.client_ref)
    if line.author_name:
        frame["name"] = line.author_name
    if line.author_role:
        frame["role"] = line.author_role
    return frame


def staff_frame(line: Line) -> dict[str, Any]:
    """A line as the desk, the review page and the API get it."""
    return {
        "seq": line.seq,
        "sender": line.sender,
        "text": line.text,
        "sent_at": line.sent_at.isoformat(),
        "name": line.author_name,
        "role": line.author_role,
        "content": f"{line.content_key}@{line.content_version}" if line.content_key else "",
        "card": line.card,
        "client_ref": str(line.client_ref) if line.client_ref else None,
        "assessment": line.assessment,
    }


def contiguous(lines: Iterable[Line], after: int) -> bool:
    """True when `lines` go on exactly where a reader who has everything up to `after` stands."""
    return all(line.seq == after + step for step, line in enumerate(lines, start=1))


def telling(reasons: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The reasons that a person should see at once: what rules and phrases found, else the part that weighs most.

    Single words explain a figure and not a person; the page that explains a score shows them.
    """
    found = list(reasons)
    named = [one for one in found if one.get("kind") in {"rule", "phrase"}]
    return named or [one for one in found if one.get("kind") == "clause"] or found
