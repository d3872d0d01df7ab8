"""What the servers' errors mean for a run, and that runs there are what their URLs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.backends import mariadb, postgresql
from runner.backends.backend import Trouble
from runner.execute.database import open_database
from runner.values.problems import Kind, Position, Stopped
from tests.servers import scratch

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Position("job.yaml", 1, 1)


class PostgresError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("Zebedee's number is 555-0100")
        self.sqlstate = sqlstate


def maria_error(number: int) -> Exception:
    return Exception(number, "Zebedee's number is 555-0100")


@pytest.mark.parametrize(
    ("state", "trouble"),
    [("40001", Trouble.REPLAY), ("40P01", Trouble.REPLAY), ("55P03", Trouble.BUSY), ("23505", Trouble.FAILED)],
)
def test_postgresql_replays_a_serialization_failure_and_a_deadlock_and_nothing_else(
    state: str,
    trouble: Trouble,
) -> None:
    assert postgresql.trouble(PostgresError(state)) is trouble


@pytest.mark.parametrize(
    ("number", "trouble"),
    [(1213, Trouble.REPLAY), (1020, Trouble.REPLAY), (1205, Trouble.BUSY), (1062, Trouble.FAILED)],
)
def test_mariadb_replays_a_deadlock_and_a_changed_row_and_nothing_else(number: int, trouble: Trouble) -> None:
    assert mariadb.trouble(maria_error(number)) is trouble


def test_a_commit_without_an_answer_is_no_abort() -> None:
    assert postgresql.is_aborted(PostgresError("40001"))
    assert not postgresql.is_aborted(PostgresError(None))
    assert mariadb.is_aborted(maria_error(1213))
    assert not mariadb.is_aborted(maria_error(2013))


@pytest.mark.parametrize("state", ["55P03", "28P01", "3D000", "42501", "53100", "57014", "99999", None])
def test_postgresql_is_explained_without_a_rows_values(state: str | None) -> None:
    problem = postgresql.explain(PostgresError(state))
    assert "Zebedee" not in f"{problem.message}{problem.hint}"
    assert problem.kind in {Kind.LOCKED, Kind.DATABASE, Kind.INVALID}


@pytest.mark.parametrize("number", [1205, 1045, 1049, 1114, 1142, 1270, 1290, 1366, 1665, 2003, 2013, 9999])
def test_mariadb_is_explained_without_a_rows_values(number: int) -> None:
    problem = mariadb.explain(maria_error(number))
    assert "Zebedee" not in f"{problem.message}{problem.hint}"
    assert problem.kind in {Kind.LOCKED, Kind.DATABASE, Kind.INVALID}


def test_pass_through_sql_that_was_refused_is_told_without_a_rows_values() -> None:
    told = [
        postgresql.refused(PostgresError("25006"), PLACE),
        postgresql.refused(PostgresError("57014"), PLACE),
        mariadb.refused(maria_error(1792), PLACE),
        mariadb.refused(maria_error(1969), PLACE),
    ]
    assert [problem.code for problem in told] == ["sql-refused", "sql-time"] * 2
    assert "Zebedee" not in str(told)


def test_mariadb_objects_to_recursion_which_it_would_cut_off() -> None:
    assert mariadb.objection("with recursive t as (select 1) select 1 as person_id")
    assert mariadb.objection("select person_id from recursively") is None
    assert postgresql.objection("with recursive t as (select 1) select 1 as person_id") is None


def test_a_missing_driver_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.backends.servers.find_spec", lambda _: None)
    for url, extra in (("postgresql://127.0.0.1/x", "postgresql"), ("mysql://127.0.0.1/x", "mariadb")):
        with pytest.raises(Stopped) as stopped:
            open_database(url).create_engine()
        assert f"[{extra}]" in str(stopped.value.problems[0].hint)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_dry_run_on_a_server_can_not_write(backend: str, tmp_path: Path) -> None:
    with scratch(backend, tmp_path) as url:
        database = open_database(url)
        with database.create_engine().connect() as connection:
            connection.exec_driver_sql("CREATE TABLE noted (a INT)")
            connection.commit()
        with database.create_reader().connect() as connection:
            database.backend.begin_dry_run(connection)
            with pytest.raises(Exception) as refused:  # noqa: PT011 - each driver has its own
                connection.exec_driver_sql("INSERT INTO noted VALUES (1)")
        assert database.backend.explain(refused.value).code == "database-read-only"


@pytest.mark.parametrize(
    ("url", "dialect"),
    [("mssql://sa@127.0.0.1/x", "mssql"), ("mssql+pyodbc://127.0.0.1/x", "mssql"), ("cockroachdb://h/x", "portable")],
)
def test_a_database_that_was_never_tried_is_refused_and_says_so(url: str, dialect: str) -> None:
    with pytest.raises(Stopped) as stopped:
        open_database(url)
    (problem,) = stopped.value.problems
    assert "never tried on a server" in problem.message
    assert f"--dialect {dialect}" in str(problem.hint)
