"""The GRANTs that are printed, applied on real servers: they are enough for each role's work, and for nothing else."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import sqlfluff
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from runner.cli.app import execute
from runner.execute.database import open_database
from runner.tables import district, history
from runner.values.rights import Role
from runner.values.vocabulary import Reason
from tests.servers import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

FALL = str(Path(__file__).parent.parent / "jobs" / "fall.yaml")
AS_OF = ("--as-of", "2026-10-01")
DENIED: dict[str, set[Any]] = {"postgresql": {"42501"}, "mariadb": {1044, 1142, 1143, 1227}}
DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
PLACES = [("postgresql", False), ("postgresql", True), ("mariadb", False), ("mariadb", True)]


@dataclass(frozen=True)
class Granted:
    """A demo district on a server, and a login of each role that has what was printed for it."""

    backend: str
    url: str
    schema: str | None
    names: dict[Role, str]

    def login(self, role: Role | None) -> str:
        """Return the URL for a role; for the owner where it is None."""
        url = make_url(self.url)
        if role is not None:
            url = url.set(username=self.names[role], password="geheim")  # noqa: S106 - a login of the test's own
        if role is Role.READER and self.backend == "mariadb" and self.schema:
            url = url.set(database=self.schema)  # a user of MariaDB can't connect to a database without any right on it
        return url.render_as_string(hide_password=False)

    def at(self, role: Role | None) -> list[str]:
        """Return the options that lead a command there, as a role."""
        return ["--database", self.login(role), *([] if self.schema is None else ["--schema", self.schema])]

    def own_at(self, role: Role | None) -> list[str]:
        """Return the options that lead a command there that has to do with past runs only."""
        return ["--database", self.login(role)]

    def denied(self, role: Role, sql: str) -> bool:
        """Return whether the server refuses a statement for want of a right; it is rolled back otherwise."""
        with open_database(self.login(role)).create_engine().connect() as connection:
            try:
                connection.execute(text(sql))
            except DBAPIError as error:
                return self.is_denial(error.orig)
            connection.rollback()
        return False

    def is_denial(self, error: Any) -> bool:  # noqa: ANN401 - drivers differ
        found = error.sqlstate if self.backend == "postgresql" else error.args[0]
        assert found in DENIED[self.backend], error  # a mistake of the test's own would prove nothing
        return True

    def own(self, table: str) -> str:
        return f"public.{table}" if self.backend == "postgresql" else f"{make_url(self.url).database}.{table}"

    def of_district(self, table: str) -> str:
        quote = '"' if self.backend == "postgresql" else "`"
        return f"{quote}{self.schema}{quote}.{table}" if self.schema else table


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: f"{place[0]}{'-schema' if place[1] else ''}")
def granted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granted]:
    backend, apart = request.param
    tag = f"{os.getpid()}{'s' if apart else ''}"
    names = {role: f"runner_{tag}_{role}" for role in Role}
    folder = tmp_path_factory.mktemp("granted")
    with logins(backend, names), scratch(backend, folder, hurried=True) as url, administering(url) as send:
        database = str(make_url(url).database)
        schema = f"{database} two" if apart else None
        if schema and backend == "mariadb":
            send(f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4")
        if backend == "postgresql":  # as a careful administrator has it: nothing for everybody
            send(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            send("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        made = Granted(backend, url, schema, names)
        try:
            assert execute(["demo", *made.at(None), "--students", "40"]) == 0
            for role, name in names.items():
                for statement in printed(["--role", role, "--to", name, *made.at(None)]):
                    send(statement)
            yield made
        finally:
            if schema and backend == "mariadb":
                send(f"DROP DATABASE `{schema}`")


@contextmanager
def administering(url: str) -> Iterator[Any]:
    at = make_url(url)
    engine = create_engine(at.set(drivername=DRIVERS[at.drivername]), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield lambda sql: connection.exec_driver_sql(sql.replace("%", "%%"))


@contextmanager
def logins(backend: str, names: dict[Role, str]) -> Iterator[None]:
    """Make a login for each role, and drop it afterwards, when the database with its rights is gone."""
    make, drop = {
        "postgresql": ("CREATE ROLE {} LOGIN PASSWORD 'geheim'", "DROP ROLE {}"),
        "mariadb": ("CREATE USER {} IDENTIFIED BY 'geheim'", "DROP USER {}"),
    }[backend]
    server = {
        "postgresql": os.environ.get("RUNNER_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
        "mariadb": os.environ.get("RUNNER_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/"),
    }[backend]
    try:
        with administering(server) as send:
            for name in names.values():
                send(make.format(name))
    except DBAPIError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {backend} server here ({type(error.orig).__name__})")
    try:
        yield
    finally:
        with administering(server) as send:
            for name in names.values():
                send(drop.format(name))


def printed(arguments: list[str]) -> list[str]:
    """Return the statements that `runner grants` prints, without the comments."""
    file = Path(os.environ["GRANTS"])
    assert execute(["grants", *arguments, "--output", str(file)]) == 0
    return statements(file.read_text(encoding="utf-8"))


def statements(said: str) -> list[str]:
    lines = "\n".join(line for line in said.splitlines() if not line.startswith("--"))
    return [each.strip() for each in lines.split(";") if each.strip()]


@pytest.fixture(scope="module", autouse=True)
def _a_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("GRANTS", str(tmp_path_factory.mktemp("grants") / "grants.sql"))
    patch.delenv("RUNNER_DATABASE", raising=False)
    yield
    patch.undo()


# --- enough ---


def test_a_reader_makes_dry_runs_and_no_run(granted: Granted, capsys: pytest.CaptureFixture[str]) -> None:
    fingerprints = []
    for role in (None, Role.READER):
        capsys.readouterr()
        assert execute(["run", FALL, *AS_OF, "--dry-run", "--format", "json", *granted.at(role)]) == 0
        fingerprints.append(json.loads(capsys.readouterr().out)["results"][0]["fingerprint"])
    assert fingerprints[0] == fingerprints[1]
    code = execute(["run", FALL, *AS_OF, *granted.at(Role.READER)])
    told = " ".join(capsys.readouterr().out.split())
    if granted.backend == "mariadb" or granted.schema is None:
        assert code == 7
        assert "lacks a right" in told
        assert "runner grants" in told
    else:  # where the runner's own tables are, a reader sees nothing at all
        assert code == 3
        assert "has not the runner's own tables" in told
    assert execute(["history", *granted.own_at(Role.READER)]) in {3, 7}


def test_a_writer_runs_and_takes_back_and_a_pruner_prunes(
    granted: Granted,
    capsys: pytest.CaptureFixture[str],
) -> None:
    writer, own = granted.at(Role.WRITER), granted.own_at(Role.WRITER)

    def result(*command: str) -> dict[str, Any]:
        capsys.readouterr()
        assert execute([*command, *writer, "--format", "json"]) == 0, capsys.readouterr()
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
        return found

    dry = result("run", FALL, *AS_OF, "--dry-run")
    done = result("run", FALL, *AS_OF)
    assert done["changed"] == dry["changed"] > 0
    number = str(done["run"]["number"])
    for role in (Role.AUDITOR, Role.WRITER, Role.PRUNER):
        for command in (["history"], ["show", number], ["changes", number]):
            assert execute([*command, *granted.own_at(role)]) == 0
    assert result("undo", number, *AS_OF)["changed"] == done["changed"]
    assert execute(["resolve", str(uuid4()), *own]) in {0, 3}
    assert execute(["prune", "--before", "2099-01-01", *own]) == 7
    assert execute(["prune", "--before", "2099-01-01", *granted.own_at(Role.PRUNER)]) == 0
    assert "changes of 2 runs" in capsys.readouterr().out


def test_a_job_with_everything_runs_as_a_writer(granted: Granted, tmp_path: Path) -> None:
    job = {
        "version": 1,
        "name": "everything",
        "mode": "student_contacts",
        "calendar": {"year": 2027},
        "filter": {
            "any": [
                {"field": "person.last_name", "contains": "a"},
                {"people": [1, 2, 3]},
                {"sql": f"select person_id from {granted.of_district('enrollment')} where grade = '03'"},
            ],
        },
        "preferences": {
            channel: dict.fromkeys(Reason, "on") for channel in ("household_phone", "cell_phone", "email", "work_phone")
        },
    }
    path = tmp_path / "job.yaml"
    path.write_text(json.dumps(job))
    for role, dry in ((Role.READER, ["--dry-run"]), (Role.WRITER, [])):
        assert execute(["run", str(path), *AS_OF, *dry, *granted.at(role)]) == 0


# --- and nothing else ---


def test_a_writer_can_do_nothing_else(granted: Granted) -> None:
    point, person = granted.of_district("contact_point"), granted.of_district("person")
    refused = [
        *(f"DELETE FROM {point}", f"DELETE FROM {person}", "DELETE FROM runner_change", "DELETE FROM runner_run"),
        *(f"UPDATE {point} SET {column} = {column}" for column in ("address", "custom", "channel", "person_id")),
        f"UPDATE {point} SET contact_point_id = contact_point_id, emergency = true",
        f"UPDATE {person} SET last_name = 'x'",
        f"INSERT INTO {person} (person_id, first_name, last_name) VALUES (999999, 'A', 'B')",
        f"INSERT INTO {point} (contact_point_id, person_id, channel) VALUES (999999, 1, 'email')",
        *(
            "UPDATE runner_change SET after_bits = 0",
            "UPDATE runner_run SET actor = 'x'",
            "UPDATE runner_meta SET version = 9",
        ),
        "INSERT INTO runner_meta (meta_id, version) VALUES (2, 2)",
        "INSERT INTO runner_run (run_no, run_id, kind) VALUES (1, 'x', 'run')",
        *(f"DROP TABLE {person}", "DROP TABLE runner_change", "CREATE TABLE taken_along (a INT)"),
        f"ALTER TABLE {point} ADD COLUMN a INT",
        f"TRUNCATE TABLE {point}",
        f"CREATE INDEX mine ON {point} (address)",
        f"CREATE VIEW mine AS SELECT * FROM {point}",
    ]
    assert [sql for sql in refused if not granted.denied(Role.WRITER, sql)] == []
    allowed = [f"UPDATE {point} SET {reason} = {reason}" for reason in Reason]
    assert [sql for sql in allowed if granted.denied(Role.WRITER, sql)] == []


def test_the_others_can_do_even_less(granted: Granted) -> None:
    point = granted.of_district("contact_point")
    run = granted.own("runner_run")
    writing = [f"UPDATE {point} SET emergency = emergency", f"INSERT INTO {run} (run_id, kind) VALUES ('x', 'run')"]
    for role in (Role.READER, Role.AUDITOR, Role.PRUNER):
        assert [sql for sql in writing if not granted.denied(role, sql)] == []
    for table in history.sorted_tables:
        assert granted.denied(Role.READER, f"SELECT * FROM {granted.own(table.name)}")
        assert granted.denied(Role.AUDITOR, f"DELETE FROM {granted.own(table.name)}")
    for table in district.sorted_tables:
        assert granted.denied(Role.AUDITOR, f"SELECT * FROM {granted.of_district(table.name)}")
        assert granted.denied(Role.PRUNER, f"SELECT * FROM {granted.of_district(table.name)}")
    assert granted.denied(Role.READER, "CREATE TEMPORARY TABLE mine (a INT)")
    assert granted.denied(Role.PRUNER, "DELETE FROM runner_run")


# --- as text ---


def grants_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert execute(["grants", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "mssql"])
@pytest.mark.parametrize("role", Role)
def test_names_are_quoted_whatever_they_are(dialect: str, role: Role, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "x\"`]; DROP TABLE person; --'%"
    said = grants_of(capsys, "--role", role, "--dialect", dialect, "--to", evil, "--schema", evil, "--own-schema", evil)
    assert said.startswith(f"-- {role}: ")
    quoted = {
        "postgresql": '"x""`]; DROP TABLE person; --\'%"',
        "mariadb": "`x\"``]; DROP TABLE person; --'%`",
        "mssql": "[x\"`]]; DROP TABLE person; --'%]",
    }[dialect]
    for line in said.splitlines():
        if not line.startswith("--"):
            assert "DROP" not in line.replace(quoted, "").replace(quoted.replace("%", r"\%"), "")


@pytest.mark.parametrize("role", Role)
def test_the_text_for_sql_server_is_t_sql(role: Role, capsys: pytest.CaptureFixture[str]) -> None:
    said = grants_of(capsys, "--role", role, "--dialect", "mssql", "--schema", "sis")
    assert not [each for each in sqlfluff.lint(said, dialect="tsql") if each["code"] == "PRS"]
    assert "never tried" in said
    assert "[sis].[person]" in said or role in {Role.AUDITOR, Role.PRUNER}


def test_a_writer_gets_eight_columns_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    for dialect in ("postgresql", "mariadb", "mssql"):
        (statement,) = [
            each
            for each in statements(grants_of(capsys, "--role", "writer", "--dialect", dialect))
            if "ON" in each and re.search(r"\Wcontact_point\W+TO", each)
        ]
        columns = re.findall(r"\w+", re.findall(r"UPDATE \(([^)]*)\)", statement)[0])
        assert columns == [reason.value for reason in Reason]
        assert "INSERT" not in statement
        assert "DELETE" not in statement


def test_the_url_says_which_database(capsys: pytest.CaptureFixture[str]) -> None:
    said = grants_of(capsys, "--role", "writer", "--database", "postgresql://u:geheim@h/sis")
    assert 'ON DATABASE "sis" TO "runner_writer"' in said
    assert "geheim" not in said
    said = grants_of(capsys, "--role", "writer", "--database", "mariadb://h/the_sis", "--to", "etl@10.0.%")
    assert r"CREATE TEMPORARY TABLES ON `the\_sis`.* TO `etl`@`10.0.%`" in said
    assert "ON `the_sis`.`person` TO `etl`@`10.0.%`" in said
    said = grants_of(capsys, "--role", "reader", "--database", "mariadb://h/the_sis", "--dialect", "postgresql")
    assert "the_sis" not in said


def test_sqlite_knows_no_roles(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(line.startswith("-- ") for line in grants_of(capsys, "--role", "writer").splitlines())


@pytest.mark.parametrize("arguments", [["--to", ""], ["--to", "a\nb"], ["--schema", "\x1b[2J"]])
def test_a_name_that_can_be_none_is_refused(arguments: list[str]) -> None:
    assert execute(["grants", "--role", "reader", "--dialect", "postgresql", *arguments]) == 64
