"""runner explain: for every reason a person, whose reason it is, in a district small enough to work it out by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from runner.values.explanation import Outcome, Why, decisive
from runner.values.vocabulary import Reason, Rule
from tests.explained_district import (
    AUNT,
    DAY,
    ELSEWHERE,
    FAMILIES,
    FATHER,
    FORMER_TEACHER,
    FUTURE,
    GRANDMOTHER,
    HER_CONTACT,
    LEFT,
    MOTHER,
    NEVER,
    NO_SHOW,
    NOBODY,
    OLDER,
    OTHER_TEACHER,
    SILENT,
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
    from runner.values.explanation import CellVerdict, Explanation, NodeVerdict, PointVerdict
    from tests.district import TestDatabase


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> TestDatabase:
    return filled(tmp_path_factory.mktemp("explain"))


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
