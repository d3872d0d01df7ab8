"""Finds the CSV files of a folder, and reads them record by record; nothing else here touches the disk."""

from __future__ import annotations

import csv
import io
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from runner.tables import district
from runner.values.problems import Position, Problem, Stopped

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator
    from pathlib import Path

# Small enough for what is read to stay in the processor's cache: ten times as many took a third longer.
BATCH: Final = 500
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a record, and the line (from 1) on which it begins."""

    line: int
    fields: list[str]


class Broken(csv.Error):
    """A record, by the line on which it begins, that is no CSV: of what follows nobody can tell where it begins."""

    def __init__(self, line: int, reason: csv.Error) -> None:
        super().__init__(str(reason))
        self.line = line


@dataclass(frozen=True, slots=True)
class Source:
    """An open CSV file. A byte that is not UTF-8 reads as a lone surrogate, so that it is found where it stands."""

    raw: io.BufferedReader
    reader: _csv.Reader

    def header(self) -> list[str]:
        """Read the first record that is not a blank line; empty where there is none."""
        try:
            return next(filter(None, self.reader), [])
        except csv.Error as error:
            raise Broken(1, error) from error

    def batches(self) -> Iterator[list[list[str]]]:
        """Yield the records, some hundreds at a time, without blank lines."""
        while rows := list(islice(self.reader, BATCH)):
            if [] in rows:
                rows = [row for row in rows if row]
            if rows:
                yield rows

    def numbered(self) -> Iterator[list[Record]]:
        """Yield the same with their lines; what was read before a broken record is yielded before that is raised."""
        records: list[Record] = []
        line, broken = self.reader.line_num + 1, None
        try:
            for fields in self.reader:
                if fields:
                    records.append(Record(line, fields))
                line = self.reader.line_num + 1
                if len(records) == BATCH:
                    yield records
                    records = []
        except csv.Error as error:
            broken = Broken(line, error)
        if records:
            yield records
        if broken is not None:
            raise broken


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a CSV file; its first record is the header."""
    with path.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="") as text:
        # Strict, since RFC 4180 is: a quote out of place means that fields are not what they seem.
        yield Source(raw, csv.reader(text, strict=True))


def find_files(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Return the file of each table, by the table's name, as far as it can be read, and what is wrong with the rest.

    Stop if the folder itself is not there or can't be read.
    """
    place = Position(str(folder), 1, 1)
    try:
        others = [entry.name for entry in folder.iterdir() if entry.suffix.lower() == ".csv"]
    except FileNotFoundError:
        raise Stopped(Problem("file-missing", "There is no such folder.", place)) from None
    except OSError as error:
        raise Stopped(Problem("file-unreadable", f"The folder can't be read: {error.strerror}.", place)) from None
    files, problems = {}, []
    for table in district.sorted_tables:
        path = folder / f"{table.name}.csv"
        problem = _problem(path, others)
        if problem is None:
            files[table.name] = path
        else:
            problems.append(problem)
    return files, problems


def _problem(path: Path, others: list[str]) -> Problem | None:
    """Return what keeps a file from being read at all."""
    place = Position(str(path), 1, 1)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return Problem("file-unreadable", f"{path.name} is not a regular file.", place)
        with path.open("rb") as file:
            start = file.read(2)
    except FileNotFoundError:
        return Problem("csv-missing", f"{path.name} is missing.", place, _near(path.name, others))
    except OSError as error:
        return Problem("file-unreadable", f"{path.name} can't be read: {error.strerror}.", place)
    if start in UTF_16:
        return Problem("text-encoding", f"{path.name} is UTF-16.", place, "save it as UTF-8")
    return None


def _near(name: str, others: list[str]) -> str | None:
    tables = {f"{table}.csv" for table in district.tables} | {f"{table.name}.csv" for table in district.sorted_tables}
    lowered = {other.lower(): other for other in sorted(others) if other not in tables}
    near = get_close_matches(name, lowered, n=1, cutoff=0.8)
    return f"`{lowered[near[0]]}` is there: is that the file? Name it `{name}`." if near else None
