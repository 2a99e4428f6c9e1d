"""What the software missed, a reviewer says: it is kept, it is on the trail, and it calls nobody."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from accounts.access import NotPermitted
from audit.models import Entry
from audit.selectors import detail_of
from counselling.judging import LEVELS, NotAssessed, UnknownLevel, judge_level
from counselling.models import LevelJudgement
from tests.people import make_member, sign_in
from tests.stories import Clock, Writer, a_client_starts, trail
from triage.access import UnknownConversation
from triage.models import Alert, Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings) -> Writer:
    settings.RISK_SCORER = "tests.fakes.marked"
    writer = a_client_starts(clinic, clock)
    writer.writes("[low] I have given my dog away")
    return writer


def line_of_the_client(writer: Writer) -> int:
    return Message.objects.get(conversation=writer.conversation_id, sender="client").seq


def judge(member, writer, level="high", seq=None):
    place = {"conversation_id": writer.conversation_id, "seq": seq or line_of_the_client(writer)}
    return judge_level(member=member, level=level, at=writer.clock.forward(minutes=5), **place)


@pytest.mark.parametrize("role", ["supervisor", "clinician"])
def test_a_judgement_is_kept_and_recorded_with_what_the_software_had_said(writer, request, role):
    member = request.getfixturevalue(role)
    judge(member, writer)
    kept = LevelJudgement.objects.get()
    assert (kept.level, kept.reviewer, kept.judged_at) == ("high", member, writer.clock.now)
    assert trail(writer.conversation_id)[-1] == "level.judged"
    entry = Entry.objects.get(action="level.judged")
    assert detail_of(entry) == {"seq": line_of_the_client(writer), "level": "high", "scored": "low"}


def test_a_judgement_after_the_fact_moves_nothing_on_the_desk(writer, supervisor):
    before = writer.conversation
    judge(supervisor, writer, "imminent")
    after = writer.conversation
    assert (after.level, after.state, after.changed_at) == (before.level, before.state, before.changed_at)
    assert not Alert.objects.exists()


def test_a_second_thought_is_added_and_the_first_stays(writer, supervisor, clinician):
    judge(supervisor, writer, "high")
    judge(clinician, writer, "none")
    assert list(LevelJudgement.objects.order_by("pk").values_list("level", flat=True)) == ["high", "none"]


@pytest.mark.parametrize("role", ["counsellor", "administrator"])
def test_who_does_not_review_judges_no_level(writer, request, role):
    with pytest.raises(NotPermitted):
        judge(request.getfixturevalue(role), writer)


def test_another_clinics_reviewer_finds_no_such_conversation(writer, other_clinic):
    with pytest.raises(UnknownConversation):
        judge(make_member(other_clinic, "supervisor", "Hillside Supervisor"), writer)


def test_only_a_line_of_the_client_that_was_scored_can_be_judged(writer, supervisor):
    for seq in (1, 999):  # the bot's first line, and none at all
        with pytest.raises(NotAssessed):
            judge(supervisor, writer, seq=seq)


@pytest.mark.parametrize("level", ["unscored", "", "HIGH"])
def test_only_a_level_of_the_scale_is_a_judgement(writer, supervisor, level):
    with pytest.raises(UnknownLevel):
        judge(supervisor, writer, level)
    message = Message.objects.get(conversation=writer.conversation_id, sender="client")
    with pytest.raises(IntegrityError):
        LevelJudgement.objects.create(message=message, reviewer=supervisor, level=level, judged_at=writer.clock.now)


def test_no_choice_calls_a_message_safe():
    assert not [words for words in LEVELS.values() if "low risk" in words.lower() or "safe" in words.lower()]


# The page


def send(client, writer, **body):
    return client.post(reverse("counselling:judge", args=[writer.conversation_id]), body, follow=True)


def test_a_reviewer_says_on_the_page_where_a_line_stands_and_reads_it_in_the_time_line(client, writer, supervisor):
    sign_in(client, supervisor)
    line = line_of_the_client(writer)
    page = send(client, writer, line=line, level="high").content.decode()
    assert f"Stored: line {line}, high risk." in page
    assert f"A reviewer judged at which level a message stands</strong>: line {line}: High risk" in page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"line": "", "level": "high"}, "Give the number of a line, and choose a level."),
        ({"line": "2", "level": "unscored"}, "Give the number of a line, and choose a level."),
        ({"line": "-1", "level": "high"}, "Give the number of a line, and choose a level."),
        ({"line": "99999999999", "level": "high"}, "Give the number of a line, and choose a level."),
        ({"line": "1", "level": "high"}, "Line 1 is no line of the client that was scored."),
    ],
)
def test_the_page_says_why_nothing_was_stored(client, writer, supervisor, body, said):
    sign_in(client, supervisor)
    assert f"Nothing was stored. {said}" in send(client, writer, **body).content.decode()
    assert not LevelJudgement.objects.exists()
