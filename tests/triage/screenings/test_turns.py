"""Screenings over the real turn on PostgreSQL: what an answer calls for is on disk with the answer, or neither is."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection

from counselling import takeovers
from tests.stories import Clock, a_client_starts, trail
from tests.triage.bot.talk import shipped
from triage import conversations
from triage.models import Alert, CareTask, Screening, ScreeningAnswer

pytestmark = pytest.mark.django_db(transaction=True)
LABELS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]


@pytest.fixture
def writer(clinic, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, Clock())


def begins(writer, *, phq9=True):
    for text in ("questions", "About my mood", "yes"):
        writer.writes(text)
    if phq9:
        for text in ("Several days", "More than half the days", "Yes, go on", "yes"):
            writer.writes(text)
    assert writer.conversation.bot_position["flow"] == ("phq9" if phq9 else "phq2")


def answers(writer, *values):
    return [writer.writes(LABELS[value]) for value in values][-1]


def newest():
    return Screening.objects.latest("started_at")


def test_ins_2_item_nine_answered_and_then_silence_has_called_a_person(writer):
    begins(writer)
    answers(writer, *[0] * 8)
    turn = answers(writer, 2)
    alert, screening = Alert.objects.get(), newest()
    assert (alert.kind, alert.level, alert.state, alert.message_seq) == ("screening", "high", "open", turn.seq)
    assert (turn.state, turn.level, writer.conversation.state) == ("waiting", "high", "waiting")
    assert any(line.card == "crisis" for line in turn.lines)
    assert (screening.level, screening.total, screening.locale) == ("high", 2, "en")
    newly = trail(writer.conversation_id)
    assert newly.index("screening.flagged") < newly.index("alert.raised")
    assert newly.count("screening.answered") == 11


def test_ins_2_answer_flag_and_alert_share_one_transaction(writer):
    begins(writer)
    answers(writer, *[0] * 8)
    before = (trail(writer.conversation_id), ScreeningAnswer.objects.count())
    with connection.cursor() as cursor:
        # The last statement of the turn fails, as when the machine dies before the end of the transaction.
        cursor.execute("ALTER TABLE triage_conversation ADD CONSTRAINT no_waiting CHECK (state <> 'waiting')")
    ref = uuid4()
    try:
        with pytest.raises(DatabaseError):
            writer.writes(LABELS[2], ref=ref)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE triage_conversation DROP CONSTRAINT no_waiting")
    assert (trail(writer.conversation_id), ScreeningAnswer.objects.count()) == before
    assert not Alert.objects.exists()
    assert writer.writes(LABELS[2], ref=ref).state == "waiting"
    assert Alert.objects.get().level == "high"


def test_ins_2_the_same_answer_sent_twice_is_stored_once(writer):
    begins(writer)
    answers(writer, *[0] * 8)
    ref = uuid4()
    writer.writes(LABELS[3], ref=ref)
    before = trail(writer.conversation_id)
    assert writer.writes(LABELS[3], ref=ref).repeated
    assert trail(writer.conversation_id) == before
    assert (newest().answers.count(), Alert.objects.count()) == (9, 1)


def test_item_nine_skipped_twice_calls_a_person_and_makes_no_total(writer):
    begins(writer)
    answers(writer, *[3] * 8)
    assert writer.writes("skip").state == "with_bot"
    assert writer.writes("skip").state == "waiting"
    screening = newest()
    assert (screening.level, screening.total, screening.missing) == ("moderate", None, 1)
    assert CareTask.objects.get().screening == screening  # 24 points without item 9


def test_a_yes_in_the_middle_of_the_asq_ends_the_questions_for_a_person_to_ask(writer):
    [door] = [choice.label for choice in shipped().flow("questions").nodes["which"].choices if choice.key == "asq"]
    for text in ("questions", door, "yes", "No"):
        writer.writes(text)
    turn = writer.writes("Yes")
    assert (turn.state, Alert.objects.get().kind, Alert.objects.get().level) == ("waiting", "screening", "high")
    screening = newest()
    assert (screening.state, screening.level, screening.total, screening.answers.count()) == ("left", "high", None, 2)


@pytest.mark.parametrize("texts", [("stop",), ("menu",), ("questions", "About worry")])
def test_a_screening_left_in_the_middle_keeps_its_answers_and_has_no_total(writer, texts):
    begins(writer, phq9=False)
    answers(writer, 1)
    for text in texts:
        writer.writes(text)
    [screening] = Screening.objects.all()
    assert (screening.state, screening.total, screening.band, screening.finished_at) == ("left", None, "", None)
    assert list(screening.answers.values_list("item", "value")) == [(1, 1)]
    assert trail(writer.conversation_id).count("screening.left") == 1


def test_a_question_in_between_leaves_nothing(writer):
    begins(writer, phq9=False)
    answers(writer, 1)
    writer.writes("are you a robot")
    writer.writes("not now")
    answers(writer, 1)
    [screening] = Screening.objects.all()
    assert (screening.state, screening.total) == ("finished", 2)


def test_words_of_danger_instead_of_an_answer_leave_the_screening_for_a_person(writer):
    begins(writer, phq9=False)
    answers(writer, 1)
    writer.writes("[high] I cannot go on")
    assert newest().state == "left"


@pytest.mark.parametrize("how", ["goodbye", "end", "idle", "taken_over"])
def test_no_screening_stays_open_behind_the_end_of_the_bots_part(writer, counsellor, how):
    begins(writer, phq9=False)
    answers(writer, 2)
    if how == "goodbye":
        if writer.writes("goodbye").state == "with_bot":
            writer.writes("yes")
    elif how == "end":
        conversations.end_by_client(conversation_id=writer.conversation_id, at=writer.clock.now)
    elif how == "idle":
        conversations.close_idle(at=writer.clock.forward(days=30))
    else:
        takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=writer.clock.now)
    assert writer.conversation.state == ("with_counsellor" if how == "taken_over" else "closed")
    assert (newest().state, newest().total) == ("left", None)
    assert "screening.left" in trail(writer.conversation_id)


def test_going_back_after_the_last_answer_corrects_that_screening_and_opens_no_other(writer):
    begins(writer)
    answers(writer, *[2] * 8, 0)
    assert newest().total == 16
    writer.writes("back")
    answers(writer, 0)
    assert Screening.objects.filter(instrument="phq9").count() == 1
    assert newest().total == 16


def test_a_total_of_twenty_makes_one_task_for_the_same_day(writer):
    begins(writer)
    answers(writer, *[3] * 7, 0, 0)
    task = CareTask.objects.get()
    assert (task.kind, task.screening.total) == ("screening_review", 21)
    assert (task.due_at - task.made_at).total_seconds() == 24 * 3600
    assert not Alert.objects.exists()


def test_a_rise_since_the_last_finished_one_makes_a_task(writer):
    begins(writer)
    answers(writer, *[0] * 9)
    begins(writer)
    answers(writer, *[1] * 5, *[0] * 4)
    assert not CareTask.objects.exists()
    begins(writer)
    answers(writer, *[2] * 5, 1, *[0] * 3)
    assert CareTask.objects.get().screening.total == 11
