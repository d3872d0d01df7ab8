"""What explain says of every person of any district is what the second implementation says, and what a run does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from runner.execute.explain import begin_inquiry, explain_person
from runner.values.explanation import Outcome
from runner.values.problems import Stopped
from runner.values.result import Status
from tests import second_implementation as second
from tests.district import TestDatabase, make
from tests.servers import BACKENDS, scratch
from tests.strategies import as_ofs, districts, jobs, pass_through_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from runner.values.explanation import Explanation, NodeVerdict, PointVerdict
    from runner.values.job import Job
    from tests.strategies import District

EXAMPLES = {"sqlite": 64, "postgresql": 16, "mariadb": 16}
"""How many districts are made for each database, of which those are tried where a run changes something; and some of
the others. RUNNER_TEST_EXAMPLES says another number."""
ONE_OF_THE_DULL = 20

Cell = tuple[int, str]


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("explain")
    with scratch(request.param, folder, hurried=True) as url:
        yield make(url, folder)


def test_every_person_is_explained_as_the_run_treats_them(database: TestDatabase) -> None:
    @seed(4)
    @settings(
        max_examples=int(os.environ.get("RUNNER_TEST_EXAMPLES", EXAMPLES[database.database.backend.NAME])),
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to make an example smaller takes minutes: do that by hand, where one fails
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data(), district=districts(), as_of=as_ofs())
    def every(data: st.DataObject, district: District, as_of: date) -> None:
        job = data.draw(jobs(district, pass_through=True))
        expected = second.run(district, job, as_of, pass_through_ids(district, as_of))
        telling = bool(expected.changes) and len(expected.people) < len(district["person"])
        tried[telling] += 1
        if telling or tried[telling] % ONE_OF_THE_DULL == 0:
            agree(database, district, job, as_of, expected)

    tried = {True: 0, False: 0}
    every()
    assert tried[True] > sum(tried.values()) / 10


def agree(
    database: TestDatabase,
    district: District,
    job: dict[str, Any],
    as_of: date,
    expected: second.Outcome,
) -> None:
    """Explain every person, compare with the second implementation, then run the job and compare with its changes."""
    database.fill(district)
    loaded = database.job(job)
    ids = [int(str(row["person_id"])) for row in district["person"]]
    if expected.unmatched_calendars:
        with pytest.raises(Stopped):
            every_explanation(database, loaded, ids, as_of)
        return
    told = every_explanation(database, loaded, ids, as_of)
    assert {person_id for person_id in told if told[person_id].verdict.in_scope} == expected.people
    changed: set[Cell] = set()
    for person_id, explanation in told.items():
        reasons_hold_together(explanation)
        theirs = points_of(district, person_id)
        assert [point.contact_point_id for point in explanation.points] == theirs
        for point in explanation.points:
            assert cells(point) == cells_expected(district, job, point.contact_point_id, expected.people, as_of)
            changed |= {
                (point.contact_point_id, cell.reason) for cell in point.cells if cell.outcome is Outcome.CHANGED
            }
        bystanders = {point.household_id for point in explanation.points if explanation.bystander(point)}
        assert bool(bystanders) == (person_id in bystanders_expected(district, expected, as_of))

    done = database.run(loaded, as_of)
    if done.status is Status.APPLIED:
        assert done.run is not None
        assert done.run.number is not None
        assert changed == {
            (contact_point_id, reason)
            for contact_point_id, _, before, after in database.changes(done.run.number)
            for reason, bit in second.BITS.items()
            if (before ^ after) & bit
        }


def every_explanation(database: TestDatabase, job: Job, ids: list[int], as_of: date) -> dict[int, Explanation]:
    backend = database.database.backend
    with database.database.create_reader().connect() as connection:
        backend.begin_dry_run(connection)
        inquiry = begin_inquiry(connection, backend, job, as_of, lambda: False)
        return {person_id: explain_person(inquiry, person_id) for person_id in ids}


def points_of(district: District, person_id: int) -> list[int]:
    homes = {row["household_id"] for row in district["household_member"] if row["person_id"] == person_id}
    rows: list[Any] = [
        row
        for row in district["contact_point"]
        if row["person_id"] == person_id or (row["household_id"] is not None and row["household_id"] in homes)
    ]
    rows.sort(key=lambda row: (second.CHANNELS.index(row["channel"]), row["contact_point_id"]))
    return [row["contact_point_id"] for row in rows]


def cells(point: PointVerdict) -> dict[str, tuple[str, bool]]:
    assert all(bool(cell.why) == (cell.outcome is Outcome.NOT_ELIGIBLE) for cell in point.cells)
    return {cell.reason: (cell.outcome, cell.before) for cell in point.cells}


def cells_expected(
    district: District,
    job: dict[str, Any],
    contact_point_id: int,
    people: frozenset[int],
    as_of: date,
) -> dict[str, tuple[str, bool]]:
    [point] = [row for row in district["contact_point"] if row["contact_point_id"] == contact_point_id]
    expected = {}
    for (channel, reason), setting in second.settings_of(job).items():
        if channel == point["channel"]:
            eligible = second.is_eligible(district, point, (channel, reason), people, as_of)
            outcome = outcome_expected(job, point, reason, setting) if eligible else "not_eligible"
            expected[reason] = (outcome, bool(point[reason]))
    return expected


def outcome_expected(job: dict[str, Any], point: dict[str, object], reason: str, setting: str) -> str:
    if point[reason] == (setting == "on"):
        return "already"
    return "kept" if point["custom"] and job.get("custom_selections", "keep") == "keep" else "changed"


def bystanders_expected(district: District, expected: second.Outcome, as_of: date) -> set[int]:
    return second.people_beside(district, expected.people, expected.changes, as_of)


def reasons_hold_together(explanation: Explanation) -> None:
    """Check that every chain is what its links are, that the filter is what its nodes are, and so is the verdict."""
    for student in (*explanation.students, *([explanation.own] if explanation.own else [])):
        for enrollment in student.enrollments:
            assert enrollment.holds == (
                all(check.holds for check in enrollment.checks)
                and (enrollment.filter is None or enrollment.filter.holds)
            )
            if enrollment.filter is not None:
                nodes_hold_together(enrollment.filter)
        for relationship in student.relationships:
            assert relationship.holds == all(check.holds for check in relationship.checks)
    for assignment in explanation.assignments:
        assert assignment.filter is not None
        assert assignment.holds == (all(check.holds for check in assignment.checks) and assignment.filter.holds)
        nodes_hold_together(assignment.filter)
    ways = {
        "student_contacts": any(student.selected and student.related for student in explanation.students),
        "students": any(student.selected for student in explanation.students),
        "census_staff": any(assignment.holds for assignment in explanation.assignments),
    }
    assert explanation.verdict.in_scope == ways[str(explanation.job.mode)]


def nodes_hold_together(verdict: NodeVerdict) -> None:
    below = [node.holds for node in verdict.nodes]
    kind = type(verdict.node).__name__
    if below:
        assert verdict.holds == {"All": all(below), "Any": any(below), "Not": not below[0]}[kind]
    for node in verdict.nodes:
        nodes_hold_together(node)
