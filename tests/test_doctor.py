"""Databases broken on purpose, on every backend: the doctor says what they lack, and what it prints mends them."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from runner.backends import mariadb_health, postgresql_health
from runner.cli.app import execute
from runner.execute.database import making, open_database
from runner.execute.lock import take_lock
from runner.values.health import MEANINGS, Sort
from runner.values.rights import Place, Role
from tests.servers import BACKENDS, scratch
from tests.test_grants import administering, logins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FALL = str(Path(__file__).parent.parent / "jobs" / "fall.yaml")
AS_OF = ("--as-of", "2026-10-01")


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with district(request.param, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Make districts that no test leaves broken: one on each database, when it is asked for."""
    made: dict[str, str] = {}
    with ExitStack() as stack:

        def get(backend: str) -> str:
            if backend not in made:
                made[backend] = stack.enter_context(district(backend, tmp_path_factory.mktemp("sound")))
            return made[backend]

        yield get


@pytest.fixture(params=BACKENDS)
def sound(request: pytest.FixtureRequest, sounds: Callable[[str], str]) -> str:
    return sounds(request.param)


@pytest.fixture
def sound_file(sounds: Callable[[str], str]) -> str:
    return sounds("sqlite")


@contextmanager
def district(backend: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a small demo district."""
    with scratch(backend, folder, hurried=True) as url:
        assert execute(["demo", "--students", "30", "--database", url]) == 0
        if backend == "postgresql":
            send(url, f"ALTER DATABASE {make_url(url).database} RESET synchronous_commit")
        yield url


def send(url: str, *statements: str) -> None:
    """Send statements one by one, each committed, as an administrator would."""
    at = make_url(url)
    driver = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "sqlite": "sqlite"}[at.drivername]
    engine = create_engine(at.set(drivername=driver), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def examined(capsys: pytest.CaptureFixture[str], url: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of the doctor, and what it says as JSON."""
    capsys.readouterr()
    code = execute(["doctor", "--database", url, "--format", "json", *options])
    said = capsys.readouterr()
    assert said.err == ""
    return code, json.loads(said.out)


def told(health: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["code"], each["message"]) for each in health["findings"]}


def mended(url: str, health: dict[str, Any]) -> None:
    """Do what the doctor says, word for word."""
    for finding in health["findings"]:
        for line in finding["mend"]:
            if line.startswith("runner "):
                assert execute([*line.split()[1:], "--database", url]) == 0
            else:
                send(url, line)


def test_a_district_that_init_made_lacks_nothing(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, health = examined(capsys, sound)
    assert (code, health["findings"]) == (0, [])
    assert health["roles"] == {"reader": True, "auditor": True, "writer": True}
    capsys.readouterr()
    assert execute(["doctor", "--database", sound]) == 0
    assert "nothing is lacking" in capsys.readouterr().out


# --- what is broken, what is told, and that it mends ---

LACKS_ON_ALL = {
    ("no-table", "there is no table `district_assignment`"),
    ("no-column", "there is no column `person.language`"),
    ("no-index", "`enrollment` has no index (person_id)"),
    ("other-version", "the runner's own tables are of version 0; this runner knows version 1"),
}
BROKEN = ("DROP TABLE district_assignment", "ALTER TABLE person DROP COLUMN language", "DELETE FROM runner_lock")
BROKEN_META = "UPDATE runner_meta SET version = 0"
BREAKS: dict[str, tuple[tuple[str, ...], set[tuple[str, str]]]] = {
    "sqlite": (
        (
            "DROP INDEX enrollment_person",
            "DROP TABLE sqlite_stat1",
            "PRAGMA journal_mode = DELETE",
        ),
        {
            ("no-statistics", "the tables were never analysed"),
            ("no-lock", "`runner_lock` has no row"),
            ("journal", "the journal is of the kind `delete`, not `wal`"),
        },
    ),
    "postgresql": (
        (
            "DROP INDEX enrollment_person",
            "CREATE INDEX some_rows_only ON enrollment (person_id) WHERE no_show",
            "ALTER TABLE relationship ALTER COLUMN messenger TYPE integer USING cast(messenger AS integer)",
            "ALTER TABLE calendar ALTER COLUMN end_year TYPE varchar(9)",
            "ALTER TABLE contact_point DROP CONSTRAINT contact_point_owner",
            "ALTER TABLE contact_point ALTER COLUMN custom DROP NOT NULL",
            "ALTER TABLE contact_point RESET (fillfactor)",
            "ALTER TABLE household_member DROP CONSTRAINT household_member_pkey",
            "ALTER TABLE runner_run DROP CONSTRAINT runner_run_run_id",
            # These do as well, and are no findings.
            "CREATE DOMAIN year AS smallint",
            "ALTER TABLE enrollment ALTER COLUMN service_type TYPE text",
            "ALTER TABLE runner_run ALTER COLUMN undo_of TYPE year",
            "ALTER TABLE runner_run ALTER COLUMN result TYPE jsonb",
            "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$",
        ),
        {
            ("wrong-type", "`relationship.messenger` is integer, not boolean"),
            ("wrong-type", "`calendar.end_year` is varchar(9), not integer"),
            ("no-check", "`contact_point` has no check `contact_point_owner`"),
            ("nullable", "`contact_point.custom` may be null"),
            ("fill", "`contact_point` has no fillfactor"),
            ("no-key", "`household_member` has no key (household_member_id)"),
            ("not-unique", "`runner_run` is not unique in (run_id)"),
            ("durability", "`synchronous_commit` is off"),
        },
    ),
    "mariadb": (
        (
            "ALTER TABLE enrollment DROP FOREIGN KEY enrollment_ibfk_1",
            "ALTER TABLE enrollment DROP INDEX enrollment_person",
            "ALTER TABLE relationship MODIFY messenger VARCHAR(5)",
            "ALTER TABLE enrollment MODIFY start_date DATETIME",
            "ALTER TABLE contact_point DROP CONSTRAINT contact_point_owner",
            "ALTER TABLE contact_point MODIFY custom TINYINT(1) NULL",
            "ALTER TABLE household_member DROP PRIMARY KEY",
            "ALTER TABLE runner_run DROP INDEX runner_run_run_id",
            "ALTER TABLE runner_lock ENGINE = MyISAM",
            "ALTER TABLE person CONVERT TO CHARACTER SET latin1",
            "ALTER TABLE school CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        ),
        {
            ("wrong-type", "`relationship.messenger` is varchar(5), not bool"),
            ("wrong-type", "`enrollment.start_date` is datetime, not date"),
            ("no-check", "`contact_point` has no check `contact_point_owner`"),
            ("nullable", "`contact_point.custom` may be null"),
            ("no-key", "`household_member` has no key (household_member_id)"),
            ("not-unique", "`runner_run` is not unique in (run_id)"),
            ("no-lock", "`runner_lock` has no row"),
            ("engine", "`runner_lock` is kept by MyISAM, not InnoDB"),
            ("characters", "`person` keeps text in the character set latin1, not utf8mb4"),
            ("collation", "`school` compares text by utf8mb4_general_ci"),
        },
    ),
}


def test_what_is_broken_is_told_and_what_is_told_mends_it(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    statements, lacks = BREAKS[make_url(url).drivername]
    send(url, *BROKEN, BROKEN_META, *statements)
    code, health = examined(capsys, url)
    assert told(health) == LACKS_ON_ALL | lacks
    assert code == 3
    assert health["roles"] == {"reader": False, "auditor": False, "writer": False}
    assert execute(["run", FALL, *AS_OF, "--dry-run", "--database", url]) == 3
    assert examined(capsys, url)[1] == health  # it has changed nothing

    mended(url, health)
    code, health = examined(capsys, url)
    assert (code, health["findings"]) == (0, [])
    assert execute(["run", FALL, *AS_OF, "--database", url]) == 0


def test_a_column_of_another_type_is_told_on_sqlite_which_can_not_change_one(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scratch("sqlite", tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        columns = "relationship_id INTEGER PRIMARY KEY, student_id INT, contact_id INT, name TEXT, guardian INT"
        send(
            url,
            "DROP TABLE relationship",
            f"CREATE TABLE relationship ({columns}, messenger INT, start_date DATETIME, end_date TEXT)",
            "CREATE INDEX one ON relationship (student_id, contact_id)",
            "CREATE INDEX two ON relationship (contact_id)",
        )
        code, health = examined(capsys, url)
    # A flag may be a number there, and a date a text; a time sorts behind the date of its day.
    assert told(health) == {("wrong-type", "`relationship.start_date` is datetime, not date")}
    assert (code, health["findings"][0]["mend"]) == (3, [])


# --- views ---


def test_a_view_that_can_not_be_updated_keeps_from_runs_only(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    send(
        sound,
        "ALTER TABLE contact_point RENAME TO kept",
        "CREATE VIEW contact_point AS SELECT DISTINCT * FROM kept",
    )
    try:
        code, health = examined(capsys, sound)
        assert told(health) == {("read-only-view", "`contact_point` can't be updated")}
        assert (code, health["roles"]["reader"], health["roles"]["writer"]) == (3, True, False)
        assert execute(["run", FALL, *AS_OF, "--dry-run", "--database", sound]) == 0
        assert execute(["run", FALL, *AS_OF, "--database", sound]) != 0
    finally:
        send(sound, "DROP VIEW contact_point", "ALTER TABLE kept RENAME TO contact_point")


# --- rights ---


@contextmanager
def login(backend: str, url: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the name of a new login, its URL, and what sends statements as the owner."""
    name = f"runner_sick_{os.getpid()}"
    theirs = make_url(url).set(username=name, password="geheim")  # noqa: S106 - a login of the test's own
    with logins(backend, {Role.WRITER: name}), administering(url) as as_owner:
        try:
            yield name, theirs.render_as_string(hide_password=False), as_owner
        finally:
            if backend == "postgresql":
                as_owner(f"DROP OWNED BY {name}")


def granted(health: dict[str, Any], as_owner: Any) -> None:  # noqa: ANN401 - it sends
    for finding in health["findings"]:
        for line in finding["mend"]:
            if line.startswith("GRANT "):
                as_owner(line)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_rights_that_lack_are_told_and_what_is_told_gives_them(
    backend: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with district(backend, tmp_path) as url, login(backend, url) as (name, theirs, as_owner):
        # As a careful administrator has it: nothing for everybody.
        if backend == "postgresql":
            database = make_url(url).database
            as_owner(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            as_owner(f"GRANT CONNECT ON DATABASE {database} TO {name}")
        as_owner(f"GRANT SELECT ON household TO {name}")

        _, health = examined(capsys, theirs, "--role", "reader")
        assert health["roles"] == {"reader": False}
        assert {each["code"] for each in health["findings"]} == {"no-right"}
        granted(health, as_owner)
        assert examined(capsys, theirs, "--role", "reader")[0] == 0
        assert execute(["run", FALL, *AS_OF, "--dry-run", "--database", theirs]) == 0

        code, health = examined(capsys, theirs)
        assert (code, health["roles"]) == (3, {"reader": True, "auditor": False, "writer": False})
        assert {each["code"] for each in health["findings"]} == {"no-right"}
        assert any("temporary tables" in each["message"] for each in health["findings"])
        assert not any("emergency" in line and "custom" in line for each in health["findings"] for line in each["mend"])
        granted(health, as_owner)
        assert examined(capsys, theirs)[0] == 0
        assert execute(["run", FALL, *AS_OF, "--database", theirs]) == 0
        assert execute(["prune", "--before", "2099-01-01", "--database", theirs]) == 7

        as_owner(f"REVOKE UPDATE (behavior, teacher) ON contact_point FROM {name}")
        code, health = examined(capsys, theirs)
        (finding,) = health["findings"]
        assert "may not UPDATE (behavior, teacher) on `contact_point`" in finding["message"]
        assert (code, finding["hinders"]) == (3, ["writer"])
        assert examined(capsys, theirs, "--role", "pruner")[1]["roles"] == {"auditor": True, "pruner": False}


def test_a_schema_that_is_closed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scratch("postgresql", tmp_path) as url:
        at = ["--schema", "the sis"]
        assert execute(["demo", "--students", "30", "--database", url, *at]) == 0
        with login("postgresql", url) as (name, theirs, as_owner):
            as_owner("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            _, health = examined(capsys, theirs, *at)
            closed = [each for each in health["findings"] if "schema" in each["message"]]
            assert [each["code"] for each in closed] == ["no-schema", "no-right"]
            assert f'GRANT USAGE ON SCHEMA "the sis" TO {name};' in closed[1]["mend"]
            for _ in range(2):  # what lies behind a closed door is seen when it is open
                granted(health, as_owner)
                code, health = examined(capsys, theirs, *at)
            assert code == 0
            assert execute(["run", FALL, *AS_OF, "--database", theirs, *at]) == 0


def test_a_file_that_can_not_be_written_is_told(
    sound_file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("os.access", lambda path, _: not str(path).endswith(".db"))
    code, health = examined(capsys, sound_file)
    (finding,) = health["findings"]
    assert (code, finding["code"], health["roles"]["reader"]) == (3, "read-only", True)
    assert finding["mend"] == [f"chmod u+w {make_url(sound_file).database}"]


# --- nothing there ---


def test_an_empty_database_lacks_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for backend in BACKENDS:
        with scratch(backend, tmp_path, hurried=True) as url:
            if backend == "sqlite":
                Path(str(make_url(url).database)).touch()
            code, health = examined(capsys, url)
            assert code == 3
            by_code = {each["code"]: each["mend"] for each in health["findings"]}
            assert by_code["no-table"] == ["runner init"]
            assert by_code["no-history"] == ["runner init --history-only"]
            mended(url, health)
            assert examined(capsys, url)[0] == 0  # advice may be left: a hurried database waits for no disk


def test_no_database_is_an_error_as_everywhere(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = execute(["doctor", "--database", f"{sound}_nowhere"])
    # libpq tells no SQLSTATE of what goes wrong while it connects.
    wanted = (7, "database-error") if sound.startswith("postgresql") else (3, "no-database")
    assert (code, capsys.readouterr().err.partition(":")[0]) == wanted


def test_a_file_that_is_no_database_is_an_error_as_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.db").write_text("I am a text, and of some length too. " * 99)
    assert execute(["doctor", "--database", f"sqlite:///{tmp_path}/notes.db"]) == 3
    assert capsys.readouterr().err.startswith("not-a-district: the file is no SQLite database")


def test_a_server_that_is_not_there_is_an_error_as_everywhere() -> None:
    assert execute(["doctor", "--database", "postgresql://127.0.0.1:1/x"]) == 7
    assert execute(["doctor", "--database", "mssql://h/x"]) == 3


def test_a_schema_that_is_not_there_is_told(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, health = examined(capsys, sound, "--schema", "no where")
    (finding,) = health["findings"]
    assert (code, finding["code"]) == (3, "no-schema")
    make = {
        "sqlite": [],
        "postgresql": ["runner init --schema 'no where'"],
        "mariadb": ["CREATE DATABASE `no where` CHARACTER SET utf8mb4;", "runner init --schema 'no where'"],
    }
    assert finding["mend"] == make[make_url(sound).drivername]


# --- runs ---


def test_a_run_that_is_open_and_one_that_was_cut_off_are_told(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_database(sound)
    with making(database) as connection:
        for run_id, kind in (("77ab", "void"), ("6d0f", "run")):
            connection.execute(text(f"INSERT INTO runner_run (run_id, kind) VALUES ('{run_id}', '{kind}')"))
    with database.create_engine().connect() as running:
        take_lock(running, database, 1.0)
        code, health = examined(capsys, sound)
        running.rollback()
    with making(database) as connection:
        connection.execute(text("DELETE FROM runner_run"))
    assert code == 0  # nothing that keeps from work
    found = {each["code"]: each for each in health["findings"]}
    assert "(6d0f) was never completed" in found.pop("cut-off")["message"]
    if not sound.startswith("sqlite"):
        assert "the lock is held: session " in found.pop("open-run")["message"]
    assert not found


# --- what this server is not, by what another would answer ---


class Answer:
    """A connection that answers every question with the same row."""

    def __init__(self, **row: object) -> None:
        self.row = row

    def exec_driver_sql(self, _: str) -> Any:  # noqa: ANN401 - it stands for a connection
        return type("Result", (), {"one": lambda _: type("Row", (), self.row)})()


POSTGRESQL = {"version": 15, "encoding": "UTF8", "recovering": False, "icu": True, "synchronous": "on", "fsync": "on"}
MARIADB = {"version": "10.11.8-MariaDB", "logging": 1, "format": "MIXED", "read_only": 0, "exempt": 0, "flushing": 1}


@pytest.mark.parametrize(
    ("row", "sorts"),
    [
        ({}, []),
        ({"version": 9}, [Sort.TOO_OLD]),
        ({"version": 17}, [Sort.UNTRIED]),
        ({"encoding": "LATIN1", "icu": False}, [Sort.CHARACTERS]),
        ({"icu": False}, [Sort.NO_COLLATION]),
        ({"recovering": True}, [Sort.READ_ONLY]),
        ({"fsync": "off"}, [Sort.DURABILITY]),
    ],
)
def test_other_servers_of_postgresql(row: dict[str, object], sorts: list[Sort]) -> None:
    connection: Any = Answer(**{**POSTGRESQL, "me": "me", **row})
    assert [each.sort for each in postgresql_health.examine(connection, Place("x", "public", None))] == sorts


@pytest.mark.parametrize(
    ("row", "sorts"),
    [
        ({}, []),
        ({"version": "10.11.7-MariaDB-log"}, [Sort.TOO_OLD]),
        ({"version": "10.6.22-MariaDB"}, [Sort.TOO_OLD]),
        ({"version": "11.4.2-MariaDB"}, [Sort.UNTRIED]),
        ({"format": "STATEMENT"}, [Sort.ISOLATION]),
        ({"format": "STATEMENT", "logging": 0}, []),
        ({"read_only": 1}, [Sort.READ_ONLY]),
        ({"read_only": 1, "exempt": 1}, []),
        ({"flushing": 2}, [Sort.DURABILITY]),
    ],
)
def test_other_servers_of_mariadb(row: dict[str, object], sorts: list[Sort]) -> None:
    connection: Any = Answer(**{**MARIADB, **row})
    assert [each.sort for each in mariadb_health.examine(connection, Place("x", "x", None))] == sorts


def test_an_old_sqlite_is_told(
    sound_file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 32, 3))
    code, health = examined(capsys, sound_file)
    assert (code, [each["code"] for each in health["findings"]]) == (3, ["too-old"])


def test_every_sort_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Sort)


# --- as text ---


def test_the_text_says_what_it_means_and_what_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scratch("sqlite", tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        send(url, "DROP INDEX contact_point_person", "DELETE FROM runner_lock")
        capsys.readouterr()
        assert execute(["doctor", "--database", url]) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[2:] == [
        "no-lock: `runner_lock` has no row",
        f"  {MEANINGS[Sort.NO_LOCK]}",
        "  INSERT INTO runner_lock (lock_id, taken) VALUES (1, 0);",
        "",
        "advice: no-index: `contact_point` has no index (person_id)",
        f"  {MEANINGS[Sort.NO_INDEX]}",
        "  CREATE INDEX contact_point_person ON contact_point (person_id);",
        "",
        "1 finding to mend, and 1 of advice",
        "",
        "reader   yes  dry runs, and every other question about the district",
        "auditor  yes  past runs: history, show, changes",
        "writer   no   runs, dry runs, undo, resolve, past runs",
    ]
