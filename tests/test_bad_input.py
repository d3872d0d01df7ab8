"""Bad input at the command line: the right exit code, a place and a hint, never a traceback, and nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from runner.cli.app import execute
from tests.test_cli import AUTUMN, GRAND_BEND, JOBS, SIMPLE, Cli, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534
PASSWORD = "hunter2"  # noqa: S105 - it must never come out


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "district.db"
    assert execute(["demo", "--database", f"sqlite:///{file}", "--students", "300"]) == 0
    return file


@pytest.fixture
def cli(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Cli]:
    """Yield the command line, and find its district unchanged afterwards, with no run in it."""
    file = tmp_path / "district.db"
    shutil.copy(template, file)
    monkeypatch.setenv("RUNNER_DATABASE", f"sqlite:///{file}")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    before = content(file)
    yield Cli(file, capsys)
    assert content(file) == before


def content(file: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        return [connection.execute(f"select * from {table}").fetchall() for table in ("contact_point", "runner_run")]


def refused(cli: Cli, job: Path, *arguments: object) -> dict[str, Any]:
    """Return the one error of a job that is invalid, the same for a run, a dry run and a report as text."""
    error: dict[str, Any] = {}
    for dry in ((), ("--dry-run",)):
        ran = cli("run", job, "--as-of", AUTUMN, "--format", "json", *dry, *arguments)
        assert (ran.code, ran.results[0]["status"]) == (3, "invalid")
        (error,) = ran.results[0]["errors"]
    text = cli("run", job, "--as-of", AUTUMN, *arguments)
    assert text.code == 3
    assert "invalid: nothing was changed" in " ".join(text.out.split())
    assert error["code"] in text.out
    return error


# the job file


def test_a_file_that_is_missing_is_told_with_a_near_miss(cli: Cli) -> None:
    cli.job("autumn")
    error = refused(cli, cli.folder / "autum.yaml")
    assert error["code"] == "file-missing"
    assert "autumn.yaml" in error["hint"]


def test_a_folder_that_is_missing_is_told(cli: Cli) -> None:
    assert refused(cli, cli.folder / "nowhere" / "job.yaml")["code"] == "file-missing"


def test_a_folder_is_no_job_file(cli: Cli) -> None:
    assert refused(cli, cli.folder)["code"] == "file-unreadable"


def test_a_pipe_is_no_job_file_and_nobody_waits_for_it(cli: Cli) -> None:
    os.mkfifo("pipe.yaml")
    assert refused(cli, cli.folder / "pipe.yaml")["code"] == "file-unreadable"


def test_links_that_lead_in_a_circle_are_no_job_file(cli: Cli) -> None:
    Path("a.yaml").symlink_to("b.yaml")
    Path("b.yaml").symlink_to("a.yaml")
    assert refused(cli, cli.folder / "a.yaml")["code"] == "file-unreadable"


VALID = json.dumps(SIMPLE)
DEEP = f"{VALID[:-1]}, description: {'[' * 400}{']' * 400}}}"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b"", "file-empty", None),
        (b"  \n# only a comment\n", "file-empty", None),
        (b"version: 1\nmode: [students\n", "yaml-syntax", 3),
        (b"version: 1\n\tmode: students\n", "yaml-syntax", 2),
        (b"version: 1\nname: \xff\xfe\n", "text-encoding", 2),
        (VALID.encode("utf-16"), "text-encoding", 1),
        (b'version: 1\nname: "a\\0b"\n', "text-encoding", 2),
        (b'version: 1\nname: "\\ud800"\n', "text-encoding", 2),
        (VALID.encode() + b"\n---\n" + VALID.encode(), "yaml-documents", 2),
        (b"%TAG ! tag:x,2000:\n---\nversion: 1\n", "yaml-directive", 1),
        (DEEP.encode(), "yaml-depth", 1),
        (b"#" * (1024 * 1024 + 1), "file-too-large", None),
        (b"- 1\n- 2\n", "wrong-type", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_job_is_told_by_its_line(cli: Cli, text: bytes, code: str, line: int | None) -> None:
    path = cli.folder / "job.yaml"
    path.write_bytes(text)
    error = refused(cli, path)
    assert error["code"] == code
    assert error.get("line", 1) == (line or 1)


def test_a_file_of_too_many_values_is_told(cli: Cli) -> None:
    path = cli.folder / "job.yaml"
    path.write_text(f"[{'1,' * 50_001}]", encoding="utf-8")
    ran = cli("run", path, "--format", "json")
    assert (ran.code, ran.codes) == (3, ["yaml-size"])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("name: again", "yaml-duplicate-key"),
        ("description: *there", "yaml-alias"),
        ("<<: {description: x}", "yaml-alias"),
        ("description: !!binary aGk=", "yaml-tag"),
        ("grades: !!set {a, b}", "yaml-tag"),
        ("1: one", "yaml-key"),
        ("~: nothing", "yaml-key"),
        ("limits: {people: .inf}", "yaml-number"),
        ("limits: {people: .nan}", "yaml-number"),
        (f"limits: {{people: {'9' * 5_000}}}", "yaml-number"),
        ("grades: [03]", "wrong-type"),
        ("description: 2026-01-01 12:30:45\nallow_empty: yes", "wrong-type"),
        ("filters: {}", "unknown-key"),
        ("filter: {field: person.langauge, equals: x}", "unknown-field"),
        ("filter: {field: person.birth_date, contains: x}", "wrong-operator"),
        ("filter: {field: person.birth_date, equals: '2026-02-30'}", "wrong-date"),
        ("filter: {field: assignment.title, equals: x}", "not-in-mode"),
        ("filter: {all: []}", "too-few"),
        ("filter: {sql: delete from person}", "sql-shape"),
        ("filter: {sql: select person_id from person) q; drop table person --}", "sql-shape"),
        ("filter: nowhere.yaml", "file-missing"),
        ("filter: ../outside.yaml", "file-outside"),
        ("filter: {people_file: /etc/passwd}", "file-outside"),
        ("filter: {people_file: people.csv}", "people-file"),
    ],
)
def test_a_job_that_says_what_it_may_not_is_told_by_its_line(cli: Cli, more: str, code: str) -> None:
    Path("people.csv").write_text("name\nAda\n", encoding="utf-8")
    lines = [f"{key}: {json.dumps(value)}" for key, value in SIMPLE.items()]
    path = cli.folder / "job.yaml"
    path.write_text("\n".join([*lines, more, ""]), encoding="utf-8")
    ran = cli("run", path, "--as-of", AUTUMN, "--format", "json")
    assert (ran.code, ran.results[0]["status"]) == (3, "invalid")
    assert code in ran.codes
    found = next(error for error in ran.results[0]["errors"] if error["code"] == code)
    last = len(lines) + more.count("\n") + 1
    assert (found["file"], found["line"]) in {(str(path), last), ("people.csv", 1), (f"{cli.folder}/people.csv", 1)}
    assert cli("run", path, "--as-of", AUTUMN, "--dry-run").code == 3
    assert cli("check", path).code == 3


def test_an_unknown_field_names_its_near_miss(cli: Cli) -> None:
    error = refused(cli, cli.job(filter={"field": "person.langauge", "equals": "Spanish"}))
    assert error["code"] == "unknown-field"
    assert "`person.language`" in error["hint"]


# the calendar and the scope


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        (
            {"school": "Rosevelt High"},
            "no school with a calendar has the name or number `Rosevelt High`",
            "`Roosevelt High`",
        ),
        ({"year": 1999}, "no such calendar in year 1999", "there are some in "),
        ({"school": "roosevelt HIGH", "year": 1999}, "no such calendar in year 1999", "there are some in "),
        ({"year": "current"}, "no such calendar in year `current`", "there are some in "),
        ({"name": "26-27x"}, "no calendar is called `26-27x`", "did you mean `"),
        (
            {"school": "Roosevelt High", "name": "zz"},
            "no calendar at `Roosevelt High` is called `zz`",
            "did you mean `",
        ),
    ],
)
def test_an_unknown_calendar_names_near_misses(cli: Cli, entry: dict[str, Any], message: str, hint: str) -> None:
    as_of = ("--as-of", "1999-01-01") if entry.get("year") == "current" else ()
    error = refused(cli, cli.job(calendar=[{"year": 2027}, entry]), *as_of)
    assert (error["code"], error["message"]) == ("unknown-calendar", message)
    assert hint in error["hint"]
    assert error["line"] == 1
    assert error["column"] > 1


def test_every_unknown_calendar_is_told_at_once(cli: Cli) -> None:
    ran = cli("run", cli.job(calendar=[{"year": 1998}, {"year": 1999}, {"year": 2027}]), "--format", "json")
    assert (ran.code, ran.codes) == (3, ["unknown-calendar", "unknown-calendar"])


def test_a_district_without_calendars_is_told(cli: Cli) -> None:
    cli("init", "--database", "sqlite:///empty.db")
    error = refused(cli, cli.job(calendar={"school": "Any"}), "--database", "sqlite:///empty.db")
    assert (error["code"], error["hint"]) == ("unknown-calendar", "the district has no calendars at all")


@pytest.mark.parametrize(
    ("keys", "as_of", "steps", "hints"),
    [
        (
            {},
            "2026-07-15",
            ["in the calendars", "0 enrolled on the day"],
            ["the next enrollment starts on 2026-08-24: `--as-of 2026-08-24`, or `enrollment: not_ended`"],
        ),
        (
            {},
            "2031-07-15",
            ["0 enrolled on the day"],
            ["the last one ended on 2027-06-10: `--as-of 2027-06-10`, or `enrollment: any`"],
        ),
        ({"grades": ["99"]}, AUTUMN, ["enrolled on the day", "0 in the grades"], []),
        (
            {"filter": {"field": "person.language", "equals": "Klingon"}},
            AUTUMN,
            ["enrolled on the day", "0 in the filter"],
            [],
        ),
        (
            {"enrollment": "not_ended"},
            "2031-07-15",
            ["in the calendars", "0 whose enrollment has not ended"],
            ["the last one ended on 2027-06-10"],
        ),
        (
            {"mode": "student_contacts", "filter": {"people": [999_999_999]}, "enrollment": "any"},
            AUTUMN,
            ["that are no no-shows", "0 in the filter", "0 their contacts"],
            [],
        ),
        (
            {"mode": "census_staff", "filter": {"field": "assignment.title", "equals": "Wizard"}},
            AUTUMN,
            ["0 in the filter", "0 with an assignment active on the day", "0 at the schools of the calendars"],
            [],
        ),
    ],
)
def test_an_empty_scope_says_at_which_step(
    cli: Cli,
    keys: dict[str, Any],
    as_of: str,
    steps: list[str],
    hints: list[str],
) -> None:
    cli.sql("update enrollment set start_date = '2026-08-24', end_date = '2027-06-10'")
    error = refused(cli, cli.job(**keys), "--as-of", as_of)
    assert error["code"] == "empty-scope"
    assert all(step in error["message"] for step in steps)
    assert all(hint in error["hint"] for hint in [*hints, "`allow_empty: true` where that may be"])


# the database


def make_not_a_database(path: Path) -> None:
    path.write_text("This is no database, but it is long enough to be taken for one." * 20, encoding="utf-8")


def make_an_empty_file(path: Path) -> None:
    path.touch()


def make_another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table person (person_id integer primary key, first_name text)")


def make_a_folder(path: Path) -> None:
    path.mkdir()


def make_nothing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (make_nothing, "no-database", "`runner demo` makes one with a synthetic district, `runner init` an empty one"),
        (make_a_folder, "no-database", "is a folder"),
        (make_not_a_database, "not-a-district", "the file is no SQLite database"),
        (make_an_empty_file, "not-a-district", "`runner init` makes the tables"),
        (make_another_database, "not-a-district", "table `person` has no column `last_name`, `birth_date`"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry"])
def test_a_database_that_is_no_district_is_told(
    cli: Cli,
    make: Any,  # noqa: ANN401 - one of the functions above
    code: str,
    told: str,
    dry: tuple[str, ...],
) -> None:
    make(cli.folder / "other.db")
    arguments = ("run", cli.job(), "--as-of", AUTUMN, "--database", "sqlite:///other.db", *dry)
    ran = cli(*arguments, "--format", "json")
    assert (ran.code, set(ran.codes)) == (3, {code})
    assert told in " ".join(f"{error['message']} {error['hint']}" for error in ran.results[0]["errors"])
    text = cli(*arguments)
    assert text.code == 3
    assert code in text.out
    assert "invalid: nothing was changed" in text.out
    for command in (("history",), ("show", "1"), ("load", GRAND_BEND)):
        assert cli(*command, "--database", "sqlite:///other.db").code == 3
    assert (cli.folder / "other.db").exists() is (make is not make_nothing)


def test_a_damaged_database_is_an_error_of_the_database(cli: Cli) -> None:
    damaged = cli.folder / "damaged.db"
    whole = cli.file.read_bytes()
    damaged.write_bytes(whole[: 4096 * 20] + b"\x55" * (len(whole) - 4096 * 20))
    for dry in ((), ("--dry-run",)):
        ran = cli("run", cli.job(), "--as-of", AUTUMN, "--database", "sqlite:///damaged.db", "--format", "json", *dry)
        assert (ran.code, ran.codes, ran.results[0]["status"]) == (7, ["database-error"], "failed")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "district.db",
        PASSWORD,
        f"u:{PASSWORD}@host/district",
        f"://u:{PASSWORD}@host/district",
        f"oracle://u:{PASSWORD}@host/district",
        f"oracle://u:{PASSWORD}@host:port/district",
        f"sqlite://u:{PASSWORD}@host/district.db",
        f"sqlite:///district.db?password={PASSWORD}",
        "sqlite://district.db",
    ],
)
@pytest.mark.parametrize("command", ["run", "dry run", "undo", "history", "init", "demo", "load"])
def test_a_bad_url_is_told_without_its_password(cli: Cli, command: str, url: str) -> None:
    arguments: dict[str, tuple[object, ...]] = {
        "run": ("run", cli.job(), "--as-of", AUTUMN),
        "dry run": ("run", cli.job(), "--as-of", AUTUMN, "--dry-run"),
        "undo": ("undo", 1),
        "history": ("history",),
        "init": ("init",),
        "demo": ("demo",),
        "load": ("load", GRAND_BEND),
    }
    ran = cli(*arguments[command], "--database", url)
    assert ran.code == 3
    assert "database-url: " in ran.out + ran.err
    assert "hint: " in ran.out + ran.err
    assert PASSWORD not in ran.out + ran.err


@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql", "mssql"])
def test_a_server_that_is_not_there_is_told_without_the_password(cli: Cli, scheme: str) -> None:
    for dry in ((), ("--dry-run",)):
        url = f"{scheme}://u:{PASSWORD}@127.0.0.1:1/district"
        ran = cli("run", cli.job(), "--as-of", AUTUMN, "--database", url, *dry)
        assert ran.code in {3, 7}  # 3 where the runner makes no runs on it
        assert PASSWORD not in ran.out + ran.err


def test_a_database_in_memory_is_no_district_and_leaves_nothing(cli: Cli) -> None:
    for command in (("run", cli.job(), "--as-of", AUTUMN), ("run", cli.job(), "--as-of", AUTUMN, "--dry-run")):
        ran = cli(*command, "--format", "json", "--database", "sqlite://")
        assert (ran.code, set(ran.codes)) == (3, {"not-a-district"})
    assert cli("demo", "--students", "20", "--database", "sqlite://").code == 0


@pytest.mark.parametrize("command", ["init", "demo"])
@pytest.mark.parametrize(
    ("url", "told"),
    [("sqlite:///no/such/folder/new.db", "there is no folder no/such/folder"), ("sqlite:///.", ". is a folder")],
)
def test_a_database_that_cannot_be_made_is_told(cli: Cli, command: str, url: str, told: str) -> None:
    ran = cli(command, "--database", url)
    assert ran.code == 3
    assert f"no-database: {told}" in ran.err


# what may not be written, tried as a user who may not


@pytest.fixture
def shared(template: Path) -> Iterator[Path]:
    """Yield a folder that every user may read, with a district and a job in it."""
    folder = Path(tempfile.mkdtemp(prefix="runner-shared-"))
    folder.chmod(0o755)
    shutil.copy(template, folder / "district.db")
    (folder / "job.yaml").write_text(json.dumps(SIMPLE), encoding="utf-8")
    before = content(folder / "district.db")
    yield folder
    folder.chmod(0o755)
    (folder / "district.db").chmod(0o644)
    assert content(folder / "district.db") == before
    shutil.rmtree(folder)


def as_nobody(folder: Path, *arguments: str) -> Ran:
    """Run the command line as a user who owns nothing: root would write anyway."""
    prefix = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] if os.getuid() == 0 else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "runner", *arguments, "--format", "json"],
        cwd=folder,
        env={**environment, "RUNNER_DATABASE": "sqlite:///district.db", "RUNNER_ACTOR": "nobody"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def own(path: Path, mode: int) -> None:
    """Give a path to the other user where that makes a difference."""
    path.chmod(mode)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode"),
    [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555)],
    ids=["both are read-only", "the file is read-only", "the folder is read-only"],
)
def test_where_nothing_may_be_written_a_dry_run_works_and_a_run_says_so(
    shared: Path,
    file_mode: int,
    folder_mode: int,
) -> None:
    own(shared / "district.db", file_mode)
    own(shared, folder_mode)
    dry = as_nobody(shared, "run", "job.yaml", "--as-of", AUTUMN, "--dry-run")
    assert (dry.code, dry.results[0]["status"]) == (0, "dry_run")
    assert dry.results[0]["changed"] > 0
    real = as_nobody(shared, "run", "job.yaml", "--as-of", AUTUMN)
    assert (real.code, real.codes, real.results[0]["status"]) == (7, ["database-read-only"], "failed")
    assert real.results[0]["errors"][0]["hint"]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry"])
def test_a_database_that_may_not_even_be_read_is_told(shared: Path, dry: tuple[str, ...]) -> None:
    own(shared / "district.db", 0)
    ran = as_nobody(shared, "run", "job.yaml", "--as-of", AUTUMN, *dry)
    assert (ran.code, ran.codes) == (7, ["database-read-only"])


def test_a_log_in_a_read_only_folder_is_not_ignored(shared: Path) -> None:
    with closing(sqlite3.connect(shared / "district.db")) as writer:
        writer.execute("update runner_lock set taken = taken + 1")
        writer.commit()
        wal, shm = shared / "district.db-wal", shared / "district.db-shm"
        kept = wal.read_bytes()
    wal.write_bytes(kept)  # as a writer leaves it that was killed
    shm.unlink(missing_ok=True)
    own(shared, 0o555)
    ran = as_nobody(shared, "run", "job.yaml", "--as-of", AUTUMN, "--dry-run")
    assert (ran.code, ran.codes) == (7, ["database-read-only"])


# a full disk


@contextmanager
def full_disk(pages: int) -> Iterator[None]:
    """Let every database of this process grow by no more than so many pages."""

    def limit(driver: sqlite3.Connection, _: object) -> None:
        (count,) = driver.execute("pragma page_count").fetchone()
        driver.execute(f"pragma max_page_count = {count + pages}")

    event.listen(Pool, "connect", limit)
    try:
        yield
    finally:
        event.remove(Pool, "connect", limit)


@pytest.mark.parametrize("pages", [0, 2])
def test_a_full_disk_changes_nothing(cli: Cli, pages: int) -> None:
    with full_disk(pages):
        assert cli("run", JOBS / "fall.yaml", "--as-of", AUTUMN, "--dry-run").code == 0
        ran = cli("run", JOBS / "fall.yaml", "--as-of", AUTUMN, "--format", "json")
        text = cli("run", JOBS / "fall.yaml", "--as-of", AUTUMN)
    assert (ran.code, ran.codes, ran.results[0]["status"]) == (7, ["database-full"], "failed")
    assert "the disk is full (SQLITE_FULL)" in text.out
    copy = cli.folder / "copy.db"
    shutil.copy(cli.file, copy)
    assert cli("run", JOBS / "fall.yaml", "--as-of", AUTUMN, "--database", f"sqlite:///{copy}").code == 0


@pytest.mark.parametrize("command", [("init",), ("demo",), ("load", GRAND_BEND)], ids=["init", "demo", "load"])
def test_a_full_disk_makes_nothing(cli: Cli, command: tuple[object, ...]) -> None:
    cli("init", "--database", "sqlite:///loaded.db")
    name = "loaded" if command[0] == "load" else "new"
    with full_disk(3):
        ran = cli(*command, "--database", f"sqlite:///{name}.db")
    assert ran.code == 7
    assert "database-full: " in ran.err
    with closing(sqlite3.connect(f"{name}.db")) as connection:
        if command[0] == "load":
            assert connection.execute("select count(*) from school").fetchone() == (0,)
        else:
            assert connection.execute("select name from sqlite_master").fetchall() == []
