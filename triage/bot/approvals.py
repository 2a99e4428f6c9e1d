"""Approvals: two people name the exact digest of an item. What nobody approved, or what changed since, is not said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from triage.bot.content import ContentError, Item
from triage.bot.loading import read_toml

NEEDED = 2
_FIELDS = {"locale": str, "key": str, "version": int, "digest": str, "approved_by": list, "approved_on": date}
_HEAD = """\
# SAMPLE APPROVALS. Nobody with a licence stands behind them: they let the demonstration clinic run.
# A clinic replaces this file by the approvals of two of its own clinicians for each item and version
# (`manage.py content_digests` prints the digests to approve).
"""


@dataclass(frozen=True, slots=True)
class Approval:
    """Two names under one digest. `sample` marks those that came with the software."""

    locale: str
    key: str
    version: int
    digest: str
    approved_by: tuple[str, ...]
    approved_on: date
    sample: bool = False


def read_approvals(file: Path) -> dict[tuple[str, str, int], Approval]:
    """All approvals by locale, key and version; a missing file approves nothing. Raises ContentError."""
    if not file.exists():
        return {}
    _, raw = read_toml(file)
    approvals: dict[tuple[str, str, int], Approval] = {}
    for number, entry in enumerate(raw.get("approval", ()), 1):
        approval = _approval(file, number, entry)
        name = (approval.locale, approval.key, approval.version)
        if name in approvals:
            raise ContentError(file, 0, f"approval {number}: {'/'.join(map(str, name))} is there twice")
        approvals[name] = approval
    return approvals


def _approval(file: Path, number: int, entry: dict[str, Any]) -> Approval:
    for name, kind in _FIELDS.items():
        if type(entry.get(name)) is not kind:
            raise ContentError(file, 0, f"approval {number}: '{name}' must be {kind.__name__}")
    if entry.keys() - _FIELDS.keys() - {"sample"}:
        raise ContentError(file, 0, f"approval {number}: unknown key {sorted(entry.keys() - _FIELDS.keys())[0]}")
    names = entry["approved_by"]
    if len({str(name).strip().casefold() for name in names}) < NEEDED:
        raise ContentError(file, 0, f"approval {number}: needs {NEEDED} different people")
    return Approval(**{**entry, "approved_by": tuple(names)})


def why_not_approved(item: Item, approvals: dict[tuple[str, str, int], Approval]) -> str:
    """The reason why `item` may not be said, empty when two people approved exactly this content."""
    approval = approvals.get((item.locale, item.key, item.version))
    if approval is None:
        return "is not approved"
    if approval.digest != item.digest:
        return f"was altered after it was approved on {approval.approved_on}"
    return ""


def sample_approvals(items: Iterable[Item], *, on: date) -> str:
    """The text of an approvals file that approves `items` as they stand, plainly marked as a sample."""
    entries = [
        "\n".join(
            (
                "[[approval]]",
                f'locale = "{item.locale}"',
                f'key = "{item.key}"',
                f"version = {item.version}",
                f'digest = "{item.digest}"',
                'approved_by = ["Sample approval one, to be replaced", "Sample approval two, to be replaced"]',
                f"approved_on = {on.isoformat()}",
                "sample = true",
            )
        )
        for item in sorted(items, key=lambda item: (item.locale, item.key, item.version))
    ]
    return _HEAD + "\n" + "\n\n".join(entries) + "\n"
