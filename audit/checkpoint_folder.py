"""Checkpoint files outside the database: written whole or not at all, never overwritten."""

import os
import re
from pathlib import Path

from audit.statements import Statement, StatementRefused

_NAME = re.compile(r"checkpoint-(\d{6,18})\.json")


class FileRefused(ValueError):
    """A checkpoint file cannot be read or stands where another one belongs."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.reason = reason


def path_of(folder: Path, number: int) -> Path:
    """Where checkpoint `number` lies."""
    return folder / f"checkpoint-{number:06d}.json"


def numbers_in(folder: Path) -> set[int]:
    """The numbers of all checkpoint files; none if there is no folder yet."""
    if not folder.is_dir():
        return set()
    numbers = {int(match[1]) for name in os.listdir(folder) if (match := _NAME.fullmatch(name))}
    return {number for number in numbers if path_of(folder, number).exists()}


def read(folder: Path, number: int) -> Statement:
    """The statement in the file of checkpoint `number`. Raises FileRefused with the reason."""
    path = path_of(folder, number)
    try:
        return Statement.from_text(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused(path, f"cannot be read ({type(error).__name__})") from error
    except StatementRefused as error:
        raise FileRefused(path, str(error)) from error


def write(folder: Path, statement: Statement) -> Path:
    """Put the statement's file in its place; it is on the disk when this returns.

    The caller holds the checkpoint lock, so one temporary name is enough and a crashed attempt is written over.
    Raises FileRefused if the file exists, OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = path_of(folder, statement.number)
    if path.exists():
        raise FileRefused(path, "exists already")
    temporary = folder / f".{path.name}.partial"
    with temporary.open("wb") as file:
        file.write(statement.to_text().encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _flush_folder(folder)
    return path


def _flush_folder(folder: Path) -> None:
    # Without this a power cut may lose the name of a file whose bytes are safe.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
