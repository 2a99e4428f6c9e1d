"""Structured logs without clients' words: a fixed set of fields, and exceptions by type and place only."""

import json
import logging
import traceback
from datetime import UTC, datetime

# Fields that a log call may add through `extra=`. Anything else is dropped, so a text cannot slip in by accident.
ALLOWED_EXTRA = frozenset(
    {"conversation", "clinic", "alert", "member", "code", "took_ms", "count", "task", "stream", "model_version"}
)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, allowed extras, exception type and frames (no values)."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: str(value) for key, value in vars(record).items() if key in ALLOWED_EXTRA})
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            # Messages of exceptions can quote a row or a text (PostgreSQL does), so only the places are kept.
            line["frames"] = [
                f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        return json.dumps(line, ensure_ascii=False)
