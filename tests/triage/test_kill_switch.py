"""Scoring switched off for a conversation, a clinic or everywhere: from the next message on, and nobody is lulled."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from config import home
from config.embedded import processes
from counselling import desk, takeovers
from tests.people import make_member
from tests.stories import Clock, a_client_starts, trail
from tests.tabs import ClientTab
from triage import clients, switching, turns
from triage.locking import UnknownConversation
from triage.models import Alert, RiskAssessment, ScoringSwitch, SwitchMode
from triage.switches import ScoringKind, scoring_for

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, RULES = SwitchMode.ALL_TO_PEOPLE, SwitchMode.RULES_ONLY
HARMLESS = "what a lovely morning it is"
EXPLICIT = "I am going to kill myself tonight"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock):
    return a_client_starts(clinic, clock)


def kind(writer):
    return scoring_for(writer.conversation_id).kind


def versions(writer):
    rows = RiskAssessment.objects.filter(message__conversation_id=writer.conversation_id).order_by("message__seq")
    return list(rows.values_list("model_version", flat=True))


def recorded(stream):
    rows = Entry.objects.filter(stream__name=stream, action__startswith="scoring.").order_by("seq")
    return list(rows.values_list("action", flat=True))


# -- Every message to people


def test_in_a_conversation_that_is_switched_off_every_message_calls_a_person(writer, supervisor, clock):
    assert writer.writes(HARMLESS).level == "none"
    switching.switch_off(member=supervisor, conversation_id=writer.conversation_id, at=clock.now)
    turn = writer.writes(HARMLESS)
    assert (turn.level, turn.state, Alert.objects.get().kind) == ("unscored", "waiting", "unscored")
    assert versions(writer)[-1] == "none (switched off)"


def test_other_conversations_are_scored_as_before(writer, clinic, supervisor, clock):
    switching.switch_off(member=supervisor, conversation_id=writer.conversation_id, at=clock.now)
    assert a_client_starts(clinic, clock).writes(HARMLESS).level == "none"


def test_a_clinic_that_is_switched_off_sends_every_message_to_people_and_other_clinics_go_on(
    writer, other_clinic, clinician, clock
):
    switching.switch_off(member=clinician, at=clock.now)
    assert writer.writes(HARMLESS).state == "waiting"
    assert a_client_starts(other_clinic, clock).writes(HARMLESS).state == "with_bot"


def test_everywhere_is_every_clinic(writer, other_clinic, clock):
    switching.switch_off_by_command(at=clock.now)
    for one in (writer, a_client_starts(other_clinic, clock)):
        assert one.writes(HARMLESS).state == "waiting"


def test_while_a_counsellor_holds_an_unscored_message_calls_nobody_else(writer, counsellor, supervisor, clock):
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=clock.now)
    switching.switch_off(member=supervisor, at=clock.now)
    assert writer.writes(HARMLESS).level == "unscored"
    assert not Alert.objects.exists()


# -- Rules only


@pytest.fixture
def rules_only(supervisor, clock):
    return switching.switch_off(member=supervisor, mode=RULES, at=clock.now)


def test_with_rules_only_an_explicit_sentence_calls_a_person_at_the_level_of_its_rule(writer, rules_only):
    turn = writer.writes(EXPLICIT)
    alert = Alert.objects.get()
    assert (turn.state, alert.kind, alert.level) == ("waiting", "risk", turn.level)
    assert turn.level in ("high", "imminent")
    assert versions(writer)[-1].startswith("rules-")


def test_with_rules_only_the_rest_calls_nobody_but_the_desk_shows_it_as_unscored(writer, rules_only, counsellor, clock):
    turn = writer.writes(HARMLESS)
    assert (turn.level, turn.state, turn.alert_open) == ("unscored", "with_bot", False)
    assert not Alert.objects.exists()
    [card] = desk.queue(counsellor)["conversations"]
    assert (card["id"], card["level"]) == (str(writer.conversation_id), "unscored")


def test_with_rules_only_the_bot_goes_on(writer, rules_only):
    assert any(line.sender == "bot" for line in writer.writes(HARMLESS).lines)


def test_after_an_unscored_message_a_rule_still_calls_a_person(writer, rules_only):
    writer.writes(HARMLESS)
    assert writer.writes(EXPLICIT).alert_open


def test_with_rules_only_a_wish_for_a_person_is_heard(writer, rules_only):
    assert writer.writes(HARMLESS, wishes_person=True).state == "waiting"
    assert Alert.objects.get().kind == "person"


@pytest.mark.parametrize("text", ["Сегодня я больше не хочу жить, прощайте все", "私はもう生きていたくない", "?!"])
def test_with_rules_only_what_the_rules_cannot_read_is_for_a_person(writer, rules_only, text):
    turn = writer.writes(text)
    assert (turn.state, Alert.objects.get().kind) == ("waiting", "unscored")


def test_an_unscored_conversation_is_not_moved_down_by_a_message_that_is_scored_again(
    writer, rules_only, supervisor, clock
):
    writer.writes(HARMLESS)
    switching.switch_on(member=supervisor, at=clock.now)
    assert writer.writes(HARMLESS).level == "none"
    assert writer.conversation.level == "unscored"


def test_with_rules_only_a_harmless_word_after_the_end_is_no_cause_for_alarm_and_an_explicit_one_is(
    writer, rules_only, counsellor, clock
):
    takeovers.take_over(member=counsellor, conversation_id=writer.conversation_id, at=clock.now)
    takeovers.close_conversation(
        member=counsellor, conversation_id=writer.conversation_id, disposition="supported", at=clock.now
    )
    for text, concern in ((HARMLESS, False), (EXPLICIT, True)):
        with pytest.raises(turns.Closed) as closed:
            writer.writes(text)
        assert closed.value.concern is concern


# -- Which mode holds


def test_a_clinics_own_choice_holds_where_nobody_says_otherwise(writer, clinician, supervisor, clock):
    assert writer.conversation.clinic.switch_off_mode == PEOPLE
    switching.choose_mode(member=clinician, mode=RULES, at=clock.now)
    assert switching.switch_off(member=supervisor, at=clock.now).mode == RULES
    assert kind(writer) is ScoringKind.RULES_ONLY


def test_a_later_choice_does_not_change_what_is_switched_off_already(writer, clinician, supervisor, clock):
    switching.switch_off(member=supervisor, at=clock.now)
    switching.choose_mode(member=clinician, mode=RULES, at=clock.now)
    assert kind(writer) is ScoringKind.ALL_TO_PEOPLE


def test_everywhere_means_in_each_clinic_what_it_has_chosen(writer, clinician, other_clinic, clock):
    switching.choose_mode(member=clinician, mode=RULES, at=clock.now)
    switching.switch_off_by_command(at=clock.now)
    assert kind(writer) is ScoringKind.RULES_ONLY
    assert kind(a_client_starts(other_clinic, clock)) is ScoringKind.ALL_TO_PEOPLE


@pytest.mark.parametrize("careful", ["conversation", "clinic", "everywhere"])
def test_of_several_switches_the_most_careful_one_holds(writer, supervisor, clock, careful):
    modes = dict.fromkeys(("conversation", "clinic", "everywhere"), RULES) | {careful: PEOPLE}
    conversation = {"conversation_id": writer.conversation_id}
    switching.switch_off(member=supervisor, **conversation, mode=modes["conversation"], at=clock.now)
    switching.switch_off(member=supervisor, mode=modes["clinic"], at=clock.now)
    switching.switch_off_by_command(mode=modes["everywhere"], at=clock.now)
    assert kind(writer) is ScoringKind.ALL_TO_PEOPLE
    switching.switch_on(member=supervisor, **conversation, at=clock.now)
    assert kind(writer) is (ScoringKind.RULES_ONLY if careful == "conversation" else ScoringKind.ALL_TO_PEOPLE)


def test_the_other_mode_takes_the_place_of_the_first(writer, clinic, supervisor, clock):
    switching.switch_off(member=supervisor, mode=PEOPLE, at=clock.now)
    switching.switch_off(member=supervisor, mode=RULES, at=clock.now)
    assert kind(writer) is ScoringKind.RULES_ONLY
    assert ScoringSwitch.objects.filter(switched_on_at=None).count() == 1
    assert recorded(f"clinic:{clinic.pk}") == ["scoring.switched_off"] * 2


def test_switching_off_twice_changes_nothing_and_is_recorded_once(clinic, supervisor, clinician, clock):
    first = switching.switch_off(member=supervisor, at=clock.now)
    assert switching.switch_off(member=clinician, at=clock.now) == first
    assert recorded(f"clinic:{clinic.pk}") == ["scoring.switched_off"]


def test_off_by_law_nothing_is_assessed_whatever_is_switched(writer, clinic, supervisor, clock):
    clinic.scoring_enabled = False
    clinic.save()
    switching.switch_off(member=supervisor, mode=RULES, at=clock.now)
    assert writer.writes(HARMLESS).state == "waiting"
    assert not RiskAssessment.objects.exists()


@pytest.mark.parametrize("mode", ["off", "none", "ALL_TO_PEOPLE"])
def test_an_unknown_mode_is_refused(supervisor, clinician, clock, mode):
    with pytest.raises(switching.UnknownMode):
        switching.switch_off(member=supervisor, mode=mode, at=clock.now)
    with pytest.raises(switching.UnknownMode):
        switching.choose_mode(member=clinician, mode=mode, at=clock.now)
    assert not ScoringSwitch.objects.exists()


# -- On again, who may, and what is on the trail


def test_on_again_the_next_message_is_scored(writer, supervisor, clinician, clock):
    place = {"conversation_id": writer.conversation_id}
    switching.switch_off(member=supervisor, **place, at=clock.now)
    switch = switching.switch_on(member=clinician, **place, at=clock.now)
    assert (switch.switched_off_by, switch.switched_on_by) == (supervisor, clinician)
    assert writer.writes(HARMLESS).level == "none"


def test_what_is_not_switched_off_cannot_be_switched_on(writer, supervisor, clock):
    switching.switch_off_by_command(at=clock.now)
    for place in ({}, {"conversation_id": writer.conversation_id}):
        with pytest.raises(switching.NotSwitchedOff):
            switching.switch_on(member=supervisor, **place, at=clock.now)
    assert kind(writer) is ScoringKind.ALL_TO_PEOPLE
    switching.switch_on_by_command(at=clock.now)
    assert kind(writer) is ScoringKind.MODEL


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.ADMINISTRATOR])
def test_who_may_not_switch_switches_nothing(writer, clinic, clock, role):
    member = make_member(clinic, role, f"The {role}")
    for act in (switching.switch_off, switching.switch_on):
        for place in ({}, {"conversation_id": writer.conversation_id}):
            with pytest.raises(NotPermitted):
                act(member=member, **place, at=clock.now)
    assert not ScoringSwitch.objects.exists()


def test_a_supervisor_switches_but_does_not_choose_the_mode(supervisor, clock):
    with pytest.raises(NotPermitted):
        switching.choose_mode(member=supervisor, mode=RULES, at=clock.now)


def test_a_supervisor_who_was_just_deactivated_switches_nothing(supervisor, clock):
    type(supervisor).objects.filter(pk=supervisor.pk).update(is_active=False)
    with pytest.raises(NotPermitted):
        switching.switch_off(member=supervisor, at=clock.now)


def test_another_clinics_conversation_is_unknown(writer, other_clinic, clock):
    theirs = make_member(other_clinic, Role.SUPERVISOR, "Hillside Supervisor")
    for conversation_id in (writer.conversation_id, uuid4()):
        with pytest.raises(UnknownConversation):
            switching.switch_off(member=theirs, conversation_id=conversation_id, at=clock.now)
    assert not ScoringSwitch.objects.exists()


def test_a_conversations_switch_is_on_its_trail_and_on_the_clinics(writer, clinic, supervisor, clock):
    place = {"conversation_id": writer.conversation_id}
    switching.switch_off(member=supervisor, **place, at=clock.now)
    switching.switch_on(member=supervisor, **place, at=clock.now)
    both = ["scoring.switched_off", "scoring.switched_on"]
    assert trail(writer.conversation_id)[-2:] == both
    assert recorded(f"clinic:{clinic.pk}") == both


def test_a_switch_everywhere_is_on_the_services_trail_and_on_every_clinics(clinic, other_clinic, clock):
    switching.switch_off_by_command(mode=PEOPLE, at=clock.now)
    switching.switch_on_by_command(at=clock.now)
    for stream in ("service", f"clinic:{clinic.pk}", f"clinic:{other_clinic.pk}"):
        assert recorded(stream) == ["scoring.switched_off", "scoring.switched_on"]


def test_the_widest_switch_is_named_first(writer, clinic, other_clinic, supervisor, clock):
    switching.switch_off(member=supervisor, conversation_id=writer.conversation_id, at=clock.now)
    switching.switch_off(member=supervisor, at=clock.now)
    switching.switch_off_by_command(at=clock.now)
    assert [one.scope for one in switching.open_switches(clinic.pk)] == ["everywhere", "clinic", "conversation"]
    assert [one.scope for one in switching.open_switches(other_clinic.pk)] == ["everywhere"]


# -- Races, and other processes


@pytest.mark.parametrize("scope", ["conversation", "clinic", "everywhere"])
def test_of_two_who_switch_off_at_once_there_is_one_switch_and_one_entry(writer, clinic, supervisor, clock, scope):
    together = threading.Barrier(2)

    def switch(_):
        try:
            together.wait()
            if scope == "everywhere":
                return switching.switch_off_by_command(at=clock.now)
            place = {"conversation_id": writer.conversation_id} if scope == "conversation" else {}
            return switching.switch_off(member=supervisor, **place, at=clock.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(switch, range(2))
    assert first == second
    assert ScoringSwitch.objects.count() == 1
    assert recorded(f"clinic:{clinic.pk}") == ["scoring.switched_off"]


def test_everywhere_does_not_wait_for_a_clinic_whose_trail_is_held(
    writer, clinic, clinician, clock, other_clinic, caplog
):
    switching.choose_mode(member=clinician, mode=RULES, at=clock.now)  # so that its trail is there
    held = ["SELECT 1 FROM audit_stream WHERE name = %s FOR UPDATE", [f"clinic:{clinic.pk}"]]
    with psycopg.connect(home.database_url(connection.settings_dict["NAME"])) as holder:
        holder.execute(*held)
        switching.switch_off_by_command(mode=PEOPLE, at=clock.now)
        assert kind(writer) is ScoringKind.ALL_TO_PEOPLE
    assert recorded("service") == recorded(f"clinic:{other_clinic.pk}") == ["scoring.switched_off"]
    assert recorded(f"clinic:{clinic.pk}") == []
    assert "not on a clinic's trail" in caplog.text


@pytest.mark.parametrize("mode", [PEOPLE, RULES])
def test_the_database_holds_one_open_switch_a_place(clinic, clock, mode):
    place = {"scope": "clinic", "clinic": clinic, "switched_off_at": clock.now}
    ScoringSwitch.objects.create(mode=PEOPLE, **place)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoringSwitch.objects.create(mode=mode, **place)


def test_the_switch_reaches_a_running_service_and_so_does_its_end(clinic, supervisor, start_web):
    web = start_web()
    tab = ClientTab(web, clients.start(clinic=clinic, at=timezone.now()).token)
    tab.until("welcome")

    def level():
        tab.writes(HARMLESS)  # one that comes too fast changes nothing, and the next is asked
        return RiskAssessment.objects.latest("message__seq").level

    assert level() == "none"
    switching.switch_off(member=supervisor, at=timezone.now())
    assert processes.wait_until(lambda: level() == "unscored", seconds=20)
    switching.switch_on(member=supervisor, at=timezone.now())
    assert processes.wait_until(lambda: level() == "none", seconds=20)
    tab.close()
