"""What the tests of the trail share: streams, a checkpoint folder, and a tamperer's session."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from audit import trail
from tests.audit.acts import CLINIC, CONVERSATION, reply, takeover, write
from tests.audit_flush import audit_flush

__all__ = ["audit_flush"]


@pytest.fixture
def conversation() -> trail.Stream:
    return trail.conversation_stream(clinic_id=CLINIC, conversation_id=CONVERSATION)


@pytest.fixture
def clinic() -> trail.Stream:
    return trail.clinic_stream(CLINIC)


@pytest.fixture
def checkpoint_folder_of_test(settings, tmp_path: Path) -> Path:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    return settings.AUDIT_CHECKPOINT_DIR


Tamper = Callable[..., int]


@pytest.fixture
def tamper(transactional_db) -> Iterator[Tamper]:
    """Runs SQL as a superuser who has turned the triggers off; gives the number of rows touched."""
    parameters = {**connection.get_connection_params()}
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters, autocommit=True) as session:
        session.execute("SET session_replication_role = replica")

        def run(sql: str, *values: object) -> int:
            count = session.execute(sql, values).rowcount
            assert count, f"nothing to tamper with: {sql}"
            return count

        yield run


@pytest.fixture
def lived_in_trail(transactional_db, checkpoint_folder_of_test, conversation, clinic):
    """A conversation of six entries and a clinic's stream of two, none of them held by a checkpoint yet."""
    for number in range(1, 6):
        write(conversation, reply(number))
    write(conversation, takeover())
    write(clinic, trail.Event("member.signed_in", trail.Agent("human", "member-7", "counsellor")))
    write(clinic, trail.Event("shift.started", trail.Agent("human", "member-7", "counsellor")))
