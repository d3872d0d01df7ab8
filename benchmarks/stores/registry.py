"""The dict of databases to measure on, each opened only when it is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from benchmarks.stores.mariadb import Mariadb
from benchmarks.stores.postgresql import Postgresql
from benchmarks.stores.sqlite import Sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.stores.store import Store

LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
BACKENDS = tuple(LABELS)

_STORES: dict[str, Callable[[Path], Store]] = {
    "sqlite": Sqlite,
    "postgresql": lambda _: Postgresql(),
    "mariadb": lambda _: Mariadb(),
}


class NotThereError(Exception):
    """A server that can't be reached."""


@contextmanager
def opened(backend: str, folder: Path) -> Iterator[Store]:
    """Yield the store of a database, and drop what it made at the end. NotThereError where no server answers."""
    try:
        store = _STORES[backend](folder)
    except OperationalError as error:
        raise NotThereError(backend) from error
    try:
        yield store
    finally:
        store.drop()
