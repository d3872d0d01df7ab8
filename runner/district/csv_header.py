"""Reads the header of a CSV file: which column of the table each field is for."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.district.csv_findings import Fault, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table


def columns_of(table: Table, header: list[str]) -> list[Column[Any]]:
    """Return the columns that a sound header names, in its order."""
    return [table.columns[name] for name in header]


def header_findings(table: Table, header: list[str], line: int) -> list[Finding]:
    """Return all that is wrong with a header on that line; nothing where every field can be read by it."""
    if not header:
        message = f"{table.name}.csv has nothing in it, not even a header."
        return [Finding(table.name, 1, None, Fault("file-empty", message))]
    return [
        *(Finding(table.name, line, index, fault) for index, fault in _faults(table, header)),
        *(Finding(table.name, line, None, fault) for fault in _missing(table, header)),
    ]


def _faults(table: Table, header: list[str]) -> Iterator[tuple[int, Fault]]:
    for index, name in enumerate(header):
        if name not in table.columns:
            # The name itself is not repeated: in a file without a header it would be somebody's.
            message = f"Field {index + 1} of the header is not a column of {table.name}."
            yield index, Fault("csv-header", message, _hint(table, header, name))
        elif name in header[:index]:
            yield index, Fault("csv-header", f"The header has {name} twice.")


def _hint(table: Table, header: list[str], name: str) -> str:
    free = [column for column in table.columns.keys() if column not in header]  # noqa: SIM118 - it has columns for items
    near = get_close_matches(name.strip().lower().replace(" ", "_"), free, n=1, cutoff=0.7)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"the columns of {table.name} are {', '.join(table.columns.keys())}"


def _missing(table: Table, header: list[str]) -> Iterator[Fault]:
    for column in table.columns:
        if not column.nullable and column.server_default is None and column.name not in header:
            yield Fault("csv-header", f"The header lacks {column.name}, which {table.name} must have.")
