"""Reviewed runs: what was reviewed is what is applied; whatever else comes is refused, told, and changes nothing."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from runner.cli.app import execute
from runner.district.demo import fill_demo
from runner.execute.database import making
from runner.execute.orders import order_job
from runner.execute.review import choose, compare, judge_drift, warn_of_drift
from runner.pipeline import Patience, dry_run, run
from runner.read.jobs import load
from runner.read.plan_file import read_plans
from runner.tables import contact_point
from runner.values.problems import Stopped
from runner.values.result import ReviewedPlan, Status
from runner.values.result_json import decode, document, encode
from runner.values.review import Tolerance, tolerance
from runner.values.vocabulary import Channel, Reason
from tests.district import NOW, TestDatabase, make, occasion, watch
from tests.servers import BACKENDS, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.values.job import Job
    from runner.values.result import Result, Tally
    from runner.values.review import Review

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas/result.schema.json").read_text("utf-8"))
AUTUMN = "2026-10-01"
JOB: dict[str, Any] = {
    "version": 1,
    "mode": "student_contacts",
    "calendar": {"year": 2027},
    "preferences": {
        "household_phone": {"attendance": "on"},
        "cell_phone": {"attendance": "on"},
        "email": {"general": "off"},
    },
}
EXACTLY = Tolerance(Decimal())


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        found = json.loads(self.out)
        Draft202012Validator(SCHEMA).validate(found)
        results: list[dict[str, Any]] = found["results"]
        return results

    @property
    def codes(self) -> list[str]:
        return [error["code"] for result in self.results for error in result["errors"]]


class Desk:
    """A folder with a district, two jobs, and the plan of the first; every command runs within this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.plan = folder / "plan.json"
        self._capsys = capsys
        self.jobs = (self.job("calls"), self.job("staff", **STAFF))

    def job(self, name: str, **keys: object) -> str:
        (self.folder / f"{name}.yaml").write_text(json.dumps({**JOB, "name": name, **keys}), encoding="utf-8")
        return f"{name}.yaml"

    def __call__(self, *arguments: object) -> Ran:
        code = execute([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)

    def review(self, *jobs: str, output: str = "plan.json") -> list[dict[str, Any]]:
        ran = self("run", *jobs, "--dry-run", "--as-of", AUTUMN, "--format", "json", "--output", output)
        assert ran.code == 0
        found: list[dict[str, Any]] = json.loads((self.folder / output).read_text("utf-8"))["results"]
        return found

    def reviewed(self, *arguments: object) -> Ran:
        return self("run", *arguments, "--reviewed", "plan.json", "--format", "json")

    def rewrite(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Edit the plan as somebody could by hand."""
        data = json.loads(self.plan.read_text("utf-8"))
        edit(data)
        self.plan.write_text(json.dumps(data), encoding="utf-8")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "district.db")) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
            return rows

    def state(self) -> list[list[tuple[Any, ...]]]:
        return [self.sql("select * from contact_point order by 1"), self.sql("select count(*) from runner_run")]


STAFF: dict[str, Any] = {
    "mode": "census_staff",
    "filter": {"field": "assignment.title", "is_null": False},
    "preferences": {"work_phone": {"emergency": "off"}},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    url = f"sqlite:///{folder}/district.db"
    assert execute(["demo", "--database", url, "--students", "60", "--seed", "1"]) == 0
    (folder / "calls.yaml").write_text(json.dumps({**JOB, "name": "calls"}), encoding="utf-8")
    made = ["run", str(folder / "calls.yaml"), "--database", url, "--dry-run", "--as-of", AUTUMN]
    assert execute([*made, "--format", "json", "--output", str(folder / "plan.json")]) == 0
    return folder


@pytest.fixture
def desk(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    for name in ("district.db", "plan.json"):
        shutil.copy(template / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER_DATABASE", "RUNNER_SCHEMA"):
        monkeypatch.delenv(name, raising=False)
    capsys.readouterr()
    return Desk(tmp_path, capsys)


# what was reviewed is applied


def test_what_was_reviewed_is_applied_for_the_day_of_the_plan(desk: Desk) -> None:
    (plan,) = desk.review("calls.yaml")
    ran = desk.reviewed("calls.yaml")
    (result,) = ran.results
    assert ran.code == 0
    assert (result["status"], result["as_of"], result["fingerprint"]) == ("applied", AUTUMN, plan["fingerprint"])
    assert result["changed"] == plan["changed"] > 0
    assert result["review"] == {
        "plan": "plan.json",
        "started_at": plan["started_at"],
        "fingerprint": plan["fingerprint"],
        "max_drift": "0",
        "drifted": False,
        "differences": [],
    }
    assert "review" not in plan
    shown = desk("show", 1, "--format", "json").results[0]
    assert shown == result
    assert "The plan: plan.json, 20" in desk("show", 1).out


def test_several_jobs_find_their_plans_in_any_order_and_in_several_files(desk: Desk) -> None:
    desk.review(*desk.jobs)
    assert [result["status"] for result in desk.reviewed(*reversed(desk.jobs)).results] == ["applied"] * 2
    desk("undo", 2)
    desk("undo", 1)
    for job, file in zip(desk.jobs, ("one.json", "two.json"), strict=True):
        desk.review(job, output=file)
    assert desk("run", *desk.jobs, "--reviewed", "two.json", "--reviewed", "one.json").code == 0


def test_a_plan_may_speak_of_more_jobs_than_are_run(desk: Desk) -> None:
    desk.review(*desk.jobs)
    assert [result["job"]["name"] for result in desk.reviewed("staff.yaml").results] == ["staff"]


def test_a_dry_run_says_whether_it_has_drifted_and_changes_nothing(desk: Desk) -> None:
    before = desk.state()
    same = desk("run", "calls.yaml", "--reviewed", "plan.json", "--dry-run")
    assert same.code == 0
    assert "The very same contact points change." in same.out
    comment = desk("run", "calls.yaml", "--reviewed", "plan.json", "--dry-run", "--format", "markdown").out
    assert "Every number is as it was." in comment
    assert "it is as reviewed: the same command without `--dry-run` applies it" in same.out
    assert desk.state() == before
    desk.sql("update contact_point set attendance = not attendance where channel = 'cell_phone'")
    before = desk.state()
    drifted = desk.reviewed("calls.yaml", "--dry-run")
    assert (drifted.code, drifted.codes, drifted.results[0]["status"]) == (5, ["drifted"], "drifted")
    assert drifted.results[0]["run"] is None
    assert desk.state() == before


def test_the_plan_holds_nothing_personal(desk: Desk) -> None:
    desk.review(*desk.jobs)
    text = desk.plan.read_text("utf-8")
    words = set(re.findall(r"[^\W_]{3,}", text))
    for column in ("first_name", "last_name", "student_number", "staff_number"):
        assert not words & {str(value) for (value,) in desk.sql(f"select {column} from person where {column} <> ''")}
    addresses = [address for (address,) in desk.sql("select trim(address) from contact_point") if address]
    assert len(addresses) > 100
    assert not [1 for address in addresses if address in text]


# drift


def drift(desk: Desk, points: int = 1) -> None:
    """Let portal users turn on what the job would have turned on."""
    desk.sql(
        "update contact_point set attendance = 1 where contact_point_id in (select contact_point_id from contact_point"
        " where channel = 'cell_phone' and attendance = 0 and custom = 0 and address <> '' and person_id in"
        " (select contact_id from relationship r join enrollment e on e.person_id = r.student_id"
        "  join calendar c on c.calendar_id = e.calendar_id where c.end_year = 2027 and r.messenger = 1"
        "  and e.end_date is null and e.no_show is not 1 and r.end_date is null) order by 1"
        f" limit {points})",
    )


def test_a_run_that_has_drifted_changes_nothing_and_shows_the_difference(desk: Desk) -> None:
    (plan,) = desk.review("calls.yaml")
    drift(desk)
    before = desk.state()
    ran = desk.reviewed("calls.yaml")
    (result,) = ran.results
    assert (ran.code, ran.codes, result["status"]) == (5, ["drifted"], "drifted")
    assert desk.state() == before
    told = {each["path"]: each for each in result["review"]["differences"]}
    path = "counts.cell_phone.attendance.changed"
    was = plan["counts"]["cell_phone"]["attendance"]["changed"]
    assert told[path] == {"path": path, "reviewed": was, "now": was - 1, "tolerated": False}
    assert told["contact_points"]["tolerated"] is None
    assert told["counts.cell_phone.attendance.already"]["tolerated"] is None
    assert result["review"]["drifted"] is True

    text = desk("run", "calls.yaml", "--reviewed", "plan.json")
    assert text.code == 5
    assert re.search(rf"^Cell Phone · Attendance: change +{was} +{was - 1} +-1  too much$", text.out, re.MULTILINE)
    assert re.search(r"^Contact points that change +\d+ +\d+ +-1$", text.out, re.MULTILINE)
    assert "1 number differs by more than" in " ".join(text.out.split())
    assert all(len(line) <= 80 for line in text.out.splitlines())

    comment = desk("run", "calls.yaml", "--reviewed", "plan.json", "--format", "markdown").out
    assert "**Not as reviewed.** The plan is `plan.json`, counted at 20" in comment
    assert f"| Cell Phone · Attendance: change | {was} | {was - 1} | -1 | **too much** ⛔ |" in comment


def test_a_comment_tells_first_what_stops_the_run(desk: Desk) -> None:
    desk.sql("update contact_point set attendance = 1, general = 0")
    comment = desk("run", "calls.yaml", "--reviewed", "plan.json", "--format", "markdown").out
    rows = re.findall(r"^\| (.*) \|$", comment.split("Not as reviewed")[1].split("In numbers")[0], re.MULTILINE)
    verdicts = [row.endswith("**too much** ⛔") for row in rows[2:]]
    assert len(verdicts) > 10
    assert verdicts == sorted(verdicts, reverse=True)
    assert any(verdicts)


@pytest.mark.parametrize(("points", "allowed", "code"), [(3, "3", 0), (3, "2", 5), (1, "0%", 5), (1, "100%", 0)])
def test_so_much_drift_is_tolerated_and_recorded(desk: Desk, points: int, allowed: str, code: int) -> None:
    (plan,) = desk.review("calls.yaml")
    drift(desk, points)
    ran = desk.reviewed("calls.yaml", "--max-drift", allowed)
    (result,) = ran.results
    assert ran.code == code
    assert result["review"]["max_drift"] == allowed
    assert result["fingerprint"] != plan["fingerprint"] == result["review"]["fingerprint"]
    if not code:
        assert "drift-tolerated" in [warned["code"] for warned in result["warnings"]]
        assert desk("show", 1, "--format", "json").results[0]["review"] == result["review"]


def test_the_fingerprint_tells_of_other_contact_points_where_the_numbers_are_the_same(desk: Desk) -> None:
    desk.review("staff.yaml")
    desk.sql("update contact_point set general = not general where channel = 'work_phone'")
    ran = desk("run", "staff.yaml", "--reviewed", "plan.json")
    assert ran.code == 5
    assert "as many contact points change, but not the same ones" in " ".join(ran.out.split())
    assert "Not as reviewed" not in ran.out
    tolerated = desk.reviewed("staff.yaml", "--max-drift", "1")
    assert tolerated.code == 0
    assert [warned["code"] for warned in tolerated.results[0]["warnings"]][-1] == "drift-tolerated"


def test_limits_hold_all_the_same(desk: Desk) -> None:
    desk.job("calls", limits={"changed": 10_000})
    desk.review("calls.yaml")
    drift(desk)
    desk.job("calls", limits={"changed": 1})
    desk.rewrite(lambda data: data["results"][0]["job"].update(sha256=hash_of("calls.yaml")))
    before = desk.state()
    ran = desk.reviewed("calls.yaml")
    assert (ran.code, ran.codes) == (4, ["limit-changed", "drifted"])
    assert desk.state() == before


def hash_of(job: str) -> str:
    return load(Path(job)).sha256


def test_the_second_of_two_jobs_drifts_where_the_first_changed_what_it_is_about(desk: Desk) -> None:
    desk.job("again")
    desk.review("calls.yaml", "again.yaml")
    ran = desk.reviewed("calls.yaml", "again.yaml")
    assert ran.code == 5
    assert [result["status"] for result in ran.results] == ["applied", "drifted"]


# refusals, all before anything is run


def refuse(desk: Desk, *arguments: object, code: int, problem: str, told: str) -> None:
    before = desk.state()
    ran = desk.reviewed(*arguments)
    assert ran.code == code, ran
    if ran.out:
        assert problem in ran.codes
        assert all(result["run"] is None for result in ran.results)
    said = " ".join((ran.out + ran.err).split())
    assert f"{problem}: " in ran.err or f'"code": "{problem}"' in ran.out
    assert told in said, said
    assert desk.state() == before


def test_a_job_that_has_changed_is_refused(desk: Desk) -> None:
    desk.review(*desk.jobs)
    desk.job("staff", **STAFF, description="another one")
    refuse(desk, *desk.jobs, code=5, problem="job-changed", told="has changed since it was reviewed: its hash was ")
    statuses = [result["status"] for result in desk.reviewed(*desk.jobs).results]
    assert statuses == ["drifted"]


def test_a_file_that_a_job_names_is_part_of_it(desk: Desk) -> None:
    (desk.folder / "ids.csv").write_text("person_id\n1\n2\n")
    desk.job("some", mode="students", allow_empty=True, filter={"people_file": "ids.csv"})
    desk.review("some.yaml")
    (desk.folder / "ids.csv").write_text("person_id\n1\n3\n")
    refuse(desk, "some.yaml", code=5, problem="job-changed", told="or a file that it names")


def test_a_job_that_is_no_job_stops_them_all(desk: Desk) -> None:
    desk.review(*desk.jobs)
    (desk.folder / "broken.yaml").write_text("version: 1\n")
    refuse(desk, "calls.yaml", "broken.yaml", code=3, problem="missing-key", told="broken.yaml")


def test_a_job_without_a_plan_stops_them_all(desk: Desk) -> None:
    refuse(desk, *desk.jobs, code=3, problem="plan-missing", told="there is no plan for the job `staff` in `plan.json`")
    desk.rewrite(lambda data: data["results"].clear())
    refuse(desk, "calls.yaml", code=3, problem="plan-missing", told="in the files given")


def test_two_plans_for_one_job_are_refused(desk: Desk) -> None:
    desk.rewrite(lambda data: data["results"].append(data["results"][0]))
    refuse(desk, "calls.yaml", code=3, problem="plan-twice", told="there are 2 plans for the job `calls`")


def test_only_a_dry_run_that_went_well_is_a_plan(desk: Desk) -> None:
    desk.job("tight", limits={"changed": 0})
    desk("run", "tight.yaml", "--dry-run", "--as-of", AUTUMN, "--format", "json", "--output", "plan.json")
    refuse(desk, "tight.yaml", code=3, problem="plan-no-dry-run", told="its status is `refused` (limit-changed)")
    (desk.folder / "broken.yaml").write_text("version: 1\n")
    desk("run", "broken.yaml", "--dry-run", "--format", "json", "--output", "plan.json")
    desk.job("broken")
    refuse(desk, "broken.yaml", code=3, problem="plan-no-dry-run", told="its status is `invalid` (missing-key)")
    desk("run", "calls.yaml", "--as-of", AUTUMN, "--format", "json", "--output", "plan.json")
    refuse(desk, "calls.yaml", code=3, problem="plan-no-dry-run", told="its status is `applied`")
    desk("undo", 1, "--dry-run", "--format", "json", "--output", "plan.json")
    refuse(desk, "calls.yaml", code=3, problem="plan-no-dry-run", told="is of an undo")


def test_a_plan_that_is_too_old_or_still_to_come_is_refused(desk: Desk) -> None:
    desk.rewrite(lambda data: data["results"][0].update(started_at="2026-01-02T03:04:05Z"))
    refuse(desk, "calls.yaml", code=5, problem="plan-old", told="is of 2026-01-02 03:04 UTC, more than 14 days ago")
    refuse(desk, "calls.yaml", "--max-age", 1, code=5, problem="plan-old", told="more than 1 day ago")
    assert desk.reviewed("calls.yaml", "--max-age", 36_500, "--dry-run").code == 0
    desk.rewrite(lambda data: data["results"][0].update(started_at="2999-01-02T03:04:05Z"))
    refuse(desk, "calls.yaml", code=3, problem="plan-file", told="which is still to come")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--reviewed", "plan.json", "--as-of", "2026-10-02"], "is not the day of the plan in `plan.json`"),
        (["--max-drift", "3"], "`--reviewed` names it"),
        (["--max-age", "3"], "`--reviewed` names it"),
        (["--reviewed", "plan.json", "--max-drift", "-1"], "from `0%` to `100%`"),
        (["--reviewed", "plan.json", "--max-drift", "101%"], "from `0%` to `100%`"),
        (["--reviewed", "plan.json", "--max-drift", "some"], "from `0%` to `100%`"),
        (["--reviewed", "plan.json", "--max-drift", "1.5"], "from `0%` to `100%`"),
        (["--reviewed", "plan.json", "--max-age", "-1"], "--max-age"),
    ],
)
def test_wrong_usage(desk: Desk, arguments: list[str], told: str) -> None:
    before = desk.state()
    ran = desk("run", "calls.yaml", *arguments)
    assert ran.code == 64
    assert told in ran.err
    assert desk.state() == before


def test_the_day_of_the_plan_may_be_said(desk: Desk) -> None:
    assert desk.reviewed("calls.yaml", "--as-of", AUTUMN).code == 0


# plan files that are none


def first(edit: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """Return an edit of a plan's text out of an edit of its first result."""

    def rewrite(text: str) -> str:
        data = json.loads(text)
        edit(data["results"][0])
        return json.dumps(data)

    return rewrite


def cell(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = result["counts"]["cell_phone"]["attendance"]
    return found


BROKEN: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "empty": (lambda _: "", "ends in the middle: it is empty or was cut"),
    "cut": (lambda text: text[: len(text) // 2], "ends in the middle"),
    "cut in a word": (lambda text: text[: text.index("fingerprint") + 4], "ends in the middle"),
    "no JSON": (lambda _: "version: 1", "is no JSON"),
    "a second document": (lambda text: text + text, "is no JSON: Extra data"),
    "UTF-16": (lambda text: text.encode("utf-16"), "is UTF-16, not UTF-8"),
    "no UTF-8": (lambda text: text.replace("calls", "ç").encode("latin-1"), "is not UTF-8"),
    "a list": (lambda _: "[]", "is no result of a dry run"),
    "another document": (lambda _: '{"runs": []}', "is no result of a dry run"),
    "another version": (lambda text: text.replace('"1.0"', '"2.0"'), "of version 2.0; this runner reads version 1.0"),
    "no version": (lambda text: text.replace('"1.0"', '{"a": 1}'), "of a version that there is not"),
    "too deep": (lambda _: "[" * 100_000, "nested deeper"),
    "twice": (lambda text: text.replace('"status"', '"status": "dry_run", "status"', 1), "the key `status` stands tw"),
    "infinity": (lambda text: re.sub(r'"seconds": [\d.]+', '"seconds": Infinity', text), "a number that no result has"),
    "huge": (lambda text: re.sub(r'"people": \d+', '"people": 1' + "0" * 5000, text, count=1), "a number that no res"),
    "no results": (lambda _: '{"format_version": "1.0"}', "the file lacks `results`"),
    "a wrong type": (first(lambda result: result.update(people="many")), "`results[0].people` must be a whole number"),
    "a fraction": (first(lambda result: result.update(lost=1.0)), "`results[0].lost` must be a whole number"),
    "negative": (first(lambda result: result.update(lost=-1)), "`results[0].lost` is not what a result has there"),
    "a key less": (first(lambda result: result.pop("lost")), "`results[0]` lacks `lost`"),
    "a key more": (first(lambda result: result.update(approved=True)), "has the key `approved`, which means nothing"),
    "no status": (first(lambda result: result.update(status="fine")), "`fine` is nothing that stands there"),
    "no channel": (first(lambda result: result["counts"].update(pager={})), "`pager` is nothing that stands there"),
    "no cell": (first(lambda result: cell(result).pop("kept")), "cell_phone.attendance` is not what a result has"),
    "no day": (first(lambda result: result.update(as_of="2026-02-30")), "is no date"),
    "no time": (first(lambda result: result.update(started_at="2026-02-20T99:00:00Z")), "is no date"),
    "null": (first(lambda result: result.update(lost=None)), "`results[0].lost` is null"),
    "a cell edited": (first(lambda result: cell(result).update(changed=0)), "it was edited"),
    "a total edited": (first(lambda result: result.update(changed=7)), "`results[0].changed` is 7 where the rest says"),
    "points edited": (
        first(lambda result: result.update(contact_points=7)),
        "is not of 7 contact points: it was edited",
    ),
    "reach edited": (first(lambda result: result["reach"]["general"].update(lost=0)), "reach.general` does not add up"),
    "a cell removed": (
        first(lambda result: result.update(encode_without(result, "email"))),
        "it has not the cells that the job sets",
    ),
}


def encode_without(result: dict[str, Any], channel: str) -> dict[str, Any]:
    """Return a result with one channel fewer, its sums put right: a better forgery."""
    counts = {name: cells for name, cells in result["counts"].items() if name != channel}
    cells = [each for reasons in counts.values() for each in reasons.values()]
    return {
        "counts": counts,
        "changed": sum(each["changed"] for each in cells),
        "eligible": sum(each["changed"] + each["already"] + each["kept"] for each in cells),
    }


@pytest.mark.parametrize("what", BROKEN)
def test_a_plan_that_is_none_is_refused_with_what_is_wrong(desk: Desk, what: str) -> None:
    edit, told = BROKEN[what]
    text = edit(desk.plan.read_text("utf-8"))
    desk.plan.write_bytes(text if isinstance(text, bytes) else text.encode())
    refuse(desk, "calls.yaml", code=3, problem="plan-file", told=told)


def test_every_plan_file_is_looked_at_and_a_mark_before_utf_8_is_nothing(desk: Desk) -> None:
    desk.plan.write_bytes(b"\xef\xbb\xbf" + desk.plan.read_bytes())
    assert desk.reviewed("calls.yaml", "--dry-run").code == 0
    (desk.folder / "other.json").write_text("{")
    ran = desk("run", "calls.yaml", "--reviewed", "other.json", "--reviewed", "none.json", "--reviewed", "plan.json")
    assert ran.code == 3
    assert "other.json:1:2: plan-file: " in ran.err
    assert "file-missing: There is no file none.json." in ran.err


def test_a_plan_that_is_too_large_is_not_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.read.plan_file.MAX_BYTES", 1024 * 1024)
    desk.plan.write_text(desk.plan.read_text("utf-8") + " " * 1024 * 1024)
    refuse(desk, "calls.yaml", code=3, problem="file-too-large", told="plan.json is larger than 1 MiB.")


def test_of_many_things_that_are_wrong_the_first_are_told(desk: Desk) -> None:
    desk.rewrite(lambda data: data.update(results=[{}] * 100))
    assert desk("run", "calls.yaml", "--reviewed", "plan.json").err.count("plan-file: ") == 20


# how much is too much


@pytest.mark.parametrize(
    ("text", "reviewed", "within", "beyond"),
    [
        ("0", 10, 10, 11),
        ("3", 10, 13, 14),
        ("3", 10, 7, 6),
        ("3", 0, 3, 4),
        ("10%", 10, 11, 12),
        ("10%", 10, 9, 8),
        ("10%", 19, 20, 21),  # 1.9
        ("10%", 20, 22, 23),
        ("10%", 0, 0, 1),
        ("100%", 7, 0, 15),
        ("0.7%", 1000, 1007, 1008),  # as a float 7.000000000000001 or 6.999999999999999
        ("29%", 100, 129, 130),  # 0.29 · 100 is 28.999999999999996
        ("0.000000001%", 10**11, 10**11 + 1, 10**11 + 2),
    ],
)
def test_the_arithmetic_of_tolerance_is_exact(text: str, reviewed: int, within: int, beyond: int) -> None:
    read = tolerance(text)
    assert read is not None
    assert str(read) == text
    assert read.allows(reviewed, within)
    assert not read.allows(reviewed, beyond)
    assert read.exact == (text == "0")


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.5", "1e3", "%", "5 %", "100.1%", "\uff11", "1_000", "9" * 19, "1%%", "\n1"]
)
def test_what_is_no_tolerance(text: str) -> None:
    assert tolerance(text) is None


# on every database


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("reviewed")
    with scratch(request.param, folder, hurried=True) as url:
        made = make(url, folder)
        with making(made.database) as connection:
            fill_demo(connection, 60, 1, lambda _table, _rows: None)
        yield made


def apply(database: TestDatabase, job: Job, plan: Result, allowed: Tolerance = EXACTLY) -> Result:
    """Return the result of a reviewed run; the dry run before must say the same."""
    reviewed = ReviewedPlan("plan.json", decode(json.loads(json.dumps(encode(plan)))))
    backend = database.database.backend
    review: Callable[[Tally], Review] = partial(compare, reviewed, allowed)
    day = date.fromisoformat(AUTUMN)
    pretended = dry_run(database.database, order_job(job, day, backend, review), occasion(day), watch())
    done = run(database.database, order_job(job, day, backend, review), occasion(day), watch(), Patience(5.0))
    assert pretended.review == done.review
    assert (pretended.errors, pretended.warnings) == (done.errors, done.warnings)
    return done


def test_drift_between_plan_and_run_on_every_database(database: TestDatabase) -> None:
    day = date.fromisoformat(AUTUMN)
    job = database.job({key: value for key, value in JOB.items() if key != "version"})
    plan = database.dry_run(job, day)
    assert plan.tally is not None
    assert plan.tally.changed > 0
    done = apply(database, job, plan)
    assert done.status is Status.APPLIED
    assert done.run is not None
    assert done.run.number is not None
    changed = database.changes(done.run.number)
    database.undo(done.run.number, day)

    point = next(row[0] for row in changed if row[1] == Channel.CELL_PHONE)
    with making(database.database) as connection:
        connection.execute(
            update(contact_point).where(contact_point.c.contact_point_id == point).values(attendance=True)
        )
    before = database.contact_points()
    drifted = apply(database, job, plan)
    assert drifted.status is Status.DRIFTED
    assert database.contact_points() == before
    assert drifted.review is not None
    differs = {each.path: (each.now - each.reviewed, each.tolerated) for each in drifted.review.differences}
    cell = ("counts", Channel.CELL_PHONE.value, Reason.ATTENDANCE.value)
    assert differs[*cell, "changed"] == (-1, False)
    assert differs[*cell, "already"] == (1, None)
    assert differs[("contact_points",)] == (-1, None)

    tolerated = apply(database, job, plan, Tolerance(Decimal(1)))
    assert tolerated.status is Status.APPLIED
    assert tolerated.run is not None
    assert tolerated.run.number is not None
    assert database.changes(tolerated.run.number) == [row for row in changed if row[0] != point]
    database.undo(tolerated.run.number, day)
    with making(database.database) as connection:
        connection.execute(
            update(contact_point).where(contact_point.c.contact_point_id == point).values(attendance=False)
        )


def test_people_lost_and_custom_decide_and_bystanders_do_not(database: TestDatabase) -> None:
    job = database.job({key: value for key, value in JOB.items() if key != "version"})
    plan = database.dry_run(job, date.fromisoformat(AUTUMN))
    assert plan.tally is not None
    for name, drifts in (("people", True), ("lost", True), ("custom_overwritten", True), ("bystanders", False)):
        now = replace(plan.tally, **{name: getattr(plan.tally, name) + 1})
        review = compare(ReviewedPlan("plan.json", plan), EXACTLY, now)
        assert review.drifted is drifts
        assert bool(judge_drift(review)) is drifts
        assert not warn_of_drift(review, now.fingerprint)
        allowed = compare(ReviewedPlan("plan.json", plan), Tolerance(Decimal(1)), now)
        assert judge_drift(allowed) == ()
        assert bool(warn_of_drift(allowed, now.fingerprint)) is drifts


def test_the_age_of_a_plan_is_counted_to_the_second(database: TestDatabase) -> None:
    job = database.job({key: value for key, value in JOB.items() if key != "version"})
    plan = replace(database.dry_run(job, date.fromisoformat(AUTUMN)), started_at=NOW)
    plans, days = [ReviewedPlan("plan.json", plan)], timedelta(days=14)
    assert choose(job, plans, NOW + days, days) is plans[0]
    with pytest.raises(Stopped):
        choose(job, plans, NOW + days + timedelta(seconds=1), days)
    assert choose(job, plans, NOW - timedelta(hours=1), days) is plans[0]
    with pytest.raises(Stopped):
        choose(job, plans, NOW - timedelta(hours=1, seconds=1), days)


def test_a_file_of_results_is_read_as_it_was_written(database: TestDatabase) -> None:
    job = database.job({key: value for key, value in JOB.items() if key != "version"})
    plan = database.dry_run(job, date.fromisoformat(AUTUMN))
    file = database.folder / "plan.json"
    file.write_text(json.dumps(document([plan, plan])), encoding="utf-8")
    assert read_plans(file) == (ReviewedPlan(str(file), plan),) * 2
