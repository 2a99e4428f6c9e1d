"""Where the default set-up keeps its state: data, logs, secrets and sockets. Knows nothing of Django.

Everything lies outside the checkout, so `git clean` or a fresh clone never costs a message.
"""

import base64
import hashlib
import json
import os
import re
import secrets as randomness
import stat
import sys
import tempfile
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

NAME = "clinic-triage"
DATABASE_NAME = "triage"
DATABASE_ROLE = "app"
POSTGRES_PORT = 5432  # only names the socket file; nothing listens on TCP
VALKEY_DATABASES = 64  # one for each xdist worker of a test run

# sockaddr_un holds 104 bytes on macOS and 108 on Linux; the longest of our names must fit into the smaller one.
_SOCKET_PATH_LIMIT = 100
_LONGEST_SOCKET = f"pg/.s.PGSQL.{POSTGRES_PORT}"
# Celery's broker address cannot carry quoted characters in a socket path, such as the blank in "Application Support".
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


class HomeUnusable(Exception):
    """The state directory cannot be used; the message says what to do."""


class Secrets(TypedDict):
    """Keys of the default set-up; production takes its own from the environment."""

    SECRET_KEY: str
    AUDIT_SIGNING_KEY: str
    MESSAGE_KEYS: list[str]


def home() -> Path:
    """The state directory: TRIAGE_HOME, or the platform's place for the state of a program."""
    if chosen := os.environ.get("TRIAGE_HOME", "").strip():
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    # PostgreSQL refuses to run as root, so it runs as `nobody`, who cannot enter root's private home.
    if os.geteuid() == 0:
        return Path("/var/lib") / NAME
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / NAME


def run_dir() -> Path:
    """The directory of the Unix sockets: `<home>/run`, or a short one below /tmp when that path does not fit.

    Raises HomeUnusable when somebody else owns the short one.
    """
    usual = home() / "run"
    fits = len(os.fsencode(usual / _LONGEST_SOCKET)) <= _SOCKET_PATH_LIMIT
    if fits and _PLAIN_PATH.fullmatch(str(usual)):
        return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:12]
    # Not $TMPDIR: the next start must find the same sockets whatever its environment says.
    short = Path(f"/tmp/{NAME}-{os.geteuid()}-{digest}")  # noqa: S108 - owner and mode are checked
    if os.path.lexists(short):
        _refuse_strangers(short)
    return short


def postgres_data() -> Path:
    """PostgreSQL's data directory. Nothing in this project ever deletes it."""
    return home() / "postgres"


def postgres_sockets() -> Path:
    """The directory of PostgreSQL's socket, which belongs to the account that PostgreSQL runs as."""
    return run_dir() / "pg"


def valkey_socket() -> Path:
    """Valkey's Unix socket."""
    return run_dir() / "valkey.sock"


def log_dir() -> Path:
    """Where each child's output goes."""
    return home() / "log"


def database_url(name: str = DATABASE_NAME) -> str:
    """Address of a database of the embedded PostgreSQL."""
    return f"postgresql://{DATABASE_ROLE}@{quote(str(postgres_sockets()), safe='')}:{POSTGRES_PORT}/{name}"


def redis_url(database: int = 0) -> str:
    """Address of one database of the embedded Valkey."""
    return f"unix://{valkey_socket()}" + (f"?db={database}" if database else "")


def test_redis_url(worker: str) -> str:
    """Address of the Valkey database that belongs to one xdist worker (`main`, `gw0`, `gw1`, ...)."""
    number = re.fullmatch(r"gw(\d+)", worker)
    return redis_url(1 + int(number[1]) % (VALKEY_DATABASES - 1) if number else 0)


def make_home() -> Path:
    """Create the state and socket directories, private to this account, and return the state directory.

    Raises HomeUnusable when the place is not writable, full, or somebody else's.
    """
    root = home()
    try:
        for folder in (root, run_dir()):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_strangers(folder)
            if os.geteuid() == 0:
                # PostgreSQL's account has to pass through (not read) on the way to its own directory.
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)
        log_dir().mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"\0" * 65536)
            probe.flush()
    except OSError as error:
        raise HomeUnusable(
            f"The state directory {root} cannot be used: {error.strerror or error}. "
            "Make room or give it to this account, or set TRIAGE_HOME to another directory."
        ) from error
    return root


def secrets() -> Secrets:
    """The default set-up's keys, made once in `<home>/secrets.json` (mode 0600) and never replaced.

    Raises HomeUnusable when the file is damaged: new keys would make every stored message unreadable.
    """
    path = home() / "secrets.json"
    if not path.exists():
        make_home()
        _create_once(path, json.dumps(_new_secrets(), indent=2))
    try:
        found: Secrets = json.loads(path.read_text())
        if not all(dict(found).get(key) for key in Secrets.__annotations__):
            raise ValueError
    except OSError as error:
        raise HomeUnusable(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise HomeUnusable(
            f"{path} is damaged. Restore it from a backup: without its keys the stored messages cannot be read."
        ) from error
    return found


def _new_secrets() -> Secrets:
    def key() -> str:
        return base64.b64encode(randomness.token_bytes(32)).decode()

    return {"SECRET_KEY": randomness.token_urlsafe(50), "AUDIT_SIGNING_KEY": key(), "MESSAGE_KEYS": [key()]}


def _create_once(path: Path, text: str) -> None:
    """Write a whole private file or leave the one that another process made first."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A link fails if the name is taken, so two first starts agree on one set of keys.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def _refuse_strangers(folder: Path) -> None:
    # A link is followed for the home that the operator chose, never for the guessable name below /tmp.
    found = folder.stat() if folder == home() else folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise HomeUnusable(f"{folder} is not a directory. Move it away, or set TRIAGE_HOME to another directory.")
    if found.st_uid != os.geteuid():
        raise HomeUnusable(
            f"{folder} belongs to another account (uid {found.st_uid}). Set TRIAGE_HOME to a directory of your own."
        )
    if found.st_mode & 0o022:
        raise HomeUnusable(f"{folder} can be written by others. Use a directory of its own for TRIAGE_HOME.")
