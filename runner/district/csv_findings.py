"""Collects what is wrong in a folder of CSV files, the first hundred in full, and finds the column of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runner.values.problems import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST: Final = 100
"""So many problems are told in full; a file in another format altogether would have one a field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field, apart from where it stands."""

    code: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and its place: the line (from 1) on which its record begins, the field of it (from 0), or all of it."""

    table: str
    line: int
    index: int | None
    fault: Fault


@dataclass(slots=True)
class Findings:
    """What was found so far: all of it counted, the first of it kept."""

    count: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, *findings: Finding) -> None:
        """Count these, and keep those for which there is room."""
        self.count += len(findings)
        self.kept.extend(findings[: self.room])

    @property
    def room(self) -> int:
        """How many more are kept."""
        return MOST - len(self.kept)


def problems(findings: Findings, files: Mapping[str, Path]) -> list[Problem]:
    """Return the findings as problems, in the order of their places, and a last one if there were more."""
    found = [problem for table, path in files.items() for problem in _of_file(findings, table, path)]
    if findings.count > len(found):
        more = f"There are {findings.count} problems; these are the first {len(found)} that were found."
        found.append(Problem("csv-value", more))
    return found


def _of_file(findings: Findings, table: str, path: Path) -> Iterator[Problem]:
    of_table = [finding for finding in findings.kept if finding.table == table]
    columns = _columns(path, {(finding.line, finding.index) for finding in of_table if finding.index})
    placed = [
        Problem(
            finding.fault.code,
            finding.fault.message,
            Position(str(path), finding.line, columns.get((finding.line, finding.index), 1)),
            finding.fault.hint,
        )
        for finding in of_table
    ]
    yield from sorted(placed, key=lambda problem: (problem.place, problem.message))


def _columns(path: Path, wanted: set[tuple[int, int | None]]) -> dict[tuple[int, int | None], int]:
    """Return the column at which each field (line, number) begins, for those that begin on their record's first line.

    The file is read again for it: keeping every line, in case that it turns out to be wrong, would cost every load.
    """
    if not wanted:
        return {}
    indexes: dict[int, list[int]] = {}
    for line, index in wanted:
        indexes.setdefault(line, []).append(index or 0)
    columns: dict[tuple[int, int | None], int] = {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for number, text in enumerate(file, start=1):
            starts = _starts(text) if number in indexes else []
            columns |= {(number, index): starts[index] for index in indexes.get(number, ()) if index < len(starts)}
            if number >= max(indexes):
                break
    return columns


def _starts(line: str) -> list[int]:
    """Return the columns (from 1) at which the fields of a line begin."""
    starts, quoted = [1], False
    for column, character in enumerate(line, start=1):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            starts.append(column + 1)
    return starts
