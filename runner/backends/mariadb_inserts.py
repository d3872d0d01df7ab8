"""INSERTs of many rows with the values in their text: what the driver sends too, but in fewer steps, and in advance."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from runner.backends.backend import Cells, Insert

_COM_QUERY: Final = 0x03
# Characters of a statement, each of four bytes at most: 1 MiB was what servers once took, `max_allowed_packet`.
_LONGEST: Final = 250_000


@contextmanager
def sending(connection: Connection, start: str, numbers: Sequence[bool]) -> Iterator[Insert]:
    """Yield what sends rows, given by column; a statement is `start` and the rows; `numbers`: which columns are such.

    The server works on some rows while the next are made ready: its answer is read only then. What it refuses is a
    DBAPIError whose statement is `start` alone: it holds no row.
    """
    driver: Any = connection.connection.driver_connection
    refusal = connection.dialect.loaded_dbapi.Error
    unanswered = False

    def insert(columns: Sequence[Cells]) -> None:
        nonlocal unanswered
        for values in _values(columns, numbers, driver.escape):
            answer()
            driver._execute_command(_COM_QUERY, start + values)  # noqa: SLF001 - what it offers otherwise waits
            unanswered = True

    def answer() -> None:
        nonlocal unanswered
        if unanswered:
            unanswered = False
            driver.next_result()

    try:
        yield insert
        answer()
    except refusal as error:
        if not driver.open:  # it broke: nothing can be rolled back on it
            connection.invalidate(error)
        raise DBAPIError.instance(start, None, error, refusal, dialect=connection.dialect) from error
    except Exception:
        # The caller's own error. The connection is of use again once the answer is read, whatever it is.
        with suppress(refusal):
            answer()
        raise
    except BaseException as error:
        connection.invalidate(error)  # who presses Ctrl-C waits for no answer; the server rolls back
        raise


def _values(columns: Sequence[Cells], numbers: Sequence[bool], escape: Callable[[object], str]) -> Iterator[str]:
    """Yield rows as the text behind VALUES: once, or more often where a statement would grow too long for a server."""
    rendered = (_literals(cells, escape, number=number) for cells, number in zip(columns, numbers, strict=True))
    literals, values = zip(*rendered, strict=True)
    row = f"({','.join(literals)})"
    rows = [row % cells for cells in zip(*values, strict=True)]
    step = max(1, len(rows) * _LONGEST // max(1, sum(map(len, rows))))
    for first in range(0, len(rows), step):
        yield ",".join(rows[first : first + step])


def _literals(cells: Cells, escape: Callable[[object], str], *, number: bool) -> tuple[str, Cells]:
    """Return what stands in a row for a column, and the texts that take the place of the %s in it.

    It takes a step for each value only where a null, or a text with a quote, is among them.
    """
    nulls = None in cells
    every = "".join([str(cell) for cell in cells if cell is not None] if nulls else map(str, cells))
    if number and every.isascii() and every.replace("-", "").isdigit():
        return "%s", ["NULL" if cell is None else cell for cell in cells] if nulls else cells
    if "'" in every or "\\" in every:
        return "%s", ["NULL" if cell is None else escape(cell) for cell in cells]
    return ("%s", ["NULL" if cell is None else f"'{cell}'" for cell in cells]) if nulls else ("'%s'", cells)
