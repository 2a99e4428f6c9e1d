"""Production starts with every secret, host and key, or not at all, and says which one is missing."""

import base64
import os
import subprocess
import sys

import pytest

from tests.servers import CHECKOUT

KEY = base64.b64encode(bytes(range(32))).decode()
COMPLETE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "kO3x8!vQ2p9_zR5t7Wm1Ls4Yd6Hc0Bf-Ng2Jq8Xe5Ua3Ti7Po9Mr",
    "ALLOWED_HOSTS": "triage.clinic.invalid, chat.clinic.invalid",
    "MESSAGE_KEYS": KEY,
    "AUDIT_SIGNING_KEY": KEY,
    "AUDIT_CHECKPOINT_DIR": "/var/lib/triage/checkpoints",
    "DATABASE_URL": "postgresql://triage@database.clinic.invalid/triage",
    "REDIS_URL": "rediss://valkey.clinic.invalid:6379/0",
}
SHOW = "from django.conf import settings as s; print(getattr(s, {name!r}))"


def start(*command, **changes):
    """Start a process with production settings; `changes` replace, and None takes away."""
    ours = {name: value for name, value in (COMPLETE | changes).items() if value is not None}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    argv = [sys.executable, *(command or ("-c", SHOW.format(name="ALLOWED_HOSTS")))]
    return subprocess.run(argv, env=kept | ours, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)


def last_words(done):
    """What the operator reads at the end of a start that was refused."""
    assert done.returncode != 0, done.stdout
    return done.stderr.strip().splitlines()[-1]


def shown(name, **changes):
    done = start("-c", SHOW.format(name=name), **changes)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_with_everything_in_place_it_starts():
    assert shown("ALLOWED_HOSTS") == "['triage.clinic.invalid', 'chat.clinic.invalid']"


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "DJANGO_SETTINGS_MODULE"])
@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_it_does_not_start_without(name, value):
    words = last_words(start(**{name: value}))
    assert "ImproperlyConfigured" in words
    assert name in words
    assert "docs/operation.md" in words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 49),
        ("SECRET_KEY", "a" * 60),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "triage.clinic.invalid,*"),
        ("ALLOWED_HOSTS", ","),
        ("ALLOWED_HOSTS", "https://triage.clinic.invalid"),
        ("MESSAGE_KEYS", "no base64!"),
        ("MESSAGE_KEYS", "schl\u00fcssel"),
        ("MESSAGE_KEYS", base64.b64encode(b"x" * 16).decode()),
        ("MESSAGE_KEYS", f"{KEY},{KEY[:20]}"),
        ("MESSAGE_KEYS", f"{KEY},"),
        ("AUDIT_SIGNING_KEY", base64.b64encode(b"x" * 64).decode()),
        ("AUDIT_SIGNING_KEY", KEY[:-1]),
        ("DATABASE_URL", "sqlite:///triage.db"),
        ("DATABASE_URL", "mysql://triage@database.clinic.invalid/triage"),
        ("DATABASE_URL", "database.clinic.invalid"),
        ("REDIS_URL", "valkey.clinic.invalid:6379"),
        ("REDIS_URL", "http://valkey.clinic.invalid"),
        ("AUDIT_CHECKPOINT_DIR", "checkpoints"),
    ],
)
def test_it_does_not_start_with_a_value_that_would_not_protect(name, value):
    words = last_words(start(**{name: value}))
    assert "ImproperlyConfigured" in words
    assert name in words


@pytest.mark.parametrize("name", ["SECRET_KEY", "MESSAGE_KEYS", "AUDIT_SIGNING_KEY", "DATABASE_URL"])
def test_the_refusal_does_not_show_the_secret(name):
    done = start(**{name: "s3cret-wrong-value"})
    assert done.returncode != 0
    assert "s3cret-wrong-value" not in done.stdout + done.stderr


def test_older_message_keys_follow_the_first():
    older = base64.b64encode(b"y" * 32).decode()
    assert shown("MESSAGE_KEYS", MESSAGE_KEYS=f"{KEY}, {older}") == str([KEY, older])


def test_a_host_with_all_its_names_below_is_trusted_as_a_whole():
    origins = shown("CSRF_TRUSTED_ORIGINS", ALLOWED_HOSTS=".clinic.invalid,other.invalid")
    assert origins == "['https://*.clinic.invalid', 'https://other.invalid']"


def test_cookies_are_for_https_only_and_bound_to_the_host():
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"):
        assert shown(name) == "True"
    assert shown("SESSION_COOKIE_NAME").startswith("__Host-")


def test_nothing_of_the_demonstration_is_on():
    assert shown("DEMONSTRATION") == "False"
    assert shown("REHEARSAL_NEEDS_TOKEN") == "True"
    assert shown("DEBUG") == "False"


def test_djangos_own_checks_for_deployment_find_nothing():
    done = start("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


MAIL = {
    "SMTP_HOST": "mail.clinic.invalid",
    "SMTP_USER": "notes",
    "SMTP_PASSWORD": "a-password-of-the-test",
    "MAIL_FROM": "notes@example.invalid",
    "PUBLIC_URL": "https://notes.example.invalid/",
}


@pytest.mark.parametrize("name", list(MAIL))
def test_half_a_set_up_of_mail_does_not_start(name):
    words = last_words(start(**(MAIL | {name: None})))
    assert "ImproperlyConfigured" in words
    assert name in words


def test_links_in_notes_lead_to_https_only():
    assert "https://" in last_words(start(**(MAIL | {"PUBLIC_URL": "http://notes.example.invalid"})))


def test_mail_is_sent_with_all_of_it_and_never_printed_without():
    assert shown("EMAIL_BACKEND", **MAIL).endswith("smtp.EmailBackend")
    assert shown("PUBLIC_URL", **MAIL) == "https://notes.example.invalid"
    assert shown("EMAIL_BACKEND").endswith("dummy.EmailBackend")
    assert shown("SENDS_MAIL") == "False"
