"""Policy tests: the shipped ones pass, fail in clear words when a job is broken; bad ones are told at their place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from runner.cli.app import execute
from runner.read.policy_tests import find_tests, load_tests
from runner.read.test_paths import job_of
from runner.values.policy_test import SmallDistrict

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent

Told = tuple[int, str]


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "jobs", tmp_path / "jobs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "jobs"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def tell(*arguments: str) -> Told:
        code = execute(list(arguments))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out + said.err

    return tell


def mutate(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_every_shipped_job_has_tests_and_they_pass(jobs: Path, told: Callable[..., Told]) -> None:
    assert {job_of(path).name for path in jobs.glob("*.test.yaml")} == {
        path.name for path in jobs.glob("*.yaml") if ".test." not in path.name
    }
    code, said = told("test", "jobs")
    assert code == 0, said
    assert "FAILED" not in said
    assert "no tests" not in said
    assert f"\n{said.count('  PASSED  ')} passed · " in said


BROKEN = {
    "a grade": ("juniors", 'grades: ["11", "12"]', 'grades: ["10", "11", "12"]'),
    "a calendar less": ("juniors", "  - {school: Fillmore Academy, year: 2027}\n", ""),
    "no filter": ("juniors", "filter: filters/primary.yaml", ""),
    "a cell": ("fall", "teacher: on", "teacher: off"),
    "a channel": ("fall", "  cell_phone:", "  home_phone:"),
    "guardians only": ("fall", "custom_selections: keep", "guardians_only: true"),
    "custom overwritten": ("fall", "custom_selections: keep", "custom_selections: overwrite"),
    "not turned round": (
        "quiet-summer",
        "filter: {not: {people: [1, 2, 3]}}",
        "filter: {people: [1, 2, 3]}",
    ),
    "active only": ("quiet-summer", "enrollment: any", "enrollment: active"),
    "a language less": ("spanish-families", "in: [Spanish, Español]", "in: [Spanish]"),
    "not a guardian": ("spanish-families", "guardians_only: true", ""),
    "a day": ("spanish-families", '"2010-09-01"', '"2010-09-02"'),
    "a date missing": (
        "spanish-families",
        'not: {field: person.birth_date, less_than: "2010-09-01"}',
        'all: [{field: person.birth_date, at_least: "2010-09-01"}]',
    ),
    "no later starts": ("spanish-families", "enrollment: not_ended", "enrollment: active"),
    "not refused": ("spanish-families", "custom_selections: refuse", "custom_selections: keep"),
    "a title": ("staff-notices", "starts_with: counsel", "equals: counselor"),
    "a year of staff": ("staff-notices", "calendar: {year: 2027}", ""),
    "kept": ("staff-notices", "custom_selections: overwrite", "custom_selections: keep"),
    "open dates": ("lunch-pilot", "(start_date is null or start_date <= :as_of)", "start_date <= :as_of"),
}


@pytest.mark.parametrize("broken", [pytest.param(broken, id=name) for name, broken in BROKEN.items()])
def test_a_broken_job_fails(broken: tuple[str, str, str], jobs: Path, told: Callable[..., Told]) -> None:
    name, old, new = broken
    mutate(jobs / f"{name}.yaml", (old, new))
    code, said = told("test", f"jobs/{name}.yaml")
    assert code == 4, said
    assert "  FAILED  " in said
    assert f"  jobs/{name}.test.yaml:" in said
    assert "\n    expected  " in said
    assert "\n    actual    " in said


def test_the_difference_says_where_what_and_why(jobs: Path, told: Callable[..., Told]) -> None:
    mutate(jobs / "juniors.yaml", ('grades: ["11", "12"]', 'grades: ["10", "11"]'))
    code, said = told("test", "jobs/juniors.test.yaml", "-k", "nobody else")
    assert code == 4
    assert said.split("juniors.test.yaml:24:7: Sophomore · Email · Priority")[0] == (
        "jobs/juniors.test.yaml\n"
        "  FAILED  our own students of grades 11 and 12 who are here today, and nobody else\n"
        "\n"
        "FAILED  our own students of grades 11 and 12 who are here today, and nobody else\n"
        "jobs/juniors.yaml as of 2026-10-01\n"
        "\n"
        "  jobs/juniors.test.yaml:23:7: People in scope\n"
        "    expected  Junior, Senior, Last day\n"
        "    actual    Junior, Sophomore\n"
        "    because   Senior is out of scope: the grade of Senior is none of the job's  (jobs/juniors.yaml:9:1)\n"
        "              Sophomore is in scope: a student with an enrollment that is selected  (jobs/juniors.yaml:5:1)\n"
        "              Last day is out of scope: the grade of Last day is none of the job's  (jobs/juniors.yaml:9:1)\n"
        "\n"
        "  jobs/juniors.test.yaml:24:7: Sophomore · Email · General\n"
        "    expected  not changed\n"
        "    actual    turned on\n"
        "    because   it was off; in scope: Sophomore  (jobs/juniors.yaml:13:11)\n"
        "\n"
        "  jobs/"
    )
    assert "People whose own choice is kept\n    expected  Senior\n    actual    none\n" in said


SMALL = """\
version: 1
as_of: 2026-10-01
district:
  calendars:
    Arthur: {school: Arthur Elementary, year: 2027}
  people:
    Mia: {enrolled: {Arthur: "03"}}
    Anna: {contact_of: [Mia], email: []}
  households:
    Lee: {members: [Mia, Anna], phone: []}
tests:
  - name: one
    expect: {people: [Anna]}
"""
BAD = {
    "an unknown person": ("people: [Anna]}", "people: [Ana]}", ["13:23: unknown-name"], "did you mean `Anna`?"),
    "an unknown student": ("contact_of: [Mia]", "contact_of: [Mio]", ["8:25: unknown-name"], "did you mean `Mia`?"),
    "an unknown calendar": ('{Arthur: "03"}', '{Artur: "03"}', ["7:22: unknown-name"], "did you mean `Arthur`?"),
    "an unknown member": ("members: [Mia, Anna]", "members: {Mia: {}, Ann: {}}", ["10:30: unknown-name"], "`Anna`?"),
    "an unknown contact point": (
        "{people: [Anna]}",
        "{changes: {Anna: {cell_phone: {emergency: on}}, Lee: {email: {emergency: on}}, Otto: {email: {}}}}",
        ["13:31: unknown-name", "13:67: unknown-name", "13:92: unknown-name"],
        "it has `email`",
    ),
    "a misspelt key": ("contact_of:", "contact-of:", ["8:12: unknown-key"], "did you mean `contact_of`?"),
    "a misspelt reason": ("email: []", "email: [attendence]", ["8:39: wrong-value"], "did you mean `attendance`?"),
    "a misspelt expectation": ("{people:", "{peopel:", ["13:14: unknown-key"], "did you mean `people`?"),
    "nothing expected": ("{people: [Anna]}", "{}", ["13:13: too-few"], "one of `people`"),
    "no expectation": ("    expect: {people: [Anna]}\n", "", ["12:5: missing-key"], "what must come out"),
    "a grade that is a number": ('"03"', "03", ["7:30: wrong-type"], "quote it"),
    "no grade": ('"03"', "{to: 2026-12-31}", ["7:30: missing-key"], "The key `grade` is missing."),
    "no year": (", year: 2027", "", ["5:13: missing-key"], "The key `year` is missing."),
    "no such day": ("2026-10-01", "2026-02-30", ["2:8: wrong-date"], "There is no such day."),
    "no such day in a span": ('"03"', "{grade: KG, to: soon}", ["7:46: wrong-date"], "`soon` is no date"),
    "no such code": (
        "{people: [Anna]}",
        "{errors: [limit-loss]}",
        ["13:23: wrong-value"],
        "`limit-lost`?",
    ),
    "an id twice": ("Mia: {", "Mia: {id: 5, ", ["8:16: wrong-value"], "`Mia` has the id 5 already."),
    "a name twice": (
        "  - name: one\n",
        "  - name: one\n    expect: {people: 1}\n  - name: one\n",
        ["14:11: wrong-value"],
        "Another test is called `one` too.",
    ),
    "a number of two schools": (
        "year: 2027}",
        'number: "1", year: 2027}\n    Other: {school: Other, number: "1", year: 2027}',
        ["6:36: wrong-value"],
        "The school `Arthur Elementary` has the number `1` already.",
    ),
    "a name where a list belongs": ("contact_of: [Mia]", "contact_of: Mia", ["8:24: wrong-type"], "a list: `[Mia]`"),
    "another version": ("version: 1", "version: 2", ["1:10: wrong-value"], "write `version: 1`"),
    "no tests": (SMALL[SMALL.index("tests:") :], "tests: []\n", ["11:8: too-few"], "`tests` is empty."),
    "a broken line": ("people:\n", "people\n", ["7:8: yaml-syntax"], ""),
}


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in BAD.items()])
def test_a_bad_test_file_is_told_at_its_place(
    bad: tuple[str, str, list[str], str], jobs: Path, told: Callable[..., Told]
) -> None:
    old, new, places, words = bad
    path = jobs / "fall.test.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert not load_tests(path).problems
    mutate(path, (old, new), *([("Anna: {", "Anna: {id: 5, ")] if "id: 5" in new else []))
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 3
    for place in places:
        assert f"jobs/fall.test.yaml:{place}: " in said
    assert said.count("jobs/fall.test.yaml:") == len(places), said
    assert words in said
    assert "1 file not tested" in said
    code, checked = told("check", "jobs")
    assert code == 3
    assert f"jobs/fall.test.yaml:{places[0]}: " in checked
    assert "6 job files and 6 test files: " in checked


def test_tests_are_found_beside_their_jobs(jobs: Path, told: Callable[..., Told]) -> None:
    assert find_tests([Path("jobs"), Path("jobs/fall.yaml"), Path("jobs/fall.test.yaml")]) == sorted(
        Path("jobs").glob("*.test.yaml")
    )
    (jobs / "fall.test.yaml").unlink()
    code, said = told("test", "jobs/fall.yaml")
    assert (code, "no-tests: jobs/fall.yaml has no tests: there is no jobs/fall.test.yaml." in said) == (3, True)
    code, said = told("test", "jobs", "-k", "whatever they chose")
    assert code == 0
    assert "\nno tests: jobs/fall.yaml\n1 passed · " in said
    assert told("test", "jobs", "-k", "nothing like it")[0] == 3
    assert told("test", "jobs/filters")[0] == 3
    assert told("test", "nowhere")[0] == 3


def test_the_job_may_be_another_and_its_problems_are_told(jobs: Path, told: Callable[..., Told]) -> None:
    path = jobs / "other.test.yaml"
    path.write_text(SMALL, encoding="utf-8")
    code, said = told("test", "jobs/other.test.yaml")
    assert code == 3
    assert "jobs/other.test.yaml:1:1: file-missing: There is no file jobs/other.yaml." in said
    path.write_text(f"job: fall.yaml\n{SMALL}", encoding="utf-8")
    code, said = told("test", "jobs/other.test.yaml")
    assert code == 0, said
    mutate(jobs / "fall.yaml", ("mode: student_contacts", "mode: students_contacts"))
    code, said = told("test", "jobs/other.test.yaml")
    assert code == 3
    assert "jobs/fall.yaml:7:7: wrong-value" in said


def test_a_run_that_stops_is_told_where_none_is_expected(jobs: Path, told: Callable[..., Told]) -> None:
    path = jobs / "fall.test.yaml"
    path.write_text(SMALL.replace("year: 2027", "year: 2026"), encoding="utf-8")
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 4
    assert "expected  it goes through\n    actual    stopped (unknown-calendar)\n    because   unknown-c" in said
    mutate(path, ("{people: [Anna]}", "{errors: [unknown-calendar], changes: {}}"))
    assert told("test", "jobs/fall.test.yaml")[0] == 0


def test_a_refused_run_changes_nothing_and_counts_everything(jobs: Path, told: Callable[..., Told]) -> None:
    path = jobs / "fall.test.yaml"
    mutate(jobs / "fall.yaml", ("custom_selections: keep", "limits: {people: 0}"))
    expect = "{errors: [limit-people], changes: {}, people: 1, counts: {email: {teacher: 1}}}"
    path.write_text(SMALL.replace("{people: [Anna]}", expect), encoding="utf-8")
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 0, said


def test_the_demo_district(jobs: Path, told: Callable[..., Told]) -> None:
    assert told("demo", "--students", "40")[0] == 0
    code, said = told("run", "jobs/fall.yaml", "--dry-run", "--as-of", "2026-10-01", "--format", "json")
    assert code == 0
    (result,) = json.loads(said)["results"]
    ids = [int(line) for line in told("people", "jobs/fall.yaml", "--as-of", "2026-10-01")[1].split()[1:]]
    test = {
        "version": 1,
        "as_of": "2026-10-01",
        "district": {"demo": 40},
        "tests": [
            {
                "name": "as the dry run says",
                "expect": {
                    "people": ids,
                    "bystanders": result["bystanders"],
                    "counts": {
                        channel: {reason: {"changed": cell["changed"], "already": cell["already"]}}
                        for channel, cells in result["counts"].items()
                        for reason, cell in cells.items()
                    },
                    "reach": result["reach"],
                },
            }
        ],
    }
    path = jobs / "fall.test.yaml"
    path.write_text(json.dumps(test), encoding="utf-8")
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 0, said
    path.write_text(json.dumps(test).replace('"people": [', '"people": [1, '), encoding="utf-8")
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 4
    assert "person 1 is out of scope: " in said
    test["tests"] = [{"name": "x", "change": {}, "expect": {"changes": {}, "people": ["Anna"]}}]
    path.write_text(json.dumps(test), encoding="utf-8")
    code, said = told("test", "jobs/fall.test.yaml")
    assert code == 3
    assert (said.count("unknown-key"), said.count("unknown-name")) == (2, 1)


def test_formats(jobs: Path, told: Callable[..., Told]) -> None:
    mutate(jobs / "fall.yaml", ("teacher: on", "teacher: off"))
    code, said = told("test", "jobs/fall.yaml", "jobs/staff-notices.yaml", "--format", "json")
    assert code == 4
    data = json.loads(said)
    failed = [test for test in data["tests"] if not test["passed"]]
    assert {test["file"] for test in failed} == {"jobs/fall.test.yaml"}
    assert all(test["differences"] == [] for test in data["tests"] if test["passed"])
    (difference,) = [each for each in failed[0]["differences"] if each["what"] == "Mother · Email · Teacher"]
    assert (difference["line"], difference["expected"], difference["actual"]) == (25, "turned on", "not changed")
    assert difference["why"] == ["it is off already  (jobs/fall.yaml:12:27)"]
    code, said = told("test", "jobs/fall.yaml", "--format", "github")
    assert code == 4
    lines = said.strip().splitlines()
    assert all(line.startswith("::error file=jobs/fall.test.yaml,line=") for line in lines[:-1])
    assert "title=test-failed::" in lines[0]
    assert "2 failed, " in lines[-1]


def test_a_test_file_is_no_job(jobs: Path, told: Callable[..., Told]) -> None:
    assert jobs.is_dir()
    code, said = told("check", "jobs", "--format", "json")
    assert code == 0
    data = json.loads(said)
    assert "jobs/fall.test.yaml" in data["files"]
    assert "jobs/fall.test.yaml" not in data["reads"]
    code, said = told("run", "jobs/fall.test.yaml", "--dry-run")
    assert (code, "no-jobs: jobs/fall.test.yaml holds policy tests, and is no job." in said) == (3, True)
    assert told("check", "jobs/fall.test.yaml") == (0, "0 job files and 1 test file: no problems\n")


def test_the_schema_is_one_and_the_shipped_tests_fit_it(told: Callable[..., Told]) -> None:
    code, said = told("schema", "test")
    assert code == 0
    Draft202012Validator.check_schema(json.loads(said))
    for path in (ROOT / "jobs").glob("*.test.yaml"):
        assert not load_tests(path).problems


def test_a_change_is_merged_and_the_district_of_the_next_test_is_as_before(jobs: Path) -> None:
    change = "change: {people: {Mia: {enrolled: {Arthur: {to: 2026-09-30}}}, Anna: {language: Spanish}, Otto: {}}}"
    path = jobs / "fall.test.yaml"
    text = SMALL.replace('"03"', '{grade: "03", from: 2026-08-24}')
    path.write_text(
        text.replace("    expect", f"    {change}\n    expect", 1) + "  - {name: two, expect: {people: 1}}\n",
        encoding="utf-8",
    )
    file = load_tests(path)
    assert not file.problems
    one, two = (test.district for test in file.tests)
    assert isinstance(one, SmallDistrict)
    assert isinstance(two, SmallDistrict)
    (enrollment,) = one.rows["enrollment"]
    assert (enrollment["grade"], str(enrollment["start_date"]), str(enrollment["end_date"])) == (
        "03",
        "2026-08-24",
        "2026-09-30",
    )
    assert [person["language"] for person in one.rows["person"]] == [None, "Spanish", None]
    assert two.rows["enrollment"][0]["end_date"] is None
    assert len(two.rows["person"]) == 2
