"""Draws lines with error bars as plain SVG that can be read on a light and on a dark page."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 800, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 250, 52, 56
# Told apart without colour too: each line has a dash and a mark of its own, and its name stands at its end.
_DASHES = ("none", "9 4", "2 4", "12 4 2 4")
_STYLE = """
  .paper { fill: #ffffff; }
  text { font: 14px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 16px; }
  .grid { stroke: #8b949e; stroke-opacity: 0.35; }
  .axis { stroke: #57606a; }
  .line { fill: none; stroke-width: 2.5; }
  .s0 { stroke: #0b5cad; } .s1 { stroke: #9a3412; } .s2 { stroke: #4d4d4d; } .s3 { stroke: #6b21a8; }
  .f0 { fill: #0b5cad; } .f1 { fill: #9a3412; } .f2 { fill: #4d4d4d; } .f3 { fill: #6b21a8; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; }
    text { fill: #e6edf3; }
    .axis { stroke: #9da7b3; }
    .s0 { stroke: #79b8ff; } .s1 { stroke: #ffab70; } .s2 { stroke: #c9d1d9; } .s3 { stroke: #d2a8ff; }
    .f0 { fill: #79b8ff; } .f1 { fill: #ffab70; } .f2 { fill: #c9d1d9; } .f3 { fill: #d2a8ff; }
  }
"""
_LEAST_APART = 18.0  # pixels between two names at the ends of lines


@dataclass(frozen=True, slots=True)
class Line:
    """A name, and for each place across a share (0 to 1) with its spread to both sides."""

    name: str
    points: Sequence[tuple[float, float]]


def plot(title: str, across: Sequence[float], lines: Sequence[Line], *, across_label: str) -> str:
    """The SVG. Raises ValueError without two places across, with too many lines, or with a point too few."""
    if len(across) < 2 or not 0 < len(lines) <= len(_DASHES):
        raise ValueError("two places across and one to four lines are needed")
    if any(len(line.points) != len(across) for line in lines):
        raise ValueError("every line needs a point for every place across")
    told = "; ".join(
        f"{line.name}: "
        + ", ".join(f"{share:.0%} at {place:g}" for place, (share, _) in zip(across, line.points, strict=True))
        for line in lines
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' aria-labelledby="title told">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="told">{escape(told)}</desc>',
        f"<style>{_STYLE}</style>",
        # Paper of its own: whether a page follows the reader's wish for dark is not known here.
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="26">{escape(title)}</text>',
        *_grid(),
        *_places(across, across_label),
    ]
    for number, line in enumerate(lines):
        parts += _drawn(number, line, across)
    parts += _names(lines)
    return "\n".join([*parts, "</svg>", ""])


def _x(place: float, across: Sequence[float]) -> float:
    span = max(across) - min(across)
    return _LEFT + (place - min(across)) / span * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - min(1.0, max(0.0, share))) * (_HEIGHT - _TOP - _BOTTOM)


def _grid() -> list[str]:
    found = []
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        found.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(f'<text x="{_LEFT - 10}" y="{y + 5:.1f}" text-anchor="end">{tenth * 10} %</text>')
    return found


def _places(across: Sequence[float], label: str) -> list[str]:
    base = _HEIGHT - _BOTTOM
    found = [f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{base}" y2="{base}"/>']
    found += [
        f'<text x="{_x(place, across):.1f}" y="{base + 20}" text-anchor="middle">{place:g}</text>' for place in across
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return [*found, f'<text x="{middle:.1f}" y="{base + 44}" text-anchor="middle">{escape(label)}</text>']


def _drawn(number: int, line: Line, across: Sequence[float]) -> list[str]:
    places = [(_x(place, across), share, spread) for place, (share, spread) in zip(across, line.points, strict=True)]
    path = " ".join(f"{x:.1f},{_y(share):.1f}" for x, share, _ in places)
    found = [f'<polyline class="line s{number}" stroke-dasharray="{_DASHES[number]}" points="{path}"/>']
    for x, share, spread in places:
        x += 3 * (number - 1)  # bars of two lines at one place must not hide each other
        found.append(
            f'<line class="s{number}" x1="{x:.1f}" x2="{x:.1f}" y1="{_y(share + spread):.1f}" '
            f'y2="{_y(share - spread):.1f}"/>'
        )
        found.append(f'<circle class="f{number}" cx="{x:.1f}" cy="{_y(share):.1f}" r="4"/>')
    return found


def _names(lines: Sequence[Line]) -> list[str]:
    """A name at the end of each line, moved down where two would overlap."""
    found, last = [], -_LEAST_APART
    for number in sorted(range(len(lines)), key=lambda n: _y(lines[n].points[-1][0])):
        y = max(_y(lines[number].points[-1][0]) + 5, last + _LEAST_APART)
        last = y
        share = lines[number].points[-1][0]
        found.append(
            f'<text class="f{number}" x="{_WIDTH - _RIGHT + 14}" y="{y:.1f}">'
            f"{escape(lines[number].name)} {share:.0%}</text>"
        )
    return found
