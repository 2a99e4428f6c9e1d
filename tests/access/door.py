"""What a line of the door table is made of: the kinds of doors, who may pass, and reasons for an empty trail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.permissions import Role

ANONYMOUS, CLIENT = "anonymous", "client"
COUNSELLOR, SUPERVISOR = str(Role.COUNSELLOR), str(Role.SUPERVISOR)
CLINICIAN, ADMINISTRATOR = str(Role.CLINICIAN), str(Role.ADMINISTRATOR)

STAFF = frozenset({COUNSELLOR, SUPERVISOR, CLINICIAN, ADMINISTRATOR})
EVERYBODY = STAFF | {ANONYMOUS, CLIENT}
FRONT_LINE = frozenset({COUNSELLOR, SUPERVISOR})
READERS = FRONT_LINE | {CLINICIAN}
REVIEWERS = frozenset({SUPERVISOR, CLINICIAN})
AUDITORS = REVIEWERS | {ADMINISTRATOR}
CLINICIANS = frozenset({CLINICIAN})
CLIENTS = frozenset({CLIENT})
ADMINISTRATORS = frozenset({ADMINISTRATOR})
OPERATOR = frozenset({"operator"})


@dataclass(frozen=True, slots=True)
class Door:
    """One way in. `kind` is page, api, chat, desk, task or command."""

    kind: str
    name: str
    method: str
    who: frozenset[str]
    writes: tuple[str, ...] = ()
    because: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    sends: Mapping[str, Any] | None = None
    # What a passed door answers: the status of a page (or several), the type of a frame; and where a page redirects to,
    # if that is the sign-in page, where strangers are sent as well.
    answers: Any = 200
    leads_to: str = ""
    # A thing that must be there before the knock; and whether a page reads a form instead of JSON.
    prepare: str = ""
    is_form: bool = False
    # A member may do this with a session only; their token is refused.
    in_person: bool = False
    # With which arguments `test_quiet_doors.py` runs a command; None for one that a test of its own runs.
    call: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.method} {self.name}".replace("  ", " ")

    @property
    def things(self) -> set[str]:
        """The names of what this door is asked for."""
        sent = [*self.path.values(), *(self.sends or {}).values()]
        return {value[1:] for value in sent if isinstance(value, str) and value.startswith("$")}


def page(name: str, method: str, who: frozenset[str], **more: Any) -> Door:
    """A page or form of the site, by its URL name."""
    return Door("page", name, method, who, **more)


def api(name: str, method: str, who: frozenset[str], **more: Any) -> Door:
    """A route of the API, by its URL name without `api:`."""
    return Door("api", f"api:{name}", method, who, **more)


def chat(name: str, **more: Any) -> Door:
    """An action on the client's socket."""
    return Door("chat", name, "", CLIENTS, **more)


def desk(name: str, **more: Any) -> Door:
    """An action on the desk's socket."""
    return Door("desk", name, "", FRONT_LINE, **more)


def task(name: str, **more: Any) -> Door:
    """A Celery task, by its registered name."""
    return Door("task", name, "", OPERATOR, answers=None, **more)


def command(name: str, **more: Any) -> Door:
    """A management command, for whoever has a shell on the machine."""
    return Door("command", name, "", OPERATOR, answers=None, **more)


NO_DATA = "it shows nothing of any clinic"
NO_WORDS = "ids, levels and times only, no words and no pseudonym"
NO_WORDS_BUT_NAMES = "it names pseudonyms, levels and staff, and no words of a client"
NAMES = "settings and names of the clinic's staff, nothing of a client"
FLEETING = "it is shown and never stored"
DESK_WORK = "the desk is on screen all day; opening a transcript is what is recorded"
LEFT_OPEN = "the opening of this conversation was recorded"
SHELL = "it reads or writes no row of a clinic"
