"""A client's mood check-ins as a small picture, drawn here as SVG so that the page needs no library. Numbers alone."""

from collections.abc import Sequence
from datetime import tzinfo

from triage.mine import Mood

WIDTH, HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 28, 312, 10, 122
HIGHEST = 10
# So many check-ins fit side by side; older ones stand in the table.
MOST = 30


def mood_chart(moods: Sequence[Mood], zone: tzinfo) -> str:
    """The last 30 check-ins from left to right, as SVG; empty without one. A table beside it says the same in words."""
    shown = moods[-MOST:]
    if not shown:
        return ""
    points = [(_across(number, len(shown)), _up(mood.value)) for number, mood in enumerate(shown)]
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    dots = "".join(f'<circle class="mood-dot" cx="{x:g}" cy="{y:g}" r="4"/>' for x, y in points)
    days = [mood.at.astimezone(zone).strftime("%Y-%m-%d") for mood in (shown[0], shown[-1])]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="mood-chart" '
        f'aria-label="{_told(shown)}">{"".join(_level(value) for value in (0, 5, 10))}'
        f'<polyline class="mood-line" points="{line}"/>{dots}'
        f'<text class="mood-text" x="{_LEFT}" y="{HEIGHT - 8}">{days[0]}</text>'
        f"{_last_day(days) if days[0] != days[1] else ''}</svg>"
    )


def _told(shown: Sequence[Mood]) -> str:
    count = "One check-in" if len(shown) == 1 else f"{len(shown)} check-ins"
    return f"{count}, the first {shown[0].value} and the last {shown[-1].value} of 10. The table says the same."


def _level(value: int) -> str:
    y = _up(value)
    return (
        f'<line class="mood-level" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:g}" y2="{y:g}"/>'
        f'<text class="mood-text" x="{_LEFT - 6}" y="{y + 4:g}" text-anchor="end">{value}</text>'
    )


def _last_day(days: Sequence[str]) -> str:
    return f'<text class="mood-text" x="{_RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{days[1]}</text>'


def _across(number: int, count: int) -> float:
    inner = _RIGHT - _LEFT - 16
    return round(_LEFT + 8 + (inner / 2 if count == 1 else inner * number / (count - 1)), 1)


def _up(value: int) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * value / HIGHEST, 1)
