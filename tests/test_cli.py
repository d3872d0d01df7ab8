"""The command line, as a user has it: every command, what it prints, and the exit code that it leaves with."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import Connection

from runner.cli import surroundings, terminal
from runner.cli.app import execute
from runner.cli.exits import EXIT_CODES, MEANINGS, exit_code_of_problems
from runner.values.problems import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from runner.values.result import Occasion

ROOT = Path(__file__).parent.parent
JOBS = ROOT / "jobs"
SCHEMAS = ROOT / "schemas"
GRAND_BEND = Path(__file__).parent / "data" / "grand-bend"
AUTUMN = "2026-10-01"
DISTRICT = (
    "school",
    "calendar",
    "person",
    "enrollment",
    "relationship",
    "household",
    "household_member",
    "district_assignment",
    "contact_point",
)
HISTORY = ("runner_run", "runner_change", "runner_lock", "runner_meta")
SIMPLE: dict[str, Any] = {
    "version": 1,
    "name": "simple",
    "mode": "students",
    "calendar": {"year": 2027},
    "preferences": {"email": {"general": "on"}, "cell_phone": {"priority": "off"}},
}
RESULT_KEYS = {
    "status",
    "errors",
    "warnings",
    "job",
    "as_of",
    "run",
    "undo_of",
    "database",
    "people",
    "contact_points",
    "custom_overwritten",
    "bystanders",
    "lost",
    "eligible",
    "changed",
    "fingerprint",
    "counts",
    "reach",
    "started_at",
    "seconds",
}


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        document = json.loads(self.out)
        assert document["format_version"] == "1.0"
        results: list[dict[str, Any]] = document["results"]
        return results

    @property
    def codes(self) -> list[str]:
        return [error["code"] for result in self.results for error in result["errors"]]


class Cli:
    """The command line on a district of the test's own, within this process."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = file
        self.folder = file.parent
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ran:
        code = execute([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()

    def contact_points(self) -> list[tuple[Any, ...]]:
        return self.rows("select * from contact_point order by contact_point_id")

    def runs(self) -> int:
        count: int = self.rows("select count(*) from runner_run")[0][0]
        return count

    def job(self, name: str = "simple", **keys: object) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({**SIMPLE, "name": name, **keys}), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "district.db"
    assert execute(["demo", "--database", f"sqlite:///{file}", "--students", "1000", "--seed", "1"]) == 0
    return file


@pytest.fixture
def cli(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Cli:
    file = tmp_path / "district.db"
    shutil.copy(template, file)
    monkeypatch.setenv("RUNNER_DATABASE", f"sqlite:///{file}")
    monkeypatch.delenv("RUNNER_SCHEMA", raising=False)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return Cli(file, capsys)


# run


def test_a_run_changes_preferences_and_says_its_number(cli: Cli) -> None:
    before = cli.contact_points()
    ran = cli("run", cli.job(), "--as-of", AUTUMN)
    assert ran.code == 0
    assert "simple  applied as run 1" in ran.out
    assert "`runner undo 1` takes it back" in ran.out
    assert cli.contact_points() != before


def test_a_second_run_of_the_same_job_changes_nothing(cli: Cli) -> None:
    job = cli.job()
    first = cli("run", job, "--as-of", AUTUMN, "--format", "json").results[0]
    after = cli.contact_points()
    second = cli("run", job, "--as-of", AUTUMN, "--format", "json").results[0]
    assert first["changed"] > 0
    assert second["changed"] == 0
    assert second["eligible"] == first["eligible"]
    assert second["fingerprint"] == "0-0-0"
    assert cli.contact_points() == after


def test_a_dry_run_shows_what_a_run_does_and_changes_nothing(cli: Cli) -> None:
    before, job = cli.contact_points(), cli.job()
    pretended = cli("run", job, "--as-of", AUTUMN, "--dry-run", "--format", "json").results[0]
    assert (cli.contact_points(), cli.runs()) == (before, 0)
    done = cli("run", job, "--as-of", AUTUMN, "--format", "json").results[0]
    own = {"status", "run", "started_at", "seconds"}
    assert (pretended["status"], pretended["run"]) == ("dry_run", None)
    assert {key: pretended[key] for key in RESULT_KEYS - own} == {key: done[key] for key in RESULT_KEYS - own}


def test_the_json_of_a_run_is_complete(cli: Cli) -> None:
    job = cli.job()
    (result,) = cli("run", job, "--as-of", AUTUMN, "--format", "json").results
    assert set(result) == RESULT_KEYS
    assert result["status"] == "applied"
    assert (result["errors"], result["as_of"], result["database"]) == ([], AUTUMN, "sqlite")
    assert result["run"]["number"] == 1
    assert re.fullmatch(r"[0-9a-f-]{36}", result["run"]["id"])
    assert {key: result["job"][key] for key in ("name", "file", "mode")} == {
        "name": "simple",
        "file": str(job),
        "mode": "students",
    }
    assert re.fullmatch(r"[0-9a-f]{64}", result["job"]["sha256"])
    assert {channel: set(cells) for channel, cells in result["counts"].items()} == {
        "email": {"general"},
        "cell_phone": {"priority"},
    }
    cells = [cell for reasons in result["counts"].values() for cell in reasons.values()]
    assert {frozenset(cell) for cell in cells} == {frozenset({"set", "changed", "already", "kept"})}
    assert sum(cell["changed"] for cell in cells) == result["changed"]
    assert set(result["reach"]) == {"general", "priority"}
    assert all(
        reach["before"] + reach["gained"] - reach["lost"] == reach["after"] for reach in result["reach"].values()
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["started_at"])


def test_several_jobs_run_in_the_order_given(cli: Cli) -> None:
    on, off = cli.job("on"), cli.job("off", preferences={"email": {"general": "off"}})
    ran = cli("run", on, off, "--as-of", AUTUMN, "--format", "json")
    assert ran.code == 0
    assert [(result["job"]["name"], result["run"]["number"]) for result in ran.results] == [("on", 1), ("off", 2)]
    first, second = ran.results
    assert second["counts"]["email"]["general"]["changed"] >= first["counts"]["email"]["general"]["changed"] > 0


def test_several_jobs_stop_at_the_first_that_fails(cli: Cli) -> None:
    jobs = cli.job("first"), cli.job("second", limits={"people": 0}), cli.job("third")
    ran = cli("run", *jobs, "--as-of", AUTUMN, "--format", "json")
    assert ran.code == 4
    assert [result["status"] for result in ran.results] == ["applied", "refused"]
    assert cli.runs() == 1


def test_a_dry_run_of_several_jobs_shows_them_all(cli: Cli) -> None:
    jobs = cli.job("first"), cli.job("second", limits={"people": 0}), cli.job("third", calendar={"year": 1999})
    ran = cli("run", *jobs, "--as-of", AUTUMN, "--format", "json", "--dry-run")
    assert ran.code == 4
    assert [result["status"] for result in ran.results] == ["dry_run", "refused", "invalid"]


def test_ctrl_c_between_two_jobs_tells_what_the_first_did(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    occasion = surroundings.occasion

    def interrupted(as_of: datetime | None, folder: Path) -> Occasion:
        asked.append(folder)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return occasion(as_of, folder)

    monkeypatch.setattr("runner.cli.run.occasion", interrupted)
    ran = cli("run", cli.job("first"), cli.job("second"), "--as-of", AUTUMN, "--format", "json")
    assert ran.code == 130
    assert "interrupted" in ran.err
    assert [result["status"] for result in ran.results] == ["applied"]
    assert cli.runs() == 1


def test_detailed_exitcode_tells_pending_changes(cli: Cli) -> None:
    job = cli.job()
    assert cli("run", job, "--as-of", AUTUMN, "--dry-run").code == 0
    assert cli("run", job, "--as-of", AUTUMN, "--dry-run", "--detailed-exitcode").code == 2
    assert cli("run", job, "--as-of", AUTUMN, "--detailed-exitcode").code == 0
    done = cli("run", job, "--as-of", AUTUMN, "--dry-run", "--detailed-exitcode")
    assert done.code == 0
    assert "nothing to do: " in done.out


def test_output_goes_to_the_file_and_nowhere_else(cli: Cli) -> None:
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json", "--output", "result.json")
    assert (ran.code, ran.out) == (0, "")
    (result,) = json.loads(Path("result.json").read_text(encoding="utf-8"))["results"]
    assert result["status"] == "applied"


@pytest.mark.parametrize("command", ["run", "undo"])
def test_a_run_whose_report_cannot_be_written_does_not_begin(cli: Cli, command: str) -> None:
    job = cli.job()
    cli("run", job, "--as-of", AUTUMN)
    before = cli.contact_points(), cli.runs()
    what = (job, "--as-of", AUTUMN) if command == "run" else (1,)
    ran = cli(command, *what, "--output", "no/such/folder/result.txt")
    assert ran.code == 64
    assert "usage: `--output no/such/folder/result.txt` can't be written: No such file or directory" in ran.err
    assert (cli.contact_points(), cli.runs()) == before


def test_a_disk_that_fills_with_the_report_is_told_as_that(cli: Cli) -> None:
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--dry-run", "--output", "/dev/full")
    assert ran.code == 64
    assert "`--output /dev/full` can't be written: No space left on device" in ran.err


def test_today_is_the_day_unless_another_is_given(cli: Cli) -> None:
    before = date.today()  # noqa: DTZ011 - the local date is meant
    (result,) = cli("run", cli.job(enrollment="any"), "--dry-run", "--format", "json").results
    assert before.isoformat() <= result["as_of"] <= date.today().isoformat()  # noqa: DTZ011


@pytest.mark.parametrize("name", ["main", None])
def test_the_schema_comes_from_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    plain = cli("run", cli.job(), "--as-of", AUTUMN, "--dry-run", "--format", "json").results[0]
    if name:
        monkeypatch.setenv("RUNNER_SCHEMA", name)
    (result,) = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json").results
    assert (result["status"], result["fingerprint"]) == ("applied", plain["fingerprint"])


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_schema_that_is_not_there_is_told(cli: Cli, dry: tuple[str, ...]) -> None:
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--schema", "nowhere", "--format", "json", *dry)
    assert (ran.code, ran.codes) == (3, ["no-schema"])
    assert ran.results[0]["errors"][0]["message"] == "there is no schema `nowhere`"


@pytest.mark.parametrize("name", sorted(path.stem for path in JOBS.glob("*.yaml") if ".test." not in path.name))
def test_each_shipped_job_does_something_on_the_demo_district(cli: Cli, name: str) -> None:
    job = JOBS / f"{name}.yaml"
    before = cli.contact_points()
    pretended = cli("run", job, "--as-of", AUTUMN, "--dry-run", "--format", "json")
    assert cli.contact_points() == before
    done = cli("run", job, "--as-of", AUTUMN, "--format", "json")
    expected = 4 if name == "spanish-families" else 0
    assert (pretended.code, done.code) == (expected, expected)
    (result,) = done.results
    assert result["changed"] > 0
    assert result["people"] > 0
    assert pretended.results[0]["fingerprint"] == result["fingerprint"]
    if expected:
        assert done.codes == ["custom-refused"]
        assert cli.contact_points() == before
    else:
        assert cli.contact_points() != before
        assert cli("run", job, "--as-of", AUTUMN, "--format", "json").results[0]["changed"] == 0


# exit codes


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) >= {0, 2, *EXIT_CODES.values()}
    assert set(EXIT_CODES) == set(Kind)
    assert exit_code_of_problems([]) == 0


def test_exit_6_where_another_program_writes(cli: Cli) -> None:
    job = cli.job()
    with closing(sqlite3.connect(cli.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        ran = cli("run", job, "--as-of", AUTUMN, "--lock-timeout", "0", "--format", "json")
        other.execute("rollback")
    assert (ran.code, ran.codes, ran.results[0]["status"]) == (6, ["locked"], "locked")
    assert ran.results[0]["run"] is None


def test_exit_7_where_the_database_refuses(cli: Cli) -> None:
    cli.sql("create trigger t before update on contact_point begin select raise(abort, 'ZZSECRET'); end")
    before = cli.contact_points()
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json")
    assert (ran.code, ran.codes, ran.results[0]["status"]) == (7, ["database-error"], "failed")
    assert "ZZSECRET" not in ran.out + ran.err
    assert (cli.contact_points(), cli.runs()) == (before, 0)


def test_exit_8_where_the_outcome_is_unknown_and_resolve_settles_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, moved = Connection.commit, cli.file.with_name("moved.db")

    def commit_and_lose_the_file(self: Connection) -> None:
        commit(self)
        cli.file.rename(moved)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", commit_and_lose_the_file)
        ran = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json", "--resolve-timeout", "0")
    assert (ran.code, ran.codes, ran.results[0]["status"]) == (8, ["outcome-unknown"], "unknown")
    assert ran.results[0]["run"]["number"] is None
    run_id = ran.results[0]["run"]["id"]
    moved.rename(cli.file)
    resolved = cli("resolve", run_id)
    assert (resolved.code, resolved.out) == (0, f"run {run_id} was committed: it is run 1 (`runner show 1`)\n")


def test_resolve_fences_off_what_was_not_committed(cli: Cli) -> None:
    run_id = "5b3f0f9e-6c1d-4d37-9b57-0a0f0f0f0f0f"
    resolved = cli("resolve", run_id)
    told = f"run {run_id} was not committed, and never will be: nothing was changed\n"
    assert (resolved.code, resolved.out) == (0, told)
    assert cli("history").out == "No runs yet.\n"


def test_resolve_says_so_where_it_can_not_tell_in_time(cli: Cli) -> None:
    with closing(sqlite3.connect(cli.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        ran = cli("resolve", "5b3f0f9e-6c1d-4d37-9b57-0a0f0f0f0f0f", "--resolve-timeout", "0")
        other.execute("rollback")
    assert (ran.code, ran.err.split(":")[0]) == (8, "outcome-unknown")


def test_exit_130_where_somebody_presses_ctrl_c(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.pipeline.apply", interrupt)
    before = cli.contact_points()
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json")
    assert (ran.code, ran.codes, ran.results[0]["status"]) == (130, ["interrupted"], "interrupted")
    assert (cli.contact_points(), cli.runs()) == (before, 0)


def test_exit_130_where_ctrl_c_comes_before_the_command_begins(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.cli.app.build", interrupt)
    assert cli("history") == Ran(130, "", "")


def test_an_unexpected_error_is_told_without_its_message(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise RuntimeError("ZZSECRET")

    monkeypatch.setattr("runner.read.jobs.load", fail)
    ran = cli("run", cli.job(), "--as-of", AUTUMN)
    assert ran.code == 1
    assert "unexpected: RuntimeError at " in ran.err
    assert "ZZSECRET" not in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("run",),
        ("run", "{job}", "--no-such-option"),
        ("run", "{job}", "--as-of", "2026-02-30"),
        ("run", "{job}", "--as-of", "tomorrow"),
        ("run", "{job}", "--lock-timeout", "-1"),
        ("run", "{job}", "--lock-timeout", "soon"),
        ("run", "{job}", "--lock-timeout", "nan"),
        ("run", "{job}", "--lock-timeout", "inf"),
        ("run", "{job}", "--format", "yaml"),
        ("run", "{job}", "--database"),
        ("check",),
        ("sql", "{job}"),
        ("sql", "{job}", "--dialect", "oracle"),
        ("history", "--limit", "0"),
        ("history", "--limit", "99999999999999999999"),
        ("show",),
        ("show", "one"),
        ("show", "99999999999999999999"),
        ("changes", "99999999999999999999"),
        ("changes", "1", "--format", "xml"),
        ("undo",),
        ("undo", "1.5"),
        ("undo", "99999999999999999999"),
        ("demo", "--students", "0"),
        ("demo", "--seed", "-1"),
        ("load",),
        ("init", "extra"),
        ("schema", "nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64_with_a_line_that_says_what(cli: Cli, arguments: tuple[str, ...]) -> None:
    job, before = cli.job(), cli.contact_points()
    ran = cli(*(argument.format(job=job) for argument in arguments))
    assert ran.code == 64
    assert re.search(r"^usage: \S", ran.err, re.MULTILINE)
    assert "hint: " in ran.err
    assert (cli.contact_points(), cli.runs()) == (before, 0)


def test_no_command_shows_the_help_too(cli: Cli) -> None:
    ran = cli()
    assert "Usage: runner" in ran.out
    assert "usage: Missing command." in ran.err


@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_help_lists_every_command(cli: Cli, argument: str) -> None:
    ran = cli(argument)
    assert ran.code == 0
    commands = ("run", "check", "sql", "history", "show", "changes", "undo", "init", "demo", "load", "schema")
    for command in commands:
        assert re.search(rf"^\W*{command}\s", ran.out, re.MULTILINE)
        assert cli(command, "--help").code == 0


def test_the_version_is_printed(cli: Cli) -> None:
    ran = cli("--version")
    assert ran.code == 0
    assert re.fullmatch(r"runner \d+\.\d+\.\d+\S*\n", ran.out)


# check, sql, schema


def test_check_finds_nothing_wrong_with_the_shipped_jobs(cli: Cli) -> None:
    ran = cli("check", JOBS)
    assert ran.code == 0
    assert ran.out.endswith("\n6 job files and 6 test files: 2 warnings in 2\n")
    found = json.loads(cli("check", JOBS, "--format", "json").out)
    assert found["files"] == {str(path): [] for path in sorted(JOBS.glob("*.yaml"))}
    warnings = found["warnings"].items()
    told = {Path(file).name: [warning["code"] for warning in those] for file, those in warnings if those}
    # a pilot, and summer, are meant to be opposites of other jobs
    assert told == {"juniors.yaml": ["opposite-settings"], "lunch-pilot.yaml": ["opposite-settings"]}


def test_check_tells_every_problem_of_every_file(cli: Cli) -> None:
    cli.job("good")
    cli.job("bad", mode="everybody", preferences={"email": {"generall": "on"}, "sms": {"general": "on"}})
    ran = cli("check", cli.folder)
    assert ran.code == 3
    assert "2 job files: 3 problems in 1" in ran.out
    assert all(code in ran.out for code in ("wrong-value: ", "unknown-key: ", "text-channel: "))
    as_json = cli("check", cli.folder, "--format", "json", "--output", "found.json")
    assert (as_json.code, as_json.out) == (3, "")
    files = json.loads(Path("found.json").read_text(encoding="utf-8"))["files"]
    assert files[str(cli.folder / "good.yaml")] == []
    found = files[str(cli.folder / "bad.yaml")]
    assert {problem["code"] for problem in found} == {"wrong-value", "unknown-key", "text-channel"}
    assert all({"code", "message", "file", "line", "column"} <= set(problem) for problem in found)


def test_check_needs_a_path_that_is_there(cli: Cli) -> None:
    ran = cli("check", "nowhere")
    assert ran.code == 3
    assert "file-missing: " in ran.err


@pytest.mark.parametrize("name", ["fall", "lunch-pilot", "staff-notices"])
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mariadb", "mssql"])
def test_sql_prints_the_statements_without_a_database(cli: Cli, dialect: str, name: str) -> None:
    cli.file.unlink()
    ran = cli("sql", JOBS / f"{name}.yaml", "--dialect", dialect, "--as-of", AUTUMN)
    assert ran.code == 0
    assert ran.out.startswith("-- ")
    assert f"as of {AUTUMN}" in ran.out.splitlines()[0]
    assert "UPDATE" in ran.out
    assert ran.out.rstrip().endswith("COMMIT;")
    assert "SCHEMA_" not in ran.out


def test_sql_names_the_schema_of_the_district(cli: Cli) -> None:
    ran = cli("sql", JOBS / "fall.yaml", "--dialect", "postgresql", "--schema", "campus", "--output", "fall.sql")
    assert (ran.code, ran.out) == (0, "")
    script = Path("fall.sql").read_text(encoding="utf-8")
    assert "campus.contact_point" in script
    assert "campus.runner_change" not in script


def test_sql_cuts_a_long_list_of_ids_short(cli: Cli) -> None:
    job = cli.job(filter={"people": list(range(1_000_000, 1_000_100))})
    ran = cli("sql", job, "--dialect", "sqlite")
    assert ran.code == 0
    assert re.search(r"… \(\d+ characters\)", ran.out)


def test_sql_of_a_broken_job_says_what_is_wrong(cli: Cli) -> None:
    ran = cli("sql", cli.job(mode="everybody"), "--dialect", "sqlite")
    assert ran.code == 3
    assert "wrong-value: " in ran.err


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_schema_prints_the_schema_as_it_is(cli: Cli, file: Path) -> None:
    ran = cli("schema", file.name.partition(".")[0])
    assert (ran.code, ran.out) == (0, file.read_text(encoding="utf-8"))


def test_schema_prints_that_of_jobs_unless_told(cli: Cli) -> None:
    assert json.loads(cli("schema").out)["title"] == "Job"


# history, show, changes


def test_history_of_a_new_district_is_empty(cli: Cli) -> None:
    assert cli("history").out == "No runs yet.\n"
    assert json.loads(cli("history", "--format", "json").out) == {"runs": []}


def test_history_lists_runs_and_undos_the_newest_first(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_ACTOR", "Ada [red]")
    (done,) = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json").results
    cli("undo", "1", "--as-of", AUTUMN)
    text = cli("history").out
    assert [line.split()[0] for line in text.splitlines() if line.strip()[:1].isdigit()][:1] == ["2"]
    assert "undo of run 1" in text
    assert "Ada [red]" in text
    assert f"{done['changed']:,}" in text
    undo, run = json.loads(cli("history", "--format", "json").out)["runs"]
    assert (undo["number"], undo["kind"], undo["undo_of"]) == (2, "undo", 1)
    assert (run["number"], run["kind"], run["undo_of"]) == (1, "run", None)
    assert (run["job"], run["mode"], run["as_of"], run["actor"]) == ("simple", "students", AUTUMN, "Ada [red]")
    assert (run["people"], run["changed"]) == (done["people"], done["changed"])
    assert [
        entry["number"] for entry in json.loads(cli("history", "--limit", "1", "--format", "json").out)["runs"]
    ] == [2]
    assert cli("history", "--output", "history.txt").out == ""
    assert "undo of run 1" in Path("history.txt").read_text(encoding="utf-8")


def test_show_shows_what_the_run_printed(cli: Cli) -> None:
    printed = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json").out
    assert cli("show", "1", "--format", "json").out == printed
    text = cli("show", "1").out
    assert "simple  applied as run 1" in text
    assert cli("show", "1", "--output", "shown.txt").out == ""
    assert Path("shown.txt").read_text(encoding="utf-8") == text


def test_changes_are_listed_one_preference_a_row(cli: Cli) -> None:
    before = {row[0]: row for row in cli.rows("select contact_point_id, channel, general, priority from contact_point")}
    (result,) = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json").results
    after = {row[0]: row for row in cli.rows("select contact_point_id, channel, general, priority from contact_point")}
    expected = [
        {
            "contact_point_id": key,
            "channel": row[1],
            "reason": reason,
            "before": "on" if row[place] else "off",
            "after": "on" if after[key][place] else "off",
        }
        for key, row in sorted(before.items())
        for place, reason in ((2, "general"), (3, "priority"))
        if row[place] != after[key][place]
    ]
    lines = cli("changes", "1", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert len(expected) == result["changed"]
    rows = list(csv.DictReader(cli("changes", "1").out.splitlines()))
    assert rows == [{key: str(value) for key, value in row.items()} for row in expected]
    assert cli("changes", "1", "--output", "changes.csv").out == ""
    assert len(Path("changes.csv").read_text(encoding="utf-8").splitlines()) == len(expected) + 1


@pytest.mark.parametrize("command", ["show", "changes", "undo"])
@pytest.mark.parametrize("number", ["0", "7", "9223372036854775807"])
def test_a_run_that_there_is_not_is_told(cli: Cli, command: str, number: str) -> None:
    Path("kept.txt").write_text("kept", encoding="utf-8")
    ran = cli(command, number, "--output", "kept.txt")
    assert ran.code == 3
    assert f"unknown-run: there is no run {number}\n  hint: `runner history` lists the runs" in ran.err
    assert Path("kept.txt").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("command", [("history",), ("show", "1"), ("changes", "1"), ("undo", "1")], ids=" ".join)
def test_a_district_without_a_history_is_told_how_to_get_one(cli: Cli, command: tuple[str, ...]) -> None:
    cli.sql(*(f"drop table {table}" for table in HISTORY))
    ran = cli(*command)
    assert ran.code == 3
    assert "no-history: " in ran.err
    assert "`runner init --history-only` makes them" in ran.err


@pytest.mark.parametrize(("version", "hint"), [(99, "install the newer runner"), (0, "brings them up to date")])
def test_a_history_of_another_version_is_refused(cli: Cli, version: int, hint: str) -> None:
    cli.sql(f"update runner_meta set version = {version}")
    before = cli.contact_points()
    ran = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json")
    assert (ran.code, ran.codes) == (3, ["no-history"])
    assert hint in ran.results[0]["errors"][0]["hint"]
    assert cli.contact_points() == before
    assert cli("history").code == 3


# undo


def test_an_undo_takes_a_run_back(cli: Cli) -> None:
    before = cli.contact_points()
    (done,) = cli("run", cli.job(), "--as-of", AUTUMN, "--format", "json").results
    after = cli.contact_points()
    dry = cli("undo", "1", "--as-of", AUTUMN, "--dry-run", "--format", "json")
    assert (dry.code, dry.results[0]["status"], cli.contact_points()) == (0, "dry_run", after)
    undone = cli("undo", "1", "--as-of", AUTUMN, "--format", "json")
    assert undone.code == 0
    (result,) = undone.results
    assert (result["status"], result["undo_of"], result["changed"]) == ("applied", 1, done["changed"])
    assert dry.results[0]["fingerprint"] == result["fingerprint"]
    assert set(result["counts"]["email"]["general"]) == {"restored", "conflict", "gone"}
    assert cli.contact_points() == before
    assert "undo of run 1 (simple)  applied as run 2" in cli("show", "2").out


def test_a_second_undo_is_a_conflict(cli: Cli) -> None:
    cli("run", cli.job(), "--as-of", AUTUMN)
    cli("undo", "1", "--as-of", AUTUMN)
    before = cli.contact_points()
    again = cli("undo", "1", "--as-of", AUTUMN, "--format", "json")
    assert (again.code, again.codes, again.results[0]["status"]) == (5, ["undo-conflict"], "drifted")
    assert (cli.contact_points(), cli.runs()) == (before, 2)


def test_an_undo_can_be_undone(cli: Cli) -> None:
    cli("run", cli.job(), "--as-of", AUTUMN)
    after = cli.contact_points()
    assert cli("undo", "1", "--as-of", AUTUMN).code == 0
    assert cli.contact_points() != after
    assert cli("undo", "2", "--as-of", AUTUMN).code == 0
    assert cli.contact_points() == after


def test_conflicts_are_skipped_where_that_is_asked_for(cli: Cli) -> None:
    before = {row[0]: row for row in cli.contact_points()}
    cli("run", cli.job(preferences={"email": {"general": "on"}}), "--as-of", AUTUMN)
    (point,) = cli.rows("select min(contact_point_id) from runner_change")[0]
    cli.sql(f"update contact_point set general = 0 where contact_point_id = {point}")
    changed = cli.contact_points()
    refused = cli("undo", "1", "--as-of", AUTUMN, "--format", "json")
    assert (refused.code, refused.codes) == (5, ["undo-conflict"])
    assert "1 preferences that run 1 set have been changed since" in refused.results[0]["errors"][0]["message"]
    assert cli.contact_points() == changed
    (result,) = cli("undo", "1", "--as-of", AUTUMN, "--skip-conflicts", "--format", "json").results
    assert result["counts"]["email"]["general"]["conflict"] == 1
    assert {row[0]: row for row in cli.contact_points()} == before  # what somebody set since is what it was before


def test_a_run_that_changed_nothing_cannot_be_undone(cli: Cli) -> None:
    job = cli.job()
    cli("run", job, "--as-of", AUTUMN)
    cli("run", job, "--as-of", AUTUMN)
    ran = cli("undo", "2")
    assert ran.code == 3
    assert "not-undoable: run 2 changed nothing: there is nothing to take back" in ran.err


def test_a_run_whose_changes_were_pruned_cannot_be_undone(cli: Cli) -> None:
    cli("run", cli.job(), "--as-of", AUTUMN)
    cli.sql("delete from runner_change")
    ran = cli("undo", "1")
    assert ran.code == 3
    assert "not-undoable: the changes of run 1 were pruned" in ran.err


def test_contact_points_that_are_gone_are_counted_with_a_warning(cli: Cli) -> None:
    cli("run", cli.job(preferences={"email": {"general": "on"}}), "--as-of", AUTUMN)
    (point,) = cli.rows("select max(contact_point_id) from runner_change")[0]
    cli.sql(f"delete from contact_point where contact_point_id = {point}")
    ran = cli("undo", "1", "--as-of", AUTUMN, "--format", "json")
    assert ran.code == 0
    (result,) = ran.results
    assert result["counts"]["email"]["general"]["gone"] == 1
    assert result["warnings"][0] == {
        "code": "undo-gone",
        "message": "1 preferences are of contact points that are gone",
    }
    assert result["changed"] == result["eligible"] - 1


# init, demo, load


def test_init_makes_the_tables_once(cli: Cli) -> None:
    url = f"sqlite:///{cli.folder}/new.db"
    made = cli("init", "--database", url)
    assert made.code == 0
    assert tables_named(made) == {*DISTRICT, *HISTORY}
    again = cli("init", "--database", url)
    assert (again.code, tables_named(again)) == (0, set())


def tables_named(ran: Ran) -> set[str]:
    return {*DISTRICT, *HISTORY} & set(re.findall(r"\w+", ran.out))


def test_init_history_only_leaves_the_district_alone(cli: Cli) -> None:
    url = f"sqlite:///{cli.folder}/new.db"
    made = cli("init", "--history-only", "--database", url)
    assert tables_named(made) == set(HISTORY)
    cli.sql(*(f"drop table {table}" for table in HISTORY))
    before = cli.contact_points()
    assert cli("init", "--history-only").code == 0
    assert cli.contact_points() == before
    assert cli("run", cli.job(), "--as-of", AUTUMN).code == 0


def test_init_refuses_a_history_that_is_newer(cli: Cli) -> None:
    cli.sql("update runner_meta set version = 99")
    ran = cli("init")
    assert ran.code == 3
    assert "install the newer runner" in ran.err


def test_demo_fills_a_new_database_and_no_other(cli: Cli) -> None:
    url = f"sqlite:///{cli.folder}/new.db"
    ran = cli("demo", "--database", url, "--students", "20", "--seed", "3")
    assert ran.code == 0
    assert re.match(r"[\d,]+ rows in \d+\.\d s\n", ran.out)
    assert all(re.search(rf"^  {table} +[\d,]+$", ran.out, re.MULTILINE) for table in DISTRICT)
    again = cli("demo", "--database", url)
    assert again.code == 3
    assert "not-empty: " in again.err


def test_load_fills_the_tables_from_a_folder(cli: Cli) -> None:
    url = f"sqlite:///{cli.folder}/new.db"
    cli("init", "--database", url)
    loaded = cli("load", GRAND_BEND, "--database", url)
    assert loaded.code == 0
    assert all(re.search(rf"^  {table} +[\d,]+$", loaded.out, re.MULTILINE) for table in DISTRICT)
    again = cli("load", GRAND_BEND, "--database", url)
    assert again.code == 3
    assert "not-empty: " in again.err


@pytest.mark.parametrize(
    ("folder", "tables", "code"),
    [("nowhere", True, ""), (GRAND_BEND, False, "not-a-district: ")],
)
def test_load_needs_a_folder_and_a_district(cli: Cli, folder: str | Path, tables: bool, code: str) -> None:  # noqa: FBT001
    url = f"sqlite:///{cli.folder}/new.db"
    if tables:
        cli("init", "--database", url)
    else:
        sqlite3.connect(cli.folder / "new.db").close()
    ran = cli("load", folder, "--database", url)
    if not tables and not (cli.folder / "new.db").exists():
        code = "no-database: "
    assert ran.code == 3
    assert code in ran.err


def test_load_makes_no_database(cli: Cli) -> None:
    ran = cli("load", GRAND_BEND, "--database", f"sqlite:///{cli.folder}/new.db")
    assert ran.code == 3
    assert "no-database: " in ran.err
    assert not (cli.folder / "new.db").exists()


# what is never told


def test_no_name_address_or_phone_ever_comes_out(cli: Cli) -> None:
    cli.sql(
        "update person set first_name = 'ZZSECRET' || person_id, last_name = 'ZZSECRET' || person_id, "
        "student_number = 'ZZSECRET' || person_id, staff_number = 'ZZSECRET' || person_id",
        "update household set name = 'ZZSECRET' || household_id",
        "update contact_point set address = 'ZZSECRET' || contact_point_id where trim(coalesce(address, '')) <> ''",
    )
    shipped = sorted(path for path in JOBS.glob("*.yaml") if ".test." not in path.name)
    jobs = [*shipped, cli.job("good"), cli.job("bad", calendar={"school": "ZZ Top"})]
    jobs += [cli.job(f"pass-{place}", filter={"sql": text}) for place, text in enumerate(_LEAKING)]
    commands: list[tuple[object, ...]] = [("check", JOBS), ("demo",), ("load", GRAND_BEND), ("init",)]
    for job in jobs:
        commands += [("run", job, "--as-of", AUTUMN, *dry) for dry in (("--dry-run", "--format", "json"), ())]
        commands += [("sql", job, "--dialect", "sqlite")]
    commands += [("history",), ("history", "--format", "json")]
    commands += [(command, number) for number in range(1, 8) for command in ("show", "changes", "undo", "undo")]
    told = ""
    for command in commands:
        ran = cli(*command)
        told += ran.out + ran.err
        assert ran.code in {0, 3, 4, 5}, (command, ran)
    assert "ZZSECRET" not in told.replace("starts_with 'ZZSECRET'", "")
    assert cli.rows("select count(*) from contact_point where address like 'ZZSECRET%'")[0][0] > 1_000


_LEAKING = (
    "select last_name as person_id from person",
    "select json_extract('{}', last_name || '[') as person_id from person",
    "select '{}' ->> ('$.' || last_name || '[x') as person_id from person",
    "select cast(cast(last_name as blob) || x'ff' as text) as person_id from person",
    "select abs(-9223372036854775808) as person_id from person",
    "select person_id from person where last_name like 'a' escape last_name",
)


# as a process of its own


def as_process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--version",), 0, "runner "),
        (("history",), 0, "No runs yet."),
        ((), 64, "usage: Missing command."),
        (("run", "--dry-run"), 64, "usage: Missing argument 'JOB…'."),
        (("run", "nowhere.yaml"), 3, "file-missing: "),
        (("run", JOBS / "fall.yaml", "--as-of", AUTUMN, "--dry-run", "--detailed-exitcode"), 2, "people in scope"),
        (("run", JOBS / "spanish-families.yaml", "--as-of", AUTUMN), 4, "custom-refused: "),
    ],
)
def test_a_process_leaves_with_the_exit_code(cli: Cli, arguments: tuple[object, ...], code: int, told: str) -> None:
    done = as_process(*arguments)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert cli.runs() == 0


def test_a_pipe_that_knows_few_characters_gets_the_report_all_the_same(cli: Cli) -> None:
    done = as_process("run", JOBS / "fall.yaml", "--as-of", AUTUMN, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u2192" in done.stdout
    assert cli.runs() == 1


def test_a_reader_who_leaves_early_gets_no_traceback(cli: Cli) -> None:
    cli("run", JOBS / "fall.yaml", "--as-of", AUTUMN)
    command = [sys.executable, "-m", "runner", "changes", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
        process.wait()
    assert process.returncode != 0


def test_a_terminal_gets_colour_steps_and_its_own_width(cli: Cli) -> None:
    arguments = ("run", str(JOBS / "fall.yaml"), "--as-of", AUTUMN, "--dry-run")
    coloured = in_a_terminal(*arguments)
    assert "\x1b[1;36mdry run: nothing was changed" in coloured
    assert "count people" in coloured
    assert "\x1b[1;36m" not in in_a_terminal(*arguments, NO_COLOR="1")
    assert cli.runs() == 0


def in_a_terminal(*arguments: str, **environment: str) -> str:
    reader, writer = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40", **environment},
        stdout=writer,
        stderr=writer,
        stdin=subprocess.DEVNULL,
    ):
        os.close(writer)
        told = b""
        try:
            while chunk := os.read(reader, 65_536):
                told += chunk
        except OSError:  # Linux says so where the other side has closed
            pass
    os.close(reader)
    return told.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("run", JOBS / "fall.yaml", "--as-of", AUTUMN), "set the preferences"),
        (("demo", "--database", "sqlite:///new.db", "--students", "20"), "let the planner know"),
        (("load", GRAND_BEND, "--database", "sqlite:///empty.db"), "560.6/560.6 kB"),
    ],
    ids=["run", "demo", "load"],
)
def test_the_steps_are_shown_to_somebody_who_watches(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[object, ...],
    told: str,
) -> None:
    cli("init", "--database", "sqlite:///empty.db")
    monkeypatch.setattr("runner.cli.terminal._watched", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    ran = cli(*command)
    assert ran.code == 0
    assert told in ran.err
    assert told not in ran.out


def test_the_width_is_that_of_the_terminal_within_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.width() == 80
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    widths = []
    for columns in ("40", "100", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        widths.append(terminal.width())
    assert widths == [80, 100, 120]


# where a run is started


def test_the_actor_is_who_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITLAB_USER_LOGIN", "third")
    assert surroundings.occasion(None, tmp_path).actor == "third"
    monkeypatch.setenv("GITHUB_ACTOR", "second")
    monkeypatch.setenv("RUNNER_ACTOR", "x" * 1_000)
    assert surroundings.occasion(None, tmp_path).actor == "x" * 200


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_is_a_number(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: type[Exception],
) -> None:
    def nobody() -> str:
        raise error

    for name in ("RUNNER_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("getpass.getuser", nobody)
    assert surroundings.occasion(None, tmp_path).actor == f"uid {os.getuid()}"


def test_the_commit_is_that_of_the_jobs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert surroundings.occasion(None, tmp_path).commit is None
    assert surroundings.occasion(None, tmp_path / "nowhere" / "else").as_of is not None
    who = ("-c", "user.name=t", "-c", "user.email=t@t.example")
    for arguments in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    assert re.fullmatch(r"[0-9a-f]{40,64}", surroundings.occasion(None, tmp_path).commit or "")


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert surroundings.occasion(None, ROOT).commit is None
