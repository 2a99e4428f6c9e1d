"""Tasks that wait for a person: who did one, and when. The service makes tasks and never does one itself."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from triage.models import CareTask, Conversation
from triage.trail import record_in


class UnknownCareTask(Exception):
    """There is no such task in the member's clinic; another clinic's is unknown too."""


class AlreadyDone(Exception):
    """Somebody did the task before; `task` says who and when, and that stands."""

    def __init__(self, task: CareTask) -> None:
        super().__init__(str(task.pk))
        self.task = task


def finish(*, member: Membership, task_id: UUID, at: datetime) -> CareTask:
    """Note that `member` did the task. The first one who says so stands for it.

    Recorded on the chain of the task's conversation, or of the clinic where it has none, with how late it was. Raises
    UnknownCareTask, AlreadyDone and accounts.access.NotPermitted.
    """
    require(member, Action.CARE)
    with transaction.atomic(durable=True):
        # The row alone is locked: a colleague's name must not wait for the task.
        rows = CareTask.objects.select_for_update(of=("self",)).select_related("done_by__user")
        task = rows.filter(pk=task_id, clinic_id=member.clinic_id).first()
        if task is None:
            raise UnknownCareTask(str(task_id))
        if task.done_by is not None:
            raise AlreadyDone(task)
        task.done_by, task.done_at = member, at
        task.save(update_fields=["done_by", "done_at"])
        _record_done(task, member, at=at)
    return task


def is_overdue(task: CareTask, *, at: datetime) -> bool:
    """Whether the task is still to do and its time has passed."""
    return task.done_at is None and task.due_at < at


def _record_done(task: CareTask, member: Membership, *, at: datetime) -> None:
    late = max(0, round((at - task.due_at).total_seconds()))
    detail = {"kind": task.kind, "screening": str(task.screening_id or ""), "late_seconds": late}
    event = Event("care_task.done", agent_of(member), "care_task", str(task.pk), detail=detail)
    if task.conversation_id is None:
        record(clinic_stream(task.clinic_id), event, at=at)
    else:
        record_in(Conversation.objects.get(pk=task.conversation_id), event, at=at)
