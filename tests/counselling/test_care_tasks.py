"""Tasks wait for a person: one named member does each, once, and the list says what is late and who did what."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.access import NotPermitted
from audit.models import Entry
from counselling import care_pages
from counselling.care_pages import WantedTasks
from tests import screened
from tests.people import sign_in
from tests.stories import Clock, a_client_starts, trail
from triage import care_tasks
from triage.models import CareTask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock(timezone.now() - timedelta(days=3))


@pytest.fixture
def writer(clinic, clock):
    return a_client_starts(clinic, clock)


@pytest.fixture
def task(writer):
    """A total of 24 on the PHQ-9 makes a task for within a day."""
    return screened.task_of(screened.answers(writer, "phq9", [3] * 8 + [0]))


def shown(answer):
    return " ".join(answer.content.decode().split())


def listed(member, at, **wanted):
    return [row.task.pk for row in care_pages.list_tasks(member=member, wanted=WantedTasks(**wanted), at=at).rows]


def test_a_high_total_makes_a_task_that_is_due_within_a_day(task):
    assert task.due_at - task.made_at == timedelta(hours=24)
    assert (task.done_by, task.done_at) == (None, None)


def test_a_task_is_done_by_a_named_member_and_the_trail_says_how_late(task, counsellor, writer):
    late = task.due_at + timedelta(seconds=90)
    care_tasks.finish(member=counsellor, task_id=task.pk, at=late)
    task.refresh_from_db()
    assert (task.done_by, task.done_at) == (counsellor, late)
    assert trail(writer.conversation_id)[-1] == "care_task.done"
    entry = Entry.objects.get(action="care_task.done")
    assert entry.agent_id == str(counsellor.pk)
    assert json.loads(entry.detail)["late_seconds"] == 90


def test_who_comes_second_is_told_who_did_it_and_changes_nothing(task, counsellor, supervisor):
    care_tasks.finish(member=counsellor, task_id=task.pk, at=task.made_at)
    with pytest.raises(care_tasks.AlreadyDone) as before:
        care_tasks.finish(member=supervisor, task_id=task.pk, at=task.due_at)
    assert (before.value.task.done_by, before.value.task.done_at) == (counsellor, task.made_at)
    assert Entry.objects.filter(action="care_task.done").count() == 1
    assert CareTask.objects.get(pk=task.pk).done_by == counsellor


def test_a_task_without_a_conversation_is_recorded_on_the_clinics_chain(task, counsellor):
    CareTask.objects.filter(pk=task.pk).update(conversation=None)
    care_tasks.finish(member=counsellor, task_id=task.pk, at=task.made_at)
    assert Entry.objects.get(action="care_task.done").conversation_id is None


def test_an_administrator_does_no_task_and_another_clinic_knows_none(task, administrator, other_counsellor):
    with pytest.raises(NotPermitted):
        care_tasks.finish(member=administrator, task_id=task.pk, at=task.made_at)
    with pytest.raises(care_tasks.UnknownCareTask):
        care_tasks.finish(member=other_counsellor, task_id=task.pk, at=task.made_at)
    assert listed(other_counsellor, task.made_at, show="all") == []


def test_the_list_shows_what_is_to_do_and_what_is_due_first_comes_first(task, writer, counsellor):
    later = screened.task_of(screened.answers(writer, "gad7", [3] * 7))
    at = writer.clock.now
    assert listed(counsellor, at) == [task.pk, later.pk]
    assert listed(counsellor, at, order="due_last") == [later.pk, task.pk]
    assert listed(counsellor, at, show="overdue") == []
    care_tasks.finish(member=counsellor, task_id=task.pk, at=at)
    assert listed(counsellor, at) == [later.pk]
    assert listed(counsellor, at, show="done", done_by=counsellor.pk) == [task.pk]
    assert listed(counsellor, later.due_at + timedelta(seconds=1), show="overdue") == [later.pk]


def test_the_list_costs_the_same_however_many_tasks_there_are(
    clinic, clock, task, counsellor, django_assert_num_queries
):
    for _ in range(3):
        screened.answers(a_client_starts(clinic, clock), "gad7", [3] * 7)
    with django_assert_num_queries(3):
        assert len(listed(counsellor, clock.now)) == 4


def test_a_task_that_is_late_is_marked_in_words(client, task, counsellor):
    page = shown(sign_in(client, counsellor).get("/care/"))
    assert "1 task is overdue." in page
    assert "Overdue by" in page
    assert "nobody yet" in page


def test_the_button_stores_who_did_it_and_keeps_the_filters(client, task, counsellor):
    at_work = sign_in(client, counsellor)
    answer = at_work.post(reverse("counselling:care_done", args=[task.pk]), {"show": "all", "order": "newest"})
    assert answer["Location"] == "/care/?show=all&order=newest"
    page = shown(at_work.get(answer["Location"]))
    assert "Stored: you did this task." in page
    assert f"{counsellor.user.name}<br>" in page


def test_a_second_press_says_in_words_who_was_first(client, task, counsellor, clinician):
    care_tasks.finish(member=counsellor, task_id=task.pk, at=task.made_at)
    page = sign_in(client, clinician).post(reverse("counselling:care_done", args=[task.pk]), follow=True)
    assert f"Nothing was stored: {counsellor.user.name} did this task already" in shown(page)


@pytest.mark.parametrize("sent", ["https://elsewhere.invalid/", "//elsewhere.invalid", "answers/../.."])
def test_no_address_that_was_sent_is_gone_to_afterwards(client, task, counsellor, sent):
    answer = sign_in(client, counsellor).post(reverse("counselling:care_done", args=[task.pk]), {"back": sent})
    assert answer["Location"] == "/care/"


def test_a_filter_that_cannot_be_read_hides_nothing_and_says_so(client, task, counsellor):
    answer = sign_in(client, counsellor).get("/care/?kind=nonsense&page=x")
    assert answer.status_code == 400
    assert "could not be narrowed as asked" in shown(answer)
    assert "Choose one of the list." in shown(answer)
    assert task.client.pseudonym in shown(answer)


def test_a_page_beyond_the_last_shows_the_last(client, task, counsellor):
    assert task.client.pseudonym in shown(sign_in(client, counsellor).get("/care/?page=99"))


def test_an_empty_list_says_whether_nothing_is_to_do_or_nothing_ever_was(client, clinic, counsellor, writer):
    at_work = sign_in(client, counsellor)
    assert "No task yet" in shown(at_work.get("/care/"))
    task = screened.task_of(screened.answers(writer, "gad7", [3] * 7))
    care_tasks.finish(member=counsellor, task_id=task.pk, at=task.made_at)
    assert "Every task of the clinic is done." in shown(at_work.get("/care/"))
