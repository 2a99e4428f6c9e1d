"""Golden transcripts: what a client writes and what they then see, word for word, for a clinician to read.

`python -m tests.content.transcripts` writes the bot's side of every file in `golden/` anew, on purpose; the difference
in version control is then what a clinician reads. The client's side stays as it is.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.triage.bot.talk import shipped
from triage.bot import engine
from triage.bot.catalogue import Catalogue
from triage.bot.position import Reply, Step, Wish
from triage.policy import URGENCY, BotPart, counted_level, decide
from triage.screenings.instruments import instrument
from triage.screenings.scoring import level_of_answer
from triage.states import State

GOLDEN = Path(__file__).parent / "golden"
REPLAY = Path(__file__).parents[2] / "docs" / "examples" / "transcripts.jsonl"


@dataclass(frozen=True)
class Line:
    """What the client writes, and the level that the score gives it in this story."""

    client: str
    level: str = "none"


@dataclass(frozen=True)
class Story:
    """One file: what it shows, who is on shift, what the client writes."""

    name: str
    title: str
    shows: str
    person_on_shift: bool
    lines: tuple[Line, ...]


def read_story(file: Path) -> tuple[Story, list[dict[str, Any]]]:
    """The story of a file, and what is written there for the bot: the opening first, then one for each line."""
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    lines = tuple(Line(turn["client"], turn.get("level", "none")) for turn in raw["turn"])
    seen = [{key: value for key, value in turn.items() if key not in {"client", "level"}} for turn in raw["turn"]]
    story = Story(file.stem, raw["title"], raw["shows"], raw["person_on_shift"], lines)
    return story, [raw.get("opening", {}), *seen]


def stories() -> list[Path]:
    """The files, in the order of their names."""
    return sorted(GOLDEN.glob("*.toml"))


def play(catalogue: Catalogue, story: Story) -> list[dict[str, Any]]:
    """Play a story through the pure engine, the holding content and the policy, as a turn joins them."""
    step = engine.begin(catalogue)
    seen = [_seen(step.replies)]
    state, urgency, reason = str(State.WITH_BOT), None, ""
    for line in story.lines:
        flow = engine.step(catalogue, step.position, line.client) if state == State.WITH_BOT else None
        screened = _called(flow)
        decision = decide(
            level=line.level,
            state=state,
            open_urgency=urgency,
            wishes_person=bool(flow and Wish.PERSON in flow.wishes),
            screened=screened,
        )
        if decision.alert:
            reason = decision.alert
            urgency = max(urgency or 0, URGENCY[counted_level(line.level, screened)])
        if decision.bot is BotPart.HOLDING:
            step = engine.hold(
                catalogue, step.position, line.client, reason=reason, person_on_shift=story.person_on_shift
            )
        elif flow:
            step = flow
        state = State.WAITING if decision.call_person else state
        ended = {"chat_ends": True} if Wish.END in step.wishes and state == State.WITH_BOT else {}
        called = {"person_called": str(reason)} if decision.call_person else {}
        seen.append(_seen(step.replies) | called | ended)
    return seen


def _called(flow: Step | None) -> str:
    if flow is None or flow.answered is None:
        return ""
    return level_of_answer(instrument(flow.answered.instrument), flow.answered.item, flow.answered.value)


def _seen(replies: tuple[Reply, ...]) -> dict[str, Any]:
    """The lines of the bot, and what stands on the screen with them."""
    seen: dict[str, Any] = {"bot": [reply.text for reply in replies]}
    if any(reply.card for reply in replies):
        seen["card"] = next(reply.card for reply in replies if reply.card)
    if replies and replies[-1].choices:
        seen["buttons"] = [choice.label for choice in replies[-1].choices]
    if replies and replies[-1].exercise:
        seen["exercise"] = replies[-1].exercise
    return seen


def _toml(value: Any) -> str:
    if isinstance(value, list) and len(value) > 1 and any(len(one) > 40 for one in value):
        return "[\n" + "".join(f"  {_toml(one)},\n" for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def written(story: Story, seen: list[dict[str, Any]]) -> str:
    """The file of a story as it stands in `golden/`."""
    head = {"title": story.title, "shows": story.shows, "person_on_shift": story.person_on_shift}
    parts = ["".join(f"{key} = {_toml(value)}\n" for key, value in head.items())]
    tables = [("[opening]", seen[0])]
    for line, shown in zip(story.lines, seen[1:], strict=True):
        level = {} if line.level == "none" else {"level": line.level}
        tables.append(("[[turn]]", {"client": line.client} | level | shown))
    parts += [
        "".join([f"{name}\n", *(f"{key} = {_toml(value)}\n" for key, value in table.items())]) for name, table in tables
    ]
    return "\n".join(parts)


def replay_script() -> str:
    """The clients' side of every transcript as a script for `manage.py replay`."""
    rows = []
    for file in stories():
        story, _ = read_story(file)
        rows += [{"conversation": story.name, "text": line.client} for line in story.lines]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def rewrite() -> None:
    """Write the bot's side of every transcript anew, and the script for `manage.py replay`."""
    catalogue = shipped()
    for file in stories():
        story, _ = read_story(file)
        file.write_text(written(story, play(catalogue, story)), encoding="utf-8")
    REPLAY.write_text(replay_script(), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
