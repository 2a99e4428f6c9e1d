"""Brings errors out of the children's logs to the terminal, and keeps the logs from filling the disk."""

import os
import re
import shutil
from pathlib import Path

LIMIT_BYTES = 20_000_000
_LINES_AT_ONCE = 5
_ERROR = re.compile(
    r'"level": "(error|critical)"|\b(ERROR|CRITICAL)\b|^(?!\s)[\w.]*(Error|Exception|Refused)\b|Traceback'
)
# PostgreSQL logs each refused statement as ERROR, also those that the service expects, such as a doubled message.
_GRAVE = re.compile(r"\b(FATAL|PANIC)\b")
# A service that is not ready yet is asked again and again; who asks tells the reason better.
_HEALTH = "/health/"


class LogWatch:
    """Follows one log from its present end."""

    def __init__(self, log: Path, *, only_grave: bool = False) -> None:
        self._log = log
        self._pattern = _GRAVE if only_grave else _ERROR
        self._read_to = self._size()
        self._rest = b""

    def new_errors(self) -> list[str]:
        """Lines since the last call that report an error: a few of them, and how many more there are."""
        size = self._size()
        if size < self._read_to:
            self._read_to, self._rest = 0, b""
        if size == self._read_to:
            return []
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            new = self._rest + file.read(size - self._read_to)
        self._read_to = size
        # A line that is still being written waits for its end.
        *whole, self._rest = new.split(b"\n")
        if size > LIMIT_BYTES:
            self._put_aside()
        lines = [raw.decode(errors="replace") for raw in whole]
        found = [line for line in lines if self._pattern.search(line) and _HEALTH not in line]
        more = len(found) - _LINES_AT_ONCE
        return found[:_LINES_AT_ONCE] + ([f"({more} more in {self._log})"] if more > 0 else [])

    def _put_aside(self) -> None:
        # The children append, so they go on at the start of the emptied file.
        shutil.copyfile(self._log, self._log.with_suffix(".log.1"))
        os.chmod(self._log.with_suffix(".log.1"), 0o600)
        os.truncate(self._log, 0)
        self._read_to, self._rest = 0, b""

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0
