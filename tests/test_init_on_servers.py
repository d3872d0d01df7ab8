"""What `runner init` makes on each database, asked of the database itself; and districts in a schema of their own."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, text, update
from sqlalchemy.exc import DBAPIError

from runner.cli.app import execute
from runner.district import create
from runner.execute.database import making, open_database
from runner.tables import HISTORY_VERSION, contact_point, district, history, runner_meta
from tests.servers import BACKENDS, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

FALL = Path(__file__).parent.parent / "jobs" / "fall.yaml"
AS_OF = "2026-10-01"
OWN = [table.name for table in history.sorted_tables]
SCHEMA = 'The "district" `of` 5%'  # as odd as a server takes it
TYPES = {
    "postgresql": {
        "contact_point_id": "bigint",
        "person_id": "bigint",
        "channel": "character varying(20)",
        "address": "character varying(320)",
        "emergency": "boolean",
        "custom": "boolean",
        "start_date": "date",
        "end_year": "integer",
        "before_bits": "smallint",
        "result": "json",
        "started_at": "timestamp without time zone",
    },
    "mariadb": {
        "contact_point_id": "bigint(20)",
        "person_id": "bigint(20)",
        "channel": "varchar(20)",
        "address": "varchar(320)",
        "emergency": "tinyint(1)",
        "custom": "tinyint(1)",
        "start_date": "date",
        "end_year": "int(11)",
        "before_bits": "smallint(6)",
        "result": "longtext",
        "started_at": "datetime",
    },
}


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with scratch(request.param, tmp_path) as made:
        yield made


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with open_database(url).create_engine().connect() as connection:
        yield connection


def rows(url: str, sql: str, **values: object) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


# --- what is made ---


def test_postgresql_tables_are_as_they_should_be(tmp_path: Path) -> None:
    with scratch("postgresql", tmp_path) as url:
        assert execute(["init", "--database", url]) == 0
        columns = rows(
            url,
            "select attname, format_type(atttypid, atttypmod), attidentity from pg_attribute"
            " join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0",
        )
        options = rows(url, "select reloptions from pg_class where relname = 'contact_point'")
    assert {name: kind for name, kind, _ in columns if name in TYPES["postgresql"]} == TYPES["postgresql"]
    # An identity: its sequence needs no right of its own.
    assert ("run_no", "bigint", "d") in columns
    # Room for a row's new version beside the old one.
    assert options == [(["fillfactor=85"],)]


def test_mariadb_tables_are_as_they_should_be(tmp_path: Path) -> None:
    with scratch("mariadb", tmp_path) as url:
        assert execute(["init", "--database", url]) == 0
        of = "where table_schema = database()"
        columns = rows(url, f"select column_name, column_type from information_schema.columns {of}")
        tables = rows(url, f"select table_name, engine, table_collation from information_schema.tables {of}")
    assert {name: kind for name, kind in columns if name in TYPES["mariadb"]} == TYPES["mariadb"]
    # Transactional, and with room for every character.
    assert {row[1:] for row in tables} == {("InnoDB", "utf8mb4_nopad_bin")}
    assert len(tables) == len(district.sorted_tables) + len(history.sorted_tables)


def test_indexes_and_keys_are_those_of_the_tables(url: str) -> None:
    assert execute(["init", "--database", url]) == 0
    with connected(url) as connection:
        inspector = inspect(connection)
        for table in (*district.sorted_tables, *history.sorted_tables):
            key = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key]
            found = {index["name"]: index["column_names"] for index in inspector.get_indexes(table.name)}
            wanted = {str(index.name): [column.name for column in index.columns] for index in table.indexes}
            assert wanted.items() <= found.items()
            references = {tuple(each["constrained_columns"]) for each in inspector.get_foreign_keys(table.name)}
            assert references == {(next(iter(each.columns)).name,) for each in table.foreign_key_constraints}
        assert ["run_id"] in [each["column_names"] for each in inspector.get_unique_constraints("runner_run")]
        assert ["number"] in [each["column_names"] for each in inspector.get_unique_constraints("school")]


POINTS = {
    "1, null, 'email'": True,
    "null, 1, 'household_phone'": True,
    "null, null, 'email'": False,
    "1, 1, 'household_phone'": False,
    "1, null, 'household_phone'": False,
    "null, 1, 'email'": False,
    "1, null, 'pager'": False,
    "1, null, 'EMAIL'": False,
    "1, null, 'email '": False,
}
"""Person, household and channel of a contact point, and whether there can be one."""


def test_a_contact_point_of_nobody_or_of_no_channel_is_refused(url: str) -> None:
    assert execute(["init", "--database", url]) == 0
    flags = ", ".join(f"{column.name}" for column in list(contact_point.columns)[5:13])
    sql = f"insert into contact_point (contact_point_id, person_id, household_id, channel, {flags}) values "
    with making(open_database(url)) as connection:
        connection.execute(text("insert into person (person_id, first_name, last_name) values (1, 'A', 'B')"))
        connection.execute(text("insert into household (household_id, name) values (1, 'C')"))
        for number, (point, sound) in enumerate(POINTS.items()):
            statement = text(f"{sql} ({number}, {point}{', false' * 8})")
            savepoint = connection.begin_nested()
            if sound:
                connection.execute(statement)
            else:
                with pytest.raises(DBAPIError):
                    connection.execute(statement)
                savepoint.rollback()


# --- again, only its own, and older ones ---


def test_what_is_there_stays_and_what_lacks_is_made(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["init", "--database", url, "--history-only"]) == 0
    with connected(url) as connection:
        assert set(inspect(connection).get_table_names()) == set(OWN)
    capsys.readouterr()
    assert execute(["init", "--database", url]) == 0
    assert capsys.readouterr().out.split()[3:] == [table.name for table in district.sorted_tables]
    assert execute(["init", "--database", url]) == 0
    assert capsys.readouterr().out == "every table is there already\n"
    assert rows(url, "select meta_id, version from runner_meta") == [(1, HISTORY_VERSION)]
    assert rows(url, "select lock_id, taken from runner_lock") == [(1, 0)]


def test_older_tables_of_the_runner_are_brought_up_to_date(
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(["init", "--database", url, "--history-only"]) == 0
    later = HISTORY_VERSION + 2
    upgrades = tuple(
        lambda connection, name=name: connection.execute(text(f"alter table runner_run add column {name} integer"))
        for name in ("one", "two")
    )
    monkeypatch.setattr(create, "UPGRADES", (*create.UPGRADES, *upgrades))
    monkeypatch.setattr(create, "HISTORY_VERSION", later)
    capsys.readouterr()
    assert execute(["init", "--database", url, "--history-only"]) == 0
    assert f"the runner's own, from version {HISTORY_VERSION} to {later}" in capsys.readouterr().out
    assert rows(url, "select one, two from runner_run") == []
    monkeypatch.undo()
    assert execute(["init", "--database", url]) == 3
    assert "install the newer runner" in capsys.readouterr().err


def test_there_is_an_upgrade_for_every_older_version() -> None:
    assert len(create.UPGRADES) == HISTORY_VERSION - 1


def test_an_older_version_is_told_before_a_run(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["init", "--database", url, "--history-only"]) == 0
    with making(open_database(url)) as connection:
        connection.execute(update(runner_meta).values(version=HISTORY_VERSION - 1))
    capsys.readouterr()
    assert execute(["history", "--database", url]) == 3
    told = capsys.readouterr().err
    assert f"version {HISTORY_VERSION - 1}" in told


# --- a schema of the district's own ---


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_district_in_a_schema_of_its_own(backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scratch(backend, tmp_path) as url, other_schema(url) as schema:
        at = ["--database", url, "--schema", schema]
        assert execute(["init", *at]) == 0
        with connected(url) as connection:
            assert set(inspect(connection).get_table_names()) == set(OWN)
            made = set(inspect(connection).get_table_names(schema=schema))
        assert made == {table.name for table in district.sorted_tables}
        assert execute(["demo", *at, "--students", "60"]) == 0
        told = {}
        for name, command in {
            "dry": ["run", str(FALL), "--dry-run", "--as-of", AS_OF],
            "run": ["run", str(FALL), "--as-of", AS_OF],
            "again": ["run", str(FALL), "--as-of", AS_OF],
            "undo": ["undo", "1", "--as-of", AS_OF],
        }.items():
            capsys.readouterr()
            assert execute([*command, *at, "--format", "json"]) == 0, name
            (told[name],) = json.loads(capsys.readouterr().out)["results"]
        assert told["dry"]["fingerprint"] == told["run"]["fingerprint"]
        assert told["run"]["changed"] == told["undo"]["changed"] > 0
        assert told["again"]["changed"] == 0
        assert execute(["run", str(FALL), "--database", url, "--as-of", AS_OF]) == 3  # the own schema has no district


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_folder_is_loaded_into_a_schema(backend: str, tmp_path: Path) -> None:
    folder = Path(__file__).parent / "data" / "grand-bend"
    with scratch(backend, tmp_path) as url, other_schema(url) as schema:
        at = ["--database", url, "--schema", schema]
        assert execute(["init", *at]) == 0
        assert execute(["load", str(folder), *at]) == 0
        assert execute(["load", str(folder), *at]) == 3


@contextmanager
def other_schema(url: str) -> Iterator[str]:
    """Yield the name of a schema that `runner init` makes, or, on MariaDB, whose administrator made it."""
    if not url.startswith("mariadb"):
        yield SCHEMA
        return
    name = f"{url.rpartition('/')[2]} 2nd"
    with connected(url) as connection:
        connection.execute(text(f"create database `{name}` character set utf8mb4"))
        try:
            yield name
        finally:
            connection.execute(text(f"drop database `{name}`"))


def test_a_schema_that_can_not_be_made_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    if url.startswith("postgresql"):
        with connected(url) as connection:
            database = connection.engine.url.database
            connection.execute(text(f"create role {database}_poor login"))
            connection.commit()
        try:
            poor = open_database(url).url.set(username=f"{database}_poor").render_as_string(hide_password=False)
            assert execute(["init", "--database", poor, "--schema", "nowhere"]) == 7
            assert "lacks a right" in capsys.readouterr().err
        finally:
            with closing(open_database(url).create_engine().connect()) as connection:
                connection.execute(text(f"drop role {database}_poor"))
                connection.commit()
        return
    for command in ("init", "demo"):
        assert execute([command, "--database", url, "--schema", "nowhere"]) == 3
        told = capsys.readouterr().err
        assert told.startswith("no-schema: there is no ")
        assert "hint: " in told
    assert execute(["load", str(FALL.parent), "--database", url, "--schema", "nowhere"]) == 3
    assert execute(["init", "--database", url, "--schema", "nowhere", "--history-only"]) == 0


def test_a_mariadb_url_without_a_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scratch("mariadb", tmp_path) as url:
        assert execute(["init", "--database", url.rpartition("/")[0]]) == 3
    assert "no schema of its own" in capsys.readouterr().err
