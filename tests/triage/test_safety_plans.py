"""A safety plan is kept in versions: none is lost, none is readable once erased, and an open alert is respected."""

import threading
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from audit.selectors import detail_of
from audit.trail import Agent
from tests.people import make_member
from tests.stories import Clock, a_client_starts
from triage import alerts, clients, safety_plans
from triage.bot import engine
from triage.bot.catalogue import current_catalogue
from triage.bot.lint import lint_items
from triage.models import Alert, Client, ClientSession, SafetyPlan, SafetyPlanVersion
from triage.plan_texts import plan_texts

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "the bench by the river"
FIRST = {"signs": "I stop answering my sister", "distraction": SECRET}
SECOND = FIRST | {"people": "Sam, next door"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


@pytest.fixture
def own(clinic, clock, writer):
    """`own(parts, base)`: the client saves their plan."""
    token = writer.started.token
    return lambda parts, base=0: safety_plans.save_own(
        clinic=clinic, token=token, parts=parts, base=base, at=clock.forward(seconds=5)
    )


@pytest.fixture
def theirs(counsellor, clock, client_id):
    """`theirs(parts, base)`: the counsellor saves the plan."""
    return lambda parts, base=0: safety_plans.save(
        member=counsellor, client_id=client_id, parts=parts, base=base, at=clock.forward(seconds=5)
    )


@pytest.fixture
def client_id(writer):
    return writer.conversation.client_id


@pytest.fixture
def read(clinic, clock, writer):
    return lambda: safety_plans.read_own(clinic=clinic, token=writer.started.token, at=clock.now)


def entries(action):
    return list(Entry.objects.filter(action=action).order_by("pk"))


def said(plan):
    return {key: text for key, text in plan.parts.items() if text}


# -- Versions


def test_the_plan_has_the_seven_parts_in_the_order_of_a_hard_day(clinic):
    headings = [part.heading for part in plan_texts(clinic.pk).parts]
    assert headings == [
        "Signs that it gets harder",
        "What I can do alone",
        "People and places that take my mind off",
        "People I can ask for help",
        "Professionals and lines",
        "Making my space safer",
        "What I live for",
    ]


def test_every_save_is_a_new_version_that_names_who_and_when(own, theirs, counsellor, clock, client_id):
    assert own(FIRST).number == 1
    began = clock.now
    assert theirs(SECOND, 1).number == 2
    newest, first = safety_plans.history(member=counsellor, client_id=client_id)
    assert (newest.number, newest.writer, newest.by_client) == (2, "Counsellor One", False)
    assert (first.number, first.by_client, first.written_at) == (1, True, began)
    row = SafetyPlanVersion.objects.get(number=1)
    assert row.session == ClientSession.objects.get(client_id=client_id)
    assert said(safety_plans.view(member=counsellor, client_id=client_id, number=1, at=clock.now)) == FIRST


def test_a_saved_version_can_not_be_changed_even_in_the_database(own):
    own(FIRST)
    for change in ({"sealed_parts": b"other"}, {"number": 9}, {"written_at": None}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            SafetyPlanVersion.objects.update(**change)


def test_a_session_that_is_cleared_away_leaves_the_version(own, client_id, read):
    own(FIRST)
    SafetyPlanVersion.objects.update(session=None)
    assert said(read()) == FIRST


def test_a_client_has_one_plan_that_is_not_erased(own, clinic, client_id, clock):
    own(FIRST)
    with pytest.raises(IntegrityError, match="one_safety_plan_a_client"), transaction.atomic():
        SafetyPlan.objects.create(
            clinic=clinic, client_id=client_id, plan_key=b"k", begun_at=clock.now, changed_at=clock.now
        )


def test_bringing_an_earlier_version_back_is_a_new_version(own, theirs, counsellor, client_id, clock, read):
    own(FIRST)
    theirs(SECOND, 1)
    at = clock.forward(seconds=5)
    restored = safety_plans.restore(member=counsellor, client_id=client_id, number=1, base=2, at=at)
    assert restored == safety_plans.Saved(3)
    assert said(read()) == FIRST
    assert read().kept.restored_from == 1
    assert detail_of(entries("plan.saved")[-1])["restored_from"] == 1
    with pytest.raises(safety_plans.UnknownVersion):
        safety_plans.restore(member=counsellor, client_id=client_id, number=8, base=3, at=at)


# -- Two at once


def test_the_second_who_saves_is_told_and_nothing_is_overwritten(own, theirs, read):
    own(FIRST)
    theirs(SECOND, 1)
    with pytest.raises(safety_plans.PlanChanged) as told:
        own(FIRST | {"alone": "a walk"}, 1)
    assert told.value.newest == 2
    assert said(read()) == SECOND
    assert own(SECOND | {"alone": "a walk"}, 2).number == 3


def test_a_save_that_is_sent_twice_is_stored_once(own, clinic):
    assert own(FIRST) == safety_plans.Saved(1)
    assert own(FIRST, 0) == safety_plans.Saved(1, repeated=True)
    assert own(FIRST, 1) == safety_plans.Saved(1, repeated=True)
    assert len(entries("plan.saved")) == 1


def test_of_eight_who_save_at_the_same_moment_one_wins_and_seven_are_told(clinic, many_counsellors, client_id, clock):
    members, results = many_counsellors(8), []
    gate = threading.Barrier(len(members))

    def save(member):
        gate.wait()
        try:
            parts = {"alone": f"written by {member.user.name}"}
            at = clock.now
            results.append(safety_plans.save(member=member, client_id=client_id, parts=parts, base=0, at=at).number)
        except safety_plans.PlanChanged:
            results.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["1"] + ["told"] * 7
    assert SafetyPlanVersion.objects.count() == 1


# -- Refusals


@pytest.mark.parametrize(
    ("parts", "code", "part"),
    [
        ({"alone": "x" * 2001}, "too_long", "alone"),
        ({"alone": "  \n "}, "empty", ""),
        ({}, "empty", ""),
        ({"signs": "a\x00b"}, "bad_text", "signs"),
        ({"signs": "\ud83d"}, "bad_text", "signs"),
        ({"people": ["Sam"]}, "bad_text", "people"),
    ],
)
def test_what_cannot_be_stored_whole_is_refused_and_says_which_part(own, parts, code, part):
    with pytest.raises(safety_plans.BadPlan) as refused:
        own(parts)
    assert (refused.value.code, refused.value.part) == (code, part)
    assert not SafetyPlan.objects.exists()


def test_a_part_of_exactly_two_thousand_characters_is_taken_whole(own, read):
    long = "ü" * 1999 + "."
    own({"reasons": long})
    assert read().parts["reasons"] == long


def test_a_version_that_was_altered_is_said_to_be_unreadable_and_hides_no_other(
    own, theirs, counsellor, client_id, clock, read
):
    own(FIRST)
    theirs(SECOND, 1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE triage_safetyplanversion DISABLE TRIGGER safety_plan_version_stays")
        cursor.execute("UPDATE triage_safetyplanversion SET sealed_parts = 'broken' WHERE number = 2")
        cursor.execute("ALTER TABLE triage_safetyplanversion ENABLE TRIGGER safety_plan_version_stays")
    assert read().parts is None
    at = clock.now
    assert said(safety_plans.view(member=counsellor, client_id=client_id, number=1, at=at)) == FIRST
    with pytest.raises(safety_plans.Unreadable):
        safety_plans.restore(member=counsellor, client_id=client_id, number=2, base=2, at=at)
    assert safety_plans.restore(member=counsellor, client_id=client_id, number=1, base=2, at=at).number == 3
    assert said(read()) == FIRST


# -- While a person is called


def test_while_an_alert_is_open_the_client_reads_the_plan_and_only_the_team_changes_it(own, theirs, writer, read):
    own(FIRST)
    writer.writes("[high] I cannot go on")
    assert read().flag_open
    assert said(read()) == FIRST
    with pytest.raises(safety_plans.FlagOpen):
        own(SECOND, 1)
    assert theirs(SECOND, 1).number == 2


def test_once_the_alert_is_resolved_the_client_writes_again(own, writer, counsellor, clock):
    writer.writes("[high] I cannot go on")
    alert = Alert.objects.get()
    with pytest.raises(safety_plans.FlagOpen):
        own(FIRST)
    alerts.acknowledge(member=counsellor, alert_id=alert.pk, at=clock.forward(seconds=5))
    with pytest.raises(safety_plans.FlagOpen):
        own(FIRST)
    alerts.resolve(member=counsellor, alert_id=alert.pk, resolution="talked", at=clock.forward(seconds=5))
    assert own(FIRST).number == 1


@pytest.mark.parametrize("wish", ["my safety plan", "Show my plan", "can you show me my safety plan please?"])
def test_the_bot_answers_the_wish_to_see_the_plan_with_an_approved_sentence(writer, wish):
    turn = writer.writes(wish)
    assert turn.lines[1].content_key.startswith("my_plan.where")


def test_while_a_person_is_called_the_bot_shows_the_way_and_begins_nothing(writer):
    writer.writes("[high] I cannot go on")
    turn = writer.writes("show me my safety plan")
    [reply] = [line for line in turn.lines if line.sender == "bot"]
    assert reply.content_key.startswith("my_plan.where")
    assert (reply.exercise, reply.choices) == ("", ())
    assert not SafetyPlan.objects.exists()


@pytest.mark.parametrize("text", ["i have a plan to end it", "my plan is for tonight", "i have a plan"])
def test_a_plan_that_is_no_safety_plan_is_not_taken_for_one(text):
    catalogue = current_catalogue()
    step = engine.step(catalogue, engine.begin(catalogue).position, text)
    assert not [reply for reply in step.replies if reply.key.startswith("my_plan")]


# -- Who may


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADMINISTRATOR])
def test_only_who_may_write_to_clients_reads_and_writes_the_plan(clinic, client_id, clock, role):
    member = make_member(clinic, role, "Somebody")
    for verb, more in (
        (safety_plans.view, {}),
        (safety_plans.save, {"parts": FIRST, "base": 0}),
        (safety_plans.restore, {"number": 1, "base": 0}),
    ):
        with pytest.raises(NotPermitted):
            verb(member=member, client_id=client_id, at=clock.now, **more)
    with pytest.raises(NotPermitted):
        safety_plans.history(member=member, client_id=client_id)


def test_another_clinics_client_is_unknown(own, other_counsellor, other_clinic, client_id, writer, clock):
    own(FIRST)
    with pytest.raises(safety_plans.UnknownClient):
        safety_plans.view(member=other_counsellor, client_id=client_id, at=clock.now)
    with pytest.raises(safety_plans.UnknownClient):
        safety_plans.save(member=other_counsellor, client_id=client_id, parts=FIRST, base=1, at=clock.now)
    with pytest.raises(clients.StrangerToken):
        safety_plans.read_own(clinic=other_clinic, token=writer.started.token, at=clock.now)


def test_one_client_never_reads_the_plan_of_another(own, clinic, clock):
    own(FIRST)
    stranger = a_client_starts(clinic, clock)
    found = safety_plans.read_own(clinic=clinic, token=stranger.started.token, at=clock.now)
    assert (found.newest, found.parts) == (0, None)


# -- The trail and erasing


def test_the_trail_says_who_saved_and_read_which_version_and_no_word_of_it(own, counsellor, client_id, clock, caplog):
    own(FIRST)
    safety_plans.view(member=counsellor, client_id=client_id, at=clock.now)
    [saved], [viewed] = entries("plan.saved"), entries("plan.viewed")
    assert (saved.agent_kind, detail_of(saved)["version"]) == ("client", 1)
    assert set(detail_of(saved)) == {"client", "version", "digest"}
    assert (viewed.agent_id, detail_of(viewed)["version"]) == (str(counsellor.pk), 1)
    assert SECRET not in caplog.text
    assert not [one for one in Entry.objects.all() if SECRET in str(detail_of(one))]


def test_at_rest_no_word_of_the_plan_can_be_read(own):
    own(FIRST)
    assert SECRET.encode() not in bytes(SafetyPlanVersion.objects.get().sealed_parts)


def test_erasing_destroys_every_version_and_a_new_plan_may_begin(own, theirs, client_id, clock, read):
    own(FIRST)
    theirs(SECOND, 1)
    with transaction.atomic():
        client = Client.objects.select_for_update(no_key=True).get(pk=client_id)
        assert safety_plans.erase(client, by=Agent("client", str(client_id)), at=clock.now)
        assert not safety_plans.erase(client, by=Agent("client", str(client_id)), at=clock.now)
    assert not safety_plans.has_plan(client_id)
    assert read().newest == 0
    for row in SafetyPlanVersion.objects.select_related("plan"):
        with pytest.raises(safety_plans.Unreadable):
            safety_plans._opened(row)
    assert detail_of(entries("plan.erased")[0])["versions"] == 2
    assert own({"reasons": "my dog"}).number == 1


def test_a_save_that_fails_leaves_neither_version_nor_entry(own, settings, read):
    own(FIRST)
    keys = settings.MESSAGE_KEYS
    settings.MESSAGE_KEYS = [keys[0][::-1]]
    with suppress(Exception):
        own(SECOND, 1)
    settings.MESSAGE_KEYS = keys
    assert (SafetyPlanVersion.objects.count(), len(entries("plan.saved"))) == (1, 1)
    assert said(read()) == FIRST


def test_the_texts_of_the_plan_pass_the_lint_and_are_approved():
    items = [item for item in current_catalogue().items() if item.key in {"safety_plan", "my_plan"}]
    assert len(items) == 2
    assert lint_items(items) == []
