"""Structured logs without clients' words: a fixed set of fields, and exceptions by type and place only."""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# Fields that a log call may add through `extra=`. Anything else is dropped, so a text cannot slip in by accident.
ALLOWED_EXTRA = frozenset(
    {"conversation", "clinic", "alert", "member", "code", "took_ms", "count", "task", "stream", "model_version"}
)


def _message(record: logging.LogRecord) -> str:
    """The message without what an exception said: exceptions are named by type."""
    args: Any = record.args
    if isinstance(args, Mapping) and "exc" in args:  # Celery describes a failed task so, with the exception as text
        message = f"task failed: {args.get('name', '')}"
    elif isinstance(args, tuple) and any(isinstance(one, BaseException) for one in args):
        named = tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in args)
        message = str(record.msg) % named
    else:
        message = record.getMessage()
    # asyncio lists a failed task with its exception below the first line.
    return message.split("\n", 1)[0] if record.exc_info else message


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, allowed extras, exception type and frames (no values)."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line.update({key: str(value) for key, value in vars(record).items() if key in ALLOWED_EXTRA})
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            # Messages of exceptions can quote a row or a text (PostgreSQL does), so only the places are kept.
            line["frames"] = [
                f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        # Escaped: half a character would make the write fail, and `logging` would then print all arguments.
        return json.dumps(line)
