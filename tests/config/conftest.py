"""A state directory for one test, short enough for sockets and reachable for PostgreSQL's account."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh TRIAGE_HOME; a test that starts servers in it stops them."""
    folder = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    monkeypatch.setenv("TRIAGE_HOME", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
