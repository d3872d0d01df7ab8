"""MariaDB: the saved district is a second table of contact points, and to begin again is to set back what differs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from benchmarks.stores.store import administer, ask, demo, do, init
from runner.execute.database import open_database
from runner.tables import district
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.stores.store import Driver

STANDARD = "mariadb://root@127.0.0.1:3306/"
_DRIVER = "mariadb+pymysql"
_PURGED, _PATIENCE = 50, 120.0
_FLAGS = [*(reason.value for reason in Reason), "custom"]
_SET_BACK = (
    "update contact_point now join bench_saved saved using (contact_point_id) set "
    + ", ".join(f"now.{flag} = saved.{flag}" for flag in _FLAGS)
    + " where "
    + " or ".join(f"now.{flag} <> saved.{flag}" for flag in _FLAGS)
)


class Mariadb:
    """A database on the server that the tests use.

    There are no templates of databases, and to fill a table of this size takes longer than all that is measured. A
    preference is changed in its place, so the table is the same again afterwards.
    """

    def __init__(self) -> None:
        self._server = make_url(os.environ.get("RUNNER_TEST_MARIADB", STANDARD)).set(drivername=_DRIVER)
        self._name = f"runner_bench_{os.getpid()}"
        self._driver = administer(self._server)

    @property
    def url(self) -> str:
        """The URL of the database."""
        return self._server.set(database=self._name).render_as_string(hide_password=False)

    def make(self, students: int) -> float:
        """Make the database, and beside it the table of what is saved."""
        do(self._driver, f"drop database if exists {self._name}", f"create database {self._name}")
        seconds = demo(self.url, students)
        do(
            self._driver,
            f"use {self._name}",
            "create table bench_saved like contact_point",
            "insert into bench_saved select * from contact_point",
            *(f"analyze table {table.name}" for table in district.sorted_tables),
        )
        return seconds

    def refresh(self) -> None:
        """Set back what differs, wait until the server has forgotten it, and have it written to the disk."""
        do(self._driver, f"use {self._name}", _SET_BACK, "delete from runner_change", "delete from runner_run")
        deadline = time.monotonic() + _PATIENCE
        while self._status("Innodb_history_list_length") > _PURGED and time.monotonic() < deadline:
            time.sleep(0.1)
        do(self._driver, "flush tables contact_point, runner_change for export", "unlock tables")

    def empty(self) -> None:
        """Make the database anew."""
        do(self._driver, f"drop database if exists {self._name}", f"create database {self._name}")
        init(self.url)

    def connect(self) -> Driver:
        """Return a connection as a run's."""
        return open_database(self.url).create_engine().raw_connection()

    def begin(self) -> Sequence[str]:
        """Return nothing: the driver begins."""
        return ()

    def written(self) -> int:
        """Return the bytes of the redo log: of the whole server, so others count too."""
        return self._status("Innodb_os_log_written")

    def version(self) -> str:
        """Return the server's version, and the settings that matter most."""
        names = "'innodb_buffer_pool_size', 'innodb_flush_log_at_trx_commit', 'innodb_log_file_size', 'sync_binlog'"
        rows = ask(self._driver, f"show variables where variable_name in ({names})")
        ((version,),) = ask(self._driver, "select version()")
        return f"MariaDB {version.split('-')[0]} ({', '.join(f'{name} {value}' for name, value in rows)})"

    def drop(self) -> None:
        """Drop the database."""
        do(self._driver, f"drop database if exists {self._name}")
        self._driver.close()

    def _status(self, name: str) -> int:
        ((_, value),) = ask(self._driver, f"show global status like '{name}'")
        return int(value)
