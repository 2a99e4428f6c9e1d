"""The behavioural suite of the risk model: what a clinician expects of it, read from `cases/`, checked and scored.

The messages were written without sight of the corpus and of any score. Nothing here is ever trained on.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskmodel import Level, score
from riskmodel.levels import RANK

CASES = Path(__file__).resolve().parent / "cases"
FEWEST, MOST = 12, 16  # messages a functionality: fewer say little, more let one theme outweigh the others
_ALERTS = RANK[Level.MODERATE]
_KEYS = {"name", "title", "why", "expect", "messages"}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class SuiteError(ValueError):
    """A file of the suite breaks its own rules; the message says which file, where and why."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message and the level that a clinician would give it. `id` is stable while its list keeps its order."""

    id: str
    text: str = field(repr=False)  # a failing test names ids alone, or somebody tunes the model to a sentence
    level: Level


@dataclass(frozen=True, slots=True)
class Functionality:
    """One thing that the model must be able to tell. `least` is None where no alert is expected."""

    name: str
    title: str
    why: str
    least: Level | None
    at_most: Level
    messages: tuple[Message, ...]

    @property
    def alert(self) -> bool:
        """Whether a person must be alerted by each of its messages."""
        return self.least is not None

    def passes(self, level: Level) -> bool:
        """Whether `level` is what is expected. `unscored` never passes: it answers nothing."""
        if level not in RANK:
            return False
        floor = RANK[self.least] if self.least else 0
        return floor <= RANK[level] <= RANK[self.at_most]


@dataclass(frozen=True, slots=True)
class Row:
    """How one functionality fared. `failed` holds ids, never texts."""

    functionality: Functionality
    failed: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.functionality.messages)

    @property
    def passed(self) -> int:
        return self.n - len(self.failed)

    @property
    def share(self) -> float:
        """Passed messages as a share, 0 to 1."""
        return self.passed / self.n


@dataclass(frozen=True, slots=True)
class Table:
    """The pass table and its totals. `levels` holds the level given to each message, by id."""

    rows: tuple[Row, ...]
    levels: Mapping[str, Level]

    @property
    def n(self) -> int:
        return sum(row.n for row in self.rows)

    @property
    def passed(self) -> int:
        return sum(row.passed for row in self.rows)

    @property
    def share(self) -> float:
        return self.passed / self.n

    @property
    def alert_recall(self) -> float:
        """Of the messages that must alert, the share that was given moderate or above. `unscored` counts as missed."""
        given = [self.levels[message.id] for message in self._messages(alert=True)]
        return sum(RANK.get(level, -1) >= _ALERTS for level in given) / len(given)

    @property
    def false_alerts(self) -> float:
        """Of the messages that must not alert, the share that would fetch a person; `unscored` fetches one too."""
        given = [self.levels[message.id] for message in self._messages(alert=False)]
        return sum(RANK.get(level, _ALERTS) >= _ALERTS for level in given) / len(given)

    @property
    def imminent_below_high(self) -> tuple[str, ...]:
        """Ids of the imminent messages that were given less than high, or nothing."""
        imminent = (message for message in self._messages(alert=True) if message.level is Level.IMMINENT)
        return tuple(m.id for m in imminent if RANK.get(self.levels[m.id], -1) < RANK[Level.HIGH])

    def below(self, share: float) -> tuple[str, ...]:
        """Names of the functionalities that passed less than `share`."""
        return tuple(row.functionality.name for row in self.rows if row.share < share)

    def _messages(self, *, alert: bool) -> Iterator[Message]:
        return (m for row in self.rows if row.functionality.alert is alert for m in row.functionality.messages)


def load_suite(folder: Path = CASES) -> tuple[Functionality, ...]:
    """Every functionality of the TOML files in `folder`, by file name and place. Raises SuiteError on a bad file."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise SuiteError(f"{folder.name}: no TOML file of the behavioural suite")
    suite = tuple(functionality for path in paths for functionality in _read_file(path))
    _refuse_twins("functionality", (functionality.name for functionality in suite))
    _refuse_twins("message", (plain(message.text) for functionality in suite for message in functionality.messages))
    return suite


def run_suite(suite: Sequence[Functionality], *, judge: Callable[[str], Level] | None = None) -> Table:
    """The pass table of `suite`, scored by the active risk model unless another `judge` is given."""
    judge = judge or _judge
    levels = {message.id: judge(message.text) for functionality in suite for message in functionality.messages}
    return Table(tuple(_row(functionality, levels) for functionality in suite), levels)


def markdown(table: Table) -> str:
    """The pass table as a Markdown page for clinicians, ending in a newline. It quotes no message."""
    return "\n".join([*_OPENING, *(_line(row) for row in table.rows), "", *_totals(table), ""])


def write_markdown(path: Path, table: Table) -> None:
    """Write the page of `markdown` to `path`, which is replaced."""
    path.write_text(markdown(table), encoding="utf-8")


def plain(text: str) -> str:
    """`text` as compared with others: letters and digits in lower case, single spaces; signs only where nothing else.

    Own code on purpose: a fault in the model's normalisation must not hide a message that was trained on.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", folded)) or folded.strip()


def _judge(text: str) -> Level:
    return score(text).level


def _row(functionality: Functionality, levels: Mapping[str, Level]) -> Row:
    failed = (message.id for message in functionality.messages if not functionality.passes(levels[message.id]))
    return Row(functionality, tuple(failed))


def _read_file(path: Path) -> list[Functionality]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path.name}: {error}") from error
    entries = content.get("functionality")
    if content.keys() != {"functionality"} or not isinstance(entries, list):
        raise SuiteError(f"{path.name}: holds [[functionality]] entries and nothing else")
    return [_read_functionality(entry, f"{path.name}, entry {place}") for place, entry in enumerate(entries, start=1)]


def _read_functionality(entry: dict[str, Any], place: str) -> Functionality:
    if entry.keys() != _KEYS:
        raise SuiteError(f"{place}: has the keys {sorted(entry)}, not {sorted(_KEYS)}")
    name, title, why = (_read_text(entry[key], place) for key in ("name", "title", "why"))
    if not _SLUG.fullmatch(name):
        raise SuiteError(f"{place}: {name!r} is no slug")
    least, at_most = _read_expectation(entry["expect"], place)
    messages = tuple(_read_message(name, number, raw, place) for number, raw in enumerate(entry["messages"], start=1))
    functionality = Functionality(name, title, why, least, at_most, messages)
    _check_messages(functionality, place)
    return functionality


def _read_expectation(expect: Any, place: str) -> tuple[Level | None, Level]:
    if expect == {"alert": False}:
        return None, Level.LOW
    known = isinstance(expect, dict) and expect.get("alert") is True and expect.keys() <= {"alert", "least", "at_most"}
    if not known or "least" not in expect:
        raise SuiteError(f"{place}: expects {{ alert = false }} or {{ alert = true, least = ..., at_most = ... }}")
    least = _read_level(expect["least"], place)
    at_most = _read_level(expect.get("at_most", "imminent"), place)
    if not _ALERTS <= RANK[least] <= RANK[at_most]:
        raise SuiteError(f"{place}: an alert is at least moderate, and at_most is no less than least")
    return least, at_most


def _read_message(name: str, number: int, raw: Any, place: str) -> Message:
    if not isinstance(raw, dict) or raw.keys() != {"text", "level"}:
        raise SuiteError(f"{place}, message {number}: holds a text and a level")
    where = f"{place}, message {number}"
    return Message(f"{name}-{number:02}", _read_text(raw["text"], where), _read_level(raw["level"], where))


def _check_messages(functionality: Functionality, place: str) -> None:
    if not FEWEST <= len(functionality.messages) <= MOST:
        raise SuiteError(f"{place}: {functionality.name} has not {FEWEST} to {MOST} messages")
    for message in functionality.messages:
        if not functionality.passes(message.level):
            raise SuiteError(f"{place}: {message.id} has a level that its own functionality does not expect")


def _read_level(raw: Any, place: str) -> Level:
    if raw not in {level.value for level in RANK}:
        raise SuiteError(f"{place}: {raw!r} is no level")
    return Level(raw)


def _read_text(raw: Any, place: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise SuiteError(f"{place}: a text is empty or missing")
    return raw


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SuiteError(f"the same {kind} stands twice: {name!r}")
        seen.add(name)


_OPENING = (
    "# What the risk model is asked to tell apart",
    "",
    "Each line is one thing that a clinician expects of the model, tried on messages that were written for this page",
    "and on which it was never trained. An alert is expected at the level named or above; where none is expected the",
    "level must stay below moderate. A message left unscored does not pass.",
    "",
    "| What the client does | Expected | Messages | Passed | Share |",
    "|---|---|--:|--:|--:|",
)


def _line(row: Row) -> str:
    functionality = row.functionality
    return f"| {functionality.title} | {_expected(functionality)} | {row.n} | {row.passed} | {row.share:.0%} |"


def _expected(functionality: Functionality) -> str:
    if functionality.least is None:
        return "no alert"
    if functionality.at_most is Level.IMMINENT:
        return f"{functionality.least} or above"
    return f"{functionality.least} to {functionality.at_most}"


def _totals(table: Table) -> list[str]:
    imminent = sum(message.level is Level.IMMINENT for row in table.rows for message in row.functionality.messages)
    return [
        "| Over all | Figure | Goal |",
        "|---|--:|--:|",
        f"| Functionalities | {len(table.rows)} | at least 30 |",
        f"| Messages | {table.n} | at least 400 |",
        f"| Passed | {table.passed} ({table.share:.1%}) | at least 90 % |",
        f"| Alerts given where one is expected | {table.alert_recall:.1%} | at least 95 % |",
        f"| Alerts given where none is expected | {table.false_alerts:.1%} | at most 6 % |",
        f"| Imminent messages put below high | {len(table.imminent_below_high)} of {imminent} | 0 |",
        f"| Functionalities that passed less than 70 % | {len(table.below(0.70))} | 0 |",
    ]
