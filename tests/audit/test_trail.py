"""Writing to the trail: with the act or not at all, gapless, in two statements, and refused when it is not fit."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import chain, trail
from audit.actions import MEANINGS
from audit.models import Entry, Stream
from tests.audit.acts import AT, BOT, CLINIC, CONVERSATION, reply, takeover, write


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_the_transaction_of_its_act(conversation):
    with pytest.raises(trail.OutsideTransaction):
        trail.record(conversation, reply(), at=AT)
    assert not Entry.objects.exists()
    assert not Stream.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_leaves_no_entry_and_no_stream(conversation):
    def failing_act():
        with transaction.atomic():
            trail.record(conversation, reply(), at=AT)
            raise LookupError("the act failed")

    with pytest.raises(LookupError):
        failing_act()
    assert not Entry.objects.exists()
    assert not Stream.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_rolled_back_with_its_act_leaves_no_gap(conversation):
    write(conversation, reply(1))
    with transaction.atomic():
        trail.record(conversation, reply(2), at=AT)
        transaction.set_rollback(True)
    write(conversation, reply(3))
    assert list(Entry.objects.order_by("seq").values_list("seq", "entity_id")) == [(1, "m-1"), (2, "m-3")]


@pytest.mark.django_db
def test_an_entry_says_who_did_what_to_what_when_and_where(conversation):
    trail.record(conversation, takeover(), at=AT)
    entry = Entry.objects.get()
    assert (entry.seq, entry.recorded, entry.action, entry.outcome) == (1, AT, "conversation.taken_over", "success")
    assert (entry.agent_kind, entry.agent_id, entry.agent_role) == ("human", "member-7", "counsellor")
    assert (entry.entity_kind, entry.entity_id, entry.detail) == ("conversation", str(CONVERSATION), "{}")
    assert (entry.clinic_id, entry.conversation_id) == (CLINIC, CONVERSATION)


@pytest.mark.django_db
def test_each_entry_is_linked_to_the_one_before_and_the_stream_holds_the_last(conversation):
    trail.record(conversation, reply(1), reply(2), at=AT)
    trail.record(conversation, reply(3), at=AT)
    first, second, third = Entry.objects.order_by("seq")
    stream = Stream.objects.get()
    genesis = chain.genesis_digest(conversation.name, str(CLINIC), str(CONVERSATION))
    assert bytes(first.previous) == genesis
    assert bytes(second.previous) == bytes(first.digest)
    assert bytes(third.previous) == bytes(second.digest)
    assert (stream.head_seq, bytes(stream.head_digest)) == (3, bytes(third.digest))


@pytest.mark.django_db
def test_the_stored_digest_is_that_of_the_stored_fields(conversation):
    trail.record(conversation, reply(), at=AT.astimezone(timezone(timedelta(hours=9))))
    entry = Entry.objects.select_related("stream").get()
    fields = chain.EntryFields(
        entry.stream.name, entry.seq, entry.recorded, entry.action, entry.outcome, entry.agent_kind, entry.agent_id,
        entry.agent_role, entry.entity_kind, entry.entity_id, str(entry.clinic_id), str(entry.conversation_id),
        entry.detail, bytes(entry.previous),
    )  # fmt: skip
    assert chain.entry_digest(fields) == bytes(entry.digest)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 7, 60])
@pytest.mark.parametrize("is_new", [True, False])
def test_two_statements_are_enough_however_many_events(conversation, count, is_new):
    if not is_new:
        trail.record(conversation, reply(), at=AT)
    with CaptureQueriesContext(connection) as queries:
        trail.record(conversation, *[reply(number) for number in range(count)], at=AT)
    assert len(queries) == 2
    assert Entry.objects.count() == count + (not is_new)


@pytest.mark.django_db
def test_postgresql_plans_the_two_statements_once_a_connection(conversation, clinic):
    for count in (1, 2, 70, 300):
        trail.record(conversation, *[reply(number) for number in range(count)], at=AT)
        trail.record(clinic, *[reply(number) for number in range(count)], at=AT)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT statement), count(*) FROM pg_prepared_statements"
            " WHERE statement ~ 'audit_(entry|stream)' AND statement !~ 'pg_prepared_statements'"
        )
        statements, plans = cursor.fetchone()
    assert statements == 2
    # A clinic's stream has no conversation, and an absent value is another type of parameter.
    assert plans <= 4


@pytest.mark.django_db
def test_a_clock_that_steps_back_keeps_the_order_of_entries(conversation):
    trail.record(conversation, reply(1), at=AT)
    trail.record(conversation, reply(2), at=AT - timedelta(hours=1))
    assert list(Entry.objects.order_by("seq").values_list("entity_id", flat=True)) == ["m-1", "m-2"]


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_on_a_new_stream_leave_no_gap_and_no_double(conversation):
    def work(worker: int) -> None:
        try:
            for number in range(10):
                write(conversation, reply(worker), reply(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(20)))
    entries = list(Entry.objects.order_by("seq").values_list("seq", "previous", "digest"))
    assert [seq for seq, _, _ in entries] == list(range(1, 401))
    for (_, _, digest), (_, previous, _) in zip(entries, entries[1:], strict=False):
        assert bytes(previous) == bytes(digest)
    assert Stream.objects.get().head_seq == 400


@pytest.mark.django_db(transaction=True)
def test_two_who_create_the_same_stream_at_once_both_succeed(conversation):
    def second() -> None:
        try:
            write(conversation, reply(2))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            trail.record(conversation, reply(1), at=AT)
            waiting = pool.submit(second)
            _wait_until_somebody_waits_for_a_lock()
        waiting.result(timeout=30)
    assert list(Entry.objects.order_by("seq").values_list("entity_id", flat=True)) == ["m-1", "m-2"]


def _wait_until_somebody_waits_for_a_lock() -> None:
    with connection.cursor() as cursor:
        for _ in range(3000):
            # The statistics view is frozen for the length of a transaction unless it is cleared.
            cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the second transaction never waited")


@pytest.mark.django_db
def test_an_action_that_is_not_in_the_register_is_refused(conversation):
    with pytest.raises(trail.UnknownAction, match="bot.daydreamed"):
        trail.record(conversation, trail.Event("bot.daydreamed", BOT), at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "event",
    [
        trail.Event("bot.replied", trail.Agent("robot")),
        trail.Event("bot.replied", BOT, outcome="maybe"),
        trail.Event("bot.replied", trail.Agent("bot", 7)),
        trail.Event("bot.replied", BOT, "message", "m\x00"),
        trail.Event("bot.replied", BOT, "message", "m\ud800"),
        trail.Event("bot.replied", BOT, "message", "m" * 513),
        trail.Event("bot.replied", BOT, detail={"at": AT}),
        trail.Event("bot.replied", BOT, detail={"p": float("nan")}),
        trail.Event("bot.replied", BOT, detail={"id": uuid4()}),
        trail.Event("bot.replied", BOT, detail={7: "x"}),
        trail.Event("bot.replied", BOT, detail={"text": "I feel " * 100}),
        trail.Event("bot.replied", BOT, detail={"deep": [{"text": "I feel " * 100}]}),
        trail.Event("bot.replied", BOT, detail={"ids": ["0123456789" * 10] * 700}),
    ],
)
def test_an_event_that_the_trail_cannot_hold_exactly_is_refused_whole(conversation, event):
    with pytest.raises(trail.EventRefused):
        trail.record(conversation, reply(), event, at=AT)
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_a_moment_without_time_zone_is_refused(conversation):
    with pytest.raises(trail.EventRefused, match="time zone"):
        trail.record(conversation, reply(), at=datetime(2026, 1, 2, 3, 0))  # noqa: DTZ001


@pytest.mark.django_db
def test_recording_nothing_is_refused(conversation):
    with pytest.raises(trail.EventRefused, match="nothing"):
        trail.record(conversation, at=AT)


@pytest.mark.django_db
def test_awkward_detail_comes_back_as_it_was_given(conversation):
    detail = {"ü": "naïve \U0001f9e1 \x00 %s", "n": -(2**63), "p": 0.1, "none": None, "list": [True, "50% of {}"]}
    trail.record(conversation, trail.Event("risk.assessed", trail.Agent("model", "m1"), detail=detail), at=AT)
    assert Entry.objects.get().detail == chain.canonical_json(detail)


def test_streams_are_named_after_what_they_tell():
    assert trail.clinic_stream(str(CLINIC)).name == f"clinic:{CLINIC}"
    stream = trail.conversation_stream(clinic_id=str(CLINIC), conversation_id=str(CONVERSATION))
    assert (stream.name, stream.clinic_id, stream.conversation_id) == (
        f"conversation:{CONVERSATION}",
        CLINIC,
        CONVERSATION,
    )
    assert trail.Stream("service", None, None) == trail.SERVICE_STREAM


def test_every_action_is_dotted_and_has_a_meaning_in_plain_words():
    for action, meaning in MEANINGS.items():
        noun, verb = action.split(".")
        assert noun
        assert verb
        assert meaning[0].isupper()
        assert not meaning.endswith(".")
    assert {"message.received", "alert.raised", "conversation.taken_over", "transcript.viewed"} <= set(MEANINGS)
