"""runner explain: for every reason a person, whose reason it is, in a district small enough to work it out by hand."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event

from runner.cli.app import execute
from runner.execute.explain import begin_inquiry, explain_person
from runner.report.explanation import render_explanation as render_text
from runner.report.explanation_json import render_explanation as render_json
from runner.values.explanation import Address, Outcome, Why, decisive
from runner.values.problems import Stopped
from runner.values.vocabulary import Channel, Reason, Rule
from tests.district import TestDatabase, make

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.values.explanation import CellVerdict, Explanation, NodeVerdict, PointVerdict

ROOT = Path(__file__).parent.parent
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas/explanation.schema.json").read_text("utf-8"))
DAY = date(2025, 9, 2)
EARLIER = date(2025, 6, 30)
REASONS = [reason.value for reason in Reason]
HOSTILE = "Span\x1b[31mish\n" + "x" * 200

STUDENT, MOTHER, FATHER, GRANDMOTHER, AUNT = 1, 2, 3, 4, 5
PART_TIME, HER_CONTACT = 6, 7
NO_SHOW, ELSEWHERE, LEFT, OLDER, NEVER, SILENT, FUTURE = 8, 10, 12, 14, 20, 22, 24
TEACHER, FORMER_TEACHER, OTHER_TEACHER, NOBODY = 16, 17, 18, 19


def contact(student: int) -> int:
    """Return the one contact of a student other than the first."""
    return student + 1


def table(columns: str, *rows: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


def person(person_id: int, language: str | None = "Spanish") -> tuple[object, ...]:
    return (person_id, "Zebedee", "Quux", language)


def point(
    contact_point_id: int,
    owner: int,
    channel: str,
    *,
    on: Iterable[str] = (),
    address: str | None = "555-0100",
    custom: bool = False,
) -> dict[str, object]:
    shared = channel == "household_phone"
    return {
        "contact_point_id": contact_point_id,
        "person_id": None if shared else owner,
        "household_id": owner if shared else None,
        "channel": channel,
        "address": address,
        **{reason: reason in on for reason in REASONS},
        "custom": custom,
    }


def district() -> dict[str, list[dict[str, object]]]:
    enrolled = "enrollment_id person_id calendar_id grade service_type start_date end_date no_show"
    related = "relationship_id student_id contact_id name guardian messenger start_date end_date"
    others = (PART_TIME, NO_SHOW, ELSEWHERE, LEFT, OLDER, NEVER, SILENT, FUTURE)
    return {
        "school": table("school_id number name", (1, "001", "Lincoln"), (2, "002", "Elsewhere")),
        "calendar": table("calendar_id school_id name end_year", (1, 1, "Main", 2026), (2, 2, "Other", 2026)),
        "person": table(
            "person_id first_name last_name language",
            *(person(each) for each in range(1, 28) if each != SILENT),
            person(SILENT, None),
        ),
        "enrollment": table(
            enrolled,
            (1, STUDENT, 1, "03", "P", date(2025, 8, 25), None, False),
            (2, STUDENT, 2, "02", "P", date(2024, 8, 25), EARLIER, False),
            (3, PART_TIME, 1, "03", "S", None, None, False),
            (4, NO_SHOW, 1, "03", "P", None, None, True),
            (5, ELSEWHERE, 2, "03", "P", None, None, False),
            (6, LEFT, 1, "03", "P", None, EARLIER, False),
            (7, OLDER, 1, "05", "P", None, None, False),
            (8, SILENT, 1, "03", "P", None, None, False),
            (9, FUTURE, 1, "03", "P", date(2025, 10, 1), None, None),
        ),
        "relationship": table(
            related,
            (1, STUDENT, MOTHER, "Mother", True, True, None, None),
            (2, STUDENT, FATHER, "Father", True, False, None, None),
            (3, STUDENT, GRANDMOTHER, "Grandmother", None, True, None, None),
            (4, STUDENT, AUNT, "Aunt", True, True, None, EARLIER),
            *((10 + student, student, contact(student), "Mother", True, True, None, None) for student in others),
        ),
        "household": table("household_id name", (1, "Quux"), (2, "Staff")),
        "household_member": table(
            "household_member_id household_id person_id secondary start_date end_date",
            (1, 1, STUDENT, False, None, None),
            (2, 1, MOTHER, False, None, None),
            (3, 1, FATHER, True, date(2020, 1, 1), None),
            (4, 1, GRANDMOTHER, False, None, EARLIER),
            (5, 2, GRANDMOTHER, False, date(2020, 1, 1), EARLIER),
            (6, 2, TEACHER, False, None, None),
        ),
        "district_assignment": table(
            "assignment_id person_id school_id title start_date end_date",
            (1, TEACHER, 1, "Teacher", None, None),
            (2, FORMER_TEACHER, 1, "Teacher", None, EARLIER),
            (3, OTHER_TEACHER, 2, None, None, None),
        ),
        "contact_point": [
            point(1, 1, "household_phone"),
            point(2, 2, "household_phone"),
            point(10, MOTHER, "email", on=("attendance",)),
            point(11, MOTHER, "email", address=None),
            point(12, MOTHER, "email", address=" \t"),
            point(13, MOTHER, "email", custom=True, on=("general",)),
            point(14, MOTHER, "work_phone"),
            point(15, MOTHER, "cell_phone"),
            point(16, FATHER, "email"),
            point(17, TEACHER, "cell_phone"),
        ],
    }


FAMILIES: dict[str, Any] = {
    "mode": "student_contacts",
    "calendar": {"school": "lincoln", "year": "current"},
    "grades": ["03"],
    "filter": {
        "all": [
            {"any": [{"field": "person.language", "equals": "spanish"}, {"people": [99_999]}]},
            {"not": {"field": "enrollment.service_type", "in": ["S", "N"]}},
        ],
    },
    "preferences": {
        "household_phone": {"attendance": "on"},
        "email": {"attendance": "on", "general": "off"},
        "cell_phone": {"staff": "on"},
    },
}
STAFF: dict[str, Any] = {
    "mode": "census_staff",
    "calendar": {"school": "001"},
    "filter": {"field": "assignment.school", "in": ["lincoln", "elsewhere"]},
    "preferences": {"cell_phone": {"staff": "on"}, "household_phone": {"staff": "on"}},
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> TestDatabase:
    folder = tmp_path_factory.mktemp("explain")
    made = make(f"sqlite:///{folder}/district.db", folder)
    made.fill(district())
    return made


def explained(database: TestDatabase, person_id: int, job: dict[str, Any], as_of: date = DAY) -> Explanation:
    backend = database.database.backend
    with database.database.create_reader().connect() as connection:
        backend.begin_dry_run(connection)
        inquiry = begin_inquiry(connection, backend, database.job(job), as_of, lambda: False)
        return explain_person(inquiry, person_id)


def told(explanation: Explanation, *, width: int = 80, colour: bool = False) -> str:
    return render_text(explanation, width=width, colour=colour)


def first_lines(explanation: Explanation) -> str:
    """Return the verdict as the text has it, on one line and without its place."""
    verdict = told(explanation, width=400).splitlines()[3]
    return re.sub(r"  +\S+:\d+$", "", verdict)


def points(explanation: Explanation) -> dict[int, PointVerdict]:
    return {each.contact_point_id: each for each in explanation.points}


def cell(explanation: Explanation, contact_point_id: int, reason: Reason) -> CellVerdict:
    [found] = [each for each in points(explanation)[contact_point_id].cells if each.reason is reason]
    return found


VERDICTS = {
    "a messenger contact": (MOTHER, {}, Rule.RELATED, "✓ in scope: a messenger contact of student 1, who is selected"),
    "no messenger contact": (
        FATHER,
        {},
        Rule.MESSENGER,
        "✗ out of scope: person 3 is no messenger contact of student 1",
    ),
    "no guardian": (
        GRANDMOTHER,
        {"guardians_only": True},
        Rule.GUARDIAN,
        "✗ out of scope: person 4 is no guardian of student 1, and the job is about guardians only",
    ),
    "a relationship that ended": (
        AUNT,
        {},
        Rule.CURRENT,
        "✗ out of scope: the relationship of person 5 to student 1 is not active on 2025-09-02",
    ),
    "a `not`": (
        HER_CONTACT,
        {},
        Rule.FILTER,
        (
            "✗ out of scope: the filter leaves student 6 out: `not` is false, for this holds: "
            'enrollment.service_type in ["S", "N"]: found "S"'
        ),
    ),
    "an `any`": (
        contact(SILENT),
        {},
        Rule.FILTER,
        "✗ out of scope: the filter leaves student 22 out: nothing in `any` holds",
    ),
    "a missing value": (
        contact(SILENT),
        {"filter": {"field": "person.language", "not_equals": "spanish"}},
        Rule.FILTER,
        (
            "✗ out of scope: the filter leaves student 22 out: "
            'person.language not_equals "spanish": found nothing, so false'
        ),
    ),
    "is_null": (
        MOTHER,
        {"filter": {"not": {"field": "person.language", "is_null": False}}},
        Rule.FILTER,
        (
            "✗ out of scope: the filter leaves student 1 out: `not` is false, for this holds: "
            'person.language is_null false: found "Spanish"'
        ),
    ),
    "a `not` of all": (
        MOTHER,
        {"filter": {"not": {"all": [{"people": [1]}, {"people": [1, 2]}]}}},
        Rule.FILTER,
        "✗ out of scope: the filter leaves student 1 out: `not` is false, for this holds: everything in `all`",
    ),
    "a `not` of `not`": (
        MOTHER,
        {"filter": {"not": {"not": {"people": [2, 3]}}}},
        Rule.FILTER,
        (
            "✗ out of scope: the filter leaves student 1 out: `not` is false, for this holds: "
            "not: people: none of the 2 ids listed"
        ),
    ),
    "a person not selected": (
        MOTHER,
        {"filter": {"people": [2]}},
        Rule.FILTER,
        "✗ out of scope: the filter leaves student 1 out: people: none of the 1 id listed",
    ),
    "a SELECT": (
        MOTHER,
        {"filter": {"sql": "select person_id from person where person_id > 1"}},
        Rule.FILTER,
        "✗ out of scope: the filter leaves student 1 out: sql: none of the people that this SELECT finds",
    ),
    "a no-show": (contact(NO_SHOW), {}, Rule.ATTENDS, "✗ out of scope: the enrollment of student 8 is a no-show"),
    "another calendar": (
        contact(ELSEWHERE),
        {},
        Rule.CALENDAR,
        "✗ out of scope: student 10 has no enrollment in the calendars of the job",
    ),
    "an enrollment that ended": (
        contact(LEFT),
        {},
        Rule.ACTIVE,
        "✗ out of scope: the enrollment of student 12 is not active on 2025-09-02",
    ),
    "an enrollment that ended, where it must not have": (
        contact(LEFT),
        {"enrollment": "not_ended"},
        Rule.NOT_ENDED,
        "✗ out of scope: the enrollment of student 12 has ended before 2025-09-02",
    ),
    "an enrollment that ended, where it may have": (
        contact(LEFT),
        {"enrollment": "any"},
        Rule.RELATED,
        "✓ in scope: a messenger contact of student 12, who is selected",
    ),
    "an enrollment that has not begun": (
        contact(FUTURE),
        {},
        Rule.ACTIVE,
        "✗ out of scope: the enrollment of student 24 is not active on 2025-09-02",
    ),
    "another grade": (contact(OLDER), {}, Rule.GRADES, "✗ out of scope: the grade of student 14 is none of the job's"),
    "no enrollment": (contact(NEVER), {}, Rule.ENROLLED, "✗ out of scope: student 20 has no enrollment"),
    "a student": (STUDENT, {}, Rule.RELATED, "✗ out of scope: person 1 is no student's contact"),
    "staff": (TEACHER, {}, Rule.RELATED, "✗ out of scope: person 16 is no student's contact"),
    "a student in their own right": (
        STUDENT,
        {"mode": "students"},
        Rule.ENROLLED,
        "✓ in scope: a student with an enrollment that is selected",
    ),
    "a student left out": (
        OLDER,
        {"mode": "students"},
        Rule.GRADES,
        "✗ out of scope: the grade of person 14 is none of the job's",
    ),
    "a contact, where students are meant": (
        MOTHER,
        {"mode": "students"},
        Rule.ENROLLED,
        "✗ out of scope: person 2 has no enrollment",
    ),
    "staff, where staff is meant": (
        TEACHER,
        STAFF,
        Rule.ASSIGNED,
        "✓ in scope: somebody with a district assignment that is selected",
    ),
    "an assignment that ended": (
        FORMER_TEACHER,
        STAFF,
        Rule.CURRENT,
        "✗ out of scope: the district assignment of person 17 is not active on 2025-09-02",
    ),
    "an assignment elsewhere": (
        OTHER_TEACHER,
        STAFF,
        Rule.SCHOOLS,
        "✗ out of scope: the school that person 18 is assigned to has none of the job's calendars",
    ),
    "an assignment that the filter leaves out": (
        TEACHER,
        {**STAFF, "filter": {"field": "assignment.school", "equals": "002"}},
        Rule.FILTER,
        '✗ out of scope: the filter leaves person 16 out: assignment.school equals "002": found "Lincoln" and "001"',
    ),
    "no assignment": (MOTHER, STAFF, Rule.ASSIGNED, "✗ out of scope: person 2 has no district assignment"),
}


@pytest.mark.parametrize(("person_id", "changes", "rule", "words"), VERDICTS.values(), ids=VERDICTS)
def test_the_verdict_names_what_decides(
    database: TestDatabase,
    person_id: int,
    changes: dict[str, Any],
    rule: Rule,
    words: str,
) -> None:
    job = changes if "preferences" in changes else {**FAMILIES, **changes}
    explanation = explained(database, person_id, job)
    assert explanation.verdict.rule is rule
    assert first_lines(explanation) == words


def test_the_place_of_the_verdict_is_that_of_the_node_which_decides(database: TestDatabase) -> None:
    explanation = explained(database, HER_CONTACT, FAMILIES)
    text = (database.folder / "job.yaml").read_text("utf-8")
    place = explanation.verdict.place
    assert text[place.column - 1 :].startswith('{"not": {"field": "enrollment.service_type"')


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"all": [{"people": [1]}, {"people": [2]}, {"people": [3]}]}, [1]),
        ({"any": [{"all": [{"people": [1]}, {"people": [2]}]}]}, [0, 1]),
        ({"any": [{"people": [2]}, {"people": [3]}]}, []),
        ({"not": {"people": [1]}}, []),
        ({"not": {"all": [{"people": [1]}]}}, []),
        ({"any": [{"people": [2]}, {"people": [1]}]}, [1]),
        ({"all": [{"people": [1]}]}, [0]),
        ({"all": [{"people": [1]}, {"people": [1, 2]}]}, []),
    ],
)
def test_the_deepest_node_that_alone_decides_is_named(
    database: TestDatabase,
    tree: dict[str, Any],
    path: list[int],
) -> None:
    explanation = explained(database, STUDENT, {**FAMILIES, "mode": "students", "filter": tree})
    expected = filter_of(explanation)
    found = decisive(expected)
    for step in path:
        expected = expected.nodes[step]
    assert found == expected


def filter_of(explanation: Explanation) -> NodeVerdict:
    tree = explanation.students[0].enrollments[0].filter
    assert tree is not None
    return tree


def test_every_node_has_its_value_and_its_outcome(database: TestDatabase) -> None:
    tree = filter_of(explained(database, HER_CONTACT, FAMILIES))
    either, negated = tree.nodes
    assert [tree.holds, either.holds, negated.holds] == [False, True, False]
    assert [(node.holds, node.found) for node in (*either.nodes, *negated.nodes)] == [
        (True, ("Spanish",)),
        (False, ()),
        (True, ("S",)),
    ]


def test_a_missing_value_is_false_and_its_not_true(database: TestDatabase) -> None:
    leaf = {"field": "person.language", "not_equals": "spanish"}
    explanation = explained(database, SILENT, {**FAMILIES, "mode": "students", "filter": {"not": leaf}})
    tree = filter_of(explanation)
    assert (tree.holds, tree.nodes[0].holds, tree.nodes[0].found) == (True, False, (None,))
    assert explanation.verdict.in_scope


def test_dates_and_ids_are_shown_as_they_are_found(database: TestDatabase) -> None:
    tree = {
        "all": [
            {"field": "enrollment.start_date", "between": ["2025-08-01", "2025-08-31"]},
            {"field": "person.person_id", "in": [*range(100, 108), 1]},
        ],
    }
    text = told(explained(database, STUDENT, {**FAMILIES, "mode": "students", "filter": tree}), width=120)
    assert "✓ enrollment.start_date between [2025-08-01, 2025-08-31]: found 2025-08-25" in text
    assert "✓ person.person_id in [100, 101, 102, 103, 104, 105, … 3 more]: found 1" in text


def test_a_filter_of_very_many_nodes_is_explained_node_by_node(database: TestDatabase) -> None:
    tree = {"any": [{"field": "person.person_id", "in": [10 * number, 10 * number + 1]} for number in range(400)]}
    nodes = filter_of(explained(database, STUDENT, {**FAMILIES, "mode": "students", "filter": tree})).nodes
    assert [node.holds for node in nodes] == [True] + [False] * 399


def test_a_filter_as_deep_as_a_run_takes_it_is_explained(database: TestDatabase) -> None:
    tree: dict[str, Any] = {"people": [STUDENT]}
    for _ in range(12):
        tree = {"all": [{"any": [tree, {"people": [99]}]}, {"not": {"people": [99]}}]}
    job = {**FAMILIES, "mode": "students", "filter": tree}
    assert database.dry_run(database.job(job), DAY).errors == ()
    assert filter_of(explained(database, STUDENT, job)).holds


CELLS = {
    "already on": (MOTHER, 10, Reason.ATTENDANCE, Outcome.ALREADY, ()),
    "already off": (MOTHER, 10, Reason.GENERAL, Outcome.ALREADY, ()),
    "custom, kept": (MOTHER, 13, Reason.GENERAL, Outcome.KEPT, ()),
    "no address": (MOTHER, 11, Reason.ATTENDANCE, Outcome.NOT_ELIGIBLE, (Why.ADDRESS_MISSING,)),
    "a blank address": (MOTHER, 12, Reason.ATTENDANCE, Outcome.NOT_ELIGIBLE, (Why.ADDRESS_BLANK,)),
    "no assignment": (MOTHER, 15, Reason.STAFF, Outcome.NOT_ELIGIBLE, (Why.NO_ASSIGNMENT,)),
    "out of scope": (FATHER, 16, Reason.ATTENDANCE, Outcome.NOT_ELIGIBLE, (Why.OUT_OF_SCOPE,)),
    "out of scope, staff": (TEACHER, 17, Reason.STAFF, Outcome.NOT_ELIGIBLE, (Why.OUT_OF_SCOPE,)),
    "a household phone": (MOTHER, 1, Reason.ATTENDANCE, Outcome.CHANGED, ()),
    "a household phone, because of somebody else": (FATHER, 1, Reason.ATTENDANCE, Outcome.CHANGED, ()),
    "a household of nobody in scope": (
        TEACHER,
        2,
        Reason.ATTENDANCE,
        Outcome.NOT_ELIGIBLE,
        (Why.NO_MEMBER_IN_SCOPE,),
    ),
    "a household of old": (
        GRANDMOTHER,
        2,
        Reason.ATTENDANCE,
        Outcome.NOT_ELIGIBLE,
        (Why.NOT_A_MEMBER, Why.NO_MEMBER_IN_SCOPE),
    ),
}


@pytest.mark.parametrize(("person_id", "contact_point_id", "reason", "outcome", "why"), CELLS.values(), ids=CELLS)
def test_every_preference_has_its_outcome_and_its_reason(  # noqa: PLR0917 - as many values as a case has
    database: TestDatabase,
    person_id: int,
    contact_point_id: int,
    reason: Reason,
    outcome: Outcome,
    why: tuple[Why, ...],
) -> None:
    found = cell(explained(database, person_id, FAMILIES), contact_point_id, reason)
    assert (found.outcome, found.why) == (outcome, why)


def test_staff_are_eligible_for_messages_to_staff_and_their_household_is(database: TestDatabase) -> None:
    explanation = explained(database, TEACHER, STAFF)
    assert cell(explanation, 17, Reason.STAFF).outcome is Outcome.CHANGED
    assert cell(explanation, 2, Reason.STAFF).outcome is Outcome.CHANGED
    [assignment] = explanation.assignments
    assert assignment.filter is not None
    assert assignment.filter.found == ("Lincoln", "001")


def test_a_household_phone_without_staff_says_so(database: TestDatabase) -> None:
    job = {**FAMILIES, "preferences": {"household_phone": {"staff": "on"}}}
    explanation = explained(database, MOTHER, job)
    assert cell(explanation, 1, Reason.STAFF).why == (Why.NO_ASSIGNMENT,)
    assert "no active member of the household has a district assignment" in told(explanation, width=200)


def test_a_bystander_hears_because_of_whom(database: TestDatabase) -> None:
    explanation = explained(database, FATHER, FAMILIES)
    phone = points(explanation)[1]
    assert explanation.bystander(phone)
    assert phone.in_scope == (MOTHER,)
    text = told(explanation, width=120)
    assert "! person 3 is a bystander here: it changes because of person 2, in scope" in text


def test_who_is_in_scope_or_was_a_member_once_is_no_bystander(database: TestDatabase) -> None:
    mother, grandmother = (explained(database, each, FAMILIES) for each in (MOTHER, GRANDMOTHER))
    assert not mother.bystander(points(mother)[1])
    assert grandmother.verdict.in_scope
    job = {**FAMILIES, "guardians_only": True}
    grandmother = explained(database, GRANDMOTHER, job)
    assert not grandmother.verdict.in_scope
    assert points(grandmother)[1].changes
    assert not grandmother.bystander(points(grandmother)[1])
    assert "✗ membership 4: to 2025-06-30, not active on 2025-09-02" in told(grandmother)


def test_a_custom_contact_point_that_would_change_makes_the_job_refuse(database: TestDatabase) -> None:
    text = told(explained(database, MOTHER, {**FAMILIES, "custom_selections": "refuse"}), width=120)
    assert text.count("this change makes the job refuse the whole run: `custom_selections: refuse`") == 1
    kept = told(explained(database, MOTHER, {**FAMILIES, "custom_selections": "overwrite"}))
    assert "refuse" not in kept


def test_a_student_is_told_whose_preferences_the_job_sets(database: TestDatabase) -> None:
    explanation = explained(database, STUDENT, FAMILIES)
    assert explanation.own is not None
    assert explanation.own.selected
    assert [(each.contact_id, each.holds) for each in explanation.own.relationships] == [
        (MOTHER, True),
        (FATHER, False),
        (GRANDMOTHER, True),
        (AUNT, False),
    ]
    text = told(explanation)
    assert "Person 1 is a student: this mode sets the preferences of their contacts" in text
    assert "✓ relationship 1 to contact 2" in text


def test_a_contact_who_is_a_student_too_is_told_so(database: TestDatabase) -> None:
    rows = district()
    rows["relationship"].append({**rows["relationship"][0], "relationship_id": 99, "contact_id": OLDER})
    database.fill(rows)
    try:
        text = told(explained(database, OLDER, FAMILIES))
    finally:
        database.fill(district())
    assert "Person 14 is a student too: this mode sets the preferences of their contacts" in text
    assert "known as a student with 1 enrollment and 1 contact; a contact of 1 student" in " ".join(text.split())


def test_somebody_without_any_role_is_told_so(database: TestDatabase) -> None:
    text = told(explained(database, NOBODY, FAMILIES))
    assert "known as nobody in particular: no enrollment, contact or assignment" in text
    assert "- none: neither of their own, nor of a household of theirs" in text


def test_of_several_students_the_one_who_leads_to_scope_decides(database: TestDatabase) -> None:
    rows = district()
    rows["relationship"].append({**rows["relationship"][0], "relationship_id": 99, "contact_id": contact(NO_SHOW)})
    database.fill(rows)
    try:
        explanation = explained(database, contact(NO_SHOW), FAMILIES)
    finally:
        database.fill(district())
    assert explanation.verdict.in_scope
    assert explanation.verdict.student_id == STUDENT
    assert [student.student_id for student in explanation.students] == [STUDENT, NO_SHOW]


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
