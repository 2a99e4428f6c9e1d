"""One client message and what it leads to, on real PostgreSQL."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from tests import fakes
from tests.stories import Clock, a_client_starts, trail
from triage import alerts, turns
from triage.locking import UnknownConversation
from triage.models import Alert, Message, Resolution, RiskAssessment
from triage.texts import BadText

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def test_the_first_words_are_the_bots_and_say_that_it_is_software(writer):
    sender, text = writer.reads()[0]
    assert sender == "bot"
    assert "automated" in text or "not a person" in text


def test_an_everyday_message_is_stored_assessed_and_answered(writer):
    turn = writer.writes("I had a long day")
    assert turn.state == "with_bot"
    assert [line.sender for line in turn.lines][0] == "client"
    assert any(line.sender == "bot" for line in turn.lines)
    assert RiskAssessment.objects.get(message__seq=turn.seq).model_version == fakes.VERSION


def test_a_message_of_concern_calls_a_person_in_the_same_transaction(writer):
    turn = writer.writes("[high] I have it all planned")
    alert = Alert.objects.get()
    assert (turn.state, alert.level, alert.message_seq) == ("waiting", "high", turn.seq)
    assert any(line.card == "crisis" for line in turn.lines)
    assert "alert.raised" in trail(writer.conversation_id)


def test_every_line_has_the_next_number(writer):
    for text in ("hello", "[moderate] what is the point", "are you there", "ok"):
        writer.writes(text)
    numbers = (
        Message.objects.filter(conversation_id=writer.conversation_id).order_by("seq").values_list("seq", flat=True)
    )
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert writer.conversation.last_seq == len(numbers)


def test_a_message_sent_twice_is_stored_and_answered_once(writer):
    ref = uuid4()
    first = writer.writes("hello", ref=ref)
    before = writer.reads()
    again = writer.writes("hello", ref=ref)
    assert again.repeated
    assert (again.seq, writer.reads()) == (first.seq, before)
    assert trail(writer.conversation_id).count("message.received") == 1


def test_a_denial_afterwards_lowers_nothing(writer):
    writer.writes("[high] I will end it")
    turn = writer.writes("no no, I did not mean that, all fine")
    assert turn.state == "waiting"
    assert writer.conversation.level == "high"
    assert Alert.objects.get().state == "open"


def test_a_rise_raises_the_same_alert_again_and_starts_the_ladder_anew(writer, counsellor, clock):
    writer.writes("[moderate] what is the point")
    alerts.acknowledge(member=counsellor, alert_id=Alert.objects.get().pk, at=clock.now)
    writer.writes("[imminent] I have taken them")
    alert = Alert.objects.get()
    assert (alert.state, alert.level, alert.escalation_step) == ("open", "imminent", 0)
    assert alert.escalate_at == clock.now + (alert.escalate_at - alert.raised_at)
    assert "alert.raised_again" in trail(writer.conversation_id)


def test_only_a_person_lowers_the_level_and_says_why(writer, counsellor, clock):
    writer.writes("[high] I will end it")
    alerts.resolve(member=counsellor, alert_id=Alert.objects.get().pk, resolution=Resolution.TALKED, at=clock.now)
    assert writer.conversation.level == "none"
    entry = Entry.objects.get(action="alert.resolved")
    assert entry.agent_id == str(counsellor.pk)
    assert '"resolution":"talked"' in entry.detail


def test_while_waiting_the_bot_gives_holding_content_only(writer):
    writer.writes("[high] I will end it")
    turn = writer.writes("can we do a breathing exercise")
    assert all(not line.exercise for line in turn.lines)


def test_a_wish_for_a_person_makes_a_place_in_the_queue_in_the_same_turn(writer):
    turn = writer.writes("I want to speak to a real person please")
    assert turn.state == "waiting"
    assert Alert.objects.get().kind == "person"


def test_the_button_calls_a_person_whatever_is_written(writer):
    turn = writer.writes("Xyzzy", wishes_person=True)
    assert (turn.state, Alert.objects.get().kind) == ("waiting", "person")


def test_a_goodbye_ends_a_conversation_with_the_bot(writer):
    turn = writer.writes("goodbye")
    if turn.state == "with_bot":  # the bot asks first whether to end
        turn = writer.writes("yes")
    assert turn.state == "closed"
    with pytest.raises(turns.Closed):
        writer.writes("one more thing")


def test_a_scorer_that_raises_calls_a_person_and_the_turn_goes_on(clinic, clock, settings, caplog):
    settings.RISK_SCORER = "tests.fakes.broken"
    writer = a_client_starts(clinic, clock)
    turn = writer.writes("the words nobody may see in a log")
    assert (turn.level, turn.state) == ("unscored", "waiting")
    assert Alert.objects.get().kind == "unscored"
    assert "RuntimeError" in RiskAssessment.objects.get().model_version


def test_a_scorer_that_hangs_calls_a_person_within_the_time_limit(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.hanging"
    settings.SCORE_TIMEOUT_SECONDS = 0.05
    writer = a_client_starts(clinic, clock)
    try:
        turn = writer.writes("hello")
    finally:
        fakes.let_go()
    assert (turn.level, turn.state) == ("unscored", "waiting")


def test_with_scoring_off_nothing_is_scored_and_a_person_is_called(clinic, clock, settings):
    clinic.scoring_enabled = False
    clinic.save()
    settings.RISK_SCORER = "tests.fakes.marked"
    turn = a_client_starts(clinic, clock).writes("hello")
    assert turn.state == "waiting"
    assert not RiskAssessment.objects.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("a" * 4001, "too_long"),
        ("a\x00b", "bad_text"),
        ("\ud800", "bad_text"),
        (7, "bad_text"),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_with_its_reason(writer, text, code):
    before = writer.reads()
    with pytest.raises(BadText) as refused:
        writer.writes(text)
    assert refused.value.code == code
    assert writer.reads() == before


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\u202etxet desrever", "a" * 4000, "🙂" * 400, "Grüße\r\n"]
)
def test_an_odd_text_is_stored_as_it_was_written(writer, text):
    writer.writes(text)
    assert ("client", text) in writer.reads()


def test_an_unknown_conversation_is_said_so(writer, clock):
    with pytest.raises(UnknownConversation):
        turns.take_turn(conversation_id=uuid4(), client_ref=uuid4(), text="hello", at=clock.now)


def test_the_clients_words_stand_nowhere_in_the_tables(writer):
    writer.writes("[high] the lighthouse keeper")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text ILIKE %s', ["%lighthouse%"])  # noqa: S608
            assert cursor.fetchone()[0] == 0, table


@pytest.mark.parametrize("text", ["hello", "[high] I will end it"])
def test_a_turn_costs_at_most_twelve_statements(writer, text):
    writer.writes("warm up")
    with CaptureQueriesContext(connection) as captured:
        writer.writes(text)
    assert len(captured) <= 12, "\n".join(query["sql"][:120] for query in captured)


def test_a_turn_costs_the_same_late_in_a_conversation(writer):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            writer.writes("hello")
        return len(captured)

    writer.writes("hello")
    early = cost()
    for _ in range(20):
        writer.writes("and another thing")
    assert cost() == early
