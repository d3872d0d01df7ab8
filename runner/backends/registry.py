"""The dicts of databases: which languages statements are written in, and which databases runs are made on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from runner.backends.backend import Backend, Language
    from runner.backends.examiner import Examiner

DIALECTS: Final = ("sqlite", "postgresql", "mariadb", "mssql", "portable")
"""Every language that statements can be written in."""

RUNS_ON: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mariadb",
    "mariadb": "mariadb",
}
"""What stands before `:` or `+` in a URL, and the database that runs are made on."""

NEVER_TRIED: Final = {
    "mssql": "mssql",
    "cockroachdb": "portable",
    "yugabytedb": "portable",
    "citus": "portable",
}
"""Databases that no run is made on, for nobody has tried one there; and the language that `runner sql` has for them."""

DRIVERS: Final = {"sqlite": "pysqlite", "postgresql": "psycopg", "mariadb": "pymysql"}
"""The one driver of each database that runs are made on; what is known of its errors is known of no other's."""


def language(dialect: str) -> Language:
    """Return the module of a language, imported only now: each loads its part of SQLAlchemy."""
    return cast("Language", import_module(f"runner.backends.{dialect}"))


def backend(name: str) -> Backend:
    """Return the module of a database that runs are made on; `name` as in a URL. KeyError where there is none."""
    return cast("Backend", import_module(f"runner.backends.{RUNS_ON[name]}"))


def examiner(name: str) -> Examiner:
    """Return the module that examines a database; `name` as in a URL. KeyError where there is none."""
    return cast("Examiner", import_module(f"runner.backends.{RUNS_ON[name]}_health"))
