"""`runner check`: one finding in four formats, each by the rules of its readers; and what only a database knows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft4Validator
from sqlalchemy.exc import OperationalError

from runner.cli.app import execute
from runner.report.github import render_check as render_github
from runner.report.json import render_check as render_json
from runner.report.problems import render_check as render_text
from runner.report.sarif import render_check as render_sarif
from runner.values.checked import Checked
from runner.values.problems import CODES, Position, Problem
from runner.values.result import WARNINGS, Warned
from tests.servers import BACKENDS, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.execute.interrupts import Interrupts

ROOT = Path(__file__).parent.parent
SARIF = json.loads((ROOT / "tests" / "data" / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
AUTUMN = "2026-10-01"
FILE = "jobs/fall.yaml"
PLACE = Position(FILE, 8, 21)
FOUND = (
    Checked(
        FILE,
        (Problem("unknown-key", "`attandance` means nothing here.", PLACE, "did you mean `attendance`?"),),
        (Warned("unknown-people", "3 of the selected ids are nobody's", Position("jobs/ids.yaml", 2, 1)),),
    ),
    Checked("jobs/empty.yaml", (Problem("file-empty", "There is nothing in it."),), (Warned("people-lost", "some"),)),
    Checked("jobs/good.yaml"),
)
HOSTILE = (
    "two\nlines",
    "a\r\n::error file=x::injected",
    "\n::stop-commands::gotcha",
    "::add-mask::everything",
    "##[add-path]/tmp",
    "\n##[set-env name=PATH]/tmp",
    "100%, or 50%25: half",
    "%0A::warning::x",
    "file=a,line=1::",
    "tab\tand \x1b[31mred\x1b[0m \x85 \u2028 \u202e",
    "学校 😀",
    "",
)


def commands(output: str) -> list[tuple[str, dict[str, str], str]]:
    """Return the commands that GitHub's runner would find in a log, as it reads one."""
    found = []
    for line in re.split(r"\r\n|\r|\n", output):
        said = line.lstrip()
        if said.startswith("::"):
            head, _, data = said[2:].partition("::")
            name, _, properties = head.partition(" ")
            pairs = (pair.partition("=") for pair in properties.split(",") if pair)
            found.append((name, {key: unescaped(value, ":,") for key, _, value in pairs}, unescaped(data, "")))
        else:
            assert "##[" not in line
    return found


def unescaped(text: str, also: str) -> str:
    for character in "\r\n" + also:
        text = text.replace(f"%{ord(character):02X}", character)
    return text.replace("%25", "%")


def log(found: tuple[Checked, ...] | list[Checked]) -> dict[str, Any]:
    """Return the one run of a SARIF log that is valid by the schema of the standard."""
    data = json.loads(render_sarif(found, "1.2.3"))
    Draft4Validator.check_schema(SARIF)
    assert [error.message for error in Draft4Validator(SARIF).iter_errors(data)] == []
    (run,) = data["runs"]
    assert isinstance(run, dict)
    return run


# formats


def test_text_is_for_people() -> None:
    assert render_text(FOUND).splitlines() == [
        "jobs/fall.yaml:8:21: unknown-key: `attandance` means nothing here.",
        "  hint: did you mean `attendance`?",
        "jobs/ids.yaml:2:1: warning: unknown-people: 3 of the selected ids are nobody's",
        "jobs/empty.yaml: file-empty: There is nothing in it.",
        "jobs/empty.yaml: warning: people-lost: some",
        "",
        "3 job files: 2 problems in 2, 2 warnings in 2",
    ]
    assert render_text(FOUND[2:]) == "1 job file: no problems"
    assert render_text([Checked(FILE, (), FOUND[0].warnings)]).endswith("\n1 job file: 1 warning in 1")


def test_github_makes_an_annotation_of_each() -> None:
    assert commands(render_github(FOUND)) == [
        (
            "error",
            {"file": FILE, "line": "8", "col": "21", "title": "unknown-key"},
            f"{FILE}:8:21: `attandance` means nothing here.\nhint: did you mean `attendance`?",
        ),
        (
            "warning",
            {"file": "jobs/ids.yaml", "line": "2", "col": "1", "title": "unknown-people"},
            "jobs/ids.yaml:2:1: 3 of the selected ids are nobody's",
        ),
        ("error", {"file": "jobs/empty.yaml", "title": "file-empty"}, "jobs/empty.yaml: There is nothing in it."),
        ("warning", {"file": "jobs/empty.yaml", "title": "people-lost"}, "jobs/empty.yaml: some"),
    ]
    assert render_github(FOUND).splitlines()[-1] == "3 job files: 2 problems in 2, 2 warnings in 2"


def test_what_concerns_no_file_is_told_in_every_format() -> None:
    failed = [Checked(None, (Problem("no-jobs", "There is none.", None, "a job file ends in .yaml"),))]
    assert render_github(failed) == "::error title=no-jobs::There is none.%0Ahint: a job file ends in .yaml"
    assert json.loads(render_json(failed)) == {
        "files": {},
        "warnings": {},
        "reads": {},
        "errors": [{"code": "no-jobs", "message": "There is none.", "hint": "a job file ends in .yaml"}],
    }
    run = log(failed)
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (told,) = invocation["toolExecutionNotifications"]
    assert told["descriptor"]["id"] == "no-jobs"
    assert told["message"]["text"] == "There is none.\nhint: a job file ends in .yaml"
    assert run["results"] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_others_becomes_a_command_of_its_own(text: str) -> None:
    problem = Problem("wrong-value", text, Position(text, 3, 4), text)
    found = [Checked(text, (problem,), (Warned("people-lost", text),))]
    first, second = commands(render_github(found))
    shown = first[1]["file"]
    assert first[0] == "error"
    assert first[1] == {"file": shown, "line": "3", "col": "4", "title": "wrong-value"}
    assert first[2].startswith(f"{shown}:3:4: ")
    assert second[0] == "warning"
    assert second[1] == {"file": shown, "title": "people-lost"}
    if "\x1b" not in text and "\r" not in text:
        assert shown == text
    assert not set("\x1b\x85\u202e\r") & set(shown + first[2])


def test_json_lists_by_file() -> None:
    data = json.loads(render_json(FOUND))
    assert list(data) == ["files", "warnings", "reads", "errors"]
    assert data["errors"] == []
    assert list(data["files"]) == list(data["warnings"]) == [FILE, "jobs/empty.yaml", "jobs/good.yaml"]
    assert data["files"][FILE] == [
        {
            "code": "unknown-key",
            "message": "`attandance` means nothing here.",
            "file": FILE,
            "line": 8,
            "column": 21,
            "hint": "did you mean `attendance`?",
        },
    ]
    assert data["warnings"][FILE][0] | {"message": ""} == {
        "code": "unknown-people",
        "message": "",
        "file": "jobs/ids.yaml",
        "line": 2,
        "column": 1,
    }
    assert data["files"]["jobs/empty.yaml"] == [{"code": "file-empty", "message": "There is nothing in it."}]
    assert data["files"]["jobs/good.yaml"] == []


def test_sarif_is_valid_and_says_what_a_column_counts() -> None:
    run = log(FOUND)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["unknown-key", "unknown-people", "file-empty", "people-lost"]
    assert rules[0]["shortDescription"]["text"] == CODES["unknown-key"].meaning
    assert rules[1]["shortDescription"]["text"] == WARNINGS["unknown-people"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error", "warning"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert all(
        rules[result["ruleIndex"]]["defaultConfiguration"]["level"] == result["level"] for result in run["results"]
    )
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": FILE, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 8, "startColumn": 21},
    }
    assert places[2] == {"artifactLocation": {"uri": "jobs/empty.yaml", "uriBaseId": "%SRCROOT%"}}
    assert run["results"][0]["message"]["text"].endswith("\nhint: did you mean `attendance`?")
    assert run["invocations"][0]["executionSuccessful"]


def test_sarif_tells_of_a_second_place() -> None:
    warned = Warned("people-lost", "x", PLACE, None, Position("jobs/other.yaml", 4, 2))
    ((result,),) = [log([Checked(FILE, (), (warned,))])["results"]]
    (other,) = result["relatedLocations"]
    assert other["physicalLocation"]["artifactLocation"]["uri"] == "jobs/other.yaml"
    assert other["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 2}


def test_sarif_of_nothing_found_is_valid_too() -> None:
    assert log(FOUND[2:])["results"] == []


@pytest.mark.parametrize(
    "name", ["a b.yaml", "100%.yaml", "é 学校#1?.yaml", "c:d.yaml", "[1].yaml", "bytes-\udcff.yaml"]
)
def test_a_path_is_a_uri_that_leads_back_to_it(name: str) -> None:
    for path in (f"jobs/{name}", name, f"/tmp/{name}"):  # noqa: S108 - no such file is made
        run = log([Checked(path, (Problem("file-empty", "x"),))])
        uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(file://)?[A-Za-z0-9/_.~-]*(%[0-9A-F]{2}[A-Za-z0-9/_.~-]*)*", uri)
        assert os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))) == path


# the command


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNNER_DATABASE", raising=False)
    monkeypatch.delenv("RUNNER_SCHEMA", raising=False)
    return tmp_path


def job(**keys: object) -> str:
    return json.dumps(
        {
            "version": 1,
            "name": "x",
            "mode": "students",
            "calendar": {"year": 2027},
            "preferences": {"email": {"general": "on"}},
            **keys,
        },
        ensure_ascii=False,
    )


def test_columns_count_characters(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = job(preferences={"😀é": 1, "email": {"generall": "on"}})
    (desk / "x.yaml").write_text(text, encoding="utf-8")
    assert execute(["check", "x.yaml", "--format", "sarif"]) == 3
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in run["results"]]
    assert {"startLine": 1, "startColumn": text.index('"generall"') + 1} in regions


@pytest.mark.parametrize("form", ["github", "sarif", "json"])
def test_a_file_with_any_name_can_be_told_of(desk: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"bad,\n::error::50%:\xff.yaml")
    (desk / name).write_text(job(mode="nobody"), encoding="utf-8")
    assert execute(["check", ".", "--format", form, "--output", "found"]) == 3
    text = (desk / "found").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""
    if form == "github":
        ((level, properties, _),) = commands(text.rstrip("\n").rpartition("\n")[0])
        assert (level, properties["file"]) == ("error", "bad,\n::error::50%:\\xdcff.yaml")
    else:
        data = json.loads(text)
        found = data["runs"][0]["results"] if form == "sarif" else [problem for _, (problem,) in data["files"].items()]
        assert len(found) == 1


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_the_exit_code_is_that_of_the_first_problem(desk: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "good.yaml").write_text(job(), encoding="utf-8")
    assert execute(["check", "good.yaml", "--format", form]) == 0
    assert execute(["check", "nowhere", "--format", form]) == 3
    told = capsys.readouterr()
    assert ("file-missing: " in told.err) is (form == "text")
    assert ("file-missing" in told.out) is (form != "text")


def test_json_tells_which_files_a_job_consists_of(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "jobs", desk / "jobs")
    (desk / "jobs" / "broken.yaml").write_text(job(mode="nobody"), encoding="utf-8")
    assert execute(["check", "jobs", "--format", "json"]) == 3
    reads = json.loads(capsys.readouterr().out)["reads"]
    assert reads["jobs/fall.yaml"] == ["jobs/fall.yaml"]
    assert reads["jobs/lunch-pilot.yaml"] == ["jobs/lunch-pilot.yaml", "jobs/filters/lunch-pilot.csv"]
    assert reads["jobs/broken.yaml"] == []
    assert len(reads) == 7


def test_a_day_without_a_database_is_wrong_usage(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "x.yaml").write_text(job(), encoding="utf-8")
    assert execute(["check", "x.yaml", "--as-of", AUTUMN]) == 64
    assert "usage: `--as-of` without `--database` says nothing" in capsys.readouterr().err


def test_what_needs_no_database_looks_for_none_and_loads_nothing_for_it(desk: Path) -> None:
    (desk / "x.yaml").write_text(job(), encoding="utf-8")
    program = (
        "import sys; from runner.cli.app import execute; "
        "ways = [['check', 'x.yaml', '--format', form] for form in ('text', 'json', 'github', 'sarif')]; "
        "codes = [execute(words) for words in (*ways, ['schema'], ['--version'])]; without_rich = set(sys.modules); "
        "codes.append(execute(['--help'])); assert not any(codes), codes; assert 'rich' not in without_rich; "
        "loaded = {'sqlalchemy', 'jinja2', 'runner.read.policy_tests'} & set(sys.modules); assert not loaded, loaded"
    )
    environment = {**os.environ, "RUNNER_DATABASE": "sqlite:///nowhere.db", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], cwd=desk, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


# with a database


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scratch(request.param, tmp_path_factory.mktemp("check"), hurried=True) as url:
        assert execute(["demo", "--database", url, "--students", "60"]) == 0
        yield url


def found_by(url: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    code = execute(["check", ".", "--database", url, "--as-of", AUTUMN, "--format", "json", *arguments])
    captured = capsys.readouterr()
    data = json.loads(captured.out)
    assert isinstance(data, dict)
    assert "Traceback" not in captured.err
    assert code == (3 if any(data["files"].values()) or data["errors"] else 0)
    return data


def test_a_database_tells_all_that_only_it_knows(database: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "a.yaml").write_text(
        "version: 1\nname: a\nmode: students\n"
        "calendar: [{school: Artur Elementary, year: 2027}, {year: 1999}]\n"
        "filter:\n"
        "  all:\n"
        "    - people: [1, 99999999, 99999998]\n"
        "    - sql: select person_id from nowhere\n"
        "    - not: {people: [99999997]}\n"
        "    - sql: select first_name as person_id from person\n"
        "    - sql: select person_id from person where person_id > 0\n"
        "preferences: {email: {attendance: on}}\n",
        encoding="utf-8",
    )
    (desk / "b.yaml").write_text(job(grades=["99"]), encoding="utf-8")
    (desk / "c.yaml").write_text(job(grades=["99"], allow_empty=True), encoding="utf-8")
    (desk / "d.yaml").write_text(job(), encoding="utf-8")
    (desk / "e.yaml").write_text(job(mode="nobody"), encoding="utf-8")
    found = found_by(database, capsys)
    told = [(problem["code"], problem["line"], problem["column"]) for problem in found["files"]["a.yaml"]]
    assert told == [
        ("unknown-calendar", 4, 12),
        ("unknown-calendar", 4, 52),
        ("sql-refused", 8, 12),
        ("sql-refused", 10, 12),
    ]
    assert found["files"]["a.yaml"][0]["hint"] == "did you mean `Arthur Elementary`?"
    assert [(warned["message"], warned["line"], warned["column"]) for warned in found["warnings"]["a.yaml"]] == [
        ("2 of the selected ids are nobody's", 7, 7),
        ("1 of the selected ids is nobody's", 9, 12),
    ]
    (empty,) = found["files"]["b.yaml"]
    assert empty["code"] == "empty-scope"
    assert empty["column"] == (desk / "b.yaml").read_text(encoding="utf-8").index('"calendar"') + 1
    assert found["files"]["c.yaml"] == found["files"]["d.yaml"] == found["errors"] == []
    assert [problem["code"] for problem in found["files"]["e.yaml"]] == ["wrong-value"]


def test_nothing_is_written_and_limits_are_left_to_a_dry_run(
    database: str,
    desk: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(ROOT / "jobs", desk / "jobs")
    (desk / "x.yaml").write_text(job(limits={"people": 0}), encoding="utf-8")
    assert [problem["code"] for problem in found_by(database, capsys)["files"]["x.yaml"]] == []
    assert execute(["history", "--database", database, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"runs": []}


def test_the_day_counts(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scratch("sqlite", tmp_path, hurried=True) as url:
        assert execute(["demo", "--database", url, "--students", "60"]) == 0
        (desk / "x.yaml").write_text(job(), encoding="utf-8")
        assert found_by(url, capsys)["files"] == {"x.yaml": []}
        ((problem,),) = found_by(url, capsys, "--as-of", "2020-01-01")["files"].values()
        assert problem["code"] == "empty-scope"


def test_what_files_say_is_told_even_where_the_database_is_not_there(
    desk: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (desk / "x.yaml").write_text(job(mode="nobody"), encoding="utf-8")
    found = found_by("sqlite:///nowhere.db", capsys)
    assert [problem["code"] for problem in found["files"]["x.yaml"]] == ["wrong-value"]
    assert [problem["code"] for problem in found["errors"]] == ["no-database"]
    assert execute(["check", "x.yaml", "--database", "sqlite:///nowhere.db"]) == 3
    captured = capsys.readouterr()
    assert "1 job file: 1 problem in 1" in captured.out
    assert "no-database: " in captured.err
    assert execute(["check", "x.yaml", "--database", "oracle://x"]) == 3
    assert not (desk / "nowhere.db").exists()


def test_an_error_of_one_question_leaves_the_others_answered(
    desk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("select 'ZZSECRET'", None, Exception("ZZSECRET"))

    monkeypatch.setattr("runner.execute.ask.require_calendars", fail)
    (desk / "x.yaml").write_text(job(filter={"people": [99999999]}), encoding="utf-8")
    with scratch("sqlite", tmp_path, hurried=True) as url:
        assert execute(["demo", "--database", url, "--students", "60"]) == 0
        capsys.readouterr()
        assert execute(["check", "x.yaml", "--database", url]) == 7
        captured = capsys.readouterr()
        assert "database-error: " in captured.out
        assert "warning: unknown-people: 1 of" in captured.out
        assert "ZZSECRET" not in captured.out + captured.err


def test_ctrl_c_ends_the_questions(
    desk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def ended(*_: object) -> None:
        raise OperationalError("select 1", None, Exception("interrupted"))

    def stop(interrupts: Interrupts) -> bool:
        interrupts.requested = True
        return True

    (desk / "x.yaml").write_text(job(), encoding="utf-8")
    with scratch("sqlite", tmp_path, hurried=True) as url:
        assert execute(["demo", "--database", url, "--students", "60"]) == 0
        monkeypatch.setattr("runner.execute.ask.require_calendars", interrupted)
        assert execute(["check", "x.yaml", "--database", url]) == 130
        assert "interrupted: " in capsys.readouterr().err
        monkeypatch.setattr("runner.execute.ask.require_calendars", ended)
        monkeypatch.setattr("runner.execute.interrupts.Interrupts.stop", stop)
        assert execute(["check", "x.yaml", "--database", url]) == 130
        assert "interrupted: " in capsys.readouterr().err
