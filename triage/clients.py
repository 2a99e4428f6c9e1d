"""People who write: how they start without giving anything, come back with their key, and leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Clinic
from accounts.secrecy import digest_of_key, new_key
from audit.trail import Agent, Event, clinic_stream, record
from triage import conversations, keys, pseudonyms
from triage.crisis import directory
from triage.models import Client, ClientSession, Conversation
from triage.states import State

_EXTEND_EVERY = timedelta(hours=1)


class UnknownReturnKey(Exception):
    """No client of this clinic has that return key or token."""


class StrangerToken(Exception):
    """The token is unknown, ended or expired: whoever holds it may not speak here."""


class UnknownCountry(Exception):
    """The country is none that the crisis directory knows."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a browser gets: a token, and once only the return key (empty when the client came back)."""

    token: str
    pseudonym: str
    return_key: str
    conversation_id: UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks on a client's socket."""

    session_id: int
    client_id: UUID
    clinic_id: UUID
    clinic_name: str
    pseudonym: str
    country: str
    conversation_id: UUID
    is_rehearsal: bool


def start(*, clinic: Clinic, at: datetime, country: str = "", is_rehearsal: bool = False) -> Started:
    """Let somebody in: a pseudonym, a return key, a first conversation. Raises UnknownCountry."""
    _check_country(country)
    return_key = keys.new_return_key()
    with transaction.atomic(durable=True):
        client = Client.objects.create(
            clinic=clinic,
            pseudonym=pseudonyms.new_pseudonym(),
            return_key_digest=keys.return_key_digest(return_key),
            locale=clinic.locale,
            country=country,
            is_rehearsal=is_rehearsal,
            created_at=at,
        )
        conversation = conversations.open_conversation(client, at=at)
        token = _open_session(client, at=at)
        _record(client, "client.started", {"rehearsal": is_rehearsal}, at=at)
    return Started(token, client.pseudonym, return_key, conversation.pk)


def come_back(*, clinic: Clinic, at: datetime, return_key: str = "", token: str = "") -> Started:
    """Let a client in again, by return key or by a token that is still good; opens a conversation if none is open.

    Raises UnknownReturnKey. The same answer serves an unknown key and another clinic's.
    """
    with transaction.atomic(durable=True):
        client = _known_client(clinic, return_key, token, at=at)
        # The client's row orders two tabs that come back at once: one opens the conversation, the other finds it.
        client = Client.objects.select_for_update(no_key=True).select_related("clinic").get(pk=client.pk)
        conversation = Conversation.objects.filter(client=client).exclude(state=State.CLOSED).first()
        if conversation is None:
            conversation = conversations.open_conversation(client, at=at)
        new_token = token or _open_session(client, at=at)
        _record(client, "client.returned", {"by": "token" if token else "return_key"}, at=at)
    return Started(new_token, client.pseudonym, "", conversation.pk)


def _known_client(clinic: Clinic, return_key: str, token: str, *, at: datetime) -> Client:
    if token:
        try:
            session = _session(token, at=at, clinic=clinic)
            _extend(session, at=at)
            return session.client
        except StrangerToken as stranger:
            raise UnknownReturnKey from stranger
    client = Client.objects.filter(clinic=clinic, return_key_digest=keys.return_key_digest(return_key)).first()
    if client is None:
        raise UnknownReturnKey
    return client


def leave(*, token: str, at: datetime) -> None:
    """End this browser's session (quick exit, "end and clear"). The conversation itself goes on. Idempotent."""
    with transaction.atomic(durable=True):
        session = (
            ClientSession.objects.select_for_update(of=("self",))
            .select_related("client__clinic")
            .filter(token_digest=digest_of_key(token), ended_at=None)
            .first()
        )
        if session is None:
            return  # already left, or never here: in both cases nobody is in
        session.ended_at = at
        session.save(update_fields=["ended_at"])
        _record(session.client, "client.left", {}, at=at)


def identify(*, token: str, at: datetime) -> Identity:
    """Who holds `token`, and their latest conversation. Raises StrangerToken."""
    session = _session(token, at=at)
    _extend(session, at=at)
    client = session.client
    conversation = Conversation.objects.filter(client=client).order_by("-started_at").values_list("pk").first()
    if conversation is None:
        raise StrangerToken
    return Identity(
        session_id=session.pk,
        client_id=client.pk,
        clinic_id=client.clinic_id,
        clinic_name=client.clinic.name,
        pseudonym=client.pseudonym,
        # The client's own answer first, then the clinic's place, never a default (DIR-4).
        country=client.country or client.clinic.country,
        conversation_id=conversation[0],
        is_rehearsal=client.is_rehearsal,
    )


def session_is_good(session_id: int, *, at: datetime) -> bool:
    """True until the session ends or expires. Asked while a socket is open, which puts the expiry off."""
    session = ClientSession.objects.filter(_still_good(at), pk=session_id).first()
    if session is None:
        return False
    _extend(session, at=at)
    return True


def choose_country(*, client_id: UUID, country: str, at: datetime) -> None:
    """Store the place that the client named, for the crisis card only; naming it again changes nothing.

    Raises UnknownCountry.
    """
    _check_country(country)
    with transaction.atomic(durable=True):
        client = Client.objects.select_for_update(no_key=True).get(pk=client_id)
        if client.country == country:  # said once more: nothing to store, and no line on the trail for each click
            return
        client.country = country
        client.save(update_fields=["country"])
        _record(client, "client.country_chosen", {"country": country}, at=at)


def _check_country(country: str) -> None:
    if country and country not in {code for code, _ in directory.countries()}:
        raise UnknownCountry(country)


def _still_good(at: datetime) -> Q:
    """Not ended, and not expired; nobody is cut off while they wait for a person or talk to one."""
    theirs = Conversation.objects.filter(client=OuterRef("client"))
    with_people = Exists(theirs.filter(state__in=[State.WAITING, State.WITH_COUNSELLOR]))
    return Q(ended_at=None) & (Q(expires_at__gt=at) | Q(with_people))


def _extend(session: ClientSession, *, at: datetime) -> None:
    """Count the session's hours from now on, with one write an hour at most."""
    expires = at + timedelta(hours=settings.CLIENT_SESSION_HOURS)
    if expires - session.expires_at >= _EXTEND_EVERY:
        ClientSession.objects.filter(pk=session.pk, ended_at=None).update(expires_at=expires)


def _session(token: str, *, at: datetime, clinic: Clinic | None = None) -> ClientSession:
    sessions = ClientSession.objects.select_related("client__clinic")
    session = sessions.filter(_still_good(at), token_digest=digest_of_key(token)).first()
    if session is None or (clinic is not None and session.client.clinic_id != clinic.pk):
        raise StrangerToken
    return session


def _open_session(client: Client, *, at: datetime) -> str:
    token = new_key()
    expires = at + timedelta(hours=settings.CLIENT_SESSION_HOURS)
    ClientSession.objects.create(client=client, token_digest=digest_of_key(token), created_at=at, expires_at=expires)
    return token


def _record(client: Client, action: str, detail: dict[str, object], *, at: datetime) -> None:
    event = Event(action, Agent("client", str(client.pk)), "client", str(client.pk), detail=detail)
    record(clinic_stream(client.clinic_id), event, at=at)
