"""A candidate scores silently: no conversation feels it, nothing is lost, and staff see what would change."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from config.embedded import processes
from riskmodel import Level
from tests import fakes
from tests.people import make_member
from tests.stories import Clock, a_client_starts, trail
from tests.triage import minds
from triage import assessing, setups, shadow, shadowing, switching
from triage.models import Conversation, Message, ScoringSetup, ShadowScore
from triage.tasks import shadow_score

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(settings):
    settings.RISK_SCORER = "tests.triage.minds.two_minds"
    minds.contexts.clear()
    return Clock()


@pytest.fixture
def candidate(clinician, clock):
    """A candidate in shadow that reads the mark `(high)` where the one in force reads `[high]`."""
    setup = setups.propose(member=clinician, at=clock.now)
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=minds.CANDIDATE)
    return setups.start_shadow(member=clinician, setup_id=setup.pk, at=clock.now)


def conversation(clinic, clock, *texts, **more):
    writer = a_client_starts(clinic, clock, **more)
    for text in texts:
        writer.writes(text)
    return writer


def sweep(clock, **more):
    return shadowing.sweep(at=clock.forward(seconds=10), **more)


def levels(writer):
    rows = ShadowScore.objects.filter(message__conversation_id=writer.conversation_id).order_by("message__seq")
    return list(rows.values_list("level", flat=True))


# -- Scoring in shadow


def test_every_message_since_then_is_scored_once(clinic, clock, candidate):
    writer = conversation(clinic, clock, "hello", "(high) quietly", "[high] loudly")
    assert sweep(clock) == 3
    assert levels(writer) == ["none", "high", "none"]
    assert sweep(clock) == 0


def test_messages_from_before_are_left_alone(clinic, clinician, clock):
    writer = conversation(clinic, clock, "(high) before")
    setup = setups.propose(member=clinician, at=clock.now)
    setups.start_shadow(member=clinician, setup_id=setup.pk, at=clock.forward(seconds=1))
    writer.writes("after")
    assert sweep(clock) == 1


def test_no_conversation_feels_it(clinic, clock, candidate):
    writer = conversation(clinic, clock, "(imminent) now", "hello")
    before = (writer.reads(), trail(writer.conversation_id), Conversation.objects.values().get())
    sweep(clock)
    assert levels(writer) == ["imminent", "none"]
    assert (writer.reads(), trail(writer.conversation_id), Conversation.objects.values().get()) == before


def test_the_words_come_into_no_log_and_no_table(clinic, clock, candidate, caplog):
    conversation(clinic, clock, "(high) the lighthouse keeper")
    sweep(clock)
    assert "lighthouse" not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM triage_shadowscore AS t WHERE t::text ILIKE '%lighthouse%'")
        assert cursor.fetchone() == (0,)


def test_a_sweep_takes_a_batch_and_the_next_one_goes_on(clinic, clock, candidate):
    writers = [conversation(clinic, clock, "one", "two (high)", "three") for _ in range(3)]
    assert [sweep(clock, limit=4) for _ in range(4)] == [4, 4, 1, 0]
    assert [levels(writer) for writer in writers] == [["none", "high", "none"]] * 3


def test_a_crash_half_way_loses_nothing(clinic, clock, candidate):
    """PostgreSQL refuses the second conversation's scores once; what was stored stays, the rest is done later."""
    writers = [conversation(clinic, clock, "one", "two (high)") for _ in range(3)]
    middle = sorted(writers, key=lambda writer: writer.conversation_id)[1]
    unlucky = Message.objects.filter(conversation_id=middle.conversation_id, sender="client").first().pk
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE triage_shadowscore ADD CONSTRAINT full_disk CHECK (message_id <> {unlucky})")
        try:
            with pytest.raises(Exception, match="full_disk"):
                sweep(clock)
        finally:
            cursor.execute("ALTER TABLE triage_shadowscore DROP CONSTRAINT full_disk")
    assert 0 < ShadowScore.objects.count() < 6
    sweep(clock)
    assert [levels(writer) for writer in writers] == [["none", "high"]] * 3


def test_a_turn_that_was_stored_late_is_still_found(clinic, clock, candidate):
    """A message bears the time at which its turn began; a sweep may have been there in between."""
    writer = conversation(clinic, clock)
    began = clock.now
    clock.forward(seconds=40)
    sweep(clock)
    clock.now = began
    writer.writes("(high) slowly stored")
    clock.forward(minutes=2)
    assert sweep(clock) == 1


def test_two_sweeps_at_once_store_each_score_once(clinic, clock, candidate):
    for _ in range(5):
        conversation(clinic, clock, "one", "two (high)", "three")
    together = threading.Barrier(2)

    def one(_):
        try:
            together.wait()
            return shadowing.sweep(at=clock.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    assert ShadowScore.objects.count() == 15


def test_the_candidate_remembers_what_it_said_itself_and_before_that_what_was_in_force(clinic, clinician, clock):
    writer = conversation(clinic, clock, "[moderate] before")
    setup = setups.propose(member=clinician, at=clock.now)
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=minds.CANDIDATE)
    setups.start_shadow(member=clinician, setup_id=setup.pk, at=clock.forward(seconds=1))
    writer.writes("(high) first")
    sweep(clock)
    for text in ("[high] second", "third"):
        writer.writes(text)
    sweep(clock)
    told = [context.earlier for version, context in minds.contexts if version == minds.CANDIDATE]
    assert told == [
        (Level.MODERATE,),
        (Level.MODERATE, Level.HIGH),
        (Level.MODERATE, Level.HIGH, Level.NONE),
    ]


def test_an_erased_conversation_is_passed_over(clinic, clock, candidate):
    erased, kept = conversation(clinic, clock, "gone"), conversation(clinic, clock, "kept")
    Conversation.objects.filter(pk=erased.conversation_id).update(message_key=None)
    assert sweep(clock) == 1
    assert (levels(erased), levels(kept)) == ([], ["none"])


def test_an_altered_message_counts_as_unscored_and_does_not_stop_the_rest(clinic, clock, candidate):
    altered, whole = conversation(clinic, clock, "altered"), conversation(clinic, clock, "whole")
    rows = Message.objects.filter(conversation_id=altered.conversation_id, sender="client")
    rows.update(sealed_text=b"\x00" * 40)
    assert sweep(clock) == 2
    assert (levels(altered), levels(whole)) == (["unscored"], ["none"])


def test_a_candidate_that_refuses_to_load_waits_and_loses_nothing(clinic, clock, candidate, caplog):
    ScoringSetup.objects.filter(pk=candidate.pk).update(model_version=minds.REFUSED)
    writer = conversation(clinic, clock, "(high) meanwhile")
    sweep(clock)
    assert levels(writer) == []
    assert "shadow scoring stands still: the model version refused to load" in caplog.text
    ScoringSetup.objects.filter(pk=candidate.pk).update(model_version=minds.CANDIDATE)
    sweep(clock)
    assert levels(writer) == ["high"]


def test_what_no_model_scored_is_not_scored_in_shadow(clinic, supervisor, clock, candidate):
    writer = conversation(clinic, clock, "scored")
    switching.switch_off(member=supervisor, at=clock.now)
    writer.writes("switched off")
    assert sweep(clock) == 0, "while scoring is off in the clinic, nothing is scored at all"
    switching.switch_on(member=supervisor, at=clock.now)
    assert sweep(clock) == 1
    assert levels(writer) == ["none"]


def test_a_clinic_that_scores_nothing_by_law_scores_nothing_in_shadow(clinic, clock, candidate):
    conversation(clinic, clock, "hello")
    clinic.scoring_enabled = False
    clinic.save()
    assert sweep(clock) == 0


def test_another_clinics_messages_are_not_scored(other_clinic, clock, candidate):
    conversation(other_clinic, clock, "hello")
    assert sweep(clock) == 0


def test_a_withdrawn_candidate_scores_no_more(clinic, clinician, clock, candidate):
    conversation(clinic, clock, "hello")
    setups.withdraw(member=clinician, setup_id=candidate.pk, at=clock.now)
    assert sweep(clock) == 0


def test_a_process_that_gave_scoring_up_stores_nothing_wrong(clinic, clock, candidate, settings):
    writer = conversation(clinic, clock, "(high) meanwhile")
    settings.RISK_SCORER, settings.SCORE_TIMEOUT_SECONDS = "tests.fakes.hanging", 0.02
    try:
        for _ in range(16):
            assessing.assess("hello")
        sweep(clock)
    finally:
        fakes.let_go()
    assert levels(writer) == []
    assert processes.wait_until(lambda: not assessing.given_up(), seconds=20)


def test_the_worker_scores_in_shadow_with_the_real_model(clinic, clinician, live_environment, start_worker):
    now = timezone.now()
    setup = setups.propose(member=clinician, at=now)
    setups.start_shadow(member=clinician, setup_id=setup.pk, at=now)
    writer = conversation(clinic, Clock(now), "I am going to kill myself tonight", "hello there")
    start_worker()
    shadow_score.delay()
    assert processes.wait_until(lambda: len(levels(writer)) == 2, seconds=60)
    live = writer.conversation.messages.filter(sender="client").order_by("seq")
    assert levels(writer) == [row.assessment.level for row in live.select_related("assessment")]


# -- What would change


@pytest.fixture
def story(clinic, clock, candidate):
    """One conversation of each kind, by name."""
    found = {
        "lost": conversation(clinic, clock, "hello", "[high] a"),
        "later": conversation(clinic, clock, "[moderate] a", "(high) b"),
        "earlier": conversation(clinic, clock, "(moderate) a", "[high] b"),
        "gained": conversation(clinic, clock, "hello", "(imminent) a", is_rehearsal=True),
        "same": conversation(clinic, clock, "[high] (moderate) a"),
        "quiet": conversation(clinic, clock, "hello", "[low] a"),
    }
    sweep(clock)
    return found


def test_conversations_are_counted_by_what_becomes_of_their_first_alert(clinician, story, candidate):
    found = shadow.comparison(member=clinician, setup_id=candidate.pk)
    assert {name: getattr(found, name) for name in story} == dict.fromkeys(story, 1)
    assert (found.conversations, found.messages, found.rehearsals) == (6, 11, 1)


def test_what_would_be_lost_is_listed_first_with_the_message_that_decides(administrator, story, candidate):
    found = shadow.differences(member=administrator, setup_id=candidate.pk)
    listed = [(one.change, one.conversation_id, one.old, one.new, one.is_rehearsal) for one in found]
    assert listed == [
        ("lost", story["lost"].conversation_id, "high", "none", False),
        ("later", story["later"].conversation_id, "moderate", "none", False),
        ("earlier", story["earlier"].conversation_id, "none", "moderate", False),
        ("gained", story["gained"].conversation_id, "none", "imminent", True),
    ]
    assert {one.seq for one in found} == {turn.seq for name in ("lost", "gained") for turn in story[name].sent[1:]} | {
        turn.seq for name in ("later", "earlier") for turn in story[name].sent[:1]
    }


def test_one_kind_of_change_can_be_asked_for_and_an_unknown_one_is_refused(clinician, story, candidate):
    [lost] = shadow.differences(member=clinician, setup_id=candidate.pk, change="lost")
    assert lost.conversation_id == story["lost"].conversation_id
    with pytest.raises(shadow.UnknownChange):
        shadow.differences(member=clinician, setup_id=candidate.pk, change="quiet")


def test_pages_follow_one_another_without_a_gap(clinic, clinician, clock, candidate):
    for _ in range(shadow.PAGE + 3):
        conversation(clinic, clock, "(high) a")
    sweep(clock)
    pages = [shadow.differences(member=clinician, setup_id=candidate.pk, page=page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [shadow.PAGE, 3, 0]
    assert len({one.conversation_id for page in pages for one in page}) == shadow.PAGE + 3


def test_an_unscored_message_counts_as_the_alert_that_it_is(clinic, clinician, clock, candidate):
    conversation(clinic, clock, "[unscored] ?")
    sweep(clock)
    assert shadow.comparison(member=clinician, setup_id=candidate.pk).lost == 1


def test_the_report_stays_when_the_candidate_is_put_to_use(clinic, clinician, story, candidate, clock):
    ScoringSetup.objects.filter(pk=candidate.pk).update(state="in_force", in_force_from=clock.now)
    assert shadow.comparison(member=clinician, setup_id=candidate.pk).conversations == 6


def test_before_anything_is_scored_all_counts_are_nought(clinician, candidate):
    assert shadow.comparison(member=clinician, setup_id=candidate.pk) == shadow.Comparison()


def test_the_words_are_shown_to_who_may_read_them_and_each_view_is_on_its_trail(supervisor, story, candidate, clock):
    read = shadow.read_differences(member=supervisor, setup_id=candidate.pk, at=clock.now)
    assert [one.text for one in read] == ["[high] a", "[moderate] a", "(moderate) a", "(imminent) a"]
    for name, writer in story.items():
        viewed = trail(writer.conversation_id).count("transcript.viewed")
        assert viewed == (0 if name in ("same", "quiet") else 1)
    entry = Entry.objects.filter(action="transcript.viewed").latest("id")
    assert entry.agent_id == str(supervisor.pk)
    assert str(candidate.pk) in entry.detail


def test_an_administrator_sees_counts_and_reads_no_words(administrator, story, candidate, clock):
    before = Entry.objects.count()
    with pytest.raises(NotPermitted):
        shadow.read_differences(member=administrator, setup_id=candidate.pk, at=clock.now)
    assert Entry.objects.count() == before


def test_a_counsellor_sees_none_of_it(counsellor, candidate, clock):
    with pytest.raises(NotPermitted):
        shadow.comparison(member=counsellor, setup_id=candidate.pk)
    with pytest.raises(NotPermitted):
        shadow.read_differences(member=counsellor, setup_id=candidate.pk, at=clock.now)


def test_another_clinics_candidate_is_unknown(other_clinic, candidate, clock):
    theirs = make_member(other_clinic, Role.CLINICIAN, "Hillside Clinician")
    for ask in (shadow.comparison, shadow.differences):
        with pytest.raises(setups.UnknownSetup):
            ask(member=theirs, setup_id=candidate.pk)


def test_what_was_erased_since_says_so(supervisor, story, candidate, clock):
    Conversation.objects.filter(pk=story["lost"].conversation_id).update(message_key=None)
    [lost] = shadow.read_differences(member=supervisor, setup_id=candidate.pk, at=clock.now, change="lost")
    assert "erased" in lost.text


def test_a_long_backlog_is_asked_for_once_and_then_only_what_is_new(clinic, clock, candidate):
    """After a whole sweep the next one looks at the last minutes alone, whatever the shadow's age."""
    conversation(clinic, clock, "hello")
    sweep(clock)
    candidate.refresh_from_db()
    assert candidate.shadow_until == clock.now
    clock.forward(days=3)
    sweep(clock)
    candidate.refresh_from_db()
    assert candidate.shadow_until - candidate.shadow_from > timedelta(days=3)
