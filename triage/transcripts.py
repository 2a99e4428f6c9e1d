"""Reading a conversation's lines: decrypted once, then shaped for the client or for staff."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from triage.crisis import directory
from triage.models import Conversation, Message, RiskAssessment, Sender
from triage.sealing import Seal, Unreadable

PAGE = 200
ERASED = "[This text was erased.]"
SENDER_ROLES = {Sender.COUNSELLOR: "Counsellor", Sender.BOT: "Automated helper"}


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
    rows = Message.objects.filter(conversation_id=conversation.pk, seq__gt=after).order_by("seq")
    rows = rows.select_related("author__user", *(["assessment"] if with_assessments else []))
    try:
        seal: Seal | None = Seal(conversation.pk, conversation.message_key)
    except Unreadable:
        seal = None
    return [line_of(row, seal, with_assessment=with_assessments) for row in rows[:limit]]


def line_of(row: Message, seal: Seal | None, *, with_assessment: bool = False) -> Line:
    """Open one stored message. Without a seal (an erased conversation) the line says that its text is gone."""
    return Line(
        seq=row.seq,
        sender=row.sender,
        text=seal.open(row.sealed_text, place=message_place(row.seq)) if seal else ERASED,
        sent_at=row.sent_at,
        author_name=row.author.user.name if row.author else "",
        author_role=row.author.get_role_display() if row.author else SENDER_ROLES.get(Sender(row.sender), ""),
        client_ref=row.client_ref,
        content_key=row.content_key,
        content_version=row.content_version,
        choices=tuple(row.choices),
        card=row.card,
        exercise=row.exercise,
        assessment=_assessment_of(row, seal) if with_assessment else None,
    )


def _assessment_of(row: Message, seal: Seal | None) -> dict[str, Any] | None:
    try:
        assessment: RiskAssessment = row.assessment
    except RiskAssessment.DoesNotExist:
        return None
    return {
        "level": assessment.level,
        "probability": round(assessment.probability, 4),
        "categories": assessment.categories,
        "reasons": open_reasons(assessment, row.seq, seal),
        "model_version": assessment.model_version,
    }


def open_reasons(assessment: RiskAssessment, seq: int, seal: Seal | None) -> list[dict[str, Any]]:
    """The reasons for a level, in clear text; none for an erased conversation."""
    return list(seal.open_json(assessment.sealed_reasons, place=reasons_place(seq))) if seal else []


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
