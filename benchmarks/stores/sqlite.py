"""SQLite: the saved district is a file, and to begin again is to copy it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from benchmarks.stores.store import demo, init
from runner.execute.database import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.stores.store import Driver


class Sqlite:
    """Two files in a folder of their own, on the disk where the benchmark is started."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(mkdtemp(prefix="runner-bench-", dir=folder))
        self._saved, self._copy = self._folder / "saved.db", self._folder / "district.db"
        self._watching: sqlite3.Connection | None = None

    @property
    def url(self) -> str:
        """The URL of the copy."""
        return f"sqlite:///{self._copy}"

    def make(self, students: int) -> float:
        """Make the saved file."""
        self._forget()
        self._saved.unlink(missing_ok=True)
        seconds = demo(f"sqlite:///{self._saved}", students)
        with closing(sqlite3.connect(self._saved)) as driver:
            driver.execute("pragma wal_checkpoint(truncate)")
        return seconds

    def refresh(self) -> None:
        """Copy the file and wait for the disk; keep it open, as a portal would, so that its log stays."""
        self._forget()
        shutil.copyfile(self._saved, self._copy)
        with self._copy.open("rb") as copied:
            os.fsync(copied.fileno())
        self._watching = sqlite3.connect(self._copy)
        self._watching.execute("select count(*) from runner_run").fetchall()

    def empty(self) -> None:
        """Make a new file in the place of the copy."""
        self._forget()
        init(self.url)

    def connect(self) -> Driver:
        """Return a connection with the runner's own settings: its cache, its log, and every commit on the disk."""
        return open_database(self.url).create_engine().raw_connection()

    def begin(self) -> Sequence[str]:
        """Begin: the runner takes the transactions out of the driver's hands."""
        return ("begin immediate",)

    def written(self) -> int:
        """Return the size of the write-ahead log."""
        log = self._copy.with_name(f"{self._copy.name}-wal")
        return log.stat().st_size if log.exists() else 0

    def version(self) -> str:
        """Return SQLite's version."""
        return f"SQLite {sqlite3.sqlite_version}"

    def drop(self) -> None:
        """Delete the folder."""
        self._forget()
        shutil.rmtree(self._folder)

    def _forget(self) -> None:
        if self._watching is not None:
            self._watching.close()
            self._watching = None
        for path in self._folder.glob(f"{self._copy.name}*"):
            path.unlink()
