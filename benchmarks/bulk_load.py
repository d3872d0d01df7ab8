"""A district's CSV files into its tables, by `runner load` and by each database's own bulk load."""

from __future__ import annotations

import csv
import subprocess
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks.stores.store import warm
from benchmarks.ways import DisagreementError
from runner.district.csv_folder import load_folder
from runner.execute.database import making, open_database, reading_history
from runner.tables import district

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Table

    from benchmarks.stores.store import Store


def measure(
    store: Store, backend: str, folder: Path, rounds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """Return the seconds of both ways, each into tables just made; DisagreementError where they load something else."""
    ways: dict[str, Callable[[Store, Path], None]] = {"runner load": _load, "bulk": _BULK[backend]}
    found: dict[str, list[float]] = {name: [] for name in ways}
    ends = set()
    for turn in range(rounds):
        for name in list(ways) if turn % 2 == 0 else list(ways)[::-1]:
            tell(f"load a folder of CSV, round {turn + 1} of {rounds}: {name}")
            store.empty()
            start = time.perf_counter()
            ways[name](store, folder)
            found[name].append(time.perf_counter() - start)
            ends.add(tuple(warm(store)))
    if len(ends) != 1:
        raise DisagreementError("`runner load` and the database's own load do not fill the tables alike")
    return found


def write_csv(url: str, folder: Path) -> int:
    """Write the district of a database as a folder of CSV files, and return the number of its rows."""
    count = 0
    with reading_history(open_database(url)) as connection:
        for table in district.sorted_tables:
            with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(table.columns.keys())
                for row in connection.execute(select(table)):
                    writer.writerow([int(value) if isinstance(value, bool) else value for value in row])
                    count += 1
    return count


def _load(store: Store, folder: Path) -> None:
    database = open_database(store.url)
    with making(database) as connection:
        load_folder(connection, folder, lambda _table, _done, _of: None)
        database.backend.after_filling(connection)


def _import(store: Store, folder: Path) -> None:
    """Load by SQLite's shell: it knows no NULL in CSV, so the rows go through tables of texts."""
    lines = ["begin;"]
    for table in district.sorted_tables:
        lines.append(f".import --csv --schema temp {folder / table.name}.csv text_{table.name}")
        columns = ", ".join(f"nullif({name}, '')" for name in _names(table))
        lines.append(
            f"insert into {table.name} ({', '.join(_names(table))}) select {columns} from temp.text_{table.name};"
        )
    lines += ["commit;", "analyze;"]
    path = make_url(store.url).database
    subprocess.run(["sqlite3", "-bail", str(path)], input="\n".join(lines), text=True, check=True, capture_output=True)


def _copy(store: Store, folder: Path) -> None:
    """Load by COPY."""
    driver = store.connect()
    cursor: Any = driver.cursor()
    for table in district.sorted_tables:
        sql = f"copy {table.name} ({', '.join(_names(table))}) from stdin (format csv, header)"
        with (folder / f"{table.name}.csv").open("rb") as file, cursor.copy(sql) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
    cursor.execute("analyze")
    driver.commit()
    driver.close()


def _load_data(store: Store, folder: Path) -> None:
    """Load by LOAD DATA LOCAL INFILE."""
    url = make_url(store.url).set(drivername="mariadb+pymysql")
    driver = create_engine(url, poolclass=NullPool, connect_args={"local_infile": True}).raw_connection()
    cursor = driver.cursor()
    for table in district.sorted_tables:
        names = _names(table)
        sets = ", ".join(f"`{name}` = nullif(@{name}, '')" for name in names)
        cursor.execute(
            f"load data local infile '{folder / table.name}.csv' into table {table.name} character set utf8mb4"
            " fields terminated by ',' optionally enclosed by '\"' escaped by '' ignore 1 lines"
            f" ({', '.join(f'@{name}' for name in names)}) set {sets}",
        )
    driver.commit()
    driver.close()


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


_BULK: dict[str, Callable[[Store, Path], None]] = {"sqlite": _import, "postgresql": _copy, "mariadb": _load_data}
