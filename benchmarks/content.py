"""What the bot does with a crisis, a harmless message and a wish for a person: `python -m benchmarks.content`.

Every row is a first message in a conversation of its own. It goes the way of a turn without the database: the active
risk model scores it, the bot's flow reads it, the policy decides, and what the client sees next is looked at.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import quantiles

from benchmarks.scoring import load, loop_rate

_SUITES = Path(__file__).resolve().parent.parent / "tests" / "content" / "suites"
_AGAIN = 4  # how often each message is answered once more for the clock
_GOALS = {"direct": 1.0, "oblique": 0.95}


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the crisis suite, what group it belongs to, and whether the card must come next."""

    text: str
    group: str
    wording: str
    crisis: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the client sees next, and why."""

    card: bool
    called: bool
    wish: bool
    by_model: bool  # the level of the score alone calls a person


class Bot:
    """The shipped content of one day with the active risk model, answering first messages. No database."""

    def __init__(self, at: date) -> None:
        # Imported here, so that reading this module for its names costs nothing and needs no model.
        from riskmodel import warm_up
        from triage.bot import engine
        from triage.bot.catalogue import CONTENT, load_catalogue

        self.version = warm_up()
        self._engine = engine
        self._catalogue = load_catalogue(CONTENT, at=at)
        self._start = engine.begin(self._catalogue).position

    def see(self, text: str) -> Seen:
        """Score, flow, policy and what follows, as a turn joins them."""
        from riskmodel import score
        from triage.bot.position import Wish
        from triage.policy import AlertKind, BotPart, decide, is_concern, is_doubtful
        from triage.states import State

        scored = score(text)
        level = str(scored.level)
        step = self._engine.step(self._catalogue, self._start, text, doubtful=is_doubtful(level, scored.probability))
        wish = Wish.PERSON in step.wishes
        decision = decide(level=level, state=State.WITH_BOT, open_urgency=None, wishes_person=wish)
        if decision.bot is BotPart.HOLDING:
            reason = decision.alert or AlertKind.PERSON
            step = self._engine.hold(self._catalogue, self._start, text, reason=reason, person_on_shift=True)
        card = any(reply.card == "crisis" for reply in step.replies)
        return Seen(card, decision.call_person, wish, is_concern(level))

    def answer(self, text: str) -> float:
        """The milliseconds of one bot turn: understanding, choice and rendering, without scoring and database."""
        began = time.perf_counter()
        step = self._engine.step(self._catalogue, self._start, text)
        json.dumps([{"key": r.key, "text": r.text, "choices": [c.label for c in r.choices]} for r in step.replies])
        json.dumps(step.position.to_json())
        return (time.perf_counter() - began) * 1000


def read_crisis(folder: Path = _SUITES) -> list[Row]:
    """The rows of `crisis.jsonl`."""
    lines = (folder / "crisis.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Row(row["text"], row["group"], row["wording"], row["expect"] == "crisis") for row in rows]


def read_requests(folder: Path = _SUITES) -> list[str]:
    """The lines of `person_requests.txt`."""
    return [line for line in (folder / "person_requests.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, help="file to write the tables to")
    parser.add_argument("--on", type=date.fromisoformat, default=date(2026, 12, 1), help="the day of the content")
    options = parser.parse_args(arguments)
    told = run(read_crisis(), read_requests(), at=options.on)
    print(told)
    if options.markdown:
        options.markdown.write_text(told + "\n", encoding="utf-8")


def run(rows: Sequence[Row], requests: Sequence[str], *, at: date) -> str:
    """Play everything and return it as Markdown."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    django.setup()
    bot = Bot(at)
    # First of all, while no message is known to anything that remembers.
    fast = speed(bot, [row.text for row in rows] + list(requests))
    seen = [(row, bot.see(row.text)) for row in rows]
    wishes = [(text, bot.see(text)) for text in requests]
    parts = [
        f"{len(rows)} messages of the crisis suite, {len(requests)} wishes for a person; model {bot.version}.",
        by_group(seen),
        *(_share(name, [one for row, one in seen if row.crisis and row.wording == name]) for name in _GOALS),
        _false_alarms([one for row, one in seen if not row.crisis]),
        _wishes([one for _, one in wishes]),
        fast,
    ]
    return "\n\n".join(parts)


def by_group(seen: Iterable[tuple[Row, Seen]]) -> str:
    """One line a group: how often the card is the next thing a client sees, by wording; how often needlessly."""
    groups: dict[str, list[tuple[Row, Seen]]] = {}
    for row, one in seen:
        groups.setdefault(row.group, []).append((row, one))
    lines = ["| group | direct: card next | oblique: card next | harmless: card or call |", "|---|---|---|---|"]
    for group, found in sorted(groups.items()):
        cells = [
            _count([one.card for row, one in found if row.crisis and row.wording == wording]) for wording in _GOALS
        ]
        cells.append(_count([one.card or one.by_model for row, one in found if not row.crisis]))
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _count(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}" if hits else ""


def _share(wording: str, found: Sequence[Seen]) -> str:
    share = sum(one.card for one in found) / len(found)
    by_model = sum(one.by_model for one in found)
    return (
        f"Crisis in {wording} wording: the card comes next for {_count([one.card for one in found])} ({share:.1%}, "
        f"goal {_GOALS[wording]:.0%}); a person is called by the score for {by_model}, the rest is the bot's own net."
    )


def _false_alarms(found: Sequence[Seen]) -> str:
    alarms = [one.card or one.by_model for one in found]
    return f"Harmless messages met with a card or a call: {_count(alarms)} ({sum(alarms) / len(alarms):.1%})."


def _wishes(found: Sequence[Seen]) -> str:
    heard, called = [one.wish for one in found], [one.called for one in found]
    return (
        f"Wishes for a person: heard as one by the bot {_count(heard)} ({sum(heard) / len(heard):.0%}); "
        f"a person is called in the same turn, by whatever reason, for {_count(called)}."
    )


def speed(bot: Bot, texts: Sequence[str]) -> str:
    """The p50 and p99 of a bot turn, at first and again, beside how steady the machine was meanwhile."""
    bot.answer("hello")  # whatever is loaded at the first message is no part of a turn
    before, load_before = loop_rate(), load()
    first = [bot.answer(text) for text in texts]
    again = [bot.answer(text) for _ in range(_AGAIN) for text in texts]
    return (
        f"A bot turn (understanding, choice, rendering; no scoring, no database) on one core: a message seen for the "
        f"first time ({len(first)}) {_cuts(first)}; the same again ({len(again)}) {_cuts(again)}. Noise: the same loop "
        f"{before:,.0f} times a second before and {loop_rate():,.0f} after; load {load_before} before, {load()} after."
    )


def _cuts(took: Sequence[float]) -> str:
    cuts = quantiles(took, n=100)
    return f"p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms"


if __name__ == "__main__":
    main()
