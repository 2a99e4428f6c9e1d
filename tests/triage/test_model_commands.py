"""The operator's commands: the kill switch, the setups of a clinic, and the shadow report."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from accounts.permissions import Role
from audit.models import Entry
from riskmodel import artefacts
from tests.people import make_member
from tests.stories import a_client_starts, trail
from tests.triage import minds
from tests.triage.setup_stories import clinics_trail
from triage import setups, shadowing
from triage.models import ScoringSetup, ScoringSwitch
from triage.switches import ScoringKind, scoring_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def says(capsys):
    """Runs a command and gives what it printed."""

    def run(*arguments):
        call_command(*[str(one) for one in arguments])
        return capsys.readouterr().out

    return run


# -- scoring


def test_the_operator_switches_a_clinic_off_and_on(clinic, clock, says):
    conversation_id = a_client_starts(clinic, clock).conversation_id
    shown = says("scoring", "off", "--clinic", "riverside", "--mode", "rules_only")
    assert "Scoring is off: the clinic." in shown
    assert scoring_for(conversation_id).kind is ScoringKind.RULES_ONLY
    assert "on again" in says("scoring", "on", "--clinic", "riverside")
    assert scoring_for(conversation_id).kind is ScoringKind.MODEL


def test_the_operator_switches_one_conversation_and_everything(clinic, clock, says):
    writer = a_client_starts(clinic, clock)
    says("scoring", "off", "--conversation", writer.conversation_id)
    assert trail(writer.conversation_id)[-1] == "scoring.switched_off"
    assert "what each clinic has chosen" in says("scoring", "off", "--everywhere")
    assert set(ScoringSwitch.objects.values_list("scope", "switched_off_by")) == {
        ("conversation", None),
        ("everywhere", None),
    }
    entry = Entry.objects.filter(action="scoring.switched_off").latest("id")
    assert (entry.agent_kind, entry.agent_id) == ("system", "command")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("on", "--everywhere"), "Scoring is not switched off there"),
        (("off", "--conversation", str(uuid4())), "There is no such conversation"),
        (("off", "--clinic", "nowhere"), "no clinic with the short name nowhere"),
        (("off",), "one of the arguments"),
        (("off", "--everywhere", "--clinic", "riverside"), "not allowed with"),
        (("off", "--everywhere", "--mode", "some"), "invalid choice"),
    ],
)
def test_what_cannot_be_switched_is_said_so(clinic, says, arguments, answer):
    with pytest.raises(CommandError, match=answer):
        says("scoring", *arguments)
    assert not ScoringSwitch.objects.exists()


# -- model_setup


def test_a_setup_goes_its_whole_way_by_command(clinic, clinician, second_clinician, says):
    def setup(act, member, *more):
        return says("model_setup", act, "--clinic", "riverside", "--as", member.user.email, *more)

    shipped = artefacts.active_version()
    assert f"In force: the shipped version {shipped}" in setup("list", clinician)
    assert "Proposed" in setup("propose", clinician)
    chosen = ("--setup", ScoringSetup.objects.get().pk)
    assert "In shadow" in setup("shadow", clinician, *chosen)
    assert "approvals 1 of 2" in setup("approve", clinician, *chosen)
    with pytest.raises(CommandError, match="1 of 2 clinicians have approved"):
        setup("promote", clinician, *chosen)
    setup("approve", second_clinician, *chosen)
    assert "In force" in setup("promote", clinician, *chosen)
    assert f"In force again: {shipped}" in setup("roll_back", second_clinician)
    assert "Withdrawn" in setup("list", clinician)
    assert clinics_trail(clinic)[-2:] == ["model.activated", "model.rolled_back"]


def test_a_setup_in_force_that_refuses_to_load_is_told_with_its_reason(approved, clinician, clock, capsys):
    setups.promote(member=clinician, setup_id=approved.pk, at=clock.now)
    assert setups.refusal("") == setups.refusal(approved.model_version) == ""
    ScoringSetup.objects.filter(pk=approved.pk).update(model_version="en9-gone")
    call_command("model_setup", "list", "--clinic", "riverside", "--as", clinician.user.email)
    assert "the shipped version scores instead: no manifest for version en9-gone" in capsys.readouterr().err


def test_the_trail_says_that_a_member_acted_by_command(clinician, says):
    says("model_setup", "propose", "--clinic", "riverside", "--as", clinician.user.email)
    entry = Entry.objects.get(action="model.proposed")
    assert (entry.agent_id, entry.agent_role) == (str(clinician.pk), "clinician by command")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("approve",), "--setup is needed"),
        (("approve", "--setup", str(uuid4())), "[0-9a-f-]{36}"),
        (("propose", "--model", "en9-nowhere"), "en9-nowhere"),
        (("propose", "--alpha", "high"), "Write --alpha LEVEL=SHARE"),
        (("propose", "--alpha", "high=much"), "Write --alpha LEVEL=SHARE"),
        (("propose", "--alpha", "high=0.9"), "at most 0.5"),
        (("roll_back",), "no setup in force"),
    ],
)
def test_what_cannot_be_done_with_a_setup_is_said_so(clinician, says, arguments, answer):
    with pytest.raises(CommandError, match=answer):
        says("model_setup", *arguments, "--clinic", "riverside", "--as", clinician.user.email)
    assert not ScoringSetup.objects.exists()


def test_only_clinicians_act_by_command(clinic, supervisor, other_clinic, says):
    with pytest.raises(CommandError, match="may not"):
        says("model_setup", "propose", "--clinic", "riverside", "--as", supervisor.user.email)
    assert clinics_trail(clinic) == ["permission.refused"]
    theirs = make_member(other_clinic, Role.CLINICIAN, "Hillside Clinician")
    with pytest.raises(CommandError, match="not an active member"):
        says("model_setup", "propose", "--clinic", "riverside", "--as", theirs.user.email)


# -- shadow_report


@pytest.fixture
def shadowed(clinic, clinician, clock, settings):
    """A conversation that the candidate would alert on."""
    settings.RISK_SCORER = "tests.triage.minds.two_minds"
    setup = setups.propose(member=clinician, at=clock.now)
    ScoringSetup.objects.filter(pk=setup.pk).update(model_version=minds.CANDIDATE)
    setups.start_shadow(member=clinician, setup_id=setup.pk, at=clock.now)
    writer = a_client_starts(clinic, clock)
    writer.writes("(high) the lighthouse keeper")
    shadowing.sweep(at=clock.forward(seconds=10))
    return writer


def test_the_report_counts_and_names_conversations_without_words(shadowed, says):
    shown = says("shadow_report", "--clinic", "riverside")
    assert "gained        1" in shown
    assert f"{shadowed.conversation_id}  message {shadowed.sent[0].seq}: none -> high" in shown
    assert "lighthouse" not in shown
    assert "transcript.viewed" not in trail(shadowed.conversation_id)


def test_the_report_shows_the_words_to_who_may_read_them_and_records_it(shadowed, supervisor, says):
    shown = says("shadow_report", "--clinic", "riverside", "--messages", "--as", supervisor.user.email)
    assert "(high) the lighthouse keeper" in shown
    assert trail(shadowed.conversation_id)[-1] == "transcript.viewed"
    assert Entry.objects.get(action="transcript.viewed").agent_role == "supervisor by command"


def test_who_may_not_read_gets_no_words_and_the_refusal_is_recorded(clinic, shadowed, administrator, says, capsys):
    with pytest.raises(CommandError, match="may not read"):
        says("shadow_report", "--clinic", "riverside", "--messages", "--as", administrator.user.email)
    assert "lighthouse" not in capsys.readouterr().out
    assert clinics_trail(clinic)[-1] == "permission.refused"


def test_words_need_the_name_of_who_reads(shadowed, says):
    with pytest.raises(CommandError, match="needs --as"):
        says("shadow_report", "--clinic", "riverside", "--messages")


def test_where_nothing_is_in_shadow_the_report_says_so(clinic, says):
    with pytest.raises(CommandError, match="Nothing is in shadow"):
        says("shadow_report", "--clinic", "riverside")
    with pytest.raises(CommandError, match="no such setup"):
        says("shadow_report", "--clinic", "riverside", "--setup", uuid4())
