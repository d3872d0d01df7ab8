"""A folder of CSV files into each database by its own road: every value as it stands, every refusal as it is told."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, text

from runner.backends.registry import backend
from runner.cli.app import execute
from runner.district.csv_folder import load_folder
from runner.execute.database import making, open_database
from runner.tables import contact_point, district, enrollment, household, person, school
from runner.values.problems import Position, Problem, Stopped
from tests.servers import BACKENDS, scratch
from tests.test_csv_folder import FILES, NAME, change, rows, silent
from tests.test_init_on_servers import connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

ODD = [
    "\\",
    "\\N",
    "\\.",
    "\\\\N",
    "\\n\\t\\x41",
    "C:\\temp\\",
    "tab\there",
    "line\nfeed",
    "carriage\rreturn",
    "both\r\n",
    "O'Neill",
    "''",
    "\\'",
    "'); drop table school; --",
    'say "hi"',
    '"',
    "100% of %s, %(name)s and %%",
    ":name ? $1 {0}",
    "NULL",
    "null",
    " ",
    "  both ends  ",
    "\x01\x08\x0b\x0c\x1a\x1b\x7f",
    "a,b;c|d",
    "Zoë Müller-Łukasz",
    "e\u0301 \u200b \u202e \u2028",
    "雪☃",
    "👩‍👧 🦉",
    "\U0010ffff",
    "-1",
    "0",
    "t",
]


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with scratch(request.param, tmp_path, hurried=True) as made:
        assert execute(["init", "--database", made]) == 0
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "csv"
    place.mkdir()
    for table, content in FILES.items():
        (place / f"{table}.csv").write_text(content, encoding="utf-8")
    return place


def rewrite(folder: Path, table: Table, records: Sequence[Sequence[object]], names: Sequence[str] = ()) -> Path:
    path = folder / f"{table.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names or table.columns.keys(), *records])
    return path


def load(url: str, folder: Path) -> dict[str, int]:
    with making(open_database(url)) as connection:
        return load_folder(connection, folder, silent)


def found(url: str, *columns: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a table or a column
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]


def is_empty(url: str) -> bool:
    with connected(url) as connection:
        return not any(rows(connection).values())


# --- values ---


def test_every_text_is_kept_as_it_stands(url: str, folder: Path) -> None:
    records = [(number, f"first {number}", odd, None, odd, None, None, odd) for number, odd in enumerate(ODD, start=1)]
    rewrite(folder, person, records)
    load(url, folder)
    assert found(url, person.c.person_id, *list(person.c)[1:]) == records


def test_a_text_that_is_odd_stands_among_others_that_are_not(url: str, folder: Path) -> None:
    # Each odd text in a statement, and a block, of its own: what is made ready a whole column at a time.
    for odd in ODD:
        rewrite(folder, school, [(1, "", "plain"), (2, odd, odd), (3, "001", "plain")])
        with making(open_database(url)) as connection:
            load_folder(connection, folder, silent)
            told = connection.execute(select(school).order_by(school.c.school_id)).all()
            assert [tuple(row) for row in told] == [(1, None, "plain"), (2, odd, odd), (3, "001", "plain")]
            connection.rollback()
            connection.begin()


def test_numbers_dates_and_flags_become_what_their_columns_hold(url: str, folder: Path) -> None:
    keys = (-(2**63), -1, 0, 2**63 - 1)
    rewrite(folder, household, [(key, "12 Elm Street") for key in (1, *keys[:3], keys[3])])
    change(folder, "household", "\n0,", "\n0000,")
    change(folder, "person", "1,Ada,Rivera,2015-03-04\n", "1,Ada,Rivera,1000-01-01\n3,Cy,Rivera,9999-12-31\n")
    change(folder, "enrollment", "1,1,1,05,P,0\n", "1,1,1,05,P,TRUE\n2,1,1,05,P,\n3,1,1,05,P,False\n")
    load(url, folder)
    assert [key for (key,) in found(url, household.c.household_id)] == sorted({1, *keys})
    days = [(1, date(1000, 1, 1)), (2, None), (3, date(9999, 12, 31))]
    assert found(url, person.c.person_id, person.c.birth_date) == days
    assert found(url, enrollment.c.enrollment_id, enrollment.c.no_show) == [(1, True), (2, None), (3, False)]
    flags = [column for column in contact_point.c if column.name in {"emergency", "attendance", "custom"}]
    assert found(url, contact_point.c.contact_point_id, *flags) == [(1, True, False, False), (2, True, True, False)]


def test_a_header_may_have_any_order_and_leave_out_what_may_be_null(url: str, folder: Path) -> None:
    rewrite(folder, person, [("Rivera", 2, "Bo"), ("Rivera", 1, "Ada")], ["last_name", "person_id", "first_name"])
    load(url, folder)
    assert [row[:3] for row in found(url, *person.c)] == [(1, "Ada", "Rivera"), (2, "Bo", "Rivera")]


@pytest.mark.parametrize("letter", ["'", "\\", "🦉", "x"])
def test_many_rows_of_the_longest_texts(url: str, folder: Path, letter: str) -> None:
    widths = [column.type.length for column in person.c if column.name not in {"person_id", "birth_date"}]  # type: ignore[attr-defined]
    first, last, *others = (letter * width for width in widths)
    records = [(number, first, last, date(2015, 3, 4), *others) for number in range(1, 1_202)]
    rewrite(folder, person, records)
    assert load(url, folder)["person"] == len(records)
    assert found(url, *person.c) == records


def test_a_mariadb_session_without_backslash_escapes(tmp_path: Path, folder: Path) -> None:
    with scratch("mariadb", tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        rewrite(folder, household, [(number, odd) for number, odd in enumerate(ODD, start=1)])
        with making(open_database(url)) as connection:
            connection.execute(text("set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"))
            load_folder(connection, folder, silent)
        assert found(url, *household.c) == list(enumerate(ODD, start=1))


# --- what stands in the place of a table ---

INSTEAD = {
    "a view": ["alter table household rename to kept", "create view household as select * from kept"],
    "a rule": [
        "create table kept (household_id bigint, name varchar(200))",
        "create rule keep as on insert to household do also insert into kept values (new.household_id, new.name)",
    ],
    "a policy": [
        "alter table household enable row level security",
        "alter table household force row level security",
        "create policy everybody on household using (true)",
        "create view kept as select * from household",
    ],
}


@pytest.mark.parametrize("what", INSTEAD)
def test_what_copy_does_not_fill_is_filled_all_the_same(what: str, tmp_path: Path, folder: Path) -> None:
    with scratch("postgresql", tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        with making(open_database(url)) as connection:
            # Policies don't hold for a superuser, as who the tests connect: so it becomes somebody else.
            role = f"{connection.engine.url.database}_owner"
            for statement in INSTEAD[what]:
                connection.execute(text(statement))
            connection.execute(text(f"create role {role}"))
        try:
            with making(open_database(url)) as connection:
                connection.execute(text(f"grant all on all tables in schema public to {role}"))
                connection.execute(text(f"set local role {role}"))
                assert load_folder(connection, folder, silent)["household"] == 1
                assert connection.execute(text("select household_id, name from kept")).all() == [(1, "12 Elm Street")]
        finally:
            with connected(url) as connection:
                connection.execute(text(f"drop owned by {role}"))
                connection.execute(text(f"drop role {role}"))
                connection.commit()


def test_copy_is_what_fills_tables_on_postgresql(tmp_path: Path, folder: Path) -> None:
    with scratch("postgresql", tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        sent: list[str] = []
        with making(open_database(url)) as connection:
            event.listen(connection, "before_cursor_execute", lambda _, __, sql, *___: sent.append(sql))
            load_folder(connection, folder, silent)
        assert [sql for sql in sent if sql.lstrip().upper().startswith("INSERT")] == []


# --- what is refused ---


def test_every_problem_has_its_place_on_every_database(url: str, folder: Path) -> None:
    path = rewrite(folder, household, [*((n, "Elm Street") for n in range(1, 1_500)), (7, "Again"), (1_500, "Elm")])
    members = change(folder, "household_member", "2,1,2\n", "2,1,2\n3,9999,1\n")
    numbers = change(folder, "school", "2,,Lincoln", "2,001,Lincoln")
    with pytest.raises(Stopped) as stopped:
        load(url, folder)
    assert stopped.value.problems == (
        Problem("csv-duplicate", "household_id 7 stands in line 8 already.", Position(str(path), 1_501, 1)),
        Problem("csv-duplicate", "The number of this school stands in line 2 already.", Position(str(numbers), 3, 3)),
        Problem("csv-reference", "household_id 9999 is in no line of household.csv.", Position(str(members), 4, 3)),
    )
    assert is_empty(url)


def only_once(url: str, column: str) -> None:
    """Have the database refuse what the files alone don't show to be wrong."""
    with making(open_database(url)) as connection:
        connection.execute(text(f"create unique index only_once on household ({column})"))


def test_what_only_the_database_refuses_is_told_without_a_value(
    url: str, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    only_once(url, "name")
    rewrite(folder, household, [(1, NAME), *((n, f"{n} Elm Street") for n in range(2, 1_500)), (1_500, NAME)])
    assert execute(["load", str(folder), "--database", url]) == 7
    told = capfd.readouterr()
    assert "database-error" in told.err
    assert NAME not in told.out + told.err + caplog.text
    assert is_empty(url)


def test_an_error_of_the_database_holds_no_value_but_in_the_driver_s_own_words(url: str, folder: Path) -> None:
    only_once(url, "name")
    rewrite(folder, household, [(1, "Elm"), (2, "Elm"), (3, NAME)])
    with pytest.raises(Stopped) as stopped:
        load(url, folder)
    if not url.startswith("sqlite"):
        assert NAME not in str(stopped.value.__cause__)


def test_what_is_found_after_the_database_refused_a_row_is_told_alone(
    url: str, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    only_once(url, "name")
    path = rewrite(folder, household, [(1, NAME), (2, NAME), *((n, f"{n} Elm") for n in range(3, 2_000)), ("x", "Elm")])
    with pytest.raises(Stopped) as stopped:
        load(url, folder)
    problem = Problem("csv-value", "household_id is not a whole number.", Position(str(path), 2_001, 1))
    assert stopped.value.problems == (problem,)
    told = capfd.readouterr()
    assert (told.out, told.err, caplog.text) == ("", "", "")
    assert is_empty(url)


def test_a_connection_may_load_after_it_was_refused(url: str, folder: Path) -> None:
    path = rewrite(folder, household, [*((n, "Elm Street") for n in range(1, 1_500)), ("x", "Elm")])
    with making(open_database(url)) as connection:
        with pytest.raises(Stopped):
            load_folder(connection, folder, silent)
        path.write_text(FILES["household"], encoding="utf-8")
        assert load_folder(connection, folder, silent)["household"] == 1
    assert found(url, *household.c) == [(1, "12 Elm Street")]


# --- what ends it early ---


def test_an_interrupt_between_two_rows_leaves_nothing(url: str, folder: Path) -> None:
    rewrite(folder, household, [(n, "Elm Street") for n in range(1, 5_000)])

    def interrupt(table: str, _read: int, _total: int) -> None:
        if table == household.name:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), making(open_database(url)) as connection:
        load_folder(connection, folder, interrupt)
    assert is_empty(url)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_lost_connection_is_told_and_leaves_nothing(
    kind: str, tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with scratch(kind, tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        capfd.readouterr()
        rewrite(folder, household, [(n, NAME) for n in range(1, 20_000)])
        session = "pg_backend_pid()" if kind == "postgresql" else "connection_id()"
        end = "select pg_terminate_backend({})" if kind == "postgresql" else "kill {}"
        killed: list[str] = []

        def lose(connection: Connection) -> None:
            number = connection.execute(text(f"select {session}")).scalar()

            def kill(table: str, _read: int, _total: int) -> None:
                if table == household.name and not killed:
                    killed.append(table)
                    with connected(url) as other:
                        other.execute(text(end.format(number)))

            load_folder(connection, folder, kill)

        with pytest.raises(Stopped) as stopped, making(open_database(url)) as connection:
            lose(connection)
        assert [problem.code for problem in stopped.value.problems] == ["database-error"]
        told = capfd.readouterr()
        assert (told.out, told.err, caplog.text) == ("", "", "")
        assert is_empty(url)


WAITING = {
    "postgresql": "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",  # noqa: E501
    "mariadb": (
        "select count(*) from information_schema.innodb_trx"
        " join information_schema.processlist on id = trx_mysql_thread_id"
        " where db = database() and trx_state = 'LOCK WAIT'"
    ),
}


@contextmanager
def held(url: str) -> Iterator[Connection]:
    """Yield a connection, and let a load wait for its end at its first row of a household."""
    with making(open_database(url)) as connection:
        connection.execute(household.insert().values(household_id=1, name="12 Elm Street"))
        yield connection
        connection.rollback()
        connection.begin()


@pytest.mark.parametrize("signaled", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", WAITING)
def test_a_signal_ends_a_load_that_waits_for_the_server(
    kind: str, signaled: signal.Signals, tmp_path: Path, folder: Path
) -> None:
    rewrite(folder, household, [(n, NAME) for n in range(1, 2_000)])
    with scratch(kind, tmp_path, hurried=True) as url:
        assert execute(["init", "--database", url]) == 0
        with held(url), connected(url) as watcher:
            command = [sys.executable, "-m", "runner", "load", str(folder)]
            environment = {**os.environ, "RUNNER_DATABASE": url}
            with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
                deadline = time.monotonic() + 30
                while not watcher.execute(text(WAITING[kind])).scalar():
                    watcher.rollback()
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.2)  # MariaDB shows the same as before to who asks more often
                process.send_signal(signaled)
                _, told = process.communicate(timeout=20)  # the lock alone would be waited for longer
        assert process.returncode in {130, 143, -signal.SIGTERM}
        assert NAME not in told
        assert "Traceback" not in told
        assert is_empty(url)


def test_a_database_s_own_road_takes_whole_tables(url: str) -> None:
    module = backend(open_database(url).url.get_backend_name())
    with making(open_database(url)) as connection:
        names = ["household_id", "name"]
        with module.inserting(connection, district.tables["district.household"], names) as insert:
            insert([[1, 2], ["", "x"]])
            insert([["3"], ["y"]])
        with module.inserting(connection, school, ["school_id", "number", "name"]):
            pass
    assert found(url, *household.c) == [(1, ""), (2, "x"), (3, "y")]
