"""A client's consent that the clinic may learn from their messages. The answer is no until they say yes."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Clinic
from audit.trail import Agent, Event, clinic_stream, record
from triage import clients
from triage.models import Client, LearningConsent


def give(*, clinic: Clinic, token: str, at: datetime) -> LearningConsent:
    """Note that whoever holds `token` allows it; said once more it changes nothing.

    It covers what the client wrote before as well as what they will write. Raises clients.StrangerToken, also for
    a token of another clinic.
    """
    client_id = _client_of(clinic, token, at=at)
    with transaction.atomic(durable=True):
        client = _locked(client_id)
        consent, is_new = LearningConsent.objects.get_or_create(
            client=client, withdrawn_at=None, defaults={"given_at": at}
        )
        if is_new:
            _record(client, "consent.given", at=at)
    return consent


def withdraw(*, clinic: Clinic, token: str, at: datetime) -> None:
    """Note that the client allows it no longer: no later export holds a message of theirs. Raises as `give` does."""
    client_id = _client_of(clinic, token, at=at)
    with transaction.atomic(durable=True):
        client = _locked(client_id)
        if LearningConsent.objects.filter(client=client, withdrawn_at=None).update(withdrawn_at=at):
            _record(client, "consent.withdrawn", at=at)


def is_given(*, clinic: Clinic, token: str, at: datetime) -> bool:
    """Whether whoever holds `token` allows it now. Raises as `give` does."""
    return LearningConsent.objects.filter(client_id=_client_of(clinic, token, at=at), withdrawn_at=None).exists()


def standing(client_ids: set[UUID]) -> set[UUID]:
    """Those of `client_ids` who allow it now."""
    rows = LearningConsent.objects.filter(client_id__in=client_ids, withdrawn_at=None)
    return set(rows.values_list("client_id", flat=True))


def held(client_ids: set[UUID]) -> set[UUID]:
    """The same, and nobody can take their consent back until the caller's transaction ends."""
    rows = LearningConsent.objects.select_for_update(no_key=True).filter(client_id__in=client_ids, withdrawn_at=None)
    return set(rows.order_by("client_id").values_list("client_id", flat=True))


def _client_of(clinic: Clinic, token: str, *, at: datetime) -> UUID:
    identity = clients.identify(token=token, at=at)
    if identity.clinic_id != clinic.pk:
        raise clients.StrangerToken
    return identity.client_id


def _locked(client_id: UUID) -> Client:
    # The client's row orders two tabs that answer differently at once.
    return Client.objects.select_for_update(no_key=True).get(pk=client_id)


def _record(client: Client, action: str, *, at: datetime) -> None:
    event = Event(action, Agent("client", str(client.pk)), "client", str(client.pk), detail={"to": "learning"})
    record(clinic_stream(client.clinic_id), event, at=at)
