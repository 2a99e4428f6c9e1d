"""What whoever runs the service can do from the command line."""

import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Clinic, Membership, SignInAttempt, User
from accounts.tasks import forget_old_sign_ins
from tests.accounts.conftest import NOW, last_entry, trail


def run(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def add(*more, clinic="riverside", email="first@riverside.invalid"):
    return run("add_member", "--clinic", clinic, "--email", email, *more)


@pytest.fixture
def default_set_up(settings, tmp_path, db):
    settings.DEMONSTRATION = True
    settings.DEMONSTRATION_FILE = tmp_path / "demonstration.json"
    return settings.DEMONSTRATION_FILE


def test_a_clinic_and_its_first_administrator_from_nothing(db, client):
    run("add_clinic", "--name", "Riverside", "--slug", "riverside", "--country", "at", "--time-zone", "Europe/Vienna")
    clinic = Clinic.objects.get()
    assert (clinic.country, clinic.is_demonstration) == ("AT", False)
    told = add("--name", "First", "--role", "administrator")
    path = told.splitlines()[-1]
    client.post(path, {"new": "seven-quiet-lanterns", "again": "seven-quiet-lanterns"})
    client.post("/sign-in/", {"email": "first@riverside.invalid", "password": "seven-quiet-lanterns"})
    assert client.get("/clinic/settings/").status_code == 200
    assert trail(clinic.pk)[:2] == ["clinic.created", "member.added"]
    assert last_entry("member.added").agent_kind == "system"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", "", "--slug", "x"),
        ("--name", "X", "--slug", "with blank"),
        ("--name", "X", "--slug", "x", "--country", "ZZ"),
        ("--name", "X", "--slug", "x", "--time-zone", "Nowhere"),
        ("--name", "X", "--slug", "riverside"),
    ],
)
def test_a_clinic_that_cannot_be_is_refused_in_words(clinic, arguments):
    with pytest.raises(CommandError):
        run("add_clinic", *arguments)
    assert Clinic.objects.count() == 1


def test_a_lost_password_is_replaced_by_a_new_link_also_across_clinics(counsellor, other_clinic):
    Membership.objects.create(user=counsellor.user, clinic=other_clinic, role="counsellor", created_at=NOW)
    told = add("--new-link", email=counsellor.user.email)
    assert told.splitlines()[-1].startswith("/set-password/")
    assert trail(counsellor.clinic_id) == ["member.invited"]


def test_a_member_that_cannot_be_added_is_refused_in_words(counsellor):
    for arguments, message in (
        ({"clinic": "nowhere"}, "no clinic"),
        ({"email": counsellor.user.email}, "member already"),
        ({"email": "no-address"}, "e-mail address"),
    ):
        with pytest.raises(CommandError, match=message):
            add("--name", "X", "--role", "counsellor", **arguments)
    with pytest.raises(CommandError, match="needed for somebody new"):
        add()
    with pytest.raises(CommandError, match="not an active member"):
        add("--new-link", email="stranger@x.invalid")


def test_the_demonstration_is_plainly_marked_and_can_be_used(default_set_up, client):
    lines = run("demonstration").splitlines()
    clinic = Clinic.objects.get()
    assert (clinic.name, clinic.slug, clinic.is_demonstration, clinic.country) == (
        "Demonstration clinic",
        "demonstration",
        True,
        "",
    )
    assert len(lines) == 6
    for line in lines:
        role, email, password = line.split()
        assert email.endswith("@demonstration.invalid")
        assert User.objects.get(email=email).name.startswith("Demo ")
        assert client.post("/sign-in/", {"email": email, "password": password}).status_code == 302
        assert Membership.objects.get(user__email=email).role == role


def test_the_demonstrations_password_is_fresh_private_and_never_in_the_database(default_set_up):
    password = run("demonstration").split()[2]
    assert stat.S_IMODE(default_set_up.stat().st_mode) == 0o600
    assert json.loads(default_set_up.read_text())["password"] == password
    assert not User.objects.filter(password__contains=password).exists()
    default_set_up.unlink()
    assert run("demonstration").split()[2] != password


def test_a_second_demonstration_changes_nothing(default_set_up):
    first = run("demonstration")
    hashes = set(User.objects.values_list("password", flat=True))
    entries = trail(Clinic.objects.get().pk)
    assert run("demonstration") == run("demonstration", "--print") == first
    assert set(User.objects.values_list("password", flat=True)) == hashes
    assert trail(Clinic.objects.get().pk) == entries


def test_a_demonstration_that_was_killed_half_way_is_mended(default_set_up):
    first = run("demonstration")
    person = User.objects.get(email="supervisor@demonstration.invalid")
    person.set_unusable_password()
    person.save()
    assert run("demonstration") == first
    person.refresh_from_db()
    assert person.check_password(first.split()[2])


def test_a_lost_file_gives_everybody_a_new_password_that_works(default_set_up, client):
    run("demonstration")
    default_set_up.write_text("{not json")
    password = run("demonstration").split()[2]
    answer = client.post("/sign-in/", {"email": "counsellor1@demonstration.invalid", "password": password})
    assert answer.status_code == 302


def test_printing_before_making_says_what_to_do(default_set_up):
    with pytest.raises(CommandError, match="run `manage.py demonstration`"):
        run("demonstration", "--print")


def test_there_is_no_demonstration_in_production(db):
    with pytest.raises(CommandError, match="default set-up only"):
        run("demonstration")
    assert not Clinic.objects.exists()


def test_the_sweep_forgets_old_tries(db):
    SignInAttempt.objects.create(email_digest=b"", address_digest=b"", at=NOW.replace(year=2020), succeeded=False)
    forget_old_sign_ins()
    assert not SignInAttempt.objects.exists()
