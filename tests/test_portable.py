"""The portable language: what all engines that speak PostgreSQL's protocol take, and that it works on PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.backends.registry import language
from runner.compile.text import statements
from runner.compile.undo import compile_undo
from runner.values.result import Status
from tests.district import TestDatabase, make
from tests.servers import scratch
from tests.small_district import D
from tests.test_concurrency import DISTRICT, JOB, orders, outcome, runner, together
from tests.test_statements import AS_OF, JOBS, compiled
from tests.test_tsql import UNDONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORTABLE = language("portable")
LACKING = {
    "temporary tables": r"\bTEMP(ORARY)?\b",
    "DDL within a run": r"\b(CREATE|ALTER|DROP|TRUNCATE|ANALYZE)\b",
    "LOCK TABLE": r"\bLOCK TABLE\b",
    "advisory locks": r"\bpg_(try_)?advisory",
    "a data-modifying WITH": r"\bAS (NOT )?(MATERIALIZED )?\(\s*(INSERT|UPDATE|DELETE)\b",
    "row locks": r"\bFOR (NO KEY )?(UPDATE|SHARE)\b",
    "integer division, which is decimal in some": r"\s/\s",
    "functions whose value changes": r"\b(random|now|clock_timestamp|current_\w+|gen_random_uuid|nextval)\b",
}


@pytest.mark.parametrize("name", [*JOBS, "undo"])
def test_a_run_sends_nothing_that_one_of_them_lacks(name: str, tmp_path: Path) -> None:
    plan = (
        compile_undo(42, UNDONE, AS_OF, PORTABLE, staged=True)
        if name == "undo"
        else compiled(name, "portable", tmp_path)
    )
    for title, sql, _ in statements(plan, PORTABLE, None):
        text = re.sub(r"'(?:[^']|'')*'", "''", sql)
        assert [what for what, pattern in LACKING.items() if re.search(pattern, text, re.IGNORECASE)] == [], title


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("portable")
    with scratch("postgresql", folder, hurried=True) as url:
        made = make(url, folder)
        yield replace(made, database=replace(made.database, backend=PORTABLE))  # type: ignore[arg-type]


def test_its_statements_do_the_same(database: TestDatabase) -> None:
    database.fill(DISTRICT)
    before = database.contact_points()
    pretended = database.dry_run(database.job(JOB), D)
    done = database.run(database.job(JOB), D)
    assert (pretended.status, done.status, done.tally) == (Status.DRY_RUN, Status.APPLIED, pretended.tally)
    assert done.run is not None
    assert done.run.number is not None
    assert done.tally is not None
    assert done.tally.changed == 3
    assert database.undo(done.run.number, D).status is Status.APPLIED
    assert database.contact_points() == before


def test_who_waited_for_the_row_tries_again_and_works(database: TestDatabase) -> None:
    for order in orders({"run": 7, "second": 7}, seed=4)[:6]:
        database.fill(DISTRICT)
        actors = {"run": runner(database), "second": runner(database)}
        together(actors, order)
        results = [outcome(actor) for actor in actors.values()]
        assert {result.status for result in results} == {Status.APPLIED}, order
        assert sorted(result.tally.changed for result in results if result.tally) == [0, 3], order
