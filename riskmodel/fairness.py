"""Whether the model misses, or alarms about, some people more than others: by register, dialect and language."""

from collections.abc import Iterator, Sequence
from typing import Any

from riskmodel.corpus import Row
from riskmodel.intervals import wilson
from riskmodel.levels import RANK, Level, RiskScore

# How somebody writes, not what about: a gap between these is a gap between people.
REGISTERS = (
    "teen",
    "elderly",
    "formal",
    "typo",
    "voice",
    "second_language",
    "short",
    "long",
    "slang",
    "obfuscated",
)
_DIALECT = "dialect_"
# At fifteen points one person in seven of a group is overlooked who would have been seen, had they written otherwise.
MOST_GAP = 0.15
LEAST_ROWS = 25  # fewer cannot tell a gap of fifteen points from chance
_ALERT = RANK[Level.MODERATE]


def fairness(
    rows: Sequence[Row],
    scores: Sequence[RiskScore],
    *,
    most_gap: float = MOST_GAP,
    least_rows: int = LEAST_ROWS,
) -> dict[str, Any]:
    """Misses and false alarms of each group beside those of all rows, and whether a gap forbids promotion.

    A row of moderate or above is dangerous, and missed where its score raises no alert; any other is harmless, and a
    false alarm where it does. `unscored` raises an alert. A group blocks where its rate lies more than `most_gap`
    above that of all rows, the lower end of its 95 % interval lies above it too, and at least `least_rows` rows tell
    it. The scores must come from models that never saw the rows. Raises ValueError where the two differ in length.
    """
    pairs = list(zip(rows, scores, strict=True))
    everybody = _Counts(pairs)
    groups = [
        _Group(kind, name, _Counts([pair for pair, mine in zip(pairs, belongs, strict=True) if mine]))
        for kind, name, belongs in _groups(pairs)
    ]
    why = [sentence for group in groups for sentence in group.why(everybody, most_gap, least_rows)]
    return {
        "overall": everybody.figures(),
        "groups": [
            group.figures(everybody, least_rows) | {"blocks": bool(group.why(everybody, most_gap, least_rows))}
            for group in groups
        ],
        "blocks": bool(why),
        "why": why,
        "most gap": most_gap,
        "least rows": least_rows,
    }


def alerts(score: RiskScore) -> bool:
    """Whether a counsellor is alerted: at moderate and above, and where nothing is known."""
    return score.level is Level.UNSCORED or RANK[score.level] >= _ALERT


def is_dangerous(row: Row) -> bool:
    """Whether a counsellor should have been alerted."""
    return RANK[row.level] >= _ALERT


_Pairs = Sequence[tuple[Row, RiskScore]]


def _groups(pairs: _Pairs) -> Iterator[tuple[str, str, list[bool]]]:
    present = {tag for row, _ in pairs for tag in row.tags}
    for tag in (*REGISTERS, *sorted(tag for tag in present if tag.startswith(_DIALECT))):
        kind = "dialect" if tag.startswith(_DIALECT) else "register"
        yield kind, tag.removeprefix(_DIALECT), [tag in row.tags for row, _ in pairs]
    for language in sorted({score.language for _, score in pairs}):
        yield "language", language or "not read", [score.language == language for _, score in pairs]


class _Counts:
    """How many rows are dangerous and missed, how many harmless and alarmed about."""

    def __init__(self, pairs: _Pairs) -> None:
        dangerous = [alerts(score) for row, score in pairs if is_dangerous(row)]
        harmless = [alerts(score) for row, score in pairs if not is_dangerous(row)]
        self.missed = (dangerous.count(False), len(dangerous))
        self.false_alarms = (harmless.count(True), len(harmless))

    def figures(self) -> dict[str, Any]:
        return _share("missed", *self.missed, "dangerous") | _share("false alarms", *self.false_alarms, "harmless")


class _Group:
    def __init__(self, kind: str, name: str, counts: _Counts) -> None:
        self.kind, self.name, self._counts = kind, name, counts

    def figures(self, everybody: _Counts, least_rows: int) -> dict[str, Any]:
        return (
            {"kind": self.kind, "group": self.name}
            | self._counts.figures()
            | {
                "gap of misses": _rounded(_gap(self._counts.missed, everybody.missed)),
                "gap of misses to the others": _rounded(_gap_to_others(self._counts.missed, everybody.missed)),
                "gap of false alarms": _rounded(_gap(self._counts.false_alarms, everybody.false_alarms)),
                "gap of false alarms to the others": _rounded(
                    _gap_to_others(self._counts.false_alarms, everybody.false_alarms)
                ),
                "too few to tell": min(self._counts.missed[1], self._counts.false_alarms[1]) < least_rows,
            }
        )

    def why(self, everybody: _Counts, most_gap: float, least_rows: int) -> list[str]:
        """A sentence for each gap that forbids promotion."""
        found = []
        for what, mine, all_of in (
            ("missed", self._counts.missed, everybody.missed),
            ("false alarms", self._counts.false_alarms, everybody.false_alarms),
        ):
            gap = _gap(mine, all_of)
            if gap is None or mine[1] < least_rows or gap <= most_gap:
                continue
            if wilson(*mine)[0] > all_of[0] / all_of[1]:
                found.append(
                    f"{self.kind} {self.name}: {what} {mine[0]} of {mine[1]} ({mine[0] / mine[1]:.0%}), "
                    f"of all rows {all_of[0] / all_of[1]:.0%}"
                )
        return found


def _share(what: str, hits: int, of: int, of_what: str) -> dict[str, Any]:
    low, high = wilson(hits, of)
    return {
        of_what: of,
        what: hits,
        f"rate of {what}": round(hits / of, 4) if of else None,
        f"interval of {what}": [round(low, 4), round(high, 4)] if of else None,
    }


def _gap(mine: tuple[int, int], all_of: tuple[int, int]) -> float | None:
    return mine[0] / mine[1] - all_of[0] / all_of[1] if mine[1] else None


def _gap_to_others(mine: tuple[int, int], all_of: tuple[int, int]) -> float | None:
    return _gap(mine, (all_of[0] - mine[0], all_of[1] - mine[1])) if all_of[1] > mine[1] else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
