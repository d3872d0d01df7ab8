"""Results as one HTML page, complete in itself, for the eye, a printer or a screen reader; the only door to jinja2."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from runner.report import differences, words
from runner.report.problems import visible
from runner.values.result import CellCount, Status, UndoCount
from runner.values.sources import NO_SOURCES
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.values.problems import Problem
    from runner.values.result import Reach, Result, Tally, Warned
    from runner.values.sources import Sources

STEPS = 6
"""How many shades of heat there are, besides none."""

MOST_LINES = 1_000
"""The most lines of a file that are shown, besides those that a problem is about and those next to them."""

MOST_PROBLEMS = 1_000
_LONGEST_LINE = 2_000
_NEAR = 3
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TONES = {
    Status.APPLIED: "good",
    Status.DRY_RUN: "calm",
    Status.UNKNOWN: "doubt",
}
_SIGNS = {"good": "✓", "calm": "○", "doubt": "?", "bad": "✕"}


def render_results(results: Sequence[Result], sources: Sequence[Sources] = ()) -> str:
    """Return one page with all results, and what stands behind each where that is known."""
    loader = PackageLoader("runner.report", "page")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": lambda number: f"{number:,}", "spoken": _spoken}
    style, _, _ = loader.get_source(environment, "report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    known = zip(results, chain(sources, repeat(NO_SOURCES)))  # noqa: B905 - the second has no end
    return environment.get_template("report.html").render(
        style=style,
        style_hash=digest,
        jobs=[_job(place, *job) for place, job in enumerate(known, 1)],
        words=words,
        differences=differences,
        channels=tuple(Channel),
        most_problems=MOST_PROBLEMS,
        next_step=words.next_step(results),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file, and what is wrong in it; without a text it stands for those that are left out before it."""

    number: int
    text: str | None
    notes: tuple[Problem | Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a job; without lines it is a people file, whose content no report shows."""

    anchor: str
    path: str
    lines: tuple[_Line, ...]

    @property
    def noted(self) -> tuple[_Line, ...]:
        """The lines that something is wrong in."""
        return tuple(line for line in self.lines if line.notes)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the matrix: what to show in it, and how hot it is."""

    number: int | None
    set: str
    heat: str


@dataclass(frozen=True, slots=True)
class _Bars:
    """Who is reached before and after, in percent of the people: those in both, those lost, those gained."""

    both: float
    lost: float
    gained: float


@dataclass(frozen=True, slots=True)
class _Job:
    """All that the page says of one result."""

    anchor: str
    result: Result
    sources: Sources
    tone: str
    sign: str
    undo: bool
    matrix: tuple[tuple[Reason, tuple[tuple[Channel, _Cell], ...]], ...]
    settings: tuple[tuple[str, str, tuple[int, int, int]], ...]
    bars: tuple[tuple[Reason, Reach, _Bars], ...]
    files: tuple[_File, ...]
    anchors: Mapping[tuple[str, int], str]


def _job(place: int, result: Result, sources: Sources) -> _Job:
    tone = _TONES.get(result.status, "bad")
    tally = result.tally
    anchor = f"job-{place}"
    files = tuple(_files(anchor, result, sources))
    return _Job(
        anchor=anchor,
        result=result,
        sources=sources,
        tone=tone,
        sign=_SIGNS[tone],
        undo=result.undo_of is not None,
        matrix=tuple(_matrix(tally)) if tally else (),
        settings=tuple(_settings(tally)) if tally else (),
        bars=tuple((reason, reach, _bars(reach)) for reason, reach in tally.reach.items()) if tally else (),
        files=files,
        anchors={(file.path, line.number): f"{file.anchor}-{line.number}" for file in files for line in file.noted},
    )


def _matrix(tally: Tally) -> Iterator[tuple[Reason, tuple[tuple[Channel, _Cell], ...]]]:
    most = max((cell.changed for _, _, cell in tally.cells()), default=0)
    for reason in Reason:
        yield reason, tuple((channel, _cell(tally.counts.get(channel, {}).get(reason), most)) for channel in Channel)


def _cell(cell: CellCount | UndoCount | None, most: int) -> _Cell:
    if cell is None:
        return _Cell(None, "No Change", "unset")
    # the root lets small numbers be seen beside large ones
    step = math.ceil(STEPS * math.sqrt(cell.changed / most)) if most else 0
    if isinstance(cell, UndoCount):
        return _Cell(cell.changed, "back", f"on heat-{step}")
    return _Cell(cell.changed, "On" if cell.on else "Off", f"{'on' if cell.on else 'off'} heat-{step}")


def _settings(tally: Tally) -> Iterator[tuple[str, str, tuple[int, int, int]]]:
    for channel, reason, cell in tally.cells():
        name = f"{channel.label} · {reason.label}"
        if isinstance(cell, UndoCount):
            yield name, "", (cell.restored, cell.conflict, cell.gone)
        else:
            yield name, "On" if cell.on else "Off", (cell.changed, cell.already, cell.kept)


def _bars(reach: Reach) -> _Bars:
    def percent(number: int) -> float:
        return round(100 * number / reach.people, 2) if reach.people else 0.0

    return _Bars(percent(reach.before - reach.lost), percent(reach.lost), percent(reach.gained))


def _files(anchor: str, result: Result, sources: Sources) -> Iterator[_File]:
    notes: dict[tuple[str, int], list[Problem | Warned]] = defaultdict(list)
    told: tuple[Problem | Warned, ...] = (*result.errors[:MOST_PROBLEMS], *result.warnings[:MOST_PROBLEMS])
    for problem in told:
        if problem.place is not None:
            notes[problem.place.file, problem.place.line].append(problem)
    for place, (path, text) in enumerate(sources.files.items(), 1):
        lines = (
            () if text is None else tuple(_lines(text, {line: notes[path, line] for of, line in notes if of == path}))
        )
        yield _File(f"{anchor}-file-{place}", path, lines)


def _lines(text: str, notes: dict[int, list[Problem | Warned]]) -> Iterator[_Line]:
    lines = _LINE_BREAK.split(text)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    near = {line + step for line in notes for step in range(-_NEAR, _NEAR + 1)}
    left_out = 0
    for number, line in enumerate(lines, 1):
        if number > MOST_LINES and number not in near:
            left_out += 1
            continue
        if left_out:
            yield _Line(left_out, None)
            left_out = 0
        cut = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
        yield _Line(number, cut, tuple(notes.get(number, ())))
    if left_out:
        yield _Line(left_out, None)


def _spoken(message: str) -> list[tuple[str, bool]]:
    """Return a message in pieces; what stands between two back-ticks is code."""
    parts = message.split("`")
    if len(parts) % 2 == 0:
        return [(message, False)]
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part]


def _shown(value: object) -> object:
    """Return what an expression of the template comes to; text of others with all of its characters visible."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
