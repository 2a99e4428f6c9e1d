"""Errors come out of the logs to the terminal; the rest stays there."""

from pathlib import Path

import pytest

from config.embedded import logwatch
from config.embedded.logwatch import LogWatch


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "web.log"
    path.write_text("ERROR of an earlier run\n")
    return path


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def test_only_errors_since_the_start_are_shown(log: Path) -> None:
    watch = LogWatch(log)
    append(log, '{"level": "info", "message": "fine"}\n{"level": "error", "message": "not fine"}\n')
    assert watch.new_errors() == ['{"level": "error", "message": "not fine"}']
    assert watch.new_errors() == []


def test_a_half_written_line_waits_for_its_end(log: Path) -> None:
    watch = LogWatch(log)
    append(log, "ValueError: hal")
    assert watch.new_errors() == []
    append(log, "f\n")
    assert watch.new_errors() == ["ValueError: half"]


def test_a_flood_is_counted_not_repeated(log: Path) -> None:
    watch = LogWatch(log)
    append(log, "ERROR again\n" * 100)
    shown = watch.new_errors()
    assert len(shown) == 6
    assert shown[-1] == f"(95 more in {log})"


def test_questions_for_readiness_are_not_shown_as_errors(log: Path) -> None:
    watch = LogWatch(log)
    append(log, '{"level": "error", "message": "Service Unavailable: /health/ready"}\n')
    assert watch.new_errors() == []


def test_statements_that_postgresql_refuses_are_not_shown_but_its_own_failures_are(log: Path) -> None:
    watch = LogWatch(log, only_grave=True)
    append(log, "ERROR:  duplicate key value\nFATAL:  could not write to file\n")
    assert watch.new_errors() == ["FATAL:  could not write to file"]


def test_a_log_that_grows_without_end_is_put_aside_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logwatch, "LIMIT_BYTES", 100)
    watch = LogWatch(log)
    append(log, "x" * 200 + "\nERROR last\n")
    assert watch.new_errors() == ["ERROR last"]
    assert log.stat().st_size == 0
    assert "ERROR last" in log.with_suffix(".log.1").read_text()
    append(log, "ERROR next\n")
    assert watch.new_errors() == ["ERROR next"]


def test_a_log_that_does_not_exist_yet_is_no_error(tmp_path: Path) -> None:
    watch = LogWatch(tmp_path / "none.log")
    assert watch.new_errors() == []
    append(tmp_path / "none.log", "ERROR first\n")
    assert watch.new_errors() == ["ERROR first"]
