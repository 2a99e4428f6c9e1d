"""The short note that says nothing about anybody, and the signed link in it that leads back."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from accounts.models import Clinic
from accounts.secrecy import digest_of_key, new_key
from audit.trail import Agent, Event, clinic_stream, record
from triage import clients, conversations
from triage.bot.catalogue import current_catalogue
from triage.models import CheckIn, CheckInPlan, Client, ClientSession, Conversation
from triage.states import State

LINK_DAYS = 7
_SALT = "triage.check-in"
_ITEM = "check_in"


class LinkRefused(Exception):
    """The link is altered, expired or used, or what it leads to was stopped. One answer for all of these."""


def sign(check_in: CheckIn) -> str:
    """What stands in the link: the check-in's id, signed with the time."""
    return signing.dumps(str(check_in.pk), salt=_SALT)


def read(link: str, *, used_too: bool = False) -> CheckIn:
    """The check-in that a link leads to; looking changes nothing. A used link still stops the notes: `used_too`.

    Raises LinkRefused.
    """
    try:
        pk = signing.loads(link, salt=_SALT, max_age=LINK_DAYS * 86_400)
    except signing.BadSignature:
        raise LinkRefused from None
    found = CheckIn.objects.select_related("plan__client", "plan__clinic").filter(pk=pk).first()
    if found is None or (not used_too and (found.opened_at is not None or found.stopped_at is not None)):
        raise LinkRefused
    return found


def send(*, plan: CheckInPlan, check_in: CheckIn, address: str) -> str:
    """Send the note in approved words (ACC-11); returns the digest of the text that stood in it.

    Raises bot.catalogue.NotServable, smtplib.SMTPException and OSError: then nothing was sent.
    """
    catalogue, locale = current_catalogue(), plan.client.locale
    subject = catalogue.label(f"{_ITEM}.subject", locale)
    note = catalogue.text(f"{_ITEM}.note", locale)
    ending = catalogue.text(f"{_ITEM}.ending", locale)
    parts = [note.text, check_in_address(check_in), ending.text]
    if plan.names_clinic:
        parts.append(plan.clinic.name)
    EmailMessage(subject, "\n\n".join(parts) + "\n", settings.DEFAULT_FROM_EMAIL, [address]).send()
    return note.digest


def check_in_address(check_in: CheckIn) -> str:
    """The whole address of the page that the link opens. It names no clinic."""
    return settings.PUBLIC_URL + reverse("triage:check_in", args=[sign(check_in)])


def let_in(*, clinic: Clinic, link: str, at: datetime) -> clients.Started:
    """Use the link up: a token for this browser, an open conversation, and the check-in is answered.

    Raises LinkRefused, also for a link of another clinic.
    """
    found = read(link)
    if found.plan.clinic_id != clinic.pk:
        raise LinkRefused
    with transaction.atomic(durable=True):
        client = Client.objects.select_for_update(no_key=True, of=("self",)).select_related("clinic")
        comer = client.get(pk=found.plan.client_id)
        # Two clicks at once: one update finds the link unused, the other is refused.
        unused = CheckIn.objects.filter(pk=found.pk, opened_at=None, stopped_at=None)
        if not unused.update(opened_at=at):
            raise LinkRefused
        conversation = Conversation.objects.filter(client=comer).exclude(state=State.CLOSED).first()
        if conversation is None:
            conversation = conversations.open_conversation(comer, at=at)
        token = new_key()
        expires = at + timedelta(hours=settings.CLIENT_SESSION_HOURS)
        ClientSession.objects.create(client=comer, token_digest=digest_of_key(token), created_at=at, expires_at=expires)
        agent = Agent("client", str(comer.pk))
        returned = Event("client.returned", agent, "client", str(comer.pk), detail={"by": "check_in"})
        record(clinic_stream(comer.clinic_id), returned, at=at)
    return clients.Started(token, comer.pseudonym, "", conversation.pk)


def words(locale: str) -> dict[str, str]:
    """The approved words of the link's page. Raises bot.catalogue.NotServable."""
    catalogue = current_catalogue()
    said = {name: catalogue.text(f"{_ITEM}.{name}", locale).text for name in ("ask", "stopped", "refused")}
    return said | {name: catalogue.label(f"{_ITEM}.{name}", locale) for name in ("heading", "open", "stop")}
