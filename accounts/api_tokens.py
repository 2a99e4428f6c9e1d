"""Keys of integrations. A key is shown once; the table holds its digest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.access import require
from accounts.models import ApiToken, Membership
from accounts.permissions import Action
from accounts.secrecy import digest_of_key, new_key
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record

# Lets a scanner of source code recognise a key that somebody committed by mistake.
PREFIX = "triage_"
_NOTE_EVERY = timedelta(minutes=1)
LABEL_LIMIT = 80


class BadLabel(ValueError):
    """A token needs a label of 1 to 80 characters."""


class UnknownToken(LookupError):
    """There is no such token in this clinic."""


class UnknownHolder(LookupError):
    """There is no such active member in this clinic."""


@dataclass(frozen=True, slots=True)
class Created:
    """A new token and its key, which cannot be read again."""

    token: ApiToken
    key: str


def create(*, member: Membership, label: str, at: datetime, acts_as: UUID | None = None) -> Created:
    """Make a key that acts as the member `acts_as` of the same clinic (by default as `member`).

    Raises NotPermitted, BadLabel or UnknownHolder.
    """
    require(member, Action.MANAGE_TOKENS)
    label = label.strip()
    if not label or len(label) > LABEL_LIMIT or not label.isprintable():
        raise BadLabel
    key = PREFIX + new_key()
    with transaction.atomic(durable=True):
        holder = _active(member.clinic_id).filter(pk=acts_as or member.pk).first()
        if holder is None:
            raise UnknownHolder
        token = ApiToken.objects.create(membership=holder, label=label, token_digest=digest_of_key(key), created_at=at)
        detail = {"acts_as": str(holder.pk), "role": holder.role}
        event = Event("api_token.created", agent_of(member), "api_token", str(token.pk), detail=detail)
        record(clinic_stream(member.clinic_id), event, at=at)
    return Created(token, key)


def revoke(*, member: Membership, token_id: UUID, at: datetime) -> ApiToken:
    """Stop a token for good; a revoked one stays as it is. Raises NotPermitted or UnknownToken."""
    require(member, Action.MANAGE_TOKENS)
    with transaction.atomic(durable=True):
        rows = ApiToken.objects.select_for_update(of=("self",))
        token = rows.filter(pk=token_id, membership__clinic_id=member.clinic_id).first()
        if token is None:
            raise UnknownToken(str(token_id))
        if token.revoked_at is None:
            token.revoked_at = at
            token.save(update_fields=["revoked_at"])
            event = Event("api_token.revoked", agent_of(member), "api_token", str(token.pk))
            record(clinic_stream(member.clinic_id), event, at=at)
    return token


def member_of_token(raw: str, *, at: datetime) -> Membership | None:
    """The member as whom the key's holder acts; None for an unknown or revoked key, or a member who left.

    The member carries the token's id, so the trail tells what an integration did from what the person did. Notes the
    use, at most once a minute.
    """
    rows = ApiToken.objects.select_related("membership__user", "membership__clinic")
    token = rows.filter(
        token_digest=digest_of_key(raw),
        revoked_at=None,
        membership__is_active=True,
        membership__user__is_active=True,
    ).first()
    if token is None:
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - _NOTE_EVERY)
    if token.last_used_at is None or token.last_used_at <= at - _NOTE_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)
    token.membership.via_token = token.pk
    return token.membership


def tokens_of_clinic(member: Membership) -> list[ApiToken]:
    """All tokens of the member's clinic, those in use first, the newest first."""
    require(member, Action.MANAGE_TOKENS)
    rows = ApiToken.objects.filter(membership__clinic_id=member.clinic_id)
    return list(
        rows.select_related("membership__user").order_by(F("revoked_at").desc(nulls_first=True), "-created_at")[:500]
    )


def holders(member: Membership) -> list[Membership]:
    """Members as whom a token may act."""
    return list(_active(member.clinic_id).order_by("user__name", "pk"))


def _active(clinic_id: UUID) -> QuerySet[Membership]:
    rows = Membership.objects.select_related("user")
    return rows.filter(clinic_id=clinic_id, is_active=True, user__is_active=True)
