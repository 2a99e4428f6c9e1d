"""The demonstration clinic of the default set-up: plainly marked, with one fresh password for its staff."""

import contextlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.clinics import add_clinic
from accounts.members import AlreadyMember, add_member_by_command
from accounts.models import Clinic, PasswordLink, User
from accounts.permissions import Role

SLUG = "demonstration"
PEOPLE = (
    ("Demo Counsellor One", "counsellor1@demonstration.invalid", Role.COUNSELLOR),
    ("Demo Counsellor Two", "counsellor2@demonstration.invalid", Role.COUNSELLOR),
    ("Demo Counsellor Three", "counsellor3@demonstration.invalid", Role.COUNSELLOR),
    ("Demo Supervisor", "supervisor@demonstration.invalid", Role.SUPERVISOR),
    ("Demo Clinician", "clinician@demonstration.invalid", Role.CLINICIAN),
    ("Demo Administrator", "administrator@demonstration.invalid", Role.ADMINISTRATOR),
)
# 64 words of six bits each: five of them and a number make 37 bits, behind a lock-out and on this machine only.
_WORDS = """
    amber anchor apple autumn badge basil beacon birch breeze brook candle canyon cedar cherry cliff clover
    cobalt copper coral cotton daisy delta ember falcon fern field garden ginger glacier grove harbour hazel
    indigo island ivory jasmine juniper kettle lagoon lantern lemon linen maple marble meadow mint nutmeg olive
    orchid pebble pepper quartz river saffron sage silver spruce summit thistle tulip velvet violet willow winter
"""


class NotADemonstration(RuntimeError):
    """This set-up makes no demonstration clinic: it is not the default one."""


@dataclass(frozen=True, slots=True)
class Door:
    """One sign-in of the demonstration."""

    role: str
    email: str
    password: str


def sign_ins() -> list[Door]:
    """The sign-ins as they were made; empty before `make`. Raises NotADemonstration."""
    password = _read_password(_file())
    return [Door(role.value, email, password) for _, email, role in PEOPLE] if password else []


def make(*, at: datetime) -> list[Door]:
    """Make the clinic, its people and their password where they are missing; a second call changes nothing.

    The password lies beside the other state of the default set-up, readable by its owner only. When that file is
    lost, everybody gets a new one. Raises NotADemonstration.
    """
    path = _file()
    password = _read_password(path)
    is_new = not password
    password = password or _write_password(path, _new_password())
    clinic = Clinic.objects.filter(slug=SLUG).first()
    if clinic is None:
        clinic = add_clinic(name="Demonstration clinic", slug=SLUG, is_demonstration=True, profile="assistive", at=at)
    for name, email, role in PEOPLE:
        _make_person(clinic, name, email, role, password, renew=is_new, at=at)
    return sign_ins()


def _make_person(clinic: Clinic, name: str, email: str, role: str, password: str, *, renew: bool, at: datetime) -> None:
    with contextlib.suppress(AlreadyMember):
        add_member_by_command(clinic=clinic, email=email, name=name, role=role, at=at)
    with transaction.atomic(durable=True):
        user = User.objects.get(email=email)
        # A start that was killed half-way leaves somebody without a password; the next one mends that.
        if user.has_usable_password() and not renew:
            return
        user.set_password(password)
        user.save(update_fields=["password"])
        PasswordLink.objects.filter(user=user).delete()


def _new_password() -> str:
    words = [secrets.choice(_WORDS.split()) for _ in range(5)]
    return "-".join([*words, str(secrets.randbelow(90) + 10)])


def _file() -> Path:
    if not settings.DEMONSTRATION:
        raise NotADemonstration("A demonstration clinic is made in the default set-up only (DEMONSTRATION is off).")
    beside_the_trail = Path(settings.AUDIT_CHECKPOINT_DIR).parent / "demonstration.json"
    return Path(getattr(settings, "DEMONSTRATION_FILE", beside_the_trail))


def _read_password(path: Path) -> str:
    try:
        found = json.loads(path.read_text())["password"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _write_password(path: Path, password: str) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(handle, "w") as file:
        json.dump({"password": password, "sign_ins": [email for _, email, _ in PEOPLE]}, file, indent=2)
    os.replace(draft, path)
    return password
