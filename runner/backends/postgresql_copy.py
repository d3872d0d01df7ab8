"""COPY: a stream of rows from the client into a table of PostgreSQL. It imports the driver, which may not be there."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import pq
from psycopg.copy import LibpqWriter
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from runner.backends.backend import Cells, Insert

# Of COPY's text format: what would end a field or a row, and what begins such an escape.
_ESCAPES: Final = {ord("\\"): r"\\", ord("\t"): r"\t", ord("\n"): r"\n", ord("\r"): r"\r"}
_NULL: Final = r"\N"


class _GivenUpError(Exception):
    """What the server is told, and may log, of a COPY that does not come to its end: nothing of the rows."""


class _Writer(LibpqWriter):
    """Sends the rows, and keeps still about what the server says of a COPY that was given up anyhow.

    The driver would log it as a warning, which Python writes to the terminal: with a row in it.
    """

    def finish(self, exc: BaseException | None = None) -> None:
        if exc is None:
            super().finish()
            return
        if self.connection.pgconn.transaction_status != pq.TransactionStatus.ACTIVE:
            return  # it was cancelled already, or the connection is gone
        with suppress(psycopg.Error):
            super().finish(_GivenUpError())


@contextmanager
def copying(connection: Connection, sql: str) -> Iterator[Insert]:
    """Yield what sends rows, given by column, to a COPY … FROM STDIN in its text format.

    The server works while the next rows are made ready. What it refuses it says at the end, as a DBAPIError; an error
    of the caller's own ends the COPY, and is raised as it is.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(sql, writer=_Writer(cursor)) as copy:
            yield lambda columns: copy.write(_rows(columns))
    except psycopg.Error as error:
        if driver.closed:  # it broke: nothing can be rolled back on it
            connection.invalidate(error)
        raise DBAPIError.instance(sql, None, error, psycopg.Error, dialect=connection.dialect) from error


def _rows(columns: Sequence[Cells]) -> str:
    return "".join([f"{row}\n" for row in map("\t".join, zip(*map(_fields, columns), strict=True))])


def _fields(cells: Cells) -> Sequence[str]:
    """Return a column as COPY reads it; it takes a step for each value only where there is something to escape."""
    nulls = None in cells
    texts = ["" if cell is None else str(cell) for cell in cells] if nulls else list(map(str, cells))
    every = "".join(texts)
    if any(character in every for character in "\\\t\n\r"):
        texts = [text.translate(_ESCAPES) for text in texts]
    return [_NULL if cell is None else text for cell, text in zip(cells, texts, strict=True)] if nulls else texts
