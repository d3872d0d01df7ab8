"""Results → `results.svg`: seconds against students, both logarithmic, a panel for each database."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from benchmarks.results import points, sizes
from benchmarks.stores.registry import BACKENDS, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Results

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 300, 260, 50, 40, 60, 40
_WAYS = {"c": "c", "b": "b", "run": "run", "dry run": "dry"}
_NEAREST = 11.0
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #444 }
  .title { font-weight: 600; fill: #111 }
  .grid { stroke: #ccc; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 }
  .c { stroke: #767676; fill: #767676 } .b { stroke: #b35900; fill: #b35900 }
  .run { stroke: #0b62c4; fill: #0b62c4 } .dry { stroke: #1a7f37; fill: #1a7f37 }
  text.c, text.b, text.run, text.dry { stroke: none }
  .line { fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #bbb } .title { fill: #eee } .grid { stroke: #444 }
    .c { stroke: #a0a0a0; fill: #a0a0a0 } .b { stroke: #f0883e; fill: #f0883e }
    .run { stroke: #58a6ff; fill: #58a6ff } .dry { stroke: #56d364; fill: #56d364 }
    text.c, text.b, text.run, text.dry { stroke: none }
    .line { fill: none }
  }
"""


def draw(results: Results) -> str:
    """Return the picture of the six-cell job; its background is the page's own, light or dark."""
    there = [backend for backend in BACKENDS if sizes(results, backend)]
    found = {backend: {way: list(points(results, backend, way)) for way in _WAYS} for backend in there}
    every = [point for ways in found.values() for line in ways.values() for point in line]
    if not every:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    frame = _Frame(
        (log10(min(size for size, _ in every)), log10(max(size for size, _ in every))),
        (floor(log10(min(time for _, time in every))), ceil(log10(max(time for _, time in every)))),
    )
    panels = [
        line for place, backend in enumerate(there) for line in _panel(frame, place, LABELS[backend], found[backend])
    ]
    width = len(there) * (_LEFT + _WIDTH + _RIGHT)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_TOP + _HEIGHT + _BOTTOM}" role="img">',
            "<title>Seconds against students, on logarithmic scales, for each database</title>",
            f"<style>{_STYLE}</style>",
            *panels,
            "</svg>\n",
        ]
    )


class _Frame:
    """Where a size and a time lie in a panel; both scales are logarithmic, and every panel's are the same."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.across, self.up = across, up

    def x(self, size: float) -> float:
        low, high = self.across
        return _LEFT + _WIDTH * ((log10(size) - low) / (high - low) if high > low else 0.5)

    def y(self, time: float) -> float:
        low, high = self.up
        return _TOP + _HEIGHT * (1 - ((log10(time) - low) / (high - low) if high > low else 0.5))


def _panel(frame: _Frame, place: int, title: str, lines: dict[str, list[tuple[int, float]]]) -> Iterator[str]:
    yield f'<g transform="translate({place * (_LEFT + _WIDTH + _RIGHT)} 0)">'
    yield f'<text class="title" x="{_LEFT}" y="{_TOP - 18}">{title}: seconds against students, six cells</text>'
    for power in range(-3, 5):
        if frame.up[0] <= power <= frame.up[1]:
            y = frame.y(10.0**power)
            yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_LEFT + _WIDTH}"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>'
    for size in sorted({size for line in lines.values() for size, _ in line}):
        x = frame.x(size)
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{_TOP + _HEIGHT}"/>'
        yield f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 20}" text-anchor="middle">{size:,}</text>'
    lowest = float("-inf")
    for way, line in sorted(lines.items(), key=lambda item: frame.y(item[1][-1][1]) if item[1] else 0.0):
        if not line:
            continue
        name, path = _WAYS[way], " ".join(f"{frame.x(size):.1f},{frame.y(time):.1f}" for size, time in line)
        yield f'<polyline class="line {name}" points="{path}"/>'
        yield from (
            f'<circle class="{name}" cx="{frame.x(size):.1f}" cy="{frame.y(time):.1f}" r="3"/>' for size, time in line
        )
        lowest = max(frame.y(line[-1][1]), lowest + _NEAREST)
        yield f'<text class="{name}" x="{frame.x(line[-1][0]) + 8:.1f}" y="{lowest + 4:.1f}">{way}</text>'
    yield "</g>"
