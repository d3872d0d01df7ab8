"""The dict of databases to measure on, each opened only when it is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stores.store import Store

BACKENDS = ("sqlite", "postgresql", "mariadb")
LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


class NotThereError(Exception):
    """A server that can't be reached."""


@contextmanager
def opened(backend: str, folder: Path) -> Iterator[Store]:
    """Yield the store of a database, and drop what it made at the end. NotThereError where no server answers."""
    store = _open(backend, folder)
    try:
        yield store
    finally:
        store.drop()


def _open(backend: str, folder: Path) -> Store:
    if backend == "sqlite":
        from benchmarks.stores.sqlite import Sqlite

        return Sqlite(folder)
    if backend == "postgresql":
        import psycopg

        from benchmarks.stores.postgresql import Postgresql

        try:
            return Postgresql()
        except psycopg.OperationalError as error:
            raise NotThereError(backend) from error
    import pymysql

    from benchmarks.stores.mariadb import Mariadb

    try:
        return Mariadb()
    except pymysql.OperationalError as error:
        raise NotThereError(backend) from error
