"""Doors without a person in front of them: tasks and commands leave on the trail what the door table says."""

import pytest
import redis
from django.conf import settings
from django.core.management import call_command

from config.celery import app
from config.tasks import HEARTBEAT_KEY
from tests.access.doors import DOORS, OPERATOR
from tests.access.world import Things

pytestmark = pytest.mark.django_db

TASKS = [door for door in DOORS if door.kind == "task"]
COMMANDS = [door for door in DOORS if door.kind == "command" and door.call is not None]


@pytest.fixture(autouse=True)
def own_checkpoint_folder(monkeypatch, tmp_path):
    """A checkpoint of a test that is undone must not lie beside those of the next."""
    monkeypatch.setattr(settings, "AUDIT_CHECKPOINT_DIR", tmp_path)


@pytest.fixture(autouse=True)
def no_worker_stays_alive():
    """The heartbeat of a task that ran here must not look like a worker to the tests of readiness."""
    yield
    redis.Redis.from_url(settings.REDIS_URL).delete(HEARTBEAT_KEY)


@pytest.fixture(autouse=True, scope="module")
def tasks_are_registered():
    app.loader.import_default_modules()


@pytest.mark.parametrize("door", TASKS, ids=str)
def test_a_task_records_what_the_door_table_says(world, written, door):
    if door.prepare:
        Things(world, "counsellor").get(door.prepare)
    written()
    app.tasks[door.name].run()
    assert written() == sorted(door.writes)


@pytest.mark.parametrize("door", TASKS, ids=str)
def test_a_task_that_runs_again_does_nothing_twice(world, written, door):
    """Every task is a sweep: a broker may deliver it more than once."""
    if door.prepare:
        Things(world, "counsellor").get(door.prepare)
        app.tasks[door.name].run()
        written()
        app.tasks[door.name].run()
        assert written() == []


@pytest.mark.parametrize("door", COMMANDS, ids=str)
def test_a_command_records_what_the_door_table_says(world, written, door, capsys):
    written()
    call_command(door.name, *door.call)
    assert written() == sorted(door.writes)


def test_tasks_and_commands_are_for_whoever_runs_the_service():
    assert {door.who for door in TASKS + COMMANDS} == {OPERATOR}
