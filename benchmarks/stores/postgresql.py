"""PostgreSQL: the saved district is a database, and to begin again is to make another one with it as the template."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from benchmarks.stores.store import administer, ask, demo, do, init
from runner.execute.database import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.stores.store import Driver

STANDARD = "postgresql://postgres@127.0.0.1:5432/postgres"
_DRIVER = "postgresql+psycopg"
_COPIES_FILES = 150_000  # since 15 a template can also be copied through the log, which would then be ours to measure


class Postgresql:
    """Two databases on the server that the tests use; the role must be allowed to make databases and checkpoints."""

    def __init__(self) -> None:
        self._server = make_url(os.environ.get("RUNNER_TEST_POSTGRESQL", STANDARD)).set(drivername=_DRIVER)
        self._saved, self._copy = f"runner_bench_{os.getpid()}_saved", f"runner_bench_{os.getpid()}"
        self._driver = administer(self._server)
        ((number,),) = ask(self._driver, "select current_setting('server_version_num')::int")
        self._strategy = " strategy file_copy" if number >= _COPIES_FILES else ""

    @property
    def url(self) -> str:
        """The URL of the copy."""
        return self._url(self._copy)

    def make(self, students: int) -> float:
        """Make the saved database, vacuumed as a server's own housekeeping would."""
        self._drop_databases()
        do(self._driver, f"create database {self._saved}")
        seconds = demo(self._url(self._saved), students)
        driver = administer(self._server.set(database=self._saved))
        do(driver, "vacuum (analyze, freeze)")
        driver.close()
        return seconds

    def refresh(self) -> None:
        """Make the copy anew, and let the server write down all that it still holds back."""
        do(self._driver, f"drop database if exists {self._copy} with (force)")
        do(self._driver, f"create database {self._copy} template {self._saved}{self._strategy}")
        do(self._driver, "checkpoint")

    def empty(self) -> None:
        """Make a new database in the place of the copy."""
        do(self._driver, f"drop database if exists {self._copy} with (force)")
        do(self._driver, f"create database {self._copy}")
        init(self.url)
        do(self._driver, "checkpoint")

    def connect(self) -> Driver:
        """Return a connection as a run's."""
        return open_database(self.url).create_engine().raw_connection()

    def begin(self) -> Sequence[str]:
        """Return nothing: the driver begins."""
        return ()

    def written(self) -> int:
        """Return the place in the write-ahead log: of the whole server, so others count too."""
        ((place,),) = ask(self._driver, "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        return int(place)

    def version(self) -> str:
        """Return the server's version, and the settings that matter most."""
        names = "'shared_buffers', 'work_mem', 'fsync', 'synchronous_commit'"
        rows = ask(
            self._driver, f"select name, current_setting(name) from pg_settings where name in ({names}) order by 1"
        )
        ((version,),) = ask(self._driver, "show server_version")
        return f"PostgreSQL {version.split()[0]} ({', '.join(f'{name} {value}' for name, value in rows)})"

    def drop(self) -> None:
        """Drop both databases."""
        self._drop_databases()
        self._driver.close()

    def _drop_databases(self) -> None:
        for name in (self._copy, self._saved):
            do(self._driver, f"drop database if exists {name} with (force)")

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)
