"""An explanation is one only if the model that scored a message says the same again (EU-4)."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.access import NotPermitted
from accounts.models import Clinic, Membership
from audit.models import Entry
from riskmodel import artefacts
from riskmodel.levels import LADDER
from tests.people import make_member
from tests.stories import Clock, Writer, a_client_starts, trail
from triage import explaining, switches, switching
from triage.models import Conversation, Message, RiskAssessment, ScoringSetup, SetupState
from triage.sealing import Seal, Unreadable
from triage.transcripts import reasons_place

pytestmark = pytest.mark.django_db(transaction=True)

WORRYING = "My sister came by today. I want to kill myself tonight. The cat is fine."


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic: Clinic, clock: Clock) -> Writer:
    switches.forget(clinic.pk)
    return a_client_starts(clinic, clock)


def assessment_of(writer: Writer) -> RiskAssessment:
    """That of the last message."""
    rows = RiskAssessment.objects.filter(message__conversation=writer.conversation_id)
    return rows.select_related("message").latest("message__seq")


def explained(member: Membership, assessment: RiskAssessment) -> explaining.Explanation:
    return explaining.explain(member=member, assessment_id=assessment.pk, at=timezone.now())


# Again


def test_the_version_that_scored_a_message_gives_the_same_figures_and_reasons_again(writer, clinician):
    writer.writes(WORRYING)
    found = explained(clinician, assessment_of(writer))
    assert found.text == WORRYING
    assert found.stored.level in ("high", "imminent")
    assert found.stored.reasons
    assert (found.differences, found.refusal, found.agrees) == ([], "", True)


def test_a_message_without_any_concern_is_reproduced_as_well(writer, clinician):
    writer.writes("When do you open on Monday?")
    assert explained(clinician, assessment_of(writer)).agrees


def test_what_came_before_in_the_conversation_counts_again_and_what_came_later_does_not(writer, clinician):
    for text in (WORRYING, "ok", "it was a joke, forget it", WORRYING):
        writer.writes(text)
        assert explained(clinician, assessment_of(writer)).agrees
    for assessment in RiskAssessment.objects.filter(message__conversation=writer.conversation_id):
        assert explained(clinician, assessment).agrees


def test_a_clinics_own_thresholds_count_as_they_were_then_whatever_holds_now(writer, clinician, clinic, clock):
    setup = ScoringSetup.objects.create(
        clinic=clinic,
        model_version=artefacts.active_version(),
        levels=[0.0, 0.0, 0.0, 0.0],
        state=SetupState.IN_FORCE,
        proposed_by=clinician,
        proposed_at=clock.now,
        in_force_from=clock.now,
    )
    switches.forget(clinic.pk)
    writer.writes("When do you open on Monday?")
    setup.delete()
    found = explained(clinician, assessment_of(writer))
    assert found.stored.level == str(LADDER[-1])
    assert found.agrees


def test_what_the_rules_alone_found_is_found_by_the_rules_again(writer, supervisor):
    switching.switch_off(member=supervisor, mode="rules_only", at=writer.clock.now)
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    assert assessment.model_version.startswith("rules-")
    assert explained(supervisor, assessment).agrees


# What does not agree


@pytest.mark.parametrize(
    ("figure", "value"),
    [("probability", 0.5), ("level", "low"), ("floor", "low"), ("categories", ["psychosis"]), ("words", 99)],
)
def test_a_figure_that_was_altered_in_the_table_does_not_agree(writer, clinician, figure, value):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    RiskAssessment.objects.filter(pk=assessment.pk).update(**{figure: value})
    assert explained(clinician, assessment).differences == [figure]


def test_a_difference_too_small_to_be_stored_is_none(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    nearly = round(assessment.probability, 4) + 0.00001
    RiskAssessment.objects.filter(pk=assessment.pk).update(probability=nearly)
    assert explained(clinician, assessment).agrees


def reseal(assessment: RiskAssessment, change) -> None:
    conversation = Conversation.objects.get(pk=assessment.message.conversation_id)
    seal, place = Seal(conversation.pk, conversation.message_key), reasons_place(assessment.message.seq)
    reasons = change(seal.open_json(assessment.sealed_reasons, place=place))
    RiskAssessment.objects.filter(pk=assessment.pk).update(sealed_reasons=seal.seal_json(reasons, place=place))


def test_a_reason_of_another_kind_or_weight_does_not_agree(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    reseal(assessment, lambda reasons: [reasons[0] | {"weight": reasons[0]["weight"] + 0.01}, *reasons[1:]])
    assert explained(clinician, assessment).differences == ["reasons"]


# What cannot be scored again


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("gone-1", "model version gone-1 is no longer on this machine"),
        ("none (time-out)", "no model scored this message then: none (time-out)"),
    ],
)
def test_where_nothing_can_be_scored_again_the_reason_is_exact(writer, clinician, version, why):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    RiskAssessment.objects.filter(pk=assessment.pk).update(model_version=version)
    found = explained(clinician, assessment)
    assert (found.again, found.refusal, found.agrees) == (None, why, False)
    assert found.stored.reasons


def test_rules_that_have_changed_meanwhile_are_not_passed_off_as_those_of_then(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    RiskAssessment.objects.filter(pk=assessment.pk).update(model_version="rules-000000000000")
    assert "rules-000000000000 scored this message, the rules are rules-" in explained(clinician, assessment).refusal


# Who may


def test_a_reading_is_on_the_conversations_trail_with_no_word_of_it(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    explained(clinician, assessment)
    assert trail(writer.conversation_id)[-1] == "transcript.viewed"
    entry = Entry.objects.latest("pk")
    assert json.loads(entry.detail)["assessment"] == assessment.pk
    assert entry.agent_id == str(clinician.pk)
    assert "kill" not in entry.detail


def test_who_may_not_read_transcripts_gets_no_explanation(writer, administrator):
    writer.writes(WORRYING)
    with pytest.raises(NotPermitted):
        explained(administrator, assessment_of(writer))
    assert "transcript.viewed" not in trail(writer.conversation_id)


def test_another_clinics_assessment_is_as_unknown_as_one_that_is_not_there(writer, other_clinic):
    writer.writes(WORRYING)
    elsewhere = make_member(other_clinic, "clinician", "Hillside Clinician")
    with pytest.raises(explaining.UnknownAssessment):
        explained(elsewhere, assessment_of(writer))


def test_an_erased_conversation_explains_nothing(writer, clinician):
    writer.writes(WORRYING)
    Conversation.objects.filter(pk=writer.conversation_id).update(message_key=None)
    with pytest.raises(Unreadable):
        explained(clinician, assessment_of(writer))


# The command


def said_about(assessment: RiskAssessment, email: str) -> str:
    out = StringIO()
    call_command("explain", str(assessment.pk), "--as", email, stdout=out)
    return out.getvalue()


def test_the_command_shows_both_side_by_side_and_says_that_they_agree(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    said = said_about(assessment, clinician.user.email)
    assert WORRYING in said
    assert f"by {assessment.model_version}" in said
    assert f"{assessment.probability:.4f}" in said
    assert "All figures agree to 4 decimals." in said
    rules = [line for line in said.splitlines() if line.strip().startswith("rule: ")]
    assert rules
    assert all(line.count("rule: ") == 2 for line in rules)


def test_the_command_ends_with_two_where_figures_do_not_agree(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    RiskAssessment.objects.filter(pk=assessment.pk).update(probability=0.5)
    with pytest.raises(CommandError, match="Not equal: probability") as ended:
        said_about(assessment, clinician.user.email)
    assert ended.value.returncode == 2


def test_the_command_marks_the_reason_that_differs_and_no_other(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    reseal(assessment, lambda reasons: reasons[1:])
    out = StringIO()
    with pytest.raises(CommandError, match="Not equal: reasons"):
        call_command("explain", str(assessment.pk), "--as", clinician.user.email, stdout=out)
    assert len([line for line in out.getvalue().splitlines() if line.startswith("! ")]) == 1


def test_the_command_says_exactly_why_it_cannot_score_again(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    RiskAssessment.objects.filter(pk=assessment.pk).update(model_version="gone-1")
    with pytest.raises(CommandError, match=r"Not scored again: model version gone-1 is no longer") as ended:
        said_about(assessment, clinician.user.email)
    assert ended.value.returncode == 1


def test_the_command_refuses_strangers_and_records_who_may_not(writer, administrator, other_counsellor):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    with pytest.raises(CommandError, match="may not read"):
        said_about(assessment, administrator.user.email)
    assert Entry.objects.filter(action="permission.refused").count() == 1
    with pytest.raises(CommandError, match="not an active member"):
        said_about(assessment, other_counsellor.user.email)
    with pytest.raises(CommandError, match="no such assessment"):
        call_command("explain", "999999", "--as", administrator.user.email)


def test_the_command_says_that_an_erased_message_cannot_be_read(writer, clinician):
    writer.writes(WORRYING)
    assessment = assessment_of(writer)
    Message.objects.filter(pk=assessment.message_id).update(sealed_text=b"altered")
    with pytest.raises(CommandError, match="cannot be read"):
        said_about(assessment, clinician.user.email)
