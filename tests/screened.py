"""Clients who answer questionnaires: answers go the way that a turn stores them, at the time that the story says."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from django.db import transaction

from tests.stories import Writer
from triage.bot.catalogue import CONTENT, read_library
from triage.bot.content import Item
from triage.bot.position import Answered
from triage.models import CareTask, Screening
from triage.screenings.recording import leave, record_answer
from triage.trail import record_in

REFUSED = None


@cache
def wording(instrument: str) -> Item:
    """The shipped English wording of an instrument."""
    return next(one for one in read_library(CONTENT).items if one.instrument == instrument and one.locale == "en")


def answers(
    writer: Writer, instrument: str, values: Iterable[int | None], *, at: datetime | None = None, whole: bool = True
) -> Screening:
    """`writer` answers the items from the first on; without `whole` they stop there and the questionnaire stays open.

    None is a question that they would rather not answer.
    """
    item, given, moment = wording(instrument), list(values), at or writer.clock.forward(seconds=60)
    conversation = writer.conversation
    for number, value in enumerate(given, start=1):
        answered = Answered(
            instrument=instrument,
            content=item.key,
            version=item.version,
            digest=item.digest,
            item=number,
            value=value,
            first=number == 1,
            last=whole and number == len(given),
        )
        with transaction.atomic():
            record_in(conversation, *record_answer(conversation, answered, at=moment), at=moment)
    return Screening.objects.filter(conversation=conversation).latest("started_at", "changed_at")


def leaves(writer: Writer) -> None:
    """The questionnaire that is open is left in the middle."""
    conversation, at = writer.conversation, writer.clock.forward(seconds=60)
    with transaction.atomic():
        record_in(conversation, *leave(conversation, at=at), at=at)


def task_of(screening: Screening) -> CareTask:
    """The task that the answers of a screening made."""
    return CareTask.objects.get(screening=screening)
