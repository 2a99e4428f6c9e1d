"""Check-ins are contact that a client agreed to: on time, once, neutral, stopped at a word, and missed for a person."""

import logging
import re
import threading
from datetime import UTC, date, datetime, time, timedelta
from smtplib import SMTPServerDisconnected
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.utils import IntegrityError

from accounts.access import NotPermitted
from audit.models import Entry
from audit.selectors import detail_of
from audit.trail import Agent
from tests.stories import Clock, a_client_starts
from triage import aftercare, check_in_links, clients
from triage.aftercare import Wanted
from triage.bot.catalogue import current_catalogue
from triage.models import CareTask, CareTaskKind, CheckIn, CheckInPlan, CheckInReason, Client

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "somebody@example.invalid"
NOON = time(12, 0)
VIENNA = "Europe/Vienna"


class MailServerAway(BaseEmailBackend):
    """A mail server that hangs up, and quotes the address while it does."""

    def send_messages(self, messages):
        raise SMTPServerDisconnected(f"no route to {ADDRESS}")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    settings.PUBLIC_URL = "https://notes.example.invalid"
    return a_client_starts(clinic, clock)


@pytest.fixture
def client_row(writer):
    return Client.objects.get(pk=writer.conversation.client_id)


@pytest.fixture
def plan(client_row, counsellor, clock):
    return aftercare.plan_check_ins(client=client_row, wanted=flagged(), member=counsellor, at=clock.now)


def flagged(**more):
    return Wanted(**{"reason": CheckInReason.AFTER_FLAG, "time_zone": VIENNA, "wall_time": NOON, "agreed": True}
                  | {"address": ADDRESS} | more)  # fmt: skip


def weekly(until, **more):
    return flagged(reason=CheckInReason.AFTER_TREATMENT, until=until, **more)


def first(plan):
    return plan.check_ins.get(number=1)


def entries(action):
    return list(Entry.objects.filter(action=action).order_by("pk"))


def sent_first(plan):
    at = first(plan).due_at + timedelta(seconds=20)
    assert aftercare.send_due(at=at) == 1
    return at


def link_in(message):
    return re.search(r"https://notes\.example\.invalid/n/(\S+)", message.body)[1]


# -- Planning


def test_cri_11_after_a_flagged_chat_a_client_hears_after_one_three_and_seven_days(plan):
    days = [each.due_at.astimezone(ZoneInfo(VIENNA)) for each in plan.check_ins.order_by("number")]
    assert [day.date() for day in days] == [date(2026, 11, 25), date(2026, 11, 27), date(2026, 12, 1)]
    assert {day.time() for day in days} == {NOON}


@pytest.mark.parametrize("month", [3, 10])
def test_cri_11_weekly_check_ins_keep_the_clients_clock_when_it_changes(month):
    begun = datetime(2026, month, 10, 9, tzinfo=UTC)
    dues = aftercare.due_times(weekly(date(2026, month, 31)), at=begun)
    assert {due.time() for due in dues} == {NOON}
    assert len({due.astimezone(UTC).hour for due in dues}) == 2  # the clock did change between them


def test_a_time_that_the_clock_skips_comes_an_hour_later_and_is_not_lost():
    (due,) = aftercare.due_times(weekly(date(2026, 3, 29), wall_time=time(2, 30)), at=datetime(2026, 3, 22, tzinfo=UTC))
    assert due.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (flagged(agreed=False), "not_agreed"),
        (flagged(time_zone="Nowhere/Land"), "time_zone"),
        (flagged(time_zone="../secret"), "time_zone"),
        (flagged(address="somebody"), "address"),
        (flagged(address=f"{ADDRESS}\nBcc: other@example.invalid"), "address"),
        (weekly(None), "until"),
        (weekly(date(2026, 11, 26)), "until"),
        (weekly(date(2028, 11, 26)), "until"),
    ],
)
def test_imp_13_what_cannot_be_kept_is_refused_with_its_reason(client_row, clock, wanted, code):
    with pytest.raises(aftercare.BadCheckIns) as refused:
        aftercare.plan_check_ins(client=client_row, wanted=wanted, at=clock.now)
    assert refused.value.code == code
    assert not CheckInPlan.objects.exists()


def test_no_address_is_taken_where_no_mail_can_be_sent(client_row, clock, settings):
    settings.SENDS_MAIL = False
    with pytest.raises(aftercare.BadCheckIns, match="not set up"):
        aftercare.plan_check_ins(client=client_row, wanted=flagged(), at=clock.now)
    assert aftercare.plan_check_ins(client=client_row, wanted=flagged(address=""), at=clock.now)


def test_nobody_is_written_to_twice_for_the_same_reason(plan, client_row, clock):
    with pytest.raises(aftercare.AlreadyPlanned):
        aftercare.plan_check_ins(client=client_row, wanted=flagged(), at=clock.now)
    assert aftercare.plan_check_ins(client=client_row, wanted=weekly(date(2026, 12, 24)), at=clock.now)


def test_only_who_cares_for_the_clinics_own_clients_plans_and_stops(client_row, administrator, other_counsellor, clock):
    with pytest.raises(NotPermitted):
        aftercare.plan_check_ins(client=client_row, wanted=flagged(), member=administrator, at=clock.now)
    with pytest.raises(aftercare.UnknownPlan):
        aftercare.plan_check_ins(client=client_row, wanted=flagged(), member=other_counsellor, at=clock.now)
    with pytest.raises(aftercare.UnknownPlan):
        aftercare.stop_for_client(member=other_counsellor, client_id=client_row.pk, at=clock.now)


def test_the_address_is_sealed_at_rest_and_stands_in_no_entry(plan):
    sent_first(plan)
    assert ADDRESS.encode() not in bytes(plan.sealed_address)
    assert ADDRESS not in repr(flagged())
    details = [str(detail_of(each)) for each in Entry.objects.filter(action__startswith="check_in.")]
    assert len(details) == 2
    assert not any("somebody" in detail for detail in details)


# -- Sending


def test_acc_11_the_note_says_nothing_about_health_and_names_no_clinic(plan):
    sent_first(plan)
    (note,) = mail.outbox
    assert note.to == [ADDRESS]
    assert note.subject == "A short note for you"
    words = f"{note.subject} {note.body}".lower()
    for telling in ("riverside", "clinic", "health", "mood", "feel", "crisis", "counsel", "chat", "check-in"):
        assert telling not in words


def test_acc_11_the_clinics_plain_name_stands_there_only_if_the_client_chose_so(client_row, clock):
    plan = aftercare.plan_check_ins(client=client_row, wanted=flagged(names_clinic=True), at=clock.now)
    sent_first(plan)
    assert "Riverside" in mail.outbox[0].body
    assert "Riverside" not in mail.outbox[0].subject


def test_the_words_sent_are_the_approved_ones_by_their_digest(plan):
    sent_first(plan)
    assert detail_of(entries("check_in.sent")[0])["digest"] in current_catalogue().approved_digests()


def test_nothing_goes_before_its_time_and_nothing_twice(plan):
    assert aftercare.send_due(at=first(plan).due_at - timedelta(seconds=1)) == 0
    at = sent_first(plan)
    assert aftercare.send_due(at=at) == 0
    assert len(mail.outbox) == len(entries("check_in.sent")) == 1


def test_two_workers_at_once_send_a_check_in_once(plan):
    at, start, sent = first(plan).due_at, threading.Barrier(2), []

    def worker():
        start.wait(timeout=10)
        sent.append(aftercare.send_due(at=at))
        connection.close()

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(timeout=30)
    assert sorted(sent) == [0, 1]
    assert len(mail.outbox) == 1


def test_a_worker_that_died_while_it_sent_leaves_a_task_for_a_person_and_no_second_note(plan, clock):
    due = first(plan).due_at
    CheckIn.objects.filter(pk=first(plan).pk).update(tried_at=due)
    assert aftercare.send_due(at=due + timedelta(minutes=1)) == 0
    assert aftercare.mark_missed(at=due + timedelta(hours=24)) == 1
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again_and_the_log_holds_no_address(plan, settings, caplog):
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.triage.test_aftercare.MailServerAway"
    with caplog.at_level(logging.WARNING):
        assert aftercare.send_due(at=first(plan).due_at) == 0
    assert "check-in not sent" in caplog.text
    assert "somebody" not in caplog.text + str([vars(each) for each in caplog.records])
    settings.EMAIL_BACKEND = works
    sent_first(plan)


def test_a_check_in_due_while_the_service_was_off_is_sent_late_for_a_day_and_then_asks_a_person(client_row, clock):
    plan = aftercare.plan_check_ins(client=client_row, wanted=flagged(), at=clock.now)
    back = plan.check_ins.get(number=2).due_at + timedelta(hours=5)
    assert aftercare.send_due(at=back) == 1  # the second, five hours late; the first is two days old
    assert aftercare.mark_missed(at=back) == 1
    assert first(plan).sent_at is None
    assert first(plan).missed_at == back
    assert detail_of(entries("check_in.sent")[0])["late_seconds"] == 5 * 3600


def test_without_an_address_no_mail_goes_and_the_check_in_still_counts(client_row, clock):
    plan = aftercare.plan_check_ins(client=client_row, wanted=flagged(address=""), at=clock.now)
    sent_first(plan)
    assert mail.outbox == []
    assert detail_of(entries("check_in.sent")[0])["by_mail"] is False


# -- Stopping


def test_bot_9_stop_ends_every_later_note_and_forgets_the_address(plan, client_row, counsellor):
    at = sent_first(plan)
    assert aftercare.stop_for_client(member=counsellor, client_id=client_row.pk, at=at) == 1
    for each in plan.check_ins.filter(number__gt=1):
        assert aftercare.send_due(at=each.due_at) == 0
    assert aftercare.mark_missed(at=at + timedelta(days=30)) == 0
    plan.refresh_from_db()
    assert (plan.sealed_address, plan.address_key, plan.ended_at) == (None, None, at)
    assert len(mail.outbox) == len(entries("check_in.stopped")) == 1


def test_bot_9_stopping_again_changes_nothing(plan, client_row, clock):
    agent = Agent("client", str(client_row.pk))
    assert aftercare.stop(client_id=client_row.pk, by=agent, at=clock.now) == 1
    assert aftercare.stop(client_id=client_row.pk, by=agent, at=clock.now) == 0
    assert len(entries("check_in.stopped")) == 1


@pytest.mark.parametrize(
    "words", ["unsubscribe", "Please stop these notes!", "STOP ALL", "don't contact me", "Opt-out."]
)
def test_bot_9_a_stop_word_in_the_chat_ends_every_later_note(plan, writer, words):
    writer.writes(words)
    assert aftercare.send_due(at=first(plan).due_at) == 0
    assert mail.outbox == []
    assert len(entries("check_in.stopped")) == 1


@pytest.mark.parametrize("words", ["stop", "I cannot stop crying", "they sent me no more messages"])
def test_a_word_that_means_something_else_leaves_the_contact_after_a_crisis_standing(plan, writer, words):
    writer.writes(words)
    assert aftercare.send_due(at=first(plan).due_at) == 1


# -- Missed


def test_imp_13_a_missed_check_in_makes_one_task_for_a_person_and_nothing_else(plan):
    at = sent_first(plan) + timedelta(hours=48)
    before = len(mail.outbox)
    assert aftercare.mark_missed(at=at - timedelta(seconds=1)) == 0
    assert aftercare.mark_missed(at=at) == 1
    assert aftercare.mark_missed(at=at) == 0
    task = CareTask.objects.get()
    assert (task.kind, task.client_id, task.done_at) == (CareTaskKind.MISSED_CHECK_IN, plan.client_id, None)
    assert first(plan).task == task
    assert len(mail.outbox) == before  # nobody was written to, least of all anybody else
    assert len(entries("check_in.missed")) == len(entries("care_task.made")) == 1


def test_when_the_last_check_in_is_over_the_address_goes(plan, clock):
    assert aftercare.mark_missed(at=clock.now + timedelta(days=30)) == 3
    plan.refresh_from_db()
    assert plan.sealed_address is None
    assert plan.ended_at is not None


def test_the_database_refuses_a_missed_check_in_without_a_task(plan, clock):
    with pytest.raises(IntegrityError, match="has_its_task"), transaction.atomic():
        CheckIn.objects.filter(pk=first(plan).pk).update(missed_at=clock.now)


# -- The link


def test_looking_at_the_link_uses_nothing_up_and_asks_first(plan, client):
    sent_first(plan)
    for _ in range(2):
        answer = client.get(f"/n/{check_in_links.sign(first(plan))}")
        assert answer.status_code == 200
        assert b"Nothing has been opened" in answer.content
        assert b"Riverside" not in answer.content
    assert first(plan).opened_at is None
    assert entries("client.returned") == []


def test_the_link_opens_the_clients_own_chat_once_and_answers_the_check_in(plan, clinic, client, writer, clock):
    sent_first(plan)
    body = {"link": link_in(mail.outbox[0])}
    came = client.post(f"/c/{clinic.slug}/note", body, content_type="application/json")
    assert came.status_code == 200
    identity = clients.identify(token=came.json()["token"], at=clock.now)
    assert identity.client_id == plan.client_id
    assert first(plan).answered_at is not None
    assert len(entries("check_in.answered")) == 1
    again = client.post(f"/c/{clinic.slug}/note", body, content_type="application/json")
    assert again.status_code == 410


def test_a_link_of_another_clinic_or_altered_or_expired_opens_nothing(plan, other_clinic, clinic, clock):
    sent_first(plan)
    good = check_in_links.sign(first(plan))
    for where, link in ((other_clinic, good), (clinic, good + "x"), (clinic, "")):
        with pytest.raises(check_in_links.LinkRefused):
            check_in_links.let_in(clinic=where, link=link, at=clock.now)
    assert first(plan).opened_at is None


def test_bot_9_one_click_stops_the_notes_even_with_a_used_link(plan, clinic, client):
    sent_first(plan)
    link = check_in_links.sign(first(plan))
    client.post(f"/c/{clinic.slug}/note", {"link": link}, content_type="application/json")
    answer = client.post(f"/n/{link}/stop")
    assert answer.status_code == 200
    assert b"The notes have stopped" in answer.content
    assert aftercare.send_due(at=plan.check_ins.get(number=2).due_at) == 0


def test_a_check_in_is_answered_once_and_not_before_it_was_sent(plan, clock):
    with pytest.raises(aftercare.UnknownPlan):
        aftercare.answer(check_in_id=first(plan).pk, at=clock.now)
    at = sent_first(plan)
    aftercare.answer(check_in_id=first(plan).pk, at=at)
    aftercare.answer(check_in_id=first(plan).pk, at=at + timedelta(hours=1))
    assert first(plan).answered_at == at
    assert aftercare.mark_missed(at=at + timedelta(hours=48)) == 0
