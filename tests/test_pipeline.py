"""The pipeline on SQLite: what a dry run leaves alone, and what a run does when something comes in between."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from runner.backends import sqlite
from runner.backends.backend import Trouble
from runner.district.create import create_tables
from runner.district.demo import fill_demo
from runner.execute.apply import freeze
from runner.execute.database import making, open_database
from runner.execute.guards import judge
from runner.execute.interrupts import Interrupts
from runner.execute.orders import order_job
from runner.execute.outcome import Outcome, settle
from runner.pipeline import ATTEMPTS, Patience, Watch, dry_run, run
from runner.values.problems import Stopped
from runner.values.result import CellCount, Status, Tally
from runner.values.vocabulary import Channel, Reason
from tests.district import PATIENCE, TestDatabase, occasion, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.execute.orders import Order
    from runner.values.job import Job
    from runner.values.result import Result

ROOT = Path(__file__).parent.parent
AUTUMN = date(2026, 10, 1)
JOB: dict[str, Any] = {
    "mode": "student_contacts",
    "calendar": {"year": 2027},
    "preferences": {
        "household_phone": {"emergency": "on", "attendance": "on"},
        "cell_phone": {"emergency": "off", "priority": "on"},
        "email": {"general": "on", "teacher": "off"},
    },
}
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as person_id from n where i < 0"
HISTORY = ("runner_run", "runner_change", "runner_lock", "runner_meta")
STEPS = (
    "wait for the lock",
    "look up the calendars and the people selected",
    "find the people in scope and their contact points",
    "write down what will change",
    "count the people in scope",
    "count per cell what changes, what already was so, and what is kept",
    "count who hears about what, before and after",
    "set the preferences",
    "commit",
)


def fill(file: Path, students: int) -> Path:
    with making(open_database(f"sqlite:///{file}")) as connection:
        create_tables(connection, None, history_only=False)
        fill_demo(connection, students, 1, lambda _table, _rows: None)
        sqlite.after_filling(connection)
    return file


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("small") / "district.db", 300)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("large") / "district.db", 20_000)


@pytest.fixture
def district(small: Path, tmp_path: Path) -> TestDatabase:
    return copy_of(small, tmp_path)


def copy_of(file: Path, folder: Path) -> TestDatabase:
    shutil.copy(file, folder / "district.db")
    return TestDatabase(open_database(f"sqlite:///{folder}/district.db"), folder)


def file_of(district: TestDatabase) -> Path:
    return district.folder / "district.db"


def execute(district: TestDatabase, *statements: str) -> None:
    with closing(sqlite3.connect(file_of(district))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def content(district: TestDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, the runner's own too."""
    with closing(sqlite3.connect(file_of(district))) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
        return {name: connection.execute(f'select * from "{name}"').fetchall() for (name,) in names}


def rows(district: TestDatabase, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file_of(district))) as connection:
        return connection.execute(f"select * from {table}").fetchall()


def order(district: TestDatabase, job: Job) -> Order:
    return order_job(job, AUTUMN, district.database.backend)


def codes(result: Result) -> list[str]:
    return [problem.code for problem in result.errors]


def warned(result: Result) -> set[str]:
    return {warning.code for warning in result.warnings}


def both(district: TestDatabase, data: dict[str, Any]) -> Result:
    """Return the result of a run that a dry run must have foretold, error by error."""
    job = district.job(data)
    pretended, done = district.dry_run(job, AUTUMN), district.run(job, AUTUMN)
    assert (pretended.errors, pretended.warnings) == (done.errors, done.warnings)
    assert pretended.tally == done.tally
    return done


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Yield the statements that are sent meanwhile, as they are sent."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement.strip())

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def before_each(start: str, act: Callable[[sqlite3.Connection, int], None]) -> Iterator[list[str]]:
    """Act before each statement that begins like this; `act` has the driver's connection and how often it acted."""
    seen: list[str] = []

    def look(_connection: object, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's
        if statement.startswith(start):
            act(cursor.connection, len(seen))
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", look)


# a dry run


def test_a_dry_run_leaves_every_byte_as_it_was(district: TestDatabase) -> None:
    before = file_of(district).read_bytes()
    result = district.dry_run(district.job(JOB), AUTUMN)
    assert result.status is Status.DRY_RUN
    assert result.tally is not None
    assert result.tally.changed > 0
    assert file_of(district).read_bytes() == before


def test_a_dry_run_only_reads_and_knows_no_table_of_the_runner(district: TestDatabase) -> None:
    job = district.job(JOB)
    with recorded() as sent:
        district.dry_run(job, AUTUMN)
    assert {statement.split()[0] for statement in sent} <= {"BEGIN", "SELECT", "WITH", "PRAGMA"}
    assert not any(table in statement for statement in sent for table in HISTORY)
    execute(district, *(f"drop table {table}" for table in HISTORY))
    assert district.dry_run(job, AUTUMN).status is Status.DRY_RUN
    assert codes(district.run(job, AUTUMN)) == ["no-history"]


def test_a_dry_run_takes_no_lock(district: TestDatabase) -> None:
    with closing(sqlite3.connect(file_of(district), isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("update contact_point set general = 0, teacher = 1")
        pretended = district.dry_run(district.job(JOB), AUTUMN)
        writer.execute("rollback")
    assert pretended.status is Status.DRY_RUN
    assert pretended.tally == district.dry_run(district.job(JOB), AUTUMN).tally


def test_a_dry_run_reads_one_snapshot(district: TestDatabase) -> None:
    job = district.job(JOB)
    expected = district.dry_run(job, AUTUMN).tally

    def turn_all_off(_driver: sqlite3.Connection, _times: int) -> None:
        execute(district, "update contact_point set general = 0, emergency = 1, teacher = 1, attendance = 0")

    with before_each("WITH", turn_all_off) as seen:
        assert district.dry_run(job, AUTUMN).tally == expected
    assert seen  # and the calendars had been looked up before, so the snapshot is older
    assert district.dry_run(job, AUTUMN).tally != expected


# a run


def test_a_run_locks_then_writes_its_row_then_does_the_rest(district: TestDatabase) -> None:
    with recorded() as sent:
        assert district.run(district.job(JOB), AUTUMN).status is Status.APPLIED
    begun = sent.index("BEGIN IMMEDIATE")
    assert sent[begun + 1].startswith("UPDATE runner_lock")
    assert sent[begun + 2].startswith("INSERT INTO runner_run")
    assert not any(statement.startswith(("INSERT", "UPDATE", "CREATE", "DELETE")) for statement in sent[:begun])
    updates = [statement for statement in sent if statement.startswith("UPDATE main.contact_point")]
    assert len(updates) == len(JOB["preferences"])
    assert sent.index(updates[0]) > max(place for place, text in enumerate(sent) if "INTO runner_change" in text)
    assert sent[-1].startswith("SELECT runner_run.finished_at")


def test_the_steps_of_a_run_are_told_in_order(district: TestDatabase) -> None:
    steps: list[str] = []
    district.run(district.job(JOB), AUTUMN, steps.append)
    assert tuple(steps) == STEPS


def alter(driver: sqlite3.Connection) -> None:
    """Change a preference that the job doesn't speak of, as a portal user would who got in between."""
    driver.execute(
        "update contact_point set food_service = not food_service "
        "where contact_point_id = (select max(contact_point_id) from runner_change)",
    )


@pytest.mark.parametrize("times", range(1, ATTEMPTS))
def test_a_preference_changed_meanwhile_makes_the_run_start_again(district: TestDatabase, times: int) -> None:
    expected = district.dry_run(district.job(JOB), AUTUMN).tally
    steps: list[str] = []

    def collide(driver: sqlite3.Connection, seen: int) -> None:
        if seen < times * len(JOB["preferences"]):
            alter(driver)

    with before_each("UPDATE main.contact_point", collide):
        result = district.run(district.job(JOB), AUTUMN, steps.append)
    assert (result.status, result.tally) == (Status.APPLIED, expected)
    assert steps.count("somebody changed a preference meanwhile: start again") == times
    assert len(content(district)["runner_run"]) == 1


def test_a_run_that_always_collides_gives_up_and_changes_nothing(district: TestDatabase) -> None:
    execute(
        district,
        "create trigger portal after insert on runner_change begin update contact_point "
        "set food_service = not food_service where contact_point_id = new.contact_point_id; end",
    )
    before, steps = content(district), list[str]()
    result = district.run(district.job(JOB), AUTUMN, steps.append)
    assert (result.status, codes(result)) == (Status.LOCKED, ["collided"])
    assert steps.count("wait for the lock") == ATTEMPTS == 6
    assert result.run is not None
    assert result.run.number is None
    assert content(district) == before


def test_what_the_database_calls_a_collision_is_replayed(
    district: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute(district, "create trigger t before update on contact_point begin select raise(abort, 'x'); end")
    monkeypatch.setattr("runner.backends.sqlite.trouble", lambda _error: Trouble.REPLAY)
    before, steps = content(district), list[str]()
    assert codes(district.run(district.job(JOB), AUTUMN, steps.append)) == ["collided"]
    assert steps.count("wait for the lock") == ATTEMPTS
    assert content(district) == before


# one at a time


def test_a_run_waits_for_the_lock_no_longer_than_it_may(district: TestDatabase) -> None:
    before = content(district)
    job = district.job(JOB)
    with closing(sqlite3.connect(file_of(district), isolation_level=None)) as other:
        other.execute("begin immediate")
        result = run(district.database, order(district, job), occasion(AUTUMN), watch(), Patience(lock=0.05))
        other.execute("rollback")
    assert (result.status, codes(result), result.run) == (Status.LOCKED, ["locked"], None)
    assert content(district) == before


def test_two_runs_at_once_run_one_after_the_other(district: TestDatabase) -> None:
    district.job(JOB)
    with closing(sqlite3.connect(file_of(district), isolation_level=None)) as other:
        other.execute("begin immediate")
        processes = [start(district, "run", "job.yaml", "--as-of", str(AUTUMN)) for _ in range(2)]
        other.execute("rollback")
    assert [finish(process) for process in processes] == [0, 0]
    with closing(sqlite3.connect(file_of(district))) as connection:
        first, second = connection.execute("select run_no, changed from runner_run order by run_no").fetchall()
    assert first[1] > 0
    assert second == (2, 0)


def start(district: TestDatabase, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        cwd=district.folder,
        env={**os.environ, "RUNNER_DATABASE": f"sqlite:///{file_of(district)}", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> int:
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode


# the guards


def guarded(district: TestDatabase, **limits: object) -> dict[str, Any]:
    """Return a job that overwrites, silences, and is limited."""
    execute(district, "update contact_point set custom = (contact_point_id % 3 = 0)")
    off = {"emergency": "off", "attendance": "off", "general": "off"}
    channels = ("household_phone", "home_phone", "work_phone", "cell_phone", "email", "secondary_email")
    preferences = dict.fromkeys(channels, off)
    return {**JOB, "preferences": preferences, "custom_selections": "overwrite", "limits": limits}


@pytest.mark.parametrize("limit", ["people", "changed", "custom", "lost"])
def test_a_limit_is_kept_at_its_number_and_broken_one_below(district: TestDatabase, limit: str) -> None:
    tally = district.dry_run(district.job(guarded(district, people=10**9)), AUTUMN).tally
    assert tally is not None
    number = {"custom": tally.custom_overwritten}.get(limit) or getattr(tally, limit)
    assert number > 0
    before = content(district)
    refused = both(district, guarded(district, **{limit: number - 1}))
    assert (refused.status, codes(refused)) == (Status.REFUSED, [f"limit-{limit}"])
    assert f"{number:,} " in refused.errors[0].message
    assert refused.errors[0].place is not None
    assert content(district) == before
    assert both(district, guarded(district, **{limit: number})).status is Status.APPLIED


def test_every_broken_limit_is_named_at_once(district: TestDatabase) -> None:
    data = {**guarded(district, people=0, changed=0, custom=0, lost=0), "custom_selections": "refuse"}
    before = content(district)
    result = both(district, data)
    assert codes(result) == ["limit-people", "limit-changed", "limit-custom", "limit-lost", "custom-refused"]
    assert result.tally is not None
    assert result.tally.changed > 0
    assert content(district) == before


def test_refuse_lets_pass_what_changes_no_custom_contact_point(district: TestDatabase) -> None:
    execute(district, "update contact_point set custom = 0")
    assert both(district, {**JOB, "custom_selections": "refuse"}).status is Status.APPLIED


@pytest.mark.parametrize(
    ("changed", "already", "percent", "refused"),
    [
        (1, 7, "12.5", False),
        (1, 7, "12.4999", True),
        (1, 2, "33.33", True),
        (1, 2, "33.34", False),
        (29, 71, "29", False),  # in binary floating point 29% of 100 are 28.999…
        (30, 70, "29", True),
        (0, 8, "0", False),
        (1, 999_999, "0", True),
        (8, 0, "100", False),
        (0, 0, "0", False),
    ],
)
def test_a_percentage_is_exact(
    district: TestDatabase,
    changed: int,
    already: int,
    percent: str,
    refused: bool,  # noqa: FBT001 - what is expected
) -> None:
    job = district.job({**JOB, "limits": {"changed": f"{percent}%"}})
    assert job.limits.changed_percent == Decimal(percent)
    counts = {Channel.EMAIL: {Reason.GENERAL: CellCount(on=True, changed=changed, already=already, kept=0)}}
    problems = judge(Tally(1, counts, changed, 0, 0, {}, 0, ""), job)
    assert [problem.code for problem in problems] == (["limit-changed"] if refused else [])
    if refused:
        assert f"{changed:,} of {changed + already:,} eligible preferences would change" in problems[0].message
        assert f"the limit is {percent}%" in problems[0].message


@pytest.mark.parametrize("percent", ["0%", "100%"])
def test_a_percentage_guards_a_run(district: TestDatabase, percent: str) -> None:
    result = both(district, {**JOB, "limits": {"changed": percent}})
    assert codes(result) == (["limit-changed"] if percent == "0%" else [])


def test_warnings_come_without_a_limit(district: TestDatabase) -> None:
    assert {"emergency-off", "custom-overwritten", "people-lost"} <= warned(both(district, guarded(district)))


def test_an_emergency_that_stays_off_is_warned_of(district: TestDatabase) -> None:
    execute(district, "update contact_point set custom = 1, emergency = 0")
    assert warned(both(district, {**JOB, "preferences": {"cell_phone": {"emergency": "on"}}})) == {"emergency-kept"}


def test_ids_that_are_nobodys_are_warned_of(district: TestDatabase) -> None:
    result = both(district, {**JOB, "filter": {"not": {"people": [-1, 0, 10**9]}}})
    assert "3 of the selected ids are nobody's" in [warning.message for warning in result.warnings]


# Ctrl-C and SIGTERM


def interrupted_at(district: TestDatabase, act: Callable[[str], None]) -> Result:
    """Run with both signals caught, as the command line does it."""
    interrupts, job = Interrupts(), district.job(JOB)
    with interrupts.caught():
        return run(
            district.database,
            order(district, job),
            occasion(AUTUMN),
            Watch(act, lambda: 0.0, interrupts),
            PATIENCE,
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupt_at_any_step_changes_nothing(district: TestDatabase, step: str, number: int) -> None:
    before = content(district)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    result = interrupted_at(district, lambda now: os.kill(os.getpid(), number) if now == step else None)
    assert (result.status, codes(result)) == (Status.INTERRUPTED, ["interrupted"])
    assert content(district) == before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert district.run(district.job(JOB), AUTUMN).status is Status.APPLIED


def test_an_interrupt_during_commit_waits_for_it(district: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Connection.commit

    def commit_with_a_signal(self: Connection) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        commit(self)

    monkeypatch.setattr(Connection, "commit", commit_with_a_signal)
    result = interrupted_at(district, lambda _step: None)
    assert result.status is Status.APPLIED
    assert len(content(district)["runner_run"]) == 1


def test_an_interrupt_that_came_before_commit_ends_it() -> None:
    interrupts = Interrupts()
    interrupts.requested = True
    assert interrupts.stop()
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        pytest.fail("it committed")


@pytest.mark.parametrize("pretend", [True, False], ids=["dry run", "run"])
def test_an_interrupt_ends_a_statement_under_way(district: TestDatabase, pretend: bool) -> None:  # noqa: FBT001
    before = content(district)
    job, interrupts = district.job({**JOB, "filter": {"sql": ENDLESS}}), Interrupts()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    a_watch = Watch(
        lambda step: timer.start() if step.startswith("look up") else None,
        lambda: 0.0,
        interrupts,
    )
    with interrupts.caught():
        if pretend:
            result = dry_run(district.database, order(district, job), occasion(AUTUMN), a_watch)
        else:
            result = run(district.database, order(district, job), occasion(AUTUMN), a_watch, PATIENCE)
    timer.join()
    assert (result.status, codes(result)) == (Status.INTERRUPTED, ["interrupted"])
    assert content(district) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_process_that_is_interrupted_exits_with_130(district: TestDatabase, number: signal.Signals) -> None:
    before = content(district)
    district.job({**JOB, "filter": {"sql": ENDLESS}})
    process = start(district, "run", "job.yaml", "--as-of", str(AUTUMN))
    wait_until_locked(district)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: nothing was changed" in out
    assert err == ""
    assert content(district) == before


def wait_until_locked(district: TestDatabase) -> None:
    """Return as soon as a run holds the lock."""
    patience = time.monotonic() + 30
    with closing(sqlite3.connect(file_of(district), isolation_level=None, timeout=0)) as probe:
        while time.monotonic() < patience:
            try:
                probe.execute("begin immediate")
            except sqlite3.OperationalError:
                return
            probe.execute("rollback")
            time.sleep(0.01)
    pytest.fail("the run never began")


# kill -9

KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from sqlalchemy import Connection, Engine, event
from runner.backends import sqlite
from runner.execute.database import open_database
from runner.read.jobs import load
from tests.district import TestDatabase

folder, moment = Path(sys.argv[1]), sys.argv[2]
district = TestDatabase(open_database(f"sqlite:///{folder}/district.db"), folder)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "before_cursor_execute")
def look(_connection, _cursor, statement, *_):
    if statement.startswith(moment):
        die()

@event.listens_for(Engine, "after_cursor_execute")
def look_again(_connection, _cursor, statement, *_):
    if moment.startswith("after ") and statement.startswith(moment.removeprefix("after ")):
        die()

if moment == "after commit":
    commit = Connection.commit
    Connection.commit = lambda self: (commit(self), die())
if moment.startswith("in "):
    # in the middle of a statement: text is folded row by row
    calls, plain = [0], sqlite._fold
    def fold(value):
        calls[0] += 1
        return die() if calls[0] > int(moment.removeprefix("in ")) else plain(value)
    sqlite._fold = fold
district.run(load(folder / "job.yaml"), date(2026, 10, 1), lambda step: die() if step == moment else None)
"""


@pytest.mark.parametrize(
    ("moment", "applied"),
    [
        ("in 5000", False),
        ("after INSERT INTO runner_change", False),
        ("after UPDATE main.contact_point", False),
        ("commit", False),
        ("after commit", True),
        ("SELECT runner_run.finished_at", True),
    ],
)
def test_a_run_that_is_killed_did_all_of_it_or_nothing(
    large: Path,
    tmp_path: Path,
    moment: str,
    applied: bool,  # noqa: FBT001 - what is expected
) -> None:
    district = copy_of(large, tmp_path)
    job = district.job({**JOB, "filter": {"field": "person.last_name", "not_equals": "Nobody"}})
    before = rows(district, "contact_point")
    expected = district.dry_run(job, AUTUMN).tally
    assert expected is not None
    assert expected.changed > 1_000
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    assert (rows(district, "contact_point") == before) is not applied
    assert len(rows(district, "runner_run")) == applied
    again = district.run(job, AUTUMN)
    assert again.status is Status.APPLIED
    assert again.tally is not None
    assert again.tally.changed == (0 if applied else expected.changed)


# COMMIT


def broken(_self: object) -> None:
    original = sqlite3.OperationalError("disk I/O error: ZZSECRET")
    original.sqlite_errorcode = sqlite3.SQLITE_IOERR
    original.sqlite_errorname = "SQLITE_IOERR_WRITE"
    raise OperationalError("COMMIT", None, original)


def test_a_commit_that_fails_changes_nothing_and_says_so(
    district: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, job = content(district), district.job(JOB)
    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", broken)
        result = district.run(job, AUTUMN)
    assert (result.status, codes(result)) == (Status.FAILED, ["database-error"])
    assert result.errors[0].message == "SQLite says SQLITE_IOERR_WRITE"
    assert content(district) == before
    assert district.run(job, AUTUMN).status is Status.APPLIED


def test_a_commit_whose_answer_is_lost_is_looked_for(district: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Connection.commit

    def committed_all_the_same(self: Connection) -> None:
        commit(self)
        broken(self)

    monkeypatch.setattr(Connection, "commit", committed_all_the_same)
    result = district.run(district.job(JOB), AUTUMN)
    assert result.status is Status.APPLIED
    assert len(content(district)["runner_run"]) == 1


def test_a_run_that_a_plain_look_misses_is_found_by_the_fence(
    district: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.pipeline.is_recorded", lambda _connection, _run_id: False)
    result = district.run(district.job(JOB), AUTUMN)
    assert result.status is Status.APPLIED
    assert [row[2] for row in rows(district, "runner_run")] == ["run"]


def test_a_run_that_cannot_be_looked_for_is_unknown(district: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, moved = Connection.commit, district.folder / "moved.db"

    def commit_and_lose_the_file(self: Connection) -> None:
        commit(self)
        file_of(district).rename(moved)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", commit_and_lose_the_file)
        result = district.run(district.job(JOB), AUTUMN)
    assert (result.status, codes(result)) == (Status.UNKNOWN, ["outcome-unknown"])
    assert result.run is not None
    assert result.errors[0].hint == f"`runner resolve {result.run.id}` settles it, once the database answers"
    moved.rename(file_of(district))
    assert settle(district.database, result.run.id, occasion(AUTUMN), 1.0, lambda: False) is Outcome.COMMITTED


def test_a_run_that_is_fenced_off_never_comes(district: TestDatabase) -> None:
    before, gone = content(district), occasion(AUTUMN)
    for _ in range(2):  # the second finds the fence that the first put up
        assert settle(district.database, gone.run_id, occasion(AUTUMN), 1.0, lambda: False) is Outcome.VOID
    assert [(row[1], row[2]) for row in rows(district, "runner_run")] == [(gone.run_id, "void")]
    result = run(district.database, order(district, district.job(JOB)), gone, watch(), PATIENCE)
    assert (result.status, codes(result)) == (Status.FAILED, ["database-error"])
    assert content(district)["contact_point"] == before["contact_point"]


def test_settling_ends_where_somebody_says_stop(district: TestDatabase) -> None:
    with closing(sqlite3.connect(file_of(district), isolation_level=None)) as other:
        other.execute("begin immediate")
        outcome = settle(district.database, occasion(AUTUMN).run_id, occasion(AUTUMN), 600.0, lambda: True)
        other.execute("rollback")
    assert outcome is Outcome.UNKNOWN


def test_a_commit_that_a_reader_holds_up_is_told_as_locked(district: TestDatabase) -> None:
    execute(district, "pragma journal_mode = delete")  # in which a reader keeps a writer from committing
    before, job = content(district), district.job(JOB)
    with closing(sqlite3.connect(file_of(district), isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from person").fetchone()
        result = run(district.database, order(district, job), occasion(AUTUMN), watch(), Patience(lock=0.05))
        reader.execute("rollback")
    assert (result.status, codes(result)) == (Status.LOCKED, ["locked"])
    assert content(district) == before
    assert district.run(job, AUTUMN).status is Status.APPLIED


# pass-through SQL


@pytest.mark.parametrize(
    "sql",
    [
        "delete from person",
        "select person_id from person; delete from person",
        "select person_id from person) q; commit; delete from person; select * from (select 1 person_id",
        "select person_id from person) q where 1=1 --",
        "with gone as (delete from person returning person_id) select person_id from gone",
        "insert into person values (1)",
        "pragma writable_schema = 1",
        "attach database 'other.db' as other",
        "vacuum into 'other.db'",
        "select person_id into other from person",
        "select person_id from person /*! where 1 */",
        "select person_id from person where last_name = 'open",
        "",
    ],
)
def test_sql_of_another_shape_is_never_sent(district: TestDatabase, sql: str) -> None:
    before = content(district)
    with recorded() as sent, pytest.raises(Stopped) as stopped:
        district.run(district.job({**JOB, "filter": {"sql": sql}}), AUTUMN)
    assert {problem.code for problem in stopped.value.problems} <= {"sql-shape", "wrong-value", "too-few"}
    assert sent == []
    assert content(district) == before


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select length(printf('%.*c', 900000000, 'x')) as person_id", "sql-refused"),
        ("select length(format('%.*c', 900000000, 'x')) as person_id", "sql-refused"),
        ("select length(zeroblob(900000000)) as person_id", "sql-refused"),
        ("select length(randomblob(900000000)) as person_id", "sql-refused"),
        ("select length(replace('aaa', 'a', 'bbbb')) as person_id", "sql-refused"),
        ("select load_extension('evil') as person_id", "sql-refused"),
        ("select fts3_tokenizer('simple') as person_id", "sql-refused"),
        ("select edit('x', 'sh') as person_id", "sql-refused"),
        ("select writefile('other.db', 'x') as person_id", "sql-refused"),
        ("select cid as person_id from pragma_table_info('person')", "sql-refused"),
        ("select changes() as person_id", "sql-refused"),
        ("select person_id from nowhere", "sql-refused"),
        ("select id from person", "sql-refused"),
        ("select last_name as person_id from person", "sql-refused"),
        ("select 1.5 as person_id", "sql-refused"),
        (
            "with recursive n(s) as (select 'x' union all select s || s from n) select length(s) as person_id from n",
            "sql-refused",
        ),
        (ENDLESS, "sql-time"),
        ("select count(*) as person_id from person a, person b, person c, person d, person e", "sql-time"),
    ],
)
def test_sql_that_does_more_than_read_is_refused(
    district: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    code: str,
) -> None:
    monkeypatch.setattr("runner.execute.measure.LOOKUP_SECONDS", 0.3)
    before = content(district)
    result = both(district, {**JOB, "filter": {"sql": sql}})
    assert (result.status, codes(result)) == (Status.INVALID, [code])
    assert result.errors[0].place is not None
    assert content(district) == before
    assert sorted(path.name for path in district.folder.iterdir() if "-" not in path.name) == [
        "district.db",
        "job.yaml",
    ]
    assert district.run(district.job(JOB), AUTUMN).status is Status.APPLIED


@pytest.mark.parametrize(
    "sql",
    [
        "delete from person",
        "update contact_point set general = 1",
        "insert into school values (99, '99', 'New')",
        "create table new (x)",
        "create temporary table new (x)",
        "drop table person",
        "attach database 'other.db' as other",
        "pragma user_version = 3",
        "pragma query_only = 0",
        "commit",
        "savepoint s",
        "select printf('%.*c', 900000000, 'x')",
        "select load_extension('evil')",
        "analyze",
        "reindex",
    ],
)
def test_the_authorizer_refuses_what_the_shape_check_would_miss(district: TestDatabase, sql: str) -> None:
    before = content(district)
    engine = district.database.create_engine()
    with engine.connect() as connection:
        sqlite.begin_run(connection, 1.0)
        with pytest.raises(DBAPIError, match=r"not authorized|prohibited"), sqlite.only_reading(connection, 5.0):
            connection.exec_driver_sql(sql)
        connection.exec_driver_sql("update runner_lock set taken = 99")  # what the run does next it may do again
        connection.commit()
    assert content(district) == {**before, "runner_lock": [(1, 99)]}


@pytest.mark.parametrize(
    "select",
    [
        "json_extract('{}', last_name || '[')",
        "'{}' ->> ('$[' || last_name)",
        "cast(cast(last_name as blob) || x'ff' as text)",
    ],
)
def test_no_error_of_the_database_tells_a_name(district: TestDatabase, select: str) -> None:
    execute(district, "update person set last_name = 'ZZSECRET'")
    result = both(district, {**JOB, "filter": {"sql": f"select {select} as person_id from person"}})
    assert codes(result) == ["sql-refused"]
    assert "ZZSECRET" not in str(result)


def test_sql_may_read_and_call_plain_functions(district: TestDatabase) -> None:
    sql = (
        "with ids as (select person_id, row_number() over (order by upper(last_name)) as place from person "
        "where birth_date < :as_of) select person_id from ids where place % 2 = abs(-1) union select null"
    )
    result = both(district, {**JOB, "filter": {"sql": sql}})
    assert result.status is Status.APPLIED


# what little is left


def test_a_database_in_memory_forgets_what_an_earlier_run_staged() -> None:
    engine = open_database("sqlite://").create_maker()
    with engine.connect() as connection:
        connection.exec_driver_sql("create temporary table runner_scope (person_id integer)")
        sqlite.begin_run(connection, 1.0)
        assert connection.exec_driver_sql("select count(*) from temp.sqlite_master").scalar() == 0
    engine.dispose()


def test_numbers_where_text_belongs_are_compared_as_text(district: TestDatabase) -> None:
    execute(district, "update enrollment set grade = cast(7 as integer)", "create table t as select 7 as n")
    engine = district.database.create_reader()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select runner_fold(n), runner_fold(null) from t").one() == ("7", None)


def test_another_driver_is_no_sqlite(monkeypatch: pytest.MonkeyPatch, district: TestDatabase) -> None:
    engine = district.database.create_engine()
    with engine.connect() as connection:
        monkeypatch.setattr(type(connection.connection), "driver_connection", object(), raising=False)
        with pytest.raises(TypeError, match="object"):
            sqlite.interruptible(connection, lambda: False).__enter__()


def test_a_run_without_a_number_is_a_bug(district: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlalchemy.engine.CursorResult.inserted_primary_key", None)
    engine = district.database.create_engine()
    with engine.connect() as connection, pytest.raises(LookupError, match="runner_run"):
        freeze(connection, order(district, district.job(JOB)), occasion(AUTUMN))
