"""What a job that is right comes out as: every key of SPEC 3, its defaults, its filter, its files."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from runner.read.jobs import load
from runner.values.job import (
    All,
    Any,
    CalendarEntry,
    Job,
    Limits,
    Not,
    PassThrough,
    People,
    Query,
    ReadFile,
)
from runner.values.problems import Position
from runner.values.vocabulary import (
    FIELDS,
    Channel,
    CustomSelections,
    Enrollments,
    Field,
    Mode,
    Operator,
    Reason,
)

EXAMPLE = """\
# yaml-language-server: $schema=../schemas/job.schema.json
version: 1
name: fall-attendance
description: Every family hears about absences by phone and e-mail from the first day of school.
mode: student_contacts
calendar: {school: Arthur Elementary, year: 2026}
grades: ["03", "04"]
enrollment: active
filter:
  all:
    - {field: person.language, equals: Spanish}
    - not: {field: enrollment.service_type, in: [S, N]}
preferences:
  household_phone: {emergency: on, attendance: on}
  email: {attendance: on, general: off, teacher: no_change}
guardians_only: false
custom_selections: keep
allow_empty: false
limits: {people: 5000, changed: 25%, custom: 0, lost: 0}
"""
SMALL = """\
version: 1
name: fall
mode: students
calendar: {year: current}
preferences: {email: {general: on}}
"""
STAFF = """\
version: 1
name: staff
mode: census_staff
preferences: {email: {general: on}}
"""


def at(line: int, column: int, file: str = "fall.yaml") -> Position:
    return Position(file, line, column)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, **files: str) -> Job:
    Path("fall.yaml").write_text(text, encoding="utf-8", newline="")
    for name, content in files.items():
        Path(name.replace("__", "/")).parent.mkdir(exist_ok=True)
        Path(name.replace("__", "/").replace("_csv", ".csv").replace("_yaml", ".yaml")).write_text(content, "utf-8")
    return load(Path("fall.yaml"))


def filter_of(node: str) -> object:
    return written(f"{SMALL}filter: {node}\n").filter


def test_the_example_of_the_specification() -> None:
    job = written(EXAMPLE)
    content_hash = hashlib.sha256(EXAMPLE.encode()).hexdigest()
    assert job == Job(
        name="fall-attendance",
        description="Every family hears about absences by phone and e-mail from the first day of school.",
        mode=Mode.STUDENT_CONTACTS,
        calendars=(CalendarEntry("Arthur Elementary", 2026, None, at(6, 11)),),
        grades=("03", "04"),
        enrollment=Enrollments.ACTIVE,
        filter=All(
            (
                Query(FIELDS["person.language"], Operator.EQUALS, ("Spanish",), at(11, 7)),
                Not(Query(FIELDS["enrollment.service_type"], Operator.IN, ("S", "N"), at(12, 12)), at(12, 7)),
            ),
            at(10, 3),
        ),
        preferences={
            Channel.HOUSEHOLD_PHONE: {Reason.EMERGENCY: True, Reason.ATTENDANCE: True},
            Channel.EMAIL: {Reason.ATTENDANCE: True, Reason.GENERAL: False},
        },
        guardians_only=False,
        custom_selections=CustomSelections.KEEP,
        allow_empty=False,
        limits=Limits(people=5000, changed_percent=Decimal(25), custom=0, lost=0),
        file="fall.yaml",
        sha256=job.sha256,
        files=(ReadFile("fall.yaml", content_hash, EXAMPLE),),
        places=job.places,
    )
    assert job.places["filter"] == at(9, 1)
    assert job.places["limits.changed"] == at(19, 24)
    assert job.places["preferences.email.teacher"] == at(15, 41)


def test_defaults() -> None:
    job = written(SMALL)
    assert (job.description, job.grades, job.filter, job.limits) == (None, None, None, Limits())
    assert (job.enrollment, job.custom_selections) == (Enrollments.ACTIVE, CustomSelections.KEEP)
    assert not job.guardians_only
    assert not job.allow_empty
    assert job.calendars == (CalendarEntry(None, "current", None, at(4, 11)),)


def test_preferences_come_in_the_order_of_the_vocabulary_without_what_is_no_change() -> None:
    cells = "{email: {general: off, emergency: on}, home_phone: {staff: no_change}, household_phone: {priority: on}}"
    job = written(SMALL.replace("{email: {general: on}}", cells))
    assert [(channel, list(reasons.items())) for channel, reasons in job.preferences.items()] == [
        (Channel.HOUSEHOLD_PHONE, [(Reason.PRIORITY, True)]),
        (Channel.EMAIL, [(Reason.EMERGENCY, True), (Reason.GENERAL, False)]),
    ]


def test_several_calendars() -> None:
    job = written(SMALL.replace("{year: current}", "\n  - {school: '0123', year: 2026}\n  - {name: Summer}"))
    assert job.calendars == (
        CalendarEntry("0123", 2026, None, at(5, 5)),
        CalendarEntry(None, None, "Summer", at(6, 5)),
    )


def test_census_staff_needs_no_calendar() -> None:
    job = written(STAFF + "filter: {people: [7, -1, 9223372036854775807]}\n")
    assert job.calendars == ()
    assert job.filter == People((7, -1, 2**63 - 1), at(5, 9))


@pytest.mark.parametrize(
    ("written_as", "limits"),
    [
        ("changed: 0", Limits(changed=0)),
        ("changed: 0%", Limits(changed_percent=Decimal(0))),
        ("changed: 100.00%", Limits(changed_percent=Decimal("100.00"))),
        ("changed: 0.1%", Limits(changed_percent=Decimal("0.1"))),
        ("lost: 012", Limits(lost=12)),
    ],
)
def test_limits(written_as: str, limits: Limits) -> None:
    assert written(f"{SMALL}limits: {{{written_as}}}\n").limits == limits


@pytest.mark.parametrize(
    ("leaf", "operator", "values"),
    [
        ("person.birth_date, between: [2010-07-01, '2011-06-30']", "between", (date(2010, 7, 1), date(2011, 6, 30))),
        ("person.birth_date, is_null: true", "is_null", (True,)),
        ("person.person_id, not_in: [1, 0x10]", "not_in", (1, 16)),
        ("person.language, starts_with: '%_'", "starts_with", ("%_",)),
        ("person.first_name, equals: on", "equals", ("on",)),
        ("person.first_name, equals: 2010-07-01", "equals", ("2010-07-01",)),
        ("enrollment.grade, in: ['03', KG]", "in", ("03", "KG")),
    ],
)
def test_queries(leaf: str, operator: str, values: tuple[object, ...]) -> None:
    name = leaf.partition(",")[0]
    node = filter_of(f"{{field: {leaf}}}")
    assert isinstance(node, Query)
    assert (node.field, node.operator, node.values) == (FIELDS[name], operator, values)


@pytest.mark.parametrize(
    ("field", "operator"),
    [(field, operator) for field in FIELDS.values() for operator in field.operators],
    ids=lambda value: value.name if isinstance(value, Field) else str(value),
)
def test_every_field_takes_every_operator_that_it_names(field: Field, operator: Operator) -> None:
    value = {"date": "2010-07-01", "id": "1"}.get(field.kind, "a")
    values = {"between": f"[{value}, {value}]", "in": f"[{value}]", "not_in": f"[{value}]", "is_null": "false"}
    job = STAFF if Mode.CENSUS_STAFF in field.modes else SMALL
    node = written(f"{job}filter: {{field: {field.name}, {operator}: {values.get(operator, value)}}}\n").filter
    assert isinstance(node, Query)
    assert (node.field, node.operator) == (field, operator)


def test_any_of_pass_through_and_selection() -> None:
    node = filter_of("\n  any:\n    - sql: select 1 where '12:30' < :as_of\n    - people: [1]")
    assert node == Any(
        (
            PassThrough("select 1 where '12:30' < :as_of", r"select 1 where '12\:30' < :as_of", at(8, 12)),
            People((1,), at(9, 7)),
        ),
        at(7, 3),
    )


def test_a_people_file_is_hashed_and_not_kept() -> None:
    ids = '\ufeffperson_id\r\n 7 \r\n\r\n"8"\r\n'
    job = written(SMALL + "filter: {people_file: ids.csv}\n", ids_csv=ids)
    assert job.filter == People((7, 8), at(6, 23))
    assert [(read.path, read.text is None) for read in job.files] == [("fall.yaml", False), ("ids.csv", True)]


def test_a_people_file_may_be_empty_below_its_header() -> None:
    assert written(SMALL + "filter: {people_file: ids.csv}\n", ids_csv="person_id\n").filter == People((), at(6, 23))


def test_a_filter_file_is_part_of_the_job_and_its_paths_begin_at_the_job() -> None:
    tree = "# juniors\nnot: {people_file: ids.csv}\n"
    job = written(SMALL + "filter: filters/juniors.yaml\n", filters__juniors_yaml=tree, ids_csv="person_id\n7\n")
    file = "filters/juniors.yaml"
    assert job.filter == Not(People((7,), at(2, 20, file)), at(2, 1, file))
    assert [read.path for read in job.files] == ["fall.yaml", "filters/juniors.yaml", "ids.csv"]
    assert job.files[1].text == tree


def test_the_hash_covers_every_file_by_name_and_content() -> None:
    by_filter = {"filters__juniors_yaml": "people_file: ids.csv\n", "ids_csv": "person_id\n7\n"}
    job = SMALL + "filter: filters/juniors.yaml\n"
    first = written(job, **by_filter).sha256
    assert written(job, **by_filter).sha256 == first
    assert written(job, **by_filter | {"ids_csv": "person_id\n8\n"}).sha256 != first
    assert written(job, **by_filter | {"filters__juniors_yaml": "people_file: ids.csv #\n"}).sha256 != first
    assert written(job + "# reviewed\n", **by_filter).sha256 != first
    Path("fall.yaml").rename("spring.yaml")
    assert load(Path("spring.yaml")).sha256 != first
