"""One time line of a conversation: its lines and what happened around them, in the order of the audit trail. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import Entry
from audit.selectors import action_label, detail_of
from counselling.judging import LEVELS
from counselling.models import Verdict
from counselling.takeovers import Disposition
from triage.models import CareTaskKind, Resolution
from triage.policy import AlertKind
from triage.screenings.instruments import UnknownInstrument, instrument
from triage.transcripts import Line, telling

# Entries that stand for a line of the conversation, found again by its `seq`.
LINE_ACTIONS = frozenset({"message.received", "bot.replied", "notice.shown", "counsellor.replied"})
# Shown with their line, or about reading instead of about the conversation: the list of entries has them all.
_QUIET = frozenset({"risk.assessed", "crisis_card.shown", "transcript.viewed", "audit.viewed", "screening.viewed"})
_CALLS = frozenset({"alert.raised", "alert.raised_again", "alert.escalated", "screening.flagged"})
LEVEL_WORDS: Mapping[str, str] = {
    "moderate": "Moderate risk",
    "high": "High risk",
    "imminent": "Imminent risk",
    "unscored": "Not scored: read it",
}
_AGENTS = {
    "bot": "Automated helper",
    "model": "Risk model",
    "system": "The service",
    "client": "The client",
    "human": "A member of the team",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message; `marked` when it drove the level."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One step of the time line: a line of the conversation, or something that happened."""

    at: datetime
    line: Line | None = None
    parts: tuple[Part, ...] = ()
    level_word: str = ""
    other_reasons: tuple[str, ...] = ()
    on_trail: bool = True
    action: str = ""
    title: str = ""
    who: str = ""
    facts: tuple[str, ...] = ()
    is_call: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One audit entry as the list of entries shows it. `digest` is hexadecimal."""

    seq: int
    recorded: datetime
    action: str
    label: str
    outcome: str
    who: str
    about: str
    digest: str


def rows(entries: Iterable[Entry], names: Mapping[str, str]) -> list[Row]:
    """The entries behind a time line, in the order of the chain."""
    return [
        Row(
            seq=entry.seq,
            recorded=entry.recorded,
            action=entry.action,
            label=action_label(entry.action),
            outcome=entry.outcome,
            who=who_acted(entry, names),
            about=f"{entry.entity_kind} {entry.entity_id}".strip(),
            digest=bytes(entry.digest).hex(),
        )
        for entry in entries
    ]


def build(entries: Sequence[Entry], lines: Iterable[Line], names: Mapping[str, str]) -> list[Item]:
    """The time line. A line without an entry is shown in its place and marked: its entry is missing from the trail."""
    waiting = {line.seq: line for line in lines}
    items: list[Item] = []
    for entry in entries:
        seq = line_seq(entry)
        if seq is None:
            if entry.action not in _QUIET:
                items.append(_event(entry, names))
        elif seq in waiting:
            items += [_said(waiting.pop(missing), on_trail=False) for missing in sorted(waiting) if missing < seq]
            items.append(_said(waiting.pop(seq)))
    return items + [_said(line, on_trail=False) for _, line in sorted(waiting.items())]


def line_seq(entry: Entry) -> int | None:
    """The `seq` of the line that an entry stands for; None for an entry about something else."""
    return int(detail_of(entry)["seq"]) if entry.action in LINE_ACTIONS else None


def who_acted(entry: Entry, names: Mapping[str, str]) -> str:
    """Who acted: a member by name and role, everybody else by what they are."""
    if entry.agent_kind == "human" and entry.agent_id in names:
        return f"{names[entry.agent_id]} ({entry.agent_role})" if entry.agent_role else names[entry.agent_id]
    return _AGENTS.get(entry.agent_kind, entry.agent_kind)


def marked_parts(text: str, reasons: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """`text` cut into stretches, those that drove the level marked. Spans that do not lie in the text are left out."""
    spans = sorted(
        (reason["start"], reason["end"])
        for reason in telling(reasons)
        if isinstance(reason.get("start"), int)
        and isinstance(reason.get("end"), int)
        and 0 <= reason["start"] < reason["end"] <= len(text)
    )
    parts: list[Part] = []
    at = 0
    for start, end in spans:
        start = max(start, at)
        if start >= end:
            continue
        if start > at:
            parts.append(Part(text[at:start]))
        parts.append(Part(text[start:end], marked=True))
        at = end
    if at < len(text) or not parts:
        parts.append(Part(text[at:]))
    return tuple(parts)


def _said(line: Line, *, on_trail: bool = True) -> Item:
    reasons = line.assessment["reasons"] if line.assessment else []
    spoken = line.assessment is not None and line.assessment["level"] in LEVEL_WORDS
    return Item(
        at=line.sent_at,
        line=line,
        parts=marked_parts(line.text, reasons if spoken else ()),
        level_word=LEVEL_WORDS[line.assessment["level"]] if spoken and line.assessment else "",
        other_reasons=tuple(str(one["text"]) for one in reasons if one.get("start") is None) if spoken else (),
        on_trail=on_trail,
    )


def _event(entry: Entry, names: Mapping[str, str]) -> Item:
    return Item(
        at=entry.recorded,
        action=entry.action,
        title=action_label(entry.action),
        who=who_acted(entry, names),
        facts=tuple(_facts(entry.action, detail_of(entry))),
        is_call=entry.action in _CALLS,
    )


def _facts(action: str, detail: Mapping[str, Any]) -> Iterable[str]:
    """What a reader needs of an event's detail, in words. Ids stay in the list of entries."""
    if action.startswith("alert.raised"):
        yield _label(AlertKind, detail.get("kind"))
        if word := LEVEL_WORDS.get(str(detail.get("level"))):
            yield word
    if action == "alert.escalated":
        yield f"step {detail.get('step')}, called: {detail.get('called_role')}"
        if (late := float(detail.get("late_seconds") or 0)) > 5:
            yield f"{late:.0f} s late"
    if action == "alert.resolved":
        yield _label(Resolution, detail.get("resolution"))
    if action == "conversation.taken_over" and detail.get("waited_seconds") is not None:
        yield f"after {waited(float(detail['waited_seconds']))} of waiting"
    if action == "conversation.closed" and detail.get("disposition"):
        yield _label(Disposition, detail["disposition"])
    if action == "level.judged":
        yield f"line {detail.get('seq')}: {LEVELS.get(str(detail.get('level')), '')}"
    if action == "review.completed":
        yield _label(Verdict, detail.get("verdict"))
    if action.startswith("screening."):
        yield from _facts_of_screening(action, detail)
    if action.startswith("care_task."):
        yield _label(CareTaskKind, detail.get("kind"))


def _facts_of_screening(action: str, detail: Mapping[str, Any]) -> Iterable[str]:
    """Which questionnaire, which item and what it called for; never an answer or a total."""
    yield title_of(str(detail.get("instrument", "")))
    if "item" in detail:
        yield f"item {detail['item']}"
    if word := LEVEL_WORDS.get(str(detail.get("level"))):
        yield word
    if action == "screening.left":
        yield f"after {detail.get('answered')} answers"
    if action == "screening.finished" and detail.get("missing"):
        yield f"{detail['missing']} left out"


def _label(choices: Any, value: object) -> str:
    return str(dict(choices.choices).get(str(value), value))


def title_of(key: str) -> str:
    """The name of an instrument; its key where it is not shipped any more."""
    try:
        return instrument(key).title
    except UnknownInstrument:
        return key


def waited(seconds: float) -> str:
    """A span of time in words a person says."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
