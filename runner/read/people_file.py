"""A people file: a CSV with the one column `person_id`, to ids."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from runner.read.characters import decode
from runner.read.scalars import MAX_INTEGER, MIN_INTEGER
from runner.values.problems import Position, Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN = "person_id"
MOST_PROBLEMS = 100
"""More lines than these are not told one by one: a file of another kind would have millions."""

ID = r"[-+]?[0-9]{1,19}"


def parse_people(content: bytes, file: str) -> tuple[int, ...]:
    """Return the ids of a people file, in its order. Raises `Stopped` with every bad line."""
    text = decode(content, file)
    rows = csv.reader(io.StringIO(text, newline=""))
    ids: list[int] = []
    problems: list[Problem] = []
    try:
        if (problem := _header_problem(rows, file)) is not None:
            raise Stopped(problem)
        for row in rows:
            if row in ([], [""]):
                continue
            number = _id(row)
            if number is not None:
                ids.append(number)
            else:
                problems.append(_bad_line(row, Position(file, rows.line_num, 1)))
    except csv.Error:
        problems.append(Problem("people-file", "This is no line of a CSV.", Position(file, rows.line_num or 1, 1)))
    if len(problems) > MOST_PROBLEMS:
        more = len(problems) - MOST_PROBLEMS
        last = problems[MOST_PROBLEMS]
        problems[MOST_PROBLEMS:] = [Problem("people-file", f"{more} more lines are no ids.", last.place)]
    if problems:
        raise Stopped(*problems)
    return tuple(ids)


def _header_problem(rows: Iterator[list[str]], file: str) -> Problem | None:
    header = next(rows, [])
    if [name.strip() for name in header] == [COLUMN]:
        return None
    message = f"The first line must be `{COLUMN}`, the one column."
    return Problem("people-file", message, Position(file, 1, 1), "one id a line below it")


def _id(row: list[str]) -> int | None:
    text = row[0].strip()
    if len(row) != 1 or re.fullmatch(ID, text) is None:
        return None
    number = int(text)
    return number if MIN_INTEGER <= number <= MAX_INTEGER else None


def _bad_line(row: list[str], place: Position) -> Problem:
    # the line itself may hold a name, which no message may
    what = f"{len(row)} fields" if len(row) != 1 else "something that is no whole number of 64 bits"
    return Problem("people-file", f"A line with {what}, where one id must be.", place)
