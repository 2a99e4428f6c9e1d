"""What the pages of care read: tasks for people, what a client's screenings came to, and the answers of one.

Totals and answers are about somebody's health, so both readings are recorded in the transaction of the read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from counselling.care_trend import Reading, Trend, trend_of
from counselling.care_words import AnswerRow, ScreeningRow, TaskRow, answer_rows, definition_of, screening_row, task_row
from triage.care_tasks import is_overdue
from triage.models import CareTask, Client, Conversation, Screening, ScreeningAnswer, ScreeningState
from triage.screenings.instruments import instruments
from triage.trail import record_in

PAGE_SIZE = 25
# Enough for a weekly questionnaire over two years; older totals stay in the list.
TREND_LENGTH = 104
WHERE = "care"
TASK_ORDERS = ("due", "due_last", "newest", "done")
_TASK_ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("due_at", "pk"),
    "due_last": ("-due_at", "-pk"),
    "newest": ("-made_at", "-pk"),
    "done": ("-done_at", "-pk"),
}
_ORDERS = {"newest": ("-started_at", "-pk"), "oldest": ("started_at", "pk")}


class UnknownClient(Exception):
    """There is no such client in the member's clinic; another clinic's is unknown too."""


class UnknownScreening(Exception):
    """There is no such screening in the member's clinic; another clinic's is unknown too."""


@dataclass(frozen=True, slots=True)
class WantedTasks:
    """Which tasks to list: `show` is open, overdue, done or all. Empty means: do not narrow by this."""

    show: str = "open"
    kind: str = ""
    done_by: UUID | None = None
    order: str = "due"
    page: int = 1


@dataclass(frozen=True, slots=True)
class WantedScreenings:
    """Which screenings of a client to list. Empty means: do not narrow by this."""

    instrument: str = ""
    state: str = ""
    order: str = "newest"
    page: int = 1


@dataclass(frozen=True, slots=True)
class TaskList:
    """A page of tasks, and how many are to do and overdue whatever is listed."""

    page: Page[Any]
    rows: Sequence[TaskRow]
    to_do: int
    overdue: int
    has_any: bool


@dataclass(frozen=True, slots=True)
class Screenings:
    """What a client's screenings came to: a page of them, and a trend for each instrument that has a total."""

    client: Client
    page: Page[Any]
    rows: Sequence[ScreeningRow]
    trends: Sequence[Trend] = field(default_factory=tuple)
    has_any: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """One screening with every answer; `same_definition` is False where the scoring has changed since."""

    screening: Screening
    row: ScreeningRow
    answers: Sequence[AnswerRow]
    same_definition: bool
    has_wording: bool
    task: TaskRow | None


def list_tasks(*, member: Membership, wanted: WantedTasks, at: datetime) -> TaskList:
    """A page of the clinic's tasks, with who did them. Raises NotPermitted."""
    require(member, Action.CARE)
    of_clinic = CareTask.objects.filter(clinic_id=member.clinic_id)
    late = Q(done_at__isnull=True, due_at__lt=at)
    counted = of_clinic.aggregate(
        every=Count("pk"), to_do=Count("pk", filter=Q(done_at__isnull=True)), overdue=Count("pk", filter=late)
    )
    rows = of_clinic.select_related("client", "screening", "conversation", "done_by__user")
    shown = {"open": Q(done_at__isnull=True), "overdue": late, "done": Q(done_at__isnull=False)}.get(wanted.show, Q())
    rows = rows.filter(shown)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.done_by:
        rows = rows.filter(done_by_id=wanted.done_by)
    page = Paginator(rows.order_by(*_TASK_ORDERS[wanted.order]), PAGE_SIZE).get_page(wanted.page)
    return TaskList(
        page=page,
        rows=[task_row(task, overdue=is_overdue(task, at=at), at=at) for task in page],
        to_do=counted["to_do"],
        overdue=counted["overdue"],
        has_any=bool(counted["every"]),
    )


def doers(clinic_id: UUID) -> list[tuple[str, str]]:
    """Everybody who ever did a task in the clinic, for a filter's list: (id, name)."""
    done = CareTask.objects.filter(clinic_id=clinic_id, done_by__isnull=False).values("done_by")
    rows = Membership.objects.filter(clinic_id=clinic_id, pk__in=done).select_related("user")
    return [(str(row.pk), row.user.name) for row in rows.order_by("user__name", "pk")]


def read_screenings(*, member: Membership, client_id: UUID, wanted: WantedScreenings, at: datetime) -> Screenings:
    """A page of a client's screenings and their trends; the reading is recorded with it.

    Raises UnknownClient and NotPermitted.
    """
    require(member, Action.CARE)
    with transaction.atomic(durable=True):
        client = client_of(member, client_id)
        every = Screening.objects.filter(client=client)
        rows = with_counts(_narrowed(every, wanted))
        page = Paginator(rows.order_by(*_ORDERS[wanted.order]), PAGE_SIZE).get_page(wanted.page)
        shown = [screening_row(row) for row in page]
        trends = _trends(every)
        record_listed(member, client, [row.screening for row in shown], where=WHERE, at=at)
    return Screenings(client, page, shown, trends, has_any=bool(shown) or every.exists())


def read_answers(*, member: Membership, screening_id: UUID, at: datetime, where: str = WHERE) -> Answers:
    """One screening with its answers, behind the permission to read what clients say; the view is recorded with it.

    Raises UnknownScreening and NotPermitted.
    """
    require(member, Action.VIEW_TRANSCRIPT)
    with transaction.atomic(durable=True):
        rows = with_counts(Screening.objects.select_related("client", "conversation"))
        screening = rows.filter(pk=screening_id, clinic_id=member.clinic_id).first()
        if screening is None:
            raise UnknownScreening(str(screening_id))
        stored = {one.item: one for one in ScreeningAnswer.objects.filter(screening=screening)}
        task = CareTask.objects.select_related("client", "screening", "done_by__user").filter(screening=screening)
        detail = {"where": where, "instrument": screening.instrument, "answers": len(stored)}
        viewed = Event("screening.viewed", agent_of(member), "screening", str(screening.pk), detail=detail)
        record_in(screening.conversation, viewed, at=at)
        found = task.first()
    answers, has_wording = answer_rows(screening, stored)
    definition = definition_of(screening)
    return Answers(
        screening=screening,
        row=screening_row(screening),
        answers=answers,
        same_definition=definition is not None and definition.digest == screening.instrument_digest,
        has_wording=has_wording,
        task=task_row(found, overdue=is_overdue(found, at=at), at=at) if found else None,
    )


def client_of(member: Membership, client_id: UUID) -> Client:
    """The client of the member's own clinic. Raises UnknownClient."""
    client = Client.objects.filter(pk=client_id, clinic_id=member.clinic_id).first()
    if client is None:
        raise UnknownClient(str(client_id))
    return client


def record_listed(member: Membership, client: Client, shown: Sequence[Screening], *, where: str, at: datetime) -> None:
    """Record on the clinic's chain which screenings of a client were shown, in the caller's transaction."""
    detail = {"where": where, "screenings": [str(one.pk) for one in shown]}
    listed = Event("screening.listed", agent_of(member), "client", str(client.pk), detail=detail)
    record(clinic_stream(client.clinic_id), listed, at=at)


def with_counts(rows: QuerySet[Screening]) -> QuerySet[Screening]:
    """The rows with how many items were answered, and how many of these the client would rather not say."""
    return rows.annotate(
        answered=Count("answers"), skipped=Count("answers", filter=Q(answers__value__isnull=True))
    ).select_related("conversation")


def latest_conversation(member: Membership, client_id: UUID) -> Conversation | None:
    """Where the way back from a client's screenings leads; None for a client who never had a conversation."""
    rows = Conversation.objects.filter(clinic_id=member.clinic_id, client_id=client_id)
    return rows.order_by("-started_at").first()


def _narrowed(rows: QuerySet[Screening], wanted: WantedScreenings) -> QuerySet[Screening]:
    exact = {"instrument": wanted.instrument, "state": wanted.state}
    return rows.filter(**{name: value for name, value in exact.items() if value})


def _trends(rows: QuerySet[Screening]) -> list[Trend]:
    """A trend for each instrument that came to a total at least once, in the order of the definitions."""
    finished = rows.filter(state=ScreeningState.FINISHED, total__isnull=False).order_by("-finished_at", "-pk")
    found: dict[str, list[Reading]] = {}
    for row in finished[: TREND_LENGTH * len(instruments())]:
        assert row.finished_at is not None and row.total is not None  # noqa: PT018 - a constraint and the filter say so
        found.setdefault(row.instrument, []).append(Reading(row.finished_at, row.total, row.band, row.prorated))
    return [
        trend_of(definition, reversed(found[key][:TREND_LENGTH]))
        for key, definition in instruments().items()
        if key in found
    ]
