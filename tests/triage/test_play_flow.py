"""Talking through a flow in the terminal, and what commands and checks say about approvals."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Clinic
from tests.people import make_member
from tests.triage.release_stories import MENU_LINE, OWN_MENU_LINE, on_disk, own_folder, put_to_use, rewrite
from triage import content_checks, serving
from triage.models import ContentRelease


def play(*args):
    out = StringIO()
    call_command("play_flow", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_flow_is_played_from_a_list_of_answers_without_a_database():
    told = play("grounding", "--answers", "Yes, start grounding", "Done")
    assert "grounding.offer:" in told
    assert "client: Yes, start grounding" in told
    assert "(Stop here)" in told


def test_played_as_json_each_step_names_what_was_said_and_where_it_stands():
    steps = json.loads(play("grounding", "--json", "--answers", "Yes, start grounding"))
    assert [step["client"] for step in steps] == [None, "Yes, start grounding"]
    assert steps[1]["position"]["node"] == "see"
    assert steps[1]["replies"][0]["digest"]


def test_the_same_answers_are_played_the_same_way_twice():
    given = ("thought_record", "--json", "--answers", "Yes", "a bad day", "Skip", "back")
    assert play(*given) == play(*given)


def test_a_wish_for_a_person_ends_the_play_and_answers_left_over_are_named(capsys):
    errors = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("play_flow", "menu", "--answers", "Talk to a person", "hello?", stdout=StringIO(), stderr=errors)
    assert ended.value.code == 1
    assert "not said any more: hello?" in errors.getvalue()


def test_a_play_is_interactive_until_the_input_ends(monkeypatch):
    lines = iter(["Yes, start grounding"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(lines, None) or (_ for _ in ()).throw(EOFError))
    assert "grounding.see:" in play("grounding")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("ghost", "--answers"), "There is no en/ghost."),
        (("grounding", "--content-version", "99", "--answers"), "version 99"),
        (("controls", "--answers"), "controls has no steps"),
        (("grounding", "--json"), "--json needs --answers"),
    ],
)
def test_what_cannot_be_played_is_said_in_words(args, reason):
    with pytest.raises(CommandError, match=reason):
        play(*args)


def test_an_altered_edition_is_played_though_nobody_approved_it(tmp_path, settings):
    folder = own_folder(tmp_path, settings)
    rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    assert OWN_MENU_LINE in play("menu", "--folder", str(folder), "--answers")


def test_an_expired_item_is_played_as_on_its_last_day():
    assert "grounding.offer:" in play("grounding", "--on", "2040-01-01", "--answers")


# -- The command of clinicians, and the warnings to whoever runs the service


def release(*args):
    out = StringIO()
    call_command("content_release", *args, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_two_clinicians_decide_by_command(clinic, clinician):
    second = make_member(clinic, "clinician", "Clinician Two")
    item = on_disk("grounding")
    what = ("--clinic", clinic.slug, "--key", "grounding", "--content-version", "1", "--digest", item.digest)
    assert "approvals 1" in release("approve", *what, "--as", clinician.user.email)
    with pytest.raises(CommandError, match="1 of 2 clinicians have approved"):
        release("activate", *what, "--as", clinician.user.email)
    release("approve", *what, "--as", second.user.email)
    assert "In use" in release("activate", *what, "--as", second.user.email)
    assert item.digest in release("list", "--clinic", clinic.slug, "--as", clinician.user.email)
    assert "what the samples name" in release("roll_back", *what[:4], "--as", clinician.user.email)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("approve", "--key", "grounding"), "--content-version and --digest are needed"),
        (("retire",), "--key is needed"),
        (("retire", "--key", "grounding"), "Retiring needs a reason"),
        (("retire", "--key", "holding", "--reason", "why"), "safety path"),
        (("roll_back", "--key", "grounding"), "has put no edition"),
    ],
)
def test_a_refused_command_says_why(clinic, clinician, args, reason):
    with pytest.raises(CommandError, match=reason):
        release(*args, "--clinic", clinic.slug, "--as", clinician.user.email)
    assert ContentRelease.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_deployment_check_names_real_clinics_on_sample_approvals(clinic, clinician, clock, settings):
    Clinic.objects.create(name="Show", slug="show", is_demonstration=True, created_at=clock.now)
    [warning] = content_checks.sample_approvals_serve(None)
    assert "In the clinic riverside the bot says" in warning.msg
    content_checks.check_readiness()  # only where the settings ask for it
    settings.WARN_OF_SAMPLE_CONTENT = True
    with pytest.raises(content_checks.SamplesServed):
        content_checks.check_readiness()
    before = content_checks.clinics_on_samples()["riverside"]
    put_to_use(on_disk("grounding"), clock, clinician, make_member(clinic, "clinician", "Clinician Two"))
    serving.forget()
    assert content_checks.clinics_on_samples() == {"riverside": before - 1}
