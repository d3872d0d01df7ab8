"""An explanation as text and as JSON, and the command that prints it: readable, harmless, and as the schema says."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event

from runner.cli.app import execute
from runner.execute.explain import begin_inquiry, explain_person
from runner.report.explanation_json import render_explanation as render_json
from runner.values.explanation import Address, Outcome, Why
from runner.values.problems import Stopped
from runner.values.vocabulary import Channel, Reason, Rule
from tests.explained_district import (
    DAY,
    FAMILIES,
    FATHER,
    HER_CONTACT,
    LEFT,
    MOTHER,
    NOBODY,
    STAFF,
    STUDENT,
    TEACHER,
    contact,
    district,
    explained,
    filled,
    told,
)

if TYPE_CHECKING:
    from tests.district import TestDatabase

ROOT = Path(__file__).parent.parent
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas/explanation.schema.json").read_text("utf-8"))
HOSTILE = "Span\x1b[31mish\n" + "x" * 200


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> TestDatabase:
    return filled(tmp_path_factory.mktemp("explain"))


def test_an_enrollment_elsewhere_is_told_in_one_line(database: TestDatabase) -> None:
    lines = told(explained(database, MOTHER, FAMILIES), width=400).splitlines()
    at = next(number for number, line in enumerate(lines) if "enrollment 2: Elsewhere · Other" in line)
    assert "✗ not in a calendar of the job" in lines[at + 1]
    assert lines[at + 2 : at + 4] == ["", "Contact points"]


def test_a_job_without_a_filter_and_without_the_reason_staff_is_explained(database: TestDatabase) -> None:
    job = {key: value for key, value in FAMILIES.items() if key != "filter"}
    job["preferences"] = {"email": {"attendance": "on"}}
    explanation = explained(database, HER_CONTACT, job)
    assert explanation.verdict.in_scope
    assert explanation.students[0].enrollments[0].filter is None
    assert "filter" not in told(explanation)
    assert json.loads(render_json(explanation))["students"][0]["enrollments"][0]["filter"] is None


def test_each_kind_of_node_has_its_name_in_json(database: TestDatabase) -> None:
    leaves = [{"field": "person.gender", "is_null": True}, {"people": [1]}, {"sql": "select 1 as person_id"}]
    job = {**FAMILIES, "mode": "students", "filter": {"all": [{"any": leaves}, {"not": {"people": [2]}}]}}
    data = json.loads(render_json(explained(database, STUDENT, job)))
    Draft202012Validator(SCHEMA).validate(data)
    tree = data["students"][0]["enrollments"][0]["filter"]
    assert [tree["node"], *(node["node"] for node in tree["nodes"])] == ["all", "any", "not"]
    assert [node["node"] for node in tree["nodes"][0]["nodes"]] == ["person.gender", "people", "sql"]
    assert tree["nodes"][0]["nodes"][0]["found"] == [None]


def test_dates_that_nobody_asks_for_are_a_remark(database: TestDatabase) -> None:
    text = told(explained(database, contact(LEFT), {**FAMILIES, "enrollment": "any"}))
    assert "· to 2025-06-30, which the job does not ask" in text
    assert "which the job does not ask" not in told(
        explained(database, contact(LEFT), {**FAMILIES, "mode": "students"})
    )


def test_each_rule_has_the_place_of_its_key(database: TestDatabase) -> None:
    job = {**FAMILIES, "enrollment": "not_ended", "guardians_only": True, "calendar": [{"year": 2025}, {"year": 2026}]}
    rows = district()
    rows["calendar"].append({"calendar_id": 3, "school_id": 1, "name": "Old", "end_year": 2025})
    database.fill(rows)
    try:
        explanation = explained(database, MOTHER, job)
    finally:
        database.fill(district())
    text = (database.folder / "job.yaml").read_text("utf-8")
    [student] = explanation.students
    places = {
        check.rule: check.place
        for chain in (student.enrollments[0], student.relationships[0])
        for check in chain.checks
    }
    starts = {rule: text[place.column - 1 :] for rule, place in places.items()}
    for rule, start in {
        Rule.CALENDAR: '{"year": 2026}',
        Rule.NOT_ENDED: '"enrollment"',
        Rule.ATTENDS: '"mode"',
        Rule.GRADES: '"grades"',
        Rule.CURRENT: '"mode"',
        Rule.MESSENGER: '"mode"',
        Rule.GUARDIAN: '"guardians_only"',
    }.items():
        assert starts[rule].startswith(start), rule


@pytest.mark.parametrize("person_id", [MOTHER, FATHER, STUDENT, HER_CONTACT, TEACHER, NOBODY])
@pytest.mark.parametrize(
    "job", [FAMILIES, {**FAMILIES, "mode": "students"}, STAFF], ids=["contacts", "students", "staff"]
)
def test_the_json_is_what_its_schema_says(database: TestDatabase, person_id: int, job: dict[str, Any]) -> None:
    data = json.loads(render_json(explained(database, person_id, job)))
    Draft202012Validator(SCHEMA).validate(data)
    assert data["person_id"] == person_id


def test_the_schema_knows_every_rule_outcome_and_reason() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    parts = SCHEMA["$defs"]
    assert parts["rule"]["enum"] == list(Rule)
    assert parts["cell"]["properties"]["outcome"]["enum"] == list(Outcome)
    assert parts["cell"]["properties"]["why"]["items"]["enum"] == list(Why)
    assert parts["contact_point"]["properties"]["address"]["enum"] == list(Address)
    assert parts["contact_point"]["properties"]["channel"]["enum"] == list(Channel)
    assert list(parts["contact_point"]["properties"]["cells"]["properties"]) == list(Reason)


def test_no_name_and_no_address_is_told(database: TestDatabase) -> None:
    backend = database.database.backend
    for job in (FAMILIES, STAFF):
        with database.database.create_reader().connect() as connection:
            backend.begin_dry_run(connection)
            inquiry = begin_inquiry(connection, backend, database.job(job), DAY, lambda: False)
            explanations = [explain_person(inquiry, person_id) for person_id in range(1, 28)]
        for explanation in explanations:
            for text in (told(explanation), render_json(explanation)):
                assert not [word for word in ("Zebedee", "Quux", "555-0100", "Mother") if word in text]


@pytest.mark.parametrize("width", [80, 100])
def test_every_line_fits_and_no_value_becomes_a_command(database: TestDatabase, width: int) -> None:
    rows = district()
    rows["person"][0]["language"] = HOSTILE
    rows["school"][0]["name"] = "Lincoln" + HOSTILE
    database.fill(rows)
    leaf = {"field": "person.language", "in": [HOSTILE.replace("\x1b", ""), "Spanish"]}
    job = {**FAMILIES, "calendar": {"year": 2026}, "filter": {"not": {"any": [leaf, leaf]}}}
    try:
        text = told(explained(database, MOTHER, job), width=width)
    finally:
        database.fill(district())
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= width
    assert "\\u001b[31mish\\n" in "".join(text.split())


def test_a_tree_deeper_than_the_page_is_wide_leaves_room_for_words(database: TestDatabase) -> None:
    tree: dict[str, Any] = {"field": "person.language", "equals": "Spanish"}
    for _ in range(50):
        tree = {"not": tree}
    lines = told(explained(database, STUDENT, {**FAMILIES, "mode": "students", "filter": tree}), width=100).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.endswith('✓ person.language equals "Spanish": found') for line in lines)


def test_colour_marks_what_holds_and_what_does_not(database: TestDatabase) -> None:
    explanation = explained(database, MOTHER, FAMILIES)
    coloured = told(explanation, colour=True)
    assert "\x1b[32m✓\x1b[0m" in coloured
    assert "\x1b[31m✗\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == told(explanation)


def test_an_unknown_person_and_an_unknown_calendar_stop_it(database: TestDatabase) -> None:
    with pytest.raises(Stopped) as stopped:
        explained(database, 404, FAMILIES)
    assert [problem.code for problem in stopped.value.problems] == ["unknown-person"]
    with pytest.raises(Stopped) as stopped:
        explained(database, MOTHER, {**FAMILIES, "calendar": {"year": 1999}})
    assert [problem.code for problem in stopped.value.problems] == ["unknown-calendar"]


def test_nothing_is_written_and_nothing_of_the_runners_own_is_read(database: TestDatabase) -> None:
    statements: list[str] = []
    backend = database.database.backend
    engine = database.database.create_reader()
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        backend.begin_dry_run(connection)
        inquiry = begin_inquiry(connection, backend, database.job(FAMILIES), DAY, lambda: False)
        explain_person(inquiry, MOTHER)
    asked = [each for each in statements if not each.startswith("BEGIN")]
    assert asked
    assert all(each.startswith(("SELECT", "WITH")) for each in asked)
    assert not [each for each in asked if re.search(r"\brunner_(run|change|lock|meta)\b", each)]


def command(database: TestDatabase, *arguments: str) -> list[str]:
    database.job(FAMILIES)
    url = f"sqlite:///{database.folder}/district.db"
    return ["explain", str(database.folder / "job.yaml"), "--database", url, "--as-of", str(DAY), *arguments]


def test_the_command_prints_text_or_json_or_writes_a_file(
    database: TestDatabase,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert execute(command(database, "--person", "2")) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("test  person 2\n")
    assert execute(command(database, "--person", "2", "--format", "json")) == 0
    assert json.loads(capsys.readouterr().out)["in_scope"] is True
    assert execute(command(database, "--person", "2", "--output", str(tmp_path / "why.txt"))) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "why.txt").read_text("utf-8") == printed


def test_the_command_ends_with_3_where_nobody_has_the_id(
    database: TestDatabase,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(command(database, "--person", "404")) == 3
    assert capsys.readouterr().err == (
        "unknown-person: the district has no person 404\n"
        "  hint: `--person` takes the `person_id` of the table `person`\n"
    )
    assert execute(command(database, "--person", "somebody")) == 64


def test_a_channel_that_a_districts_own_table_has_besides_is_left_alone(database: TestDatabase) -> None:
    file = str(database.folder / "district.db")
    with closing(sqlite3.connect(file)) as direct:
        direct.execute("pragma ignore_check_constraints=on")
        direct.execute("update contact_point set channel = 'pager' where contact_point_id = 14")
        direct.commit()
    try:
        found = explained(database, MOTHER, FAMILIES).points
    finally:
        database.fill(district())
    assert [point.contact_point_id for point in found] == [1, 15, 10, 11, 12, 13]


GRAND_BEND = {
    "changed": (778160, True, {2703: {"attendance": "changed"}, 844: {"attendance": "already", "general": "changed"}}),
    "kept": (777844, True, {2826: {"attendance": "kept"}}),
    "out of scope because of `not`, and a bystander": (777860, False, {2940: {"attendance": "changed"}}),
}


@pytest.fixture(scope="module")
def grand_bend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with Grand Bend as a database, and the job that the documents explain."""
    folder = tmp_path_factory.mktemp("grand-bend")
    [job] = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/explain.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (folder / "job.yaml").write_text(job, encoding="utf-8")
    url = f"sqlite:///{folder}/district.db"
    assert execute(["init", "--database", url]) == 0
    assert execute(["load", str(ROOT / "tests/data/grand-bend"), "--database", url]) == 0
    return folder


@pytest.mark.parametrize(("person_id", "in_scope", "outcomes"), GRAND_BEND.values(), ids=GRAND_BEND)
def test_people_of_grand_bend(
    grand_bend: Path,
    capsys: pytest.CaptureFixture[str],
    person_id: int,
    in_scope: bool,  # noqa: FBT001 - a value of the case
    outcomes: dict[int, dict[str, str]],
) -> None:
    url = f"sqlite:///{grand_bend}/district.db"
    asked = ["explain", str(grand_bend / "job.yaml"), "--as-of", "2022-10-01", "--database", url]
    capsys.readouterr()
    assert execute([*asked, "--person", str(person_id), "--format", "json"]) == 0
    told_of = json.loads(capsys.readouterr().out)
    assert told_of["in_scope"] is in_scope
    assert outcomes == {
        point["contact_point_id"]: {reason: cell["outcome"] for reason, cell in point["cells"].items()}
        for point in told_of["contact_points"]
        if point["cells"]
    }
