"""How a database is named and reached: URL, variable, file, the drivers' own files; and that silence is noticed."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from runner.backends import mariadb
from runner.backends.servers import notice_a_dead_network
from runner.cli.app import execute
from runner.execute.database import open_database, reading_history
from runner.values.problems import Kind, Problem, Stopped
from tests.district import make
from tests.servers import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVERS = ("postgresql", "mariadb")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RUNNER_DATABASE", raising=False)
    monkeypatch.delenv("RUNNER_DATABASE_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def silent() -> Iterator[int]:
    """Yield the port of a server that takes connections, and never says a word."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def stopped(url: str) -> Problem:
    """Return why no connection is even tried."""
    with pytest.raises(Stopped) as found:
        open_database(url).create_engine()
    (problem,) = found.value.problems
    assert "geheim" not in f"{problem.message}{problem.hint}"
    return problem


def failed(url: str) -> Problem:
    """Return how it is told that a connection could not be made."""
    database = open_database(url)
    with pytest.raises(DBAPIError) as found:
        database.create_reader().connect()
    problem = database.backend.explain(found.value)
    assert "geheim" not in f"{problem.message}{problem.hint}"
    assert problem.kind is Kind.DATABASE
    return problem


@contextmanager
def driver_of(url: str) -> Iterator[Any]:
    """Yield the driver's own connection."""
    with open_database(url).create_engine().connect() as connection:
        yield connection.connection.driver_connection


# --- a file that holds the URL ---


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_can_hold_the_url(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tmp_path / "url"
    url.write_bytes(f"sqlite:///{tmp_path}/by-file.db{end}".encode())
    url.chmod(0o600)
    monkeypatch.setenv("RUNNER_DATABASE_FILE", str(url))
    assert execute(["init"]) == 0
    assert (tmp_path / "by-file.db").is_file()


def test_the_command_line_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_DATABASE_FILE", str(tmp_path / "not-even-there"))
    monkeypatch.setenv("RUNNER_DATABASE", "sqlite:///by-variable.db")
    assert execute(["init", "--database", "sqlite:///by-option.db"]) == 0
    assert [path.name for path in tmp_path.glob("*.db")] == ["by-option.db"]


def test_a_variable_and_a_file_contradict_each_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RUNNER_DATABASE_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("RUNNER_DATABASE", "sqlite:///by-variable.db")
    assert execute(["init"]) == 64
    assert "both set" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.db"))


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_DATABASE_FILE", "")
    monkeypatch.setenv("RUNNER_DATABASE", "")
    assert execute(["init"]) == 0
    assert (tmp_path / "district.db").is_file()


@pytest.mark.parametrize(
    "case",
    [
        (None, 0, "No such file"),
        (b"", 0o600, "it is empty"),
        (b" \n", 0o600, "it is empty"),
        (b"sqlite:///a.db\nsqlite:///b.db\n", 0o600, "more than one line"),
        (b"sqlite:///\xff.db", 0o600, "not UTF-8"),
        (b"postgresql://u:geheim@h/d", 0o640, "chmod 600"),
        (b"postgresql://u:geheim@h/d", 0o604, "others than its owner"),
    ],
)
def test_a_file_that_is_no_good_is_told(
    case: tuple[bytes | None, int, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    held, mode, said = case
    url = tmp_path / "url"
    if held is not None:
        url.write_bytes(held)
        url.chmod(mode)
    monkeypatch.setenv("RUNNER_DATABASE_FILE", str(url))
    assert execute(["init"]) == 3
    told = capsys.readouterr().err
    assert told.startswith(f"database-file: {url}, which RUNNER_DATABASE_FILE names: ")
    assert said in told
    assert "geheim" not in told


def test_a_file_of_another_owner_is_the_platforms_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tmp_path / "url"
    url.write_text(f"sqlite:///{tmp_path}/mounted.db")
    url.chmod(0o444)
    monkeypatch.setattr(os, "getuid", lambda: url.stat().st_uid + 1)
    monkeypatch.setenv("RUNNER_DATABASE_FILE", str(url))
    assert execute(["init"]) == 0


# --- URLs ---


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d",
        "postgres://h/d",
        "postgresql+psycopg://h/d",
        "mysql://h/d",
        "mysql+pymysql://h/d",
        "mariadb://h/d",
        "mariadb+pymysql://h/d",
        "sqlite+pysqlite:///d.db",
    ],
)
def test_a_plain_url_takes_our_driver(url: str) -> None:
    database = open_database(url)
    if not url.startswith("sqlite"):
        assert database.create_engine().dialect.driver in {"psycopg", "pymysql"}


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("postgresql+asyncpg://u:geheim@h/d", "postgresql+psycopg://"),
        ("postgresql+psycopg2://u:geheim@h/d", "postgresql+psycopg://"),
        ("mysql+mysqldb://u:geheim@h/d", "mysql+pymysql://"),
        ("mariadb+mariadbconnector://u:geheim@h/d", "mariadb+pymysql://"),
    ],
)
def test_another_driver_is_refused_with_the_right_one(url: str, right: str) -> None:
    problem = stopped(url)
    assert problem.code == "database-url"
    assert right in str(problem.hint)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("postgresql://u:geheim@h/d?sslmod=require", "`sslmode`"),
        ("postgresql://u:geheim@h/d?autocommit=1", "it is one of"),
        ("mariadb://u:geheim@h/d?autocommit=1", "it is one of"),
        ("mariadb://u:geheim@h/d?conect_timeout=1", "`connect_timeout`"),
        ("mariadb://u:geheim@h/d?connect_timeout=1&connect_timeout=2", "None"),
        ("mariadb://u:geheim@h/d?connect_timeout=soon", "None"),
        ("mariadb://u:geheim@h/d?ssl_check_hostname=perhaps", "None"),
    ],
)
def test_an_option_that_means_nothing_is_refused(url: str, hint: str) -> None:
    problem = stopped(url)
    assert problem.code == "database-url"
    assert hint in str(problem.hint)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("ssl_ca=/nowhere/ca.pem", "No such file"),
        ("ssl_cert=junk.pem", "no certificate"),
        ("ssl_ca=junk.pem", "no certificate"),
        ("read_default_file=/nowhere/my.cnf", "No such file"),
        ("read_default_file=junk.pem", "`[group]`"),
        ("read_default_file=binary.cnf", "can't be read as text"),
    ],
)
def test_a_file_that_a_url_names_is_looked_at_first(query: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "junk.pem").write_text("password=geheim\n")
    (tmp_path / "binary.cnf").write_bytes(b"\xff\xfe")
    problem = stopped(f"mariadb://u:geheim@127.0.0.1/d?{query}")
    assert problem.code == "database-file"
    assert said in problem.message


def test_options_of_tls_reach_the_driver(tmp_path: Path) -> None:
    with scratch("postgresql", tmp_path) as url:
        with driver_of(f"{url}?sslmode=disable") as driver:
            assert driver.info.get_parameters()["sslmode"] == "disable"
        assert "failed" in failed(f"{url}?sslmode=verify-full&sslrootcert=/nowhere").message
    engine = open_database("mariadb://h/d?ssl_check_hostname=true").create_engine()
    assert engine.dialect.create_connect_args(engine.url)[1]["ssl"] == {"check_hostname": True}


# --- connections ---


def test_connections_are_named(tmp_path: Path) -> None:
    with scratch("postgresql", tmp_path) as url:
        for asked, name in (("", "contact-preference-runner"), ("?application_name=nightly", "nightly")):
            with open_database(f"{url}{asked}").create_reader().connect() as connection:
                assert connection.execute(text("select current_setting('application_name')")).scalar() == name
    with scratch("mariadb", tmp_path) as url, driver_of(url) as driver:
        assert driver._connect_attrs["program_name"] == "contact-preference-runner"  # noqa: SLF001


def test_postgresql_takes_the_files_and_variables_of_its_own_tools(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scratch("postgresql", tmp_path) as url:
        with driver_of(url) as driver:
            info = driver.info
            host, port, name, user = info.host, info.port, info.dbname, info.user
        passwords = tmp_path / "pgpass"
        passwords.write_text(f"{host}:{port}:*:{user}:geheim\n")
        passwords.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(passwords))
        with driver_of(url) as driver:
            assert driver.info.password == "geheim"  # noqa: S105 - what the file says
        services = tmp_path / "services"
        services.write_text(f"[district]\nhost={host}\nport={port}\ndbname={name}\nuser={user}\n")
        monkeypatch.setenv("PGSERVICEFILE", str(services))
        with driver_of("postgresql:///?service=district") as driver:
            assert driver.info.dbname == name
        monkeypatch.setenv("PGSERVICE", "district")
        with driver_of("postgresql://") as driver:
            assert driver.info.dbname == name


def test_mariadb_takes_an_option_file_that_the_url_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with scratch("mariadb", tmp_path) as url:
        user = f"runner_test_{os.getpid()}"
        root = create_engine(url.replace("mariadb://", "mariadb+pymysql://"))
        with root.connect() as connection:
            connection.execute(text(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'geheim'"))
        try:
            (tmp_path / ".my.cnf").write_text(f"[client]\nuser={user}\npassword='geheim'\n[runner]\nuser=root\n")
            where = url.rpartition("@")[2].rpartition("/")[0]
            base = f"mariadb://{where}/information_schema?read_default_file=~/.my.cnf"
            for asked, name in (("", user), ("&read_default_group=runner", "root")):
                with open_database(f"{base}{asked}").create_reader().connect() as connection:
                    found = str(connection.execute(text("select current_user()")).scalar())
                assert found.startswith(f"{name}@")
        finally:
            with root.connect() as connection:
                connection.execute(text(f"DROP USER '{user}'@'%'"))
            root.dispose()


@pytest.mark.parametrize("backend", SERVERS)
def test_a_server_that_says_nothing_is_given_up(backend: str, silent: int) -> None:
    seconds = 2 if backend == "postgresql" else 1  # libpq takes no less than 2 s for a time-out
    problem = failed(f"{backend}://u:geheim@127.0.0.1:{silent}/d?connect_timeout={seconds}")
    assert "time" in problem.message


def test_a_connection_that_was_made_may_wait_for_as_long_as_a_statement_takes(tmp_path: Path) -> None:
    with scratch("mariadb", tmp_path) as url:
        database = open_database(f"{url}?read_timeout=1")
        with database.create_engine().connect() as connection, pytest.raises(DBAPIError) as found:
            connection.execute(text("select sleep(3)"))
        assert "no answer came in time" in database.backend.explain(found.value).message
        with driver_of(url) as driver:
            assert driver._read_timeout > mariadb._STATEMENT_SECONDS  # noqa: SLF001 - what is looked at
            kept = driver._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)  # noqa: SLF001 - the same
        assert kept == 30


def test_a_socket_of_the_machine_itself_has_no_network_to_die() -> None:
    here, there = socket.socketpair()
    with here, there:
        notice_a_dead_network(here)  # and does not fail
        assert here.family == socket.AF_UNIX


@pytest.mark.parametrize("backend", SERVERS)
def test_every_kind_of_connection_gives_up_waiting(backend: str, tmp_path: Path) -> None:
    with scratch(backend, tmp_path) as url:
        made = make(url, tmp_path)
        database = made.database
        names = ("lock_timeout", "statement_timeout") if backend == "postgresql" else ("lock_wait_timeout",)
        unlimited = {"0", "86400"}
        with database.create_engine().connect() as connection:
            database.backend.begin_run(connection, 7.0)
            assert not unlimited & settings(connection, names)
        with reading_history(database) as connection:
            assert not unlimited & settings(connection, names)
            with pytest.raises(DBAPIError):
                connection.execute(text("insert into runner_meta values (2, 2)"))


def settings(connection: Any, names: tuple[str, ...]) -> set[str]:  # noqa: ANN401 - a connection of any kind
    how = "select current_setting('{}')" if len(names) > 1 else "select @@{}"
    return {str(connection.execute(text(how.format(name))).scalar()) for name in names}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://postgres:geheim@127.0.0.1:1/d", "refused"),
        ("postgresql://postgres:geheim@nowhere.invalid/d", "nowhere.invalid"),
        ("postgresql://postgres:geheim@127.0.0.1/d?connect_timeout=soon", "soon"),
        ("mariadb://root:geheim@127.0.0.1:1/d", "can't be reached"),
    ],
)
def test_why_there_is_no_connection_is_told(url: str, said: str) -> None:
    assert said in failed(url).message
