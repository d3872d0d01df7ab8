"""The servers that tests run on: found on their standard ports or by RUNNER_TEST_POSTGRESQL / RUNNER_TEST_MARIADB.

Each worker of the tests makes a database of its own there, and drops it. A server that is not there is a visible skip
on a user's machine, and a failure in CI.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = ("sqlite", "postgresql", "mariadb")
_STANDARD = {
    "postgresql": ("RUNNER_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("RUNNER_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/"),
}
_NUMBERS = count(1)  # one test may need several databases at a time
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory, where there is one
_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}


@contextmanager
def scratch(backend: str, folder: Path, *, hurried: bool = False) -> Iterator[str]:
    """Yield the URL of an empty database of this kind; a hurried one waits for no disk."""
    if backend == "sqlite":
        with TemporaryDirectory(dir=_MEMORY if hurried and _MEMORY.is_dir() else folder) as place:
            yield f"sqlite:///{place}/district.db"
        return
    variable, standard = _STANDARD[backend]
    url = make_url(os.environ.get(variable, standard))
    name = f"runner_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_NUMBERS)}"
    engine = create_engine(url.set(drivername=_DRIVERS[backend]), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            if hurried and backend == "postgresql":
                connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    except DBAPIError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {backend} server here ({type(error.orig).__name__}): set {variable}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            force = " WITH (FORCE)" if backend == "postgresql" else ""
            connection.execute(text(f"DROP DATABASE {name}{force}"))
