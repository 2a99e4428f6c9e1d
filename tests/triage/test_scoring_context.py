"""What the model is told about a message: what came before in the conversation, and nothing else."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskmodel import Context, Level, Setup
from tests.stories import Clock, a_client_starts
from tests.triage import minds
from triage import alerts, assessing
from triage.models import Alert, RiskAssessment
from triage.scoring import EARLIER, context_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(settings):
    settings.RISK_SCORER = "tests.triage.minds.two_minds"
    minds.contexts.clear()
    return Clock()


@pytest.fixture
def writer(clinic, clock):
    return a_client_starts(clinic, clock)


def last_context():
    return minds.contexts[-1][1]


def test_the_first_message_has_nothing_before_it(writer):
    writer.writes("hello")
    assert last_context() == Context()


def test_earlier_levels_and_probabilities_come_oldest_first(writer):
    for text in ("hello", "[moderate] what is the point", "[high] I have it planned", "no, all fine"):
        writer.writes(text)
    assert last_context() == Context((Level.NONE, Level.MODERATE, Level.HIGH), (0.01, 0.9, 0.9))


def test_the_bots_and_counsellors_lines_are_no_part_of_it(writer):
    for _ in range(3):
        writer.writes("hello")
    assert len(writer.reads()) > 3
    assert len(last_context().earlier) == 2


def test_only_the_last_twenty_are_told(writer):
    writer.writes("[high] the first of all")
    for _ in range(EARLIER + 1):
        writer.writes("[low] and on")
    assert last_context().earlier == (Level.LOW,) * EARLIER


def test_a_message_sent_again_is_not_its_own_past(writer):
    ref = uuid4()
    writer.writes("hello")
    writer.writes("[high] I have it planned", ref=ref)
    first = last_context()
    assert writer.writes("[high] I have it planned", ref=ref).repeated
    assert last_context() == first == Context((Level.NONE,), (0.01,))


def test_other_conversations_are_no_part_of_it(writer, clinic, clock):
    a_client_starts(clinic, clock).writes("[high] I have it planned")
    writer.writes("hello")
    assert last_context() == Context()


def test_what_was_not_scored_says_nothing(writer):
    for text in ("[unscored] ?", "[low] tired", "hello"):
        writer.writes(text)
    assert last_context() == Context((Level.LOW,), (0.01,))


def test_what_a_person_has_judged_raises_nothing_any_more(writer, counsellor, clock):
    writer.writes("[high] I have it planned")
    alert = Alert.objects.get()
    alerts.resolve(member=counsellor, alert_id=alert.pk, resolution="talked", at=clock.forward(seconds=30))
    writer.writes("[low] thank you for staying with me")
    assert last_context() == Context()
    writer.writes("how do I sleep better")
    assert last_context().earlier == (Level.LOW,)


def test_the_past_is_one_statement_by_an_index_and_outside_the_transaction(writer):
    writer.writes("hello")
    with CaptureQueriesContext(connection) as captured:
        writer.writes("[high] I have it planned")
    statements = [query["sql"] for query in captured]
    [place] = [n for n, sql in enumerate(statements) if "ORDER BY m.seq DESC" in sql]
    assert place < statements.index("BEGIN")
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN " + statements[place])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Seq Scan" not in plan


def test_in_between_nothing_is_asked_about_switches(writer):
    writer.writes("hello")
    with CaptureQueriesContext(connection) as captured:
        context_of(writer.conversation_id, uuid4(), "hello")
        assessing.assess("hello", Context(), Setup())
    assert len(captured) == 1


def test_language_and_words_are_kept_with_the_assessment(writer, settings):
    settings.RISK_SCORER = "riskmodel.score"
    writer.writes("hello there qwrtzpf, how are you")
    found = RiskAssessment.objects.get()
    assert (found.language, found.words) == ("en", 6)
    assert found.unknown_words >= 1


def test_a_candidate_is_never_scored_with_another_version(clock):
    assert assessing.is_refused(assessing.assess_exactly("hello", None, Setup(minds.REFUSED)))
    assert not assessing.is_refused(assessing.assess("hello", None, Setup(minds.REFUSED)))


def test_a_button_of_the_bots_is_no_word_of_the_clients_and_has_no_course(writer):
    writer.writes("[moderate] what is the point")
    for button in ("Answer some questions", "More than half the days", "Rather not say"):
        writer.writes(button)
        assert last_context() == Context()


@pytest.mark.parametrize("text", ["No", "not now then", "Answer some questions, please"])
def test_a_word_that_may_be_the_clients_own_is_read_in_its_course(writer, text):
    writer.writes("[moderate] what is the point")
    writer.writes(text)
    assert last_context().earlier == (Level.MODERATE,)
