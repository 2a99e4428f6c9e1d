"""The picture of a client's totals over time, as places in an SVG that the server draws. Pure; no script, no style."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from triage.screenings.instruments import Instrument

# One unit is about a pixel on a phone, where the picture is as wide as the screen.
WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 30, 12, 18, 26
_LINE = 12  # a number beside the scale needs this much height
_APART = 24  # a total's number is left out where it would lie on the one before


@dataclass(frozen=True, slots=True)
class Reading:
    """One finished screening: when, its total and band, and whether the total was made up for missing items."""

    at: datetime
    total: int
    band: str = ""
    prorated: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """Where a total stands in the picture; `word` is its number where there is room for it."""

    x: float
    y: float
    total: int
    word: str
    word_y: float
    prorated: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the picture at a total, where a band begins or the scale ends; its number where there is room."""

    y: float
    total: int
    word: str


@dataclass(frozen=True, slots=True)
class Trend:
    """All that the template draws of one instrument, and the same in words."""

    key: str
    title: str
    readings: Sequence[Reading]
    points: Sequence[Point]
    marks: Sequence[Mark]
    line: str
    summary: str

    @property
    def width(self) -> int:
        """Of the picture, in its own units."""
        return WIDTH

    @property
    def height(self) -> int:
        """Of the picture, in its own units."""
        return HEIGHT

    @property
    def left(self) -> int:
        """Where the field of the points begins."""
        return LEFT

    @property
    def right(self) -> int:
        """Where the field of the points ends."""
        return WIDTH - RIGHT

    @property
    def last(self) -> Reading:
        """The newest total."""
        return self.readings[-1]

    @property
    def newest_first(self) -> list[Reading]:
        """The totals as the table beside the picture lists them."""
        return list(reversed(self.readings))

    @property
    def has_prorated(self) -> bool:
        """Whether a total was made up for missing items."""
        return any(one.prorated for one in self.readings)

    @property
    def foot(self) -> int:
        """Where the words under the picture stand."""
        return HEIGHT - 6


def trend_of(definition: Instrument, readings: Iterable[Reading]) -> Trend:
    """The trend of one instrument over `readings`, which come oldest first. Time runs as it passed, not by number."""
    found = list(readings)
    points = _points(found, definition)
    line = " ".join(f"{point.x:g},{point.y:g}" for point in points)
    return Trend(
        key=definition.key,
        title=definition.title,
        readings=found,
        points=points,
        marks=_marks(definition),
        line=line,
        summary=_summary(definition, found),
    )


def _marks(definition: Instrument) -> list[Mark]:
    lowest, highest = definition.lowest_total, definition.highest_total
    begins = {band.least for band in definition.bands if band.least > lowest}
    marks: list[Mark] = []
    named_y = float("inf")
    for total in sorted({lowest, highest, *begins}):
        y = _y(total, definition)
        word = str(total) if named_y - y >= _LINE else ""
        named_y = y if word else named_y
        marks.append(Mark(y, total, word))
    return marks


def _points(readings: Sequence[Reading], definition: Instrument) -> list[Point]:
    points: list[Point] = []
    named_at = float("-inf")
    for place, reading in enumerate(readings):
        x = _x(reading.at, readings[0].at, readings[-1].at)
        y = _y(reading.total, definition)
        # The last total is the one that is looked for, so it keeps its number and the one before gives way.
        is_last = place == len(readings) - 1
        word = str(reading.total) if x - named_at >= _APART or is_last else ""
        if is_last and points and x - named_at < _APART:
            points = [Point(p.x, p.y, p.total, "" if p.x == named_at else p.word, p.word_y, p.prorated) for p in points]
        named_at = x if word else named_at
        points.append(Point(x, y, reading.total, word, round(y - 8, 1), reading.prorated))
    return points


def _x(at: datetime, first: datetime, last: datetime) -> float:
    whole = (last - first).total_seconds()
    # Points keep clear of both edges, so that their numbers are not cut off.
    inner = WIDTH - LEFT - RIGHT - 24
    return round(LEFT + 12 + (inner * ((at - first).total_seconds() / whole) if whole else inner / 2), 1)


def _y(total: int, definition: Instrument) -> float:
    lowest, highest = definition.lowest_total, definition.highest_total
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (total - lowest) / (highest - lowest), 1)


def _summary(definition: Instrument, readings: Sequence[Reading]) -> str:
    """The picture in one sentence, for whoever does not see it. It compares numbers and judges nothing."""
    if not readings:
        return f"{definition.title}: no total yet."
    first, last, most = readings[0].total, readings[-1].total, definition.highest_total
    if len(readings) == 1:
        return f"{definition.title}: one total so far, {last} of {most}."
    step = last - readings[-2].total
    moved = "the same as the one before" if step == 0 else f"{abs(step)} {'more' if step > 0 else 'less'} than before"
    return f"{definition.title}: {len(readings)} totals, from {first} to {last} of {most}. The last is {moved}."
