"""The people of the stories: two clinics, their staff, and a way to sign in that does not take the page."""

from collections.abc import Callable

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import SimpleCookie
from django.test import Client
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from accounts.permissions import Role

PASSWORD = "correct-horse-battery-staple"


def make_clinic(name: str, *, profile: str = "assistive") -> Clinic:
    """A clinic called `name`, with a slug made from it, where the law lets software speak and score."""
    slug = name.lower().replace(" ", "-")
    return Clinic.objects.create(name=name, slug=slug, profile=profile, created_at=timezone.now())


def make_member(clinic: Clinic, role: str, name: str, *, email: str = "", password: str | None = None) -> Membership:
    """A member of `clinic`, with an account of their own. Without a password they cannot use the sign-in page."""
    address = email or f"{name.lower().replace(' ', '-')}@{clinic.slug}.invalid"
    now = timezone.now()
    user = User.objects.create_user(email=address, name=name, password=password, created_at=now)
    return Membership.objects.create(user=user, clinic=clinic, role=role, created_at=now)


def session_of(member: Membership) -> str:
    """The key of a real session that works as `member`, as after a sign-in a moment ago."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.user_id)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session["membership"] = str(member.pk)
    session["signed_in_at"] = session["seen_at"] = timezone.now().timestamp()
    session.save()
    return session.session_key or ""


def sign_in(client: Client, member: Membership) -> Client:
    """Let Django's test client work as `member`; returns the client."""
    client.cookies = SimpleCookie()
    client.cookies["staff_session"] = session_of(member)
    return client


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic("Riverside")


@pytest.fixture
def other_clinic(db: None) -> Clinic:
    return make_clinic("Hillside")


@pytest.fixture
def counsellor(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.COUNSELLOR, "Counsellor One")


@pytest.fixture
def second_counsellor(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.COUNSELLOR, "Counsellor Two")


@pytest.fixture
def supervisor(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.SUPERVISOR, "Supervisor One")


@pytest.fixture
def clinician(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.CLINICIAN, "Clinician One")


@pytest.fixture
def administrator(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.ADMINISTRATOR, "Administrator One")


@pytest.fixture
def other_counsellor(other_clinic: Clinic) -> Membership:
    return make_member(other_clinic, Role.COUNSELLOR, "Hillside Counsellor")


@pytest.fixture
def other_administrator(other_clinic: Clinic) -> Membership:
    return make_member(other_clinic, Role.ADMINISTRATOR, "Hillside Administrator")


@pytest.fixture
def many_counsellors(clinic: Clinic) -> Callable[[int], list[Membership]]:
    """`many_counsellors(n)`: counsellors of one clinic, numbered."""
    return lambda number: [make_member(clinic, Role.COUNSELLOR, f"Counsellor No {place}") for place in range(number)]
