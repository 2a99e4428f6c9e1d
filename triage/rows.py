"""Reading and storing the rows of a turn in constant statements.

Django builds the SQL of a query anew each time it runs, which for a turn costs more than running it (decision 7). The
statements here are built once from the models' own columns and prepared on the server; everything that is not part of
every message stays with the ORM.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection, models

from triage.models import Alert, Conversation, Message, RiskAssessment

Row = TypeVar("Row", bound=models.Model)


class Columns(Generic[Row]):
    """All columns of a model under a table alias, and how to make an instance of their values."""

    def __init__(self, model: type[Row], alias: str) -> None:
        self._model = model
        fields = model._meta.concrete_fields
        self._names = [field.attname for field in fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.table = f'"{model._meta.db_table}" AS {alias}'
        # JSON arrives as text and is read by the field, as in the ORM.
        readers = ((n, getattr(field, "from_db_value", None)) for n, field in enumerate(fields))
        self._readers = [(n, reader) for n, reader in readers if reader is not None]

    def __len__(self) -> int:
        return len(self._names)

    def instance(self, values: Sequence[Any]) -> Row:
        """The instance that the ORM would have made of `values`."""
        row = list(values)
        for n, reader in self._readers:
            row[n] = reader(row[n], None, connection)
        return self._model.from_db(connection.alias, self._names, row)


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of one constant statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


@cache
def _standing_statement() -> tuple[str, Columns[Alert]]:
    alert = Columns(Alert, "a")
    message = Message._meta.db_table
    sql = f"""
        SELECT m.seq, {alert.sql} FROM (SELECT 1) AS one
        LEFT JOIN "{message}" AS m ON m.conversation_id = %s AND m.client_ref = %s
        LEFT JOIN {alert.table} ON a.conversation_id = %s AND a.state <> 'resolved'
    """  # noqa: S608 - table and column names of our own models
    return sql, alert


def standing(conversation: Conversation, client_ref: UUID) -> tuple[int | None, Alert | None]:
    """The `seq` under which `client_ref` is stored already, and the unresolved alert. The caller holds the lock."""
    sql, alert = _standing_statement()
    [(seq, *values)] = fetch(sql, [conversation.pk, client_ref, conversation.pk])
    return seq, alert.instance(values) if values[0] is not None else None


_STORE = """
    WITH line AS (
        INSERT INTO triage_message (conversation_id, seq, sender, author_id, client_ref, sealed_text, content_key,
            content_version, content_digest, choices, card, exercise, sent_at)
        SELECT %s, seq, sender, author_id, client_ref, sealed_text, content_key,
            content_version, content_digest, choices::jsonb, card, exercise, %s
        FROM unnest(%s::int[], %s::text[], %s::uuid[], %s::uuid[], %s::bytea[], %s::text[], %s::int[], %s::text[],
            %s::text[], %s::text[], %s::text[])
            AS given (seq, sender, author_id, client_ref, sealed_text, content_key, content_version, content_digest,
                choices, card, exercise)
        RETURNING id, seq
    ), assessed AS (
        INSERT INTO triage_riskassessment (message_id, level, probability, categories, sealed_reasons, floor,
            model_version, took_ms, language, words, unknown_words, assessed_at)
        SELECT line.id, level, probability, categories::jsonb, sealed_reasons, floor, model_version, took_ms,
            language, words, unknown_words, assessed_at
        FROM unnest(%s::int[], %s::text[], %s::float8[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::float8[],
            %s::text[], %s::int[], %s::int[], %s::timestamptz[])
            AS given (seq, level, probability, categories, sealed_reasons, floor, model_version, took_ms, language,
                words, unknown_words, assessed_at)
        JOIN line USING (seq)
    )
    UPDATE triage_conversation SET state = %s, holder_id = %s, last_seq = %s, level = %s, urgency = %s,
        bot_position = %s::jsonb, changed_at = %s, last_message_at = %s, waiting_since = %s, closed_at = %s,
        disposition = %s
    WHERE id = %s
"""


def store(conversation: Conversation, lines: Sequence[Message], assessment: RiskAssessment | None = None) -> None:
    """Insert `lines` (and the assessment of the first one) and save the conversation, in one statement.

    The caller holds the conversation's lock; everything of it that can change is written.
    """
    assessments = [assessment] if assessment is not None else []
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                conversation.pk,
                conversation.last_message_at,
                *_arrays(lines, _LINE),
                [lines[0].seq for _ in assessments],
                *_arrays(assessments, _ASSESSMENT),
                *_state_of(conversation),
            ],
        )


_LINE = (
    "seq",
    "sender",
    "author_id",
    "client_ref",
    "sealed_text",
    "content_key",
    "content_version",
    "content_digest",
    "choices",
    "card",
    "exercise",
)
_ASSESSMENT = (
    "level",
    "probability",
    "categories",
    "sealed_reasons",
    "floor",
    "model_version",
    "took_ms",
    "language",
    "words",
    "unknown_words",
    "assessed_at",
)
_JSON = {"choices", "categories"}


def _arrays(rows: Iterable[models.Model], names: Sequence[str]) -> list[list[Any]]:
    rows = list(rows)
    return [[json.dumps(getattr(row, name)) if name in _JSON else getattr(row, name) for row in rows] for name in names]


def _state_of(conversation: Conversation) -> list[Any]:
    position = conversation.bot_position
    return [
        conversation.state,
        conversation.holder_id,
        conversation.last_seq,
        conversation.level,
        conversation.urgency,
        json.dumps(position) if position is not None else None,
        conversation.changed_at,
        conversation.last_message_at,
        conversation.waiting_since,
        conversation.closed_at,
        conversation.disposition,
        conversation.pk,
    ]
