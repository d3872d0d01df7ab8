"""Every database agrees with the second implementation, number by number and contact point by contact point."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from runner.values.result import Status
from runner.values.result_json import encode
from tests import second_implementation as second
from tests.district import TestDatabase, make
from tests.servers import BACKENDS, scratch
from tests.strategies import as_ofs, districts, jobs, pass_through_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from runner.values.result import Result
    from tests.strategies import District

PARTS = 8
EXAMPLES = {"sqlite": 400, "postgresql": 64, "mariadb": 64}
"""How many districts and jobs a check tries on each database, in all; RUNNER_TEST_EXAMPLES says another number."""


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("agreement")
    with scratch(request.param, folder, hurried=True) as url:
        yield make(url, folder)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_is_what_the_second_implementation_says(database: TestDatabase, part: int) -> None:
    examples = int(os.environ.get("RUNNER_TEST_EXAMPLES", EXAMPLES[database.database.backend.NAME]))

    @seed(part)
    @settings(
        max_examples=examples // PARTS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to make an example smaller takes minutes: do that by hand, where one fails
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data(), district=districts(), as_of=as_ofs())
    def every(data: st.DataObject, district: District, as_of: date) -> None:
        agree(database, district, data.draw(jobs(district, pass_through=True)), as_of)

    every()


def agree(database: TestDatabase, district: District, job: dict[str, Any], as_of: date) -> None:
    """Go through dry run, run, second run and undo, and compare each with the second implementation."""
    database.fill(district)
    before = database.contact_points()
    expected = second.run(district, job, as_of, pass_through_ids(district, as_of))
    loaded = database.job(job)

    pretended = database.dry_run(loaded, as_of)
    assert database.contact_points() == before
    done = database.run(loaded, as_of)

    if expected.unmatched_calendars:
        assert [codes(pretended), codes(done)] == [["unknown-calendar"] * expected.unmatched_calendars] * 2
        assert database.contact_points() == before
        return
    if expected.empty and not job.get("allow_empty"):
        assert [codes(pretended), codes(done)] == [["empty-scope"]] * 2
    else:
        assert numbers(pretended) == numbers(done) == wanted(expected)
        assert {warned.code for warned in done.warnings} == set(expected.warnings)
        assert pretended.warnings == done.warnings
        assert codes(pretended) == codes(done) == list(expected.broken)
    assert database.contact_points() == sorted_points(expected.contact_points_after)
    if done.status is not Status.APPLIED:
        assert database.contact_points() == before
        return

    assert done.run is not None
    assert done.run.number is not None
    assert database.changes(done.run.number) == list(expected.changes)
    again = database.run(loaded, as_of)
    assert again.tally is not None
    assert again.tally.changed == 0
    undone = database.undo(done.run.number, as_of)
    assert database.contact_points() == before
    assert undone.tally is not None
    back = second.undo(
        {**district, "contact_point": list(expected.contact_points_after)},
        expected.changes,
        as_of,
        {channel: set(cells) for channel, cells in expected.counts.items()},
        skip_conflicts=False,
    )
    assert encode(undone)["counts"] == back.counts
    assert undone.tally.people == len(back.people)


def codes(result: Result) -> list[str]:
    return [problem.code for problem in result.errors]


def sorted_points(rows: Any) -> list[dict[str, object]]:  # noqa: ANN401 - rows of the second implementation
    return sorted(({**row} for row in rows), key=lambda row: row["contact_point_id"])


def numbers(result: Result) -> dict[str, object]:
    data = encode(result)
    return {key: data[key] for key in NUMBERS}


def wanted(outcome: second.Outcome) -> dict[str, object]:
    return {
        "people": len(outcome.people),
        **{key: getattr(outcome, key) for key in NUMBERS if key != "people"},
    }


NUMBERS = (
    "people",
    "counts",
    "reach",
    "eligible",
    "changed",
    "contact_points",
    "custom_overwritten",
    "bystanders",
    "lost",
    "fingerprint",
)
