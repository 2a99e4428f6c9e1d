"""Instruments whose wording is not free: no licence, no way that leads to them (INS-6)."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from accounts.access import NotPermitted
from audit.models import Entry
from counselling.api import errors
from tests.stories import Clock
from tests.triage.bot.talk import Talk, shipped
from triage.bot.catalogue import Catalogue
from triage.models import InstrumentLicence
from triage.screenings import licences
from triage.screenings.instruments import UnknownInstrument

pytestmark = pytest.mark.django_db(transaction=True)
AT = Clock().now


def state(member, instrument="who5", proof="Letter 7"):
    return licences.state_licence(member=member, instrument=instrument, proof=proof, at=AT)


def with_a_slot_filled():
    """The shipped content, in which the two questions about worry ask an instrument that needs a licence."""
    whole = shipped()
    items = [replace(item, instrument="who5") if item.key == "gad2" else item for item in whole.items()]
    return Catalogue(items, {"en": whole.intents()})


def actions():
    return list(Entry.objects.filter(action__startswith="licence.").order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize("role", ["clinician", "administrator"])
def test_ins_6_a_licence_is_stated_and_ended_by_whoever_answers_for_it(request, clinic, role):
    member = request.getfixturevalue(role)
    assert not licences.may_use(clinic, "who5")
    assert state(member).stated_by == member
    assert licences.may_use(clinic, "who5")
    licences.end_licence(member=member, instrument="who5", at=AT)
    assert not licences.may_use(clinic, "who5")
    state(member, proof="Letter 8")
    assert actions() == ["licence.stated", "licence.ended", "licence.stated"]
    assert "Letter" not in Entry.objects.filter(action="licence.stated").first().detail


@pytest.mark.parametrize("role", ["counsellor", "supervisor"])
def test_ins_6_others_state_and_end_nothing(request, role):
    member = request.getfixturevalue(role)
    with pytest.raises(NotPermitted):
        state(member)
    with pytest.raises(NotPermitted):
        licences.end_licence(member=member, instrument="who5", at=AT)
    assert not InstrumentLicence.objects.exists()


def test_a_licence_holds_in_the_clinic_that_stated_it(clinician, other_clinic):
    state(clinician)
    assert not licences.may_use(other_clinic, "who5")


def test_bad_statements_are_refused_in_words(clinician):
    with pytest.raises(UnknownInstrument):
        state(clinician, "no_such")
    with pytest.raises(licences.LicenceNotNeeded, match="PHQ-9 may be used without"):
        state(clinician, "phq9")
    for proof in ("  ", "x" * 201):
        with pytest.raises(licences.BadProof, match="where the proof lies"):
            state(clinician, proof=proof)
    with pytest.raises(licences.NoLicence, match="no standing licence"):
        licences.end_licence(member=clinician, instrument="who5", at=AT)
    state(clinician)
    with pytest.raises(licences.AlreadyStated):
        state(clinician)


def test_ins_6_without_a_licence_the_start_is_refused_by_name(clinic, clinician):
    licences.require_licence(clinic, "phq9")
    with pytest.raises(licences.LicenceMissing, match="WHO-5 needs a licence"):
        licences.require_licence(clinic, "who5")
    state(clinician)
    licences.require_licence(clinic, "who5")


def test_ins_6_the_api_answers_a_start_without_a_licence_with_a_conflict(clinic):
    with pytest.raises(licences.LicenceMissing) as missing:
        licences.require_licence(clinic, "who5")
    answer = errors.handle(missing.value, {})
    assert (answer.status_code, answer.data["error"]["code"]) == (409, "licence_missing")


def test_ins_6_no_way_leads_to_an_instrument_without_a_licence(clinic, clinician):
    whole = with_a_slot_filled()
    talk = Talk(licences.licensed(whole, clinic.pk))
    talk.write("questions")
    assert "About worry" not in talk.labels
    assert "About my mood" in talk.labels
    state(clinician)
    talk = Talk(licences.licensed(whole, clinic.pk))
    talk.write("questions")
    assert "About worry" in talk.labels
    talk.write("About worry", "yes", "Not at all")
    licences.end_licence(member=clinician, instrument="who5", at=AT)
    talk.catalogue = licences.licensed(whole, clinic.pk)
    talk.write("Not at all")
    assert talk.position.flow == "menu"


def test_what_is_shipped_costs_no_query(clinic, django_assert_num_queries):
    whole = shipped()
    with django_assert_num_queries(0):
        assert licences.licensed(whole, clinic.pk) is whole


def test_the_command_lists_states_and_ends(clinic, clinician, capsys):
    who = ("--clinic", clinic.slug, "--as", clinician.user.email, "--instrument", "who5")
    call_command("instrument_licences", "state", *who, "--proof", "Letter 7")
    call_command("instrument_licences", "list", "--clinic", clinic.slug)
    listed = capsys.readouterr().out
    assert "proof: Letter 7" in listed
    assert "epds: no licence. The Royal College" in listed
    call_command("instrument_licences", "end", *who)
    assert "ended on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "--as and --instrument are needed"),
        (("--as", "clinician", "--instrument", "phq99"), "There is no instrument phq99"),
        (("--as", "clinician", "--instrument", "phq9", "--proof", "Letter 7"), "without a licence"),
        (("--as", "counsellor", "--instrument", "who5", "--proof", "Letter 7"), "may not manage_licences"),
    ],
)
def test_the_command_refuses_in_words(clinic, clinician, counsellor, more, words):
    emails = {"clinician": clinician.user.email, "counsellor": counsellor.user.email}
    with pytest.raises(CommandError, match=words):
        call_command("instrument_licences", "state", "--clinic", clinic.slug, *(emails.get(one, one) for one in more))
