"""What conflicts and diff count is what the second implementation says, on every database."""

from __future__ import annotations

import os
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from runner.execute.conflicts import find_conflicts
from runner.execute.difference import find_difference
from runner.execute.interrupts import Interrupts
from runner.read.opposites import opposites
from runner.values.problems import Stopped
from tests import second_implementation as second
from tests.district import TestDatabase, make
from tests.servers import BACKENDS, scratch
from tests.strategies import as_ofs, districts, jobs, pass_through_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from runner.values.conflicts import Conflicts
    from runner.values.difference import Difference
    from tests.strategies import District

    JobData = dict[str, Any]
    Ids = dict[str, set[int]]

EXAMPLES = {"sqlite": 40, "postgresql": 6, "mariadb": 6}
"""How many districts and jobs a check tries on each database; RUNNER_TEST_EXAMPLES says another number."""

MISSING = ("none", "none", "old", "new")
OPPOSITE = {"on": "off", "off": "on", "no_change": "on"}
RUNNING = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("comparisons")
    with scratch(request.param, folder, hurried=True) as url:
        yield make(url, folder)


def examples(database: TestDatabase) -> int:
    return int(os.environ.get("RUNNER_TEST_EXAMPLES", EXAMPLES[database.database.backend.NAME]))


@st.composite
def related(draw: st.DrawFn, district: District, number: int) -> list[JobData]:
    """Jobs of which each is one of its own, or the first with some of its keys those of another: so that they meet."""
    drawn = [draw(jobs(district, pass_through=True)) for _ in range(number)]
    if drawn[0]["mode"] != "census_staff" and draw(st.integers(0, 3)):  # most jobs of few people are about nobody
        drawn[0] = {key: value for key, value in drawn[0].items() if key not in {"filter", "grades"}}
    keys = ("grades", "enrollment", "guardians_only", "custom_selections", "preferences")
    for place in range(1, number):
        for key in draw(st.sets(st.sampled_from(keys))):
            if drawn[0]["mode"] != "census_staff" or key in {"custom_selections", "preferences"}:
                other = drawn[place]
                drawn[place] = {**drawn[0], **({key: other[key]} if key in other else {})}
        if drawn[place].get("guardians_only") and drawn[place]["mode"] != "student_contacts":
            del drawn[place]["guardians_only"]
        if draw(st.integers(0, 3)):
            drawn[place] = {**drawn[place], "preferences": turned(drawn[0]["preferences"])}
    return drawn


def turned(preferences: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {channel: {cell: OPPOSITE[value] for cell, value in row.items()} for channel, row in preferences.items()}


def test_conflicts_are_those_of_the_second_implementation(database: TestDatabase) -> None:
    @seed(1)
    @settings(RUNNING, max_examples=examples(database))
    @given(data=st.data(), district=districts(), as_of=as_ofs())
    def every(data: st.DataObject, district: District, as_of: date) -> None:
        drawn = data.draw(related(district, 3))
        database.fill(district)
        ids = pass_through_ids(district, as_of)
        loaded = [database.job(job) for job in drawn]
        try:
            found = find_conflicts(
                database.database, loaded, opposites(loaded), as_of, interrupts=Interrupts(), step=lambda _: None
            )
        except Stopped as stopped:
            assert_unknown_calendars(stopped, district, drawn, as_of, ids)
            return
        assert counted(found) == expected_conflicts(district, drawn, as_of, ids)

    every()


def assert_unknown_calendars(
    stopped: Stopped,
    district: District,
    drawn: list[JobData],
    as_of: date,
    ids: Ids,
) -> None:
    unmatched = sum(second.run(district, job, as_of, ids).unmatched_calendars for job in drawn)
    assert [problem.code for problem in stopped.problems] == ["unknown-calendar"] * unmatched


def counted(found: Conflicts) -> dict[tuple[int, int, str, str], tuple[int, int]]:
    """Give the counts of the conflicts that are not nothing, per pair and cell."""
    return {
        (
            conflict.opposite.first.job,
            conflict.opposite.second.job,
            conflict.opposite.channel.value,
            conflict.opposite.reason.value,
        ): (conflict.contact_points, conflict.kept)
        for conflict in found.conflicts
        if conflict.contact_points or conflict.kept
    }


def expected_conflicts(
    district: District,
    drawn: list[JobData],
    as_of: date,
    ids: Ids,
) -> dict[tuple[int, int, str, str], tuple[int, int]]:
    people = [second.people_in_scope(district, job, as_of, ids) for job in drawn]
    expected = {}
    for first, second_one in combinations(range(len(drawn)), 2):
        pair = drawn[first], drawn[second_one]
        one, other = (second.settings_of(job) for job in pair)
        for cell in one.keys() & other.keys():
            if one[cell] == other[cell]:
                continue
            both = [
                point
                for point in district["contact_point"]
                if second.is_eligible(district, point, cell, people[first], as_of)
                and second.is_eligible(district, point, cell, people[second_one], as_of)
            ]
            keeps = any(job.get("custom_selections", "keep") == "keep" for job in pair)
            kept = sum(1 for point in both if point["custom"] and keeps)
            if both:
                expected[first, second_one, *cell] = len(both) - kept, kept
    return expected


def test_a_difference_is_that_of_the_second_implementation(database: TestDatabase) -> None:
    @seed(2)
    @settings(RUNNING, max_examples=examples(database))
    @given(data=st.data(), district=districts(), as_of=as_ofs(), missing=st.sampled_from(MISSING))
    def every(data: st.DataObject, district: District, as_of: date, missing: str) -> None:
        database.fill(district)
        ids = pass_through_ids(district, as_of)
        pair: list[JobData | None] = [*data.draw(related(district, 2))]
        if missing != "none":
            pair[missing == "new"] = None
        there = [job for job in pair if job is not None]
        loaded = [None if job is None else database.job(job) for job in pair]
        try:
            found = find_difference(
                database.database, loaded[0], loaded[1], as_of, interrupts=Interrupts(), step=lambda _: None
            )
        except Stopped as stopped:
            assert_unknown_calendars(stopped, district, there, as_of, ids)
            return
        people = [set[int]() if job is None else second.people_in_scope(district, job, as_of, ids) for job in pair]
        assert (found.enter, found.leave) == (len(people[1] - people[0]), len(people[0] - people[1]))
        assert found.stay == len(people[0] & people[1])
        assert moved(found) == (
            by_school(district, pair[1], as_of, ids, people[1] - people[0]),
            by_school(district, pair[0], as_of, ids, people[0] - people[1]),
        )
        assert cells(found) == expected_cells(district, pair, as_of, ids)
        for side, job in zip((found.old, found.new), pair, strict=True):
            assert (side is None) is (job is None)
            if side is not None and job is not None:
                outcome = second.run(district, job, as_of, ids)
                assert (side.tally.people, side.tally.changed) == (len(outcome.people), outcome.changed)
                assert (side.tally.fingerprint, side.tally.lost) == (outcome.fingerprint, outcome.lost)

    every()


def moved(found: Difference) -> tuple[dict[tuple[int, str | None], int], dict[tuple[int, str | None], int]]:
    enter = {(each.school_id, each.grade): each.enter for each in found.movements if each.enter}
    leave = {(each.school_id, each.grade): each.leave for each in found.movements if each.leave}
    return enter, leave


def by_school(
    district: District,
    job: JobData | None,
    as_of: date,
    ids: Ids,
    people: set[int],
) -> dict[tuple[int, str | None], int]:
    """Count people by what puts them in scope: each enrollment or assignment is tried as if it were the only one."""
    found: dict[tuple[Any, Any], set[int]] = {}
    if job is None:
        return {}
    table = "district_assignment" if job["mode"] == "census_staff" else "enrollment"
    schools = {calendar["calendar_id"]: calendar["school_id"] for calendar in district["calendar"]}
    for row in district[table]:
        alone = second.people_in_scope({**district, table: [row]}, job, as_of, ids)
        where = row["school_id"] if table == "district_assignment" else schools[row["calendar_id"]]
        found.setdefault((where, row.get("grade")), set()).update(alone & people)
    return {where: len(them) for where, them in found.items() if them}


def cells(found: Difference) -> dict[tuple[str, str], tuple[str, str, int, int, int]]:
    told = {True: "on", False: "off", None: "no_change"}
    return {
        (channel.value, reason.value): (told[cell.old], told[cell.new], cell.on, cell.off, cell.left)
        for channel, reason, cell in found.differing()
    }


def expected_cells(
    district: District,
    pair: list[JobData | None],
    as_of: date,
    ids: Ids,
) -> dict[tuple[str, str], tuple[str, str, int, int, int]]:
    """Compare the contact points after one job with those after the other, cell by cell."""
    now = district["contact_point"]
    after: list[Any] = [now if job is None else ended(district, job, as_of, ids) for job in pair]
    told = [{} if job is None else second.settings_of(job) for job in pair]
    expected = {}
    for channel in second.CHANNELS:
        for reason in second.BITS:
            counts: Counter[str] = Counter()
            for before, old, new in zip(now, *after, strict=True):
                if before["channel"] == channel and old[reason] != new[reason]:
                    counts["left" if new[reason] == before[reason] else "on" if new[reason] else "off"] += 1
            was, is_now = (each.get((channel, reason), "no_change") for each in told)
            if was != is_now or counts:
                expected[channel, reason] = (was, is_now, counts["on"], counts["off"], counts["left"])
    return expected


def ended(district: District, job: JobData, as_of: date, ids: Ids) -> Any:  # noqa: ANN401 - rows
    """Give the contact points as a run leaves them that no limit stops."""
    custom = job.get("custom_selections", "keep")
    unlimited = {key: value for key, value in job.items() if key != "limits"}
    unlimited["custom_selections"] = "overwrite" if custom == "refuse" else custom
    return second.run(district, unlimited, as_of, ids).contact_points_after
