"""Where state lies: outside the checkout, private, and never lost by a second start."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import dj_database_url
import pytest

from config import home
from tests.servers import CHECKOUT


def test_state_lies_where_the_operator_says(state: Path) -> None:
    assert home.home() == state
    assert home.run_dir() == state / "run"
    assert home.postgres_data() == state / "postgres"


@pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")
def test_by_default_state_lies_where_both_we_and_the_database_account_can_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TRIAGE_HOME")
    is_root = os.geteuid() == 0
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert home.home() == Path("/var/lib/clinic-triage" if is_root else "/srv/state/clinic-triage")
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    ordinary = Path.home() / ".local/state/clinic-triage"
    assert home.home() == (Path("/var/lib/clinic-triage") if is_root else ordinary)


def test_a_deep_state_directory_still_gets_sockets_that_fit(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_HOME", str(state / ("deep" * 30)))
    assert home.run_dir().parent == Path("/tmp")
    assert len(str(home.postgres_sockets() / ".s.PGSQL.5432")) < 104
    assert home.run_dir() == home.run_dir()


def test_a_blank_in_the_path_does_not_reach_the_broker_address(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_HOME", str(state / "Application Support"))
    assert " " not in home.redis_url()
    assert "%20" not in home.redis_url()


def test_a_socket_directory_that_somebody_prepared_for_us_is_refused(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGE_HOME", str(state / ("deep" * 30)))
    planted = home.run_dir()
    planted.mkdir()
    try:
        planted.chmod(0o777)
        with pytest.raises(home.HomeUnusable, match="written by others"):
            home.run_dir()
    finally:
        planted.rmdir()
    planted.symlink_to(state)
    try:
        with pytest.raises(home.HomeUnusable, match="not a directory"):
            home.make_home()
    finally:
        planted.unlink()


def test_a_state_directory_that_others_can_write_is_refused(state: Path) -> None:
    state.chmod(0o777)
    with pytest.raises(home.HomeUnusable, match="written by others"):
        home.make_home()
    assert stat.S_IMODE(state.stat().st_mode) == 0o777, "somebody's directory is not changed behind their back"


def test_a_state_directory_that_is_a_file_is_named_in_the_error(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "file").touch()
    monkeypatch.setenv("TRIAGE_HOME", str(state / "file" / "inside"))
    with pytest.raises(home.HomeUnusable, match=r"file/inside cannot be used.*TRIAGE_HOME"):
        home.make_home()


def test_a_place_without_room_is_said_before_anything_is_started(state: Path) -> None:
    # A limit on the size of files refuses the same write that a full disk refuses.
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from config import home\n"
        "try: home.make_home()\n"
        "except home.HomeUnusable as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert f"The state directory {state} cannot be used: File too large. Make room" in done.stdout


def test_keys_are_made_once_and_are_private(state: Path) -> None:
    first = home.secrets()
    assert home.secrets() == first
    assert stat.S_IMODE((state / "secrets.json").stat().st_mode) == 0o600
    assert len(first["SECRET_KEY"]) >= 50
    assert [len(base64.b64decode(key)) for key in (first["AUDIT_SIGNING_KEY"], *first["MESSAGE_KEYS"])] == [32, 32]
    assert list(state.glob("tmp*")) == [], "no draft with keys is left behind"


def test_two_first_starts_agree_on_one_set_of_keys(state: Path) -> None:
    home.secrets()
    before = (state / "secrets.json").read_text()
    home._create_once(state / "secrets.json", "{}")
    assert (state / "secrets.json").read_text() == before


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"SECRET_KEY": "only"}', '{"SECRET_KEY": "", "MESSAGE_KEYS": []}'])
def test_damaged_keys_are_never_replaced(state: Path, damage: str) -> None:
    (state / "secrets.json").write_text(damage)
    with pytest.raises(home.HomeUnusable, match="damaged"):
        home.secrets()
    assert (state / "secrets.json").read_text() == damage


def test_the_database_address_names_socket_role_and_port_whatever_the_environment(state: Path) -> None:
    parsed = dj_database_url.parse(home.database_url())
    assert (parsed["HOST"], parsed["PORT"], parsed["USER"], parsed["NAME"]) == (
        str(state / "run" / "pg"),
        5432,
        "app",
        "triage",
    )


def test_every_test_worker_has_a_valkey_database_of_its_own(state: Path) -> None:
    workers = ["main", *(f"gw{number}" for number in range(20))]
    assert len({home.test_redis_url(worker) for worker in workers}) == len(workers)
