"""Taking over, handing back, closing: one holder, a silent bot, and everything on the trail."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.access import NotPermitted
from audit.models import Entry
from counselling import shifts, takeovers
from counselling.models import Takeover
from tests.stories import Clock, a_client_starts, trail
from triage import alerts, conversations, late, messages, turns
from triage.access import UnknownConversation
from triage.models import Alert, Conversation, Message, Resolution
from triage.states import NotAllowed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def take_over(member, writer):
    return takeovers.take_over(member=member, conversation_id=writer.conversation_id, at=writer.clock.now)


def write(member, writer, text="I am here"):
    return messages.post_counsellor_message(
        member=member, conversation_id=writer.conversation_id, client_ref=uuid4(), text=text, at=writer.clock.now
    )


def test_bot_is_silent_once_a_counsellor_has_taken_over(writer, counsellor):
    writer.writes("[high] I will end it")
    period = take_over(counsellor, writer)
    writer.writes("is somebody there? breathing exercise please")
    later = Message.objects.filter(conversation_id=writer.conversation_id, seq__gt=period.from_seq)
    assert {message.sender for message in later} == {"client"}


def test_the_client_is_told_that_a_person_is_here(writer, counsellor):
    take_over(counsellor, writer)
    sender, text = writer.reads()[-1]
    assert sender == "system"
    assert "person" in text


def test_taking_over_acknowledges_the_alert_and_stops_the_ladder(writer, counsellor):
    writer.writes("[high] I will end it")
    take_over(counsellor, writer)
    alert = Alert.objects.get()
    assert (alert.state, alert.acknowledged_by, alert.escalate_at) == ("acknowledged", counsellor, None)


def test_the_second_counsellor_is_told_who_was_first(writer, counsellor, second_counsellor):
    take_over(counsellor, writer)
    with pytest.raises(takeovers.HeldByAnother) as refused:
        take_over(second_counsellor, writer)
    assert refused.value.holder == counsellor


def test_taking_over_twice_is_one_period(writer, counsellor):
    assert take_over(counsellor, writer) == take_over(counsellor, writer)
    assert Takeover.objects.count() == 1


def test_only_the_holder_writes(writer, counsellor, second_counsellor):
    take_over(counsellor, writer)
    write(counsellor, writer)
    with pytest.raises(messages.NotHolder):
        write(second_counsellor, writer)
    assert writer.reads()[-1] == ("counsellor", "I am here")


def test_nobody_writes_before_a_takeover(writer, counsellor):
    with pytest.raises(messages.NotHolder):
        write(counsellor, writer)


def test_after_hand_back_the_bot_says_so_and_answers_again(writer, counsellor):
    take_over(counsellor, writer)
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    assert writer.reads()[-1][0] == "bot"
    assert any(line.sender == "bot" for line in writer.writes("hello").lines)


def test_hand_back_is_refused_while_a_high_alert_is_not_resolved(writer, counsellor):
    writer.writes("[high] I will end it")
    take_over(counsellor, writer)
    with pytest.raises(takeovers.AlertOpen):
        takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    alerts.resolve(
        member=counsellor, alert_id=Alert.objects.get().pk, resolution=Resolution.TALKED, at=writer.clock.now
    )
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    assert writer.conversation.state == "with_bot"


def test_after_a_hand_back_the_next_message_of_concern_calls_a_person_anew(writer, counsellor):
    """The older alert is acknowledged and silent; whoever is called now must hear it."""
    writer.writes("[moderate] what is the point")
    take_over(counsellor, writer)
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    for text in ("[moderate] still no point", "I want to speak to a real person please"):
        writer.writes(text)
        alert = Alert.objects.get()
        assert (alert.state, writer.conversation.state) == ("open", "waiting")
        assert alert.escalate_at is not None
        take_over(counsellor, writer)
        takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)


def test_no_goodbye_and_no_silence_closes_an_alert_away(writer, counsellor, clock):
    writer.writes("[moderate] what is the point")
    take_over(counsellor, writer)
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    with pytest.raises(NotAllowed):
        conversations.end_by_client(conversation_id=writer.conversation_id, at=clock.now)
    assert conversations.close_idle(at=clock.forward(hours=100)) == 0
    writer.writes("goodbye")
    writer.writes("yes")
    assert writer.conversation.state == "with_bot"


def test_there_is_no_hand_back_to_a_bot_that_is_switched_off(writer, counsellor, clinic):
    take_over(counsellor, writer)
    clinic.bot_enabled = False
    clinic.save()
    with pytest.raises(takeovers.BotOff):
        takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)


def test_a_supervisor_takes_over_from_a_holder_they_name(writer, counsellor, supervisor):
    first = take_over(counsellor, writer)

    def step_in(from_holder):
        return takeovers.take_over(
            member=supervisor, conversation_id=writer.conversation_id, at=writer.clock.now, from_holder=from_holder
        )

    with pytest.raises(takeovers.HeldByAnother):
        step_in(None)
    with pytest.raises(takeovers.HeldByAnother):
        step_in(supervisor.pk)
    step_in(counsellor.pk)
    first.refresh_from_db()
    assert (first.end, writer.conversation.holder) == ("taken_from", supervisor)
    with pytest.raises(messages.NotHolder):
        write(counsellor, writer)
    assert str(counsellor.pk) in Entry.objects.filter(action="conversation.taken_over").latest("seq").detail


def test_a_counsellor_takes_from_no_colleague(writer, counsellor, second_counsellor):
    take_over(counsellor, writer)
    with pytest.raises(takeovers.HeldByAnother):
        takeovers.take_over(
            member=second_counsellor,
            conversation_id=writer.conversation_id,
            at=writer.clock.now,
            from_holder=counsellor.pk,
        )


def test_what_somebody_held_who_has_left_can_be_taken_over_by_anybody(writer, counsellor, second_counsellor):
    take_over(counsellor, writer)
    counsellor.is_active = False
    counsellor.save()
    take_over(second_counsellor, writer)
    assert writer.conversation.holder == second_counsellor


def test_a_cry_that_comes_just_after_the_end_reaches_the_team(writer, counsellor):
    take_over(counsellor, writer)
    takeovers.close_conversation(
        member=counsellor, conversation_id=writer.conversation_id, disposition="supported", at=writer.clock.now
    )
    with pytest.raises(turns.Closed) as closed:
        writer.writes("thank you")
    assert not closed.value.concern
    ref = uuid4()
    with pytest.raises(turns.Closed) as closed:
        writer.writes("[high] I will do it tonight", ref=ref)
    assert closed.value.concern
    for _ in range(2):  # sent again, stored once
        late.pass_on(
            client_id=writer.conversation.client_id,
            client_ref=ref,
            text="[high] I will do it tonight",
            at=writer.clock.now,
        )
    anew = Conversation.objects.get(state="waiting")
    assert anew.client == writer.conversation.client
    assert Alert.objects.get(conversation=anew).level == "high"
    assert Message.objects.filter(client_ref=ref).count() == 1


def test_closing_needs_an_outcome_and_no_open_alert(writer, counsellor):
    writer.writes("[moderate] what is the point")
    take_over(counsellor, writer)

    def close(disposition="supported"):
        takeovers.close_conversation(
            member=counsellor, conversation_id=writer.conversation_id, disposition=disposition, at=writer.clock.now
        )

    with pytest.raises(takeovers.UnknownDisposition):
        close("whatever")
    with pytest.raises(takeovers.AlertOpen):
        close()
    alerts.resolve(member=counsellor, alert_id=Alert.objects.get().pk, resolution="talked", at=writer.clock.now)
    close()
    assert (writer.conversation.state, writer.conversation.disposition) == ("closed", "supported")
    with pytest.raises(NotAllowed):
        take_over(counsellor, writer)


def test_somebody_who_does_not_hold_neither_hands_back_nor_closes(writer, counsellor, second_counsellor):
    take_over(counsellor, writer)
    with pytest.raises(messages.NotHolder):
        takeovers.hand_back(member=second_counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)


def test_another_clinics_conversation_does_not_exist(writer, other_counsellor):
    with pytest.raises(UnknownConversation):
        take_over(other_counsellor, writer)


@pytest.mark.parametrize("role", ["clinician", "administrator"])
def test_clinicians_and_administrators_do_not_take_over(request, writer, role):
    with pytest.raises(NotPermitted):
        take_over(request.getfixturevalue(role), writer)


def test_the_whole_period_is_on_the_trail(writer, counsellor):
    writer.writes("[high] I will end it")
    take_over(counsellor, writer)
    write(counsellor, writer)
    alerts.resolve(member=counsellor, alert_id=Alert.objects.get().pk, resolution="talked", at=writer.clock.now)
    takeovers.hand_back(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    actions = trail(writer.conversation_id)
    expected = [
        "alert.raised",
        "conversation.taken_over",
        "counsellor.replied",
        "alert.resolved",
        "conversation.handed_back",
    ]
    assert [action for action in actions if action in expected] == expected


def test_the_trail_shows_no_reply_of_the_bot_after_a_takeover(writer, counsellor):
    take_over(counsellor, writer)
    writer.writes("hello?")
    after = trail(writer.conversation_id)
    after = after[after.index("conversation.taken_over") :]
    assert "bot.replied" not in after
    assert "notice.shown" in after


def test_no_entry_no_act(writer, counsellor):
    """With the trail locked away, the takeover fails as a whole (AUD-1)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audit_entry ADD CONSTRAINT full_disk CHECK (action <> 'conversation.taken_over') NOT VALID"
        )
    try:
        with pytest.raises(IntegrityError):
            take_over(counsellor, writer)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry DROP CONSTRAINT full_disk")
    assert writer.conversation.state == "with_bot"
    assert not Takeover.objects.exists()
    assert writer.reads()[-1][0] == "bot"


def test_the_database_itself_refuses_a_holder_outside_a_takeover(writer, counsellor):
    with pytest.raises(IntegrityError, match="a_holder_exactly_while_with_a_counsellor"), transaction.atomic():
        Conversation.objects.filter(pk=writer.conversation_id).update(holder=counsellor)


def _in_a_thread(work):
    try:
        return work()
    except Exception as error:  # the test looks at what was raised
        return error
    finally:
        connection.close()


def test_of_a_hundred_takeovers_at_once_one_wins_and_ninety_nine_are_told_who(writer, many_counsellors):
    members = many_counsellors(100)
    start = threading.Barrier(20)

    def grab(position, member):
        if position < 20:
            start.wait()
        return _in_a_thread(lambda: take_over(member, writer))

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(grab, range(100), members))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Takeover)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, takeovers.HeldByAnother)]
    assert (len(winners), len(refused)) == (1, 99)
    assert {refusal.holder for refusal in refused} == {winners[0].counsellor}
    assert Takeover.objects.count() == 1
    assert trail(writer.conversation_id).count("conversation.taken_over") == 1


def test_in_two_hundred_races_no_bot_message_follows_a_takeover(clinic, clock, settings, counsellor):
    settings.RISK_SCORER = "tests.fakes.marked"
    writers = [a_client_starts(clinic, clock) for _ in range(200)]
    with ThreadPoolExecutor(2) as pool:
        for writer in writers:
            together = threading.Barrier(2)

            def turn(writer=writer, together=together):
                together.wait()
                return _in_a_thread(lambda: writer.writes("hello"))

            def claim(writer=writer, together=together):
                together.wait()
                return _in_a_thread(lambda: take_over(counsellor, writer))

            one, two = pool.submit(turn), pool.submit(claim)
            assert not isinstance(one.result(), Exception)
            assert isinstance(two.result(), Takeover)
    orders = set()
    for period in Takeover.objects.all():
        lines = Message.objects.filter(conversation=period.conversation_id)
        assert not lines.filter(sender="bot", seq__gt=period.from_seq).exists()
        orders.add(lines.filter(sender="client", seq__gt=period.from_seq).exists())
    assert orders == {True, False}, "both orders must have happened for this race to show anything"


def test_the_bot_never_says_that_somebody_comes_when_nobody_is_on_shift(clinic, clock, settings, counsellor):
    """CRI-8: without a person the client is told so and gets the crisis card, in another content than with one."""
    settings.RISK_SCORER = "tests.fakes.marked"
    alone = a_client_starts(clinic, clock).writes("[high] I will end it").lines[-1]
    shifts.start_shift(member=counsellor, at=clock.now)
    accompanied = a_client_starts(clinic, clock).writes("[high] I will end it").lines[-1]
    assert (alone.content_key, alone.card) == ("holding.risk_nobody", "crisis")
    assert (accompanied.content_key, accompanied.card) == ("holding.risk", "crisis")
    assert "Nobody on our team is on shift" in alone.text
