"""runner conflicts, runner diff, and the warnings of runner check, as a user has them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.app import execute
from runner.execute.database import open_database
from runner.execute.interrupts import Interrupts
from runner.execute.snapshot import reading_district
from runner.values.problems import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

JOBS = Path(__file__).parent.parent / "jobs"
AUTUMN = "--as-of=2026-10-01"
FALL: dict[str, Any] = {
    "version": 1,
    "name": "fall",
    "mode": "student_contacts",
    "calendar": {"year": 2027},
    "preferences": {"email": {"general": "on", "teacher": "on"}},
}
ENDLESS = "with recursive n(i) as (select 1 union all select i from n) select i as person_id from n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "district.db"
    assert execute(["demo", "--database", f"sqlite:///{file}", "--students", "300"]) == 0
    return file


@pytest.fixture
def run(
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Give a command line in a folder with a district of its own, which no command may change."""
    file = tmp_path / "district.db"
    shutil.copy(template, file)
    monkeypatch.chdir(tmp_path)
    before = file.read_bytes()

    def command(*arguments: object) -> tuple[int, str, str]:
        code = execute([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert file.read_bytes() == before
        return code, told.out, told.err

    return command


def write(name: str, **keys: object) -> Path:
    path = Path(f"{name}.yaml")
    path.parent.mkdir(exist_ok=True, parents=True)
    data = {**FALL, "name": path.stem, **keys}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}), encoding="utf-8")
    return path


def turned_off(**keys: object) -> dict[str, object]:
    return {"preferences": {"email": {"general": "off"}}, **keys}


def test_conflicts_are_counted_and_strict_fails(run: Callable[..., tuple[int, str, str]]) -> None:
    one, two = write("one"), write("two", **turned_off(grades=["03"]))
    code, out, err = run("conflicts", one, two, AUTUMN)
    assert (code, err) == (0, "")
    assert "one and two\n  Email · General: " in out
    assert "    On   one.yaml:1:" in out
    assert run("conflicts", one, two, AUTUMN, "--strict")[0] == 4
    code, out, _ = run("conflicts", one, two, AUTUMN, "--format", "json", "--strict")
    assert code == 4
    [found] = json.loads(out)["conflicts"]
    dry = json.loads(run("run", two, AUTUMN, "--dry-run", "--format", "json")[1])["results"][0]["counts"]["email"]
    assert found["contact_points"] + found["kept"] == sum(
        dry["general"][what] for what in ("changed", "already", "kept")
    )
    assert found["kept"] > 0


def test_conflicts_of_folders_and_of_one_job(run: Callable[..., tuple[int, str, str]]) -> None:
    write("jobs/one")
    write("jobs/deep/two", **turned_off())
    code, out, _ = run("conflicts", "jobs", AUTUMN, "--format", "json")
    assert (code, [job["file"] for job in json.loads(out)["jobs"]]) == (0, ["jobs/one.yaml", "jobs/deep/two.yaml"])
    code, out, _ = run("conflicts", "jobs/one.yaml", AUTUMN, "--strict")
    assert (code, out.splitlines()[0]) == (0, "1 job: there is none to compare it with.")


def test_no_conflict_where_nobody_is_in_both(run: Callable[..., tuple[int, str, str]]) -> None:
    write("one", mode="students", grades=["03"])
    write("two", mode="students", **turned_off(grades=["04"]))
    code, out, _ = run("conflicts", "one.yaml", "two.yaml", AUTUMN, "--strict")
    assert code == 0
    assert "no contact point that both set: Email · General" in out
    write("three", **turned_off(filter={"people": [999_999_999]}))
    code, out, _ = run("conflicts", "one.yaml", "three.yaml", AUTUMN, "--strict", "--format", "markdown")
    assert code == 0
    assert "three: 1 of the selected ids is nobody's" in out.replace("&#39;", "'")
    assert "three: nobody is in scope" in out


def test_seasonal_jobs_about_nobody_are_no_warning(run: Callable[..., tuple[int, str, str]]) -> None:
    write("one")
    write("two", **turned_off(filter={"people": [1, 2]}, grades=["nowhere"], allow_empty=True))
    code, out, _ = run("conflicts", "one.yaml", "two.yaml", AUTUMN, "--format", "json")
    assert (code, json.loads(out)["warnings"]) == (0, [])


@pytest.mark.parametrize("command", ["conflicts", "diff"])
def test_every_problem_of_every_job_at_once(run: Callable[..., tuple[int, str, str]], command: str) -> None:
    write("one", mode="pupils")
    write("two", **turned_off(grade=["03"]))
    code, out, err = run(command, "one.yaml", "two.yaml")
    assert (code, out) == (3, "")
    assert "one.yaml:1:" in err
    assert "two.yaml:1:" in err
    assert [line.split(": ")[1] for line in err.splitlines() if ".yaml" in line] == ["wrong-value", "unknown-key"]


@pytest.mark.parametrize("command", ["conflicts", "diff"])
def test_calendars_that_there_are_not(run: Callable[..., tuple[int, str, str]], command: str) -> None:
    write("one", calendar={"school": "Arthur Elementry", "year": 2027})
    write("two", **turned_off(calendar={"year": 1999}))
    code, out, err = run(command, "one.yaml", "two.yaml")
    assert (code, out) == (3, "")
    assert err.count("unknown-calendar") == 2
    assert "did you mean `Arthur Elementary`?" in err


@pytest.mark.parametrize("command", ["conflicts", "diff"])
def test_pass_through_sql_is_read_for_each_job(run: Callable[..., tuple[int, str, str]], command: str) -> None:
    write("one", filter={"sql": "select person_id from enrollment where grade = '03'"})
    write("two", **turned_off(filter={"any": [{"sql": "select person_id from enrollment"}, {"people": [1]}]}))
    assert run(command, "one.yaml", "two.yaml", AUTUMN)[0] == 0
    write("two", **turned_off(filter={"sql": "select nothing as person_id from person"}))
    code, out, err = run(command, "one.yaml", "two.yaml", AUTUMN)
    assert (code, out) == (3, "")
    assert err.startswith("two.yaml:1:")
    assert "sql-refused" in err


@pytest.mark.parametrize("command", ["conflicts", "diff"])
def test_no_database_and_no_district(run: Callable[..., tuple[int, str, str]], command: str) -> None:
    write("one")
    write("two", **turned_off())
    code, _, err = run(command, "one.yaml", "two.yaml", "--database", "sqlite:///nowhere.db")
    assert (code, "no-database" in err) == (3, True)
    Path("empty.db").touch()
    code, _, err = run(command, "one.yaml", "two.yaml", "--database", "sqlite:///empty.db")
    assert (code, "not-a-district" in err) == (3, True)


@pytest.mark.parametrize("command", ["conflicts", "diff"])
@pytest.mark.parametrize("output_format", ["text", "markdown", "json"])
def test_what_is_found_goes_to_a_file(
    run: Callable[..., tuple[int, str, str]],
    command: str,
    output_format: str,
) -> None:
    write("one")
    write("two", **turned_off())
    _, printed, _ = run(command, "one.yaml", "two.yaml", AUTUMN, "--format", output_format)
    code, out, _ = run(command, "one.yaml", "two.yaml", AUTUMN, "--format", output_format, "--output", "found")
    assert (code, out) == (0, "")
    assert Path("found").read_text("utf-8") == printed
    code, _, err = run(command, "one.yaml", "two.yaml", "--output", "no/folder/found")
    assert (code, "can't be written" in err) == (64, True)


def test_a_grade_more(run: Callable[..., tuple[int, str, str]]) -> None:
    write("base/fall", grades=["03"])
    write("fall", grades=["03", "04"])
    code, out, err = run("diff", "base/fall.yaml", "fall.yaml", AUTUMN, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["enter"] > 0
    assert (found["leave"], found["stay"]) == (0, found["old"]["people"])
    assert {each["grade"] for each in found["by_school"]} == {"04"}
    assert sum(each["enter"] for each in found["by_school"]) >= found["enter"]
    assert [cell["old"] for cell in found["cells"]["email"].values()] == ["on", "on"]
    more = found["new"]["changed"] - found["old"]["changed"]
    assert sum(cell["on"] for cell in found["cells"]["email"].values()) == more


def test_a_new_job_and_one_that_goes(run: Callable[..., tuple[int, str, str]]) -> None:
    write("fall")
    new = json.loads(run("diff", "/dev/null", "fall.yaml", AUTUMN, "--format", "json")[1])
    gone = json.loads(run("diff", "fall.yaml", "/dev/null", AUTUMN, "--format", "json")[1])
    assert (new["old"], gone["new"]) == (None, None)
    assert new["enter"] == new["new"]["people"] == gone["leave"] == gone["old"]["people"] > 0
    for reason, cell in new["cells"]["email"].items():
        assert cell["on"] == new["new"]["counts"]["email"][reason]["changed"]
        assert gone["cells"]["email"][reason]["left_alone"] == cell["on"]
    code, _, err = run("diff", "/dev/null", "/dev/null")
    assert (code, "there is no job on either side" in err) == (64, True)
    code, _, err = run("diff", "missing.yaml", "fall.yaml")
    assert (code, "file-missing" in err) == (3, True)


def test_filters_are_looked_for_beside_each_job(run: Callable[..., tuple[int, str, str]]) -> None:
    for folder, grade in (("base", "03"), ("head", "04")):
        write(f"{folder}/fall", filter="who.yaml")
        Path(folder, "who.yaml").write_text(json.dumps({"field": "enrollment.grade", "equals": grade}), "utf-8")
    found = json.loads(run("diff", "base/fall.yaml", "head/fall.yaml", AUTUMN, "--format", "json")[1])
    assert {each["grade"] for each in found["by_school"] if each["enter"]} == {"04"}
    assert {each["grade"] for each in found["by_school"] if each["leave"]} == {"03"}


def test_a_districts_own_tables_may_hold_numbers_and_nothing(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.db"
    shutil.copy(template, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma writable_schema = on")  # as of a view, of which nobody knows what it holds
        connection.execute("update sqlite_master set sql = replace(sql, 'name VARCHAR(200) NOT NULL', 'name') ")
        connection.execute("update sqlite_master set sql = replace(sql, 'grade VARCHAR(40) NOT NULL', 'grade') ")
        connection.commit()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("update school set name = null where school_id = 1")
        connection.execute("update enrollment set grade = 3 where grade = '03'")
        connection.commit()
    job = tmp_path / "fall.yaml"
    job.write_text(json.dumps(FALL), encoding="utf-8")
    output = tmp_path / "found"
    assert (
        execute(["diff", "/dev/null", str(job), AUTUMN, "--database", f"sqlite:///{file}", "--output", str(output)])
        == 0
    )
    assert "3    " in output.read_text("utf-8")
    json_of = ["--format", "json", "--output", str(output)]
    assert execute(["diff", "/dev/null", str(job), AUTUMN, "--database", f"sqlite:///{file}", *json_of]) == 0
    told = json.loads(output.read_text("utf-8"))["by_school"]
    assert {each["school"] for each in told if each["school_id"] == 1} == {""}
    assert "3" in {each["grade"] for each in told}


def test_an_interrupt_ends_it(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    write("one")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.execute.difference.require_calendars", interrupted)
    code, out, err = run("diff", "one.yaml", "one.yaml")
    assert (code, out) == (130, "")
    assert "interrupted" in err


def test_check_warns_of_what_reading_alone_can_see(run: Callable[..., tuple[int, str, str]]) -> None:
    write("one")
    write("two", **turned_off())
    write("broken", mode="pupils")
    assert run("check", "one.yaml")[1] == "1 job file: no problems\n"
    code, out, _ = run("check", "one.yaml", "two.yaml")
    assert code == 0
    assert "one.yaml:1:" in out
    assert ": warning: opposite-settings: `email: general` is on here, and off at two.yaml:1:" in out
    assert out.endswith("\n2 job files: 1 warning in 1\n")
    code, out, _ = run("check", "one.yaml", "two.yaml", "broken.yaml", "--format", "json")
    [warned] = json.loads(out)["warnings"]["one.yaml"]
    assert (code, warned["file"], warned["also"]["file"]) == (3, "one.yaml", "two.yaml")
    assert run("check", "one.yaml", "two.yaml", "--format", "github")[1].startswith("::warning file=one.yaml,line=1,")
    [result] = json.loads(run("check", "one.yaml", "two.yaml", "--format", "sarif")[1])["runs"][0]["results"]
    [related] = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "two.yaml"
    code, out, _ = run("check", "one.yaml", "two.yaml", "--database", "sqlite:///district.db", AUTUMN)
    assert (code, out.count("opposite-settings")) == (0, 1)
    code, out, err = run("check", "one.yaml", "two.yaml", "--database", "sqlite:///nowhere.db")
    assert (code, out.count("opposite-settings"), "no-database" in err) == (3, 1, True)


def test_what_the_database_says_is_told_without_a_traceback(run: Callable[..., tuple[int, str, str]]) -> None:
    write("one")
    Path("text.db").write_text("no database at all, but long enough to be taken for a file of one " * 20, "utf-8")
    code, out, err = run("diff", "one.yaml", "one.yaml", "--database", "sqlite:///text.db")
    assert (code, out) == (3, "")
    assert "the file is no SQLite database" in err


def test_an_error_that_comes_of_an_interrupt_is_one(template: Path) -> None:
    interrupts = Interrupts()
    interrupts.requested = True
    with (
        pytest.raises(Stopped) as stopped,
        reading_district(open_database(f"sqlite:///{template}"), interrupts) as connection,
    ):
        connection.exec_driver_sql("select * from nowhere")
    assert [problem.code for problem in stopped.value.problems] == ["interrupted"]


def test_a_snapshot_cannot_be_written(template: Path) -> None:
    with (
        pytest.raises(Stopped) as stopped,
        reading_district(open_database(f"sqlite:///{template}"), Interrupts()) as connection,
    ):
        connection.exec_driver_sql("delete from person")
    assert [problem.code for problem in stopped.value.problems] == ["database-read-only"]
