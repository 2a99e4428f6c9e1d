"""The one lock: a conversation's row, first in every transaction that changes the conversation."""

from functools import cache
from uuid import UUID

from django.db import connection

from accounts.models import Clinic
from triage.models import Client, Conversation
from triage.rows import Columns, fetch


class UnknownConversation(Exception):
    """There is no such conversation for whoever asks: never there, or another clinic's."""


class OutsideTransaction(Exception):
    """A lock was asked for outside a transaction, where it would be gone at once."""


def locked(conversation_id: UUID, *, clinic_id: UUID | None = None, skip_locked: bool = False) -> Conversation:
    """The conversation, locked until the transaction ends, with its clinic and client. Must run inside a transaction.

    With `clinic_id` another clinic's conversation is unknown and is not even locked for a moment. With `skip_locked` a
    conversation that somebody else holds right now is unknown too; only sweeps ask so. `no_key`: new messages refer to
    the row by foreign key, and must not wait for it.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("a lock needs a transaction that it lasts for")
    sql, conversation, clinic, client = _statement(clinic_id is not None, skip_locked)
    found = fetch(sql, [conversation_id] if clinic_id is None else [conversation_id, clinic_id])
    if not found:
        raise UnknownConversation(str(conversation_id))
    values, first, second = found[0], len(conversation), len(conversation) + len(clinic)
    row = conversation.instance(values[:first])
    row.clinic, row.client = clinic.instance(values[first:second]), client.instance(values[second:])
    return row


@cache
def _statement(
    of_one_clinic: bool, skip_locked: bool
) -> tuple[str, Columns[Conversation], Columns[Clinic], Columns[Client]]:
    conversation, clinic, client = Columns(Conversation, "c"), Columns(Clinic, "k"), Columns(Client, "p")
    sql = f"""
        SELECT {conversation.sql}, {clinic.sql}, {client.sql} FROM {conversation.table}
        JOIN {clinic.table} ON k.id = c.clinic_id JOIN {client.table} ON p.id = c.client_id
        WHERE c.id = %s {"AND c.clinic_id = %s" if of_one_clinic else ""}
        FOR NO KEY UPDATE OF c {"SKIP LOCKED" if skip_locked else ""}
    """  # noqa: S608 - table and column names of our own models
    return sql, conversation, clinic, client
