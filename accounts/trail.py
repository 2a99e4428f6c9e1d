"""How members appear on the audit trail."""

from datetime import datetime
from uuid import UUID

from accounts.models import Membership, User
from audit.trail import SERVICE_STREAM, Agent, Event, Stream, clinic_stream, record

# Acts of a person before anybody knows who they are, and acts of whoever runs the service by command.
NOBODY = Agent("human")
OPERATOR = Agent("system", "command")


def agent_of(member: Membership) -> Agent:
    """The member as the trail names them: by id and role, never by name; with what acted in their place."""
    role = str(member.role)
    if member.via_token:
        role += f" via token {member.via_token}"
    elif member.by_command:
        role += " by command"
    return Agent("human", str(member.pk), role)


def record_for_person(user: User, action: str, *, at: datetime, agent: Agent | None = None, **more: object) -> None:
    """Record something about a person with every clinic where they are active; needs the caller's transaction.

    Clinics are taken in the order of their ids, because each one's stream is locked until the transaction ends.
    """
    places = user.memberships.filter(is_active=True).order_by("clinic_id")
    if not places:
        _record(SERVICE_STREAM, action, agent or NOBODY, "user", user.pk, at=at, more=more)
    for member in places:
        stream = clinic_stream(member.clinic_id)
        _record(stream, action, agent or agent_of(member), "membership", member.pk, at=at, more=more)


def _record(
    stream: Stream, action: str, agent: Agent, kind: str, entity: UUID, *, at: datetime, more: dict[str, object]
) -> None:
    record(stream, Event(action, agent, kind, str(entity), **more), at=at)  # type: ignore[arg-type]
