"""What a run tells when the connection breaks, at whatever moment, is true: exit 0 is applied, exit 7 is nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from runner.cli.exits import exit_code_of_results
from runner.execute.database import open_database
from runner.execute.orders import order_job
from runner.execute.outcome import Outcome, settle
from runner.pipeline import Patience, run
from runner.values.result import Status
from tests.district import TestDatabase, make, occasion, watch
from tests.proxy import LATE, Cut, Wire, wire
from tests.servers import scratch
from tests.small_district import D, district, point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.values.result import Occasion, Result

DISTRICT = district(
    point(1, "email", 3),
    point(2, "email", 4, "general"),
    point(3, "cell_phone", 3, "emergency"),
    point(4, "household_phone", 50, "general"),
)
JOB = {
    "mode": "student_contacts",
    "calendar": {"year": 2026},
    "preferences": {
        "email": {"general": "on"},
        "cell_phone": {"emergency": "off"},
        "household_phone": {"general": "off"},
    },
}
AFTER = {1: 16, 2: 16, 3: 0, 4: 0}
BEFORE = {1: 0, 2: 16, 3: 1, 4: 16}
NO_TLS = {"postgresql": "?sslmode=disable", "mariadb": ""}


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("faults")
    with scratch(request.param, folder, hurried=True) as url:
        yield make(url + NO_TLS[request.param], folder)


@pytest.fixture
def line(server: TestDatabase) -> Iterator[Wire]:
    server.fill(DISTRICT)
    url = server.database.url
    with wire((url.host or "127.0.0.1", url.port or {"postgresql": 5432}.get(url.get_backend_name(), 3306))) as a_wire:
        yield a_wire


def bits(server: TestDatabase) -> dict[object, int]:
    flags = {"emergency": 1, "general": 16}
    return {
        row["contact_point_id"]: sum(bit for reason, bit in flags.items() if row[reason])
        for row in server.contact_points()
    }


def run_over(line: Wire, server: TestDatabase, the_occasion: Occasion, resolve: float = 20.0) -> Result:
    url = make_url(server.database.url).set(host="127.0.0.1", port=line.port)
    there = open_database(url.render_as_string(hide_password=False))
    order = order_job(server.job(JOB), D, there.backend)
    return run(there, order, the_occasion, watch(), Patience(lock=5.0, resolve=resolve))


def is_commit(message: bytes) -> bool:
    return b"COMMIT" in message[:16]


def nth_message(number: int) -> Callable[[bytes], bool]:
    left = iter(range(number, -1, -1))
    return lambda _: next(left, 1) == 0


@pytest.mark.parametrize(
    ("cut", "expected"),
    [(Cut.BEFORE, {7}), (Cut.AFTER, {0, 7}), (Cut.ANSWER, {0}), (Cut.LATE, {0}), (Cut.HELD, {7})],
    ids=lambda value: value.value if isinstance(value, Cut) else "",
)
def test_a_commit_that_the_connection_breaks_at_is_told_truly(
    server: TestDatabase,
    line: Wire,
    cut: Cut,
    expected: set[int],
) -> None:
    line.cut, line.at = cut, is_commit
    result = run_over(line, server, occasion(D))
    assert line.cuts == 1
    told = exit_code_of_results([result], detailed=False)
    time.sleep(LATE + 0.5 if told else 0)  # what was on its way must not come after we said that nothing would
    assert told in expected
    assert bits(server) == (AFTER if told == 0 else BEFORE)
    assert [error.code for error in result.errors] == ([] if told == 0 else ["connection-broke"])


@pytest.mark.parametrize(("cut", "outcome"), [(Cut.BEFORE, Outcome.VOID), (Cut.ANSWER, Outcome.COMMITTED)])
def test_a_server_that_can_not_be_asked_is_told_as_unknown_and_settled_later(
    server: TestDatabase,
    line: Wire,
    cut: Cut,
    outcome: Outcome,
) -> None:
    line.cut, line.at, line.dead_after = cut, is_commit, True
    the_occasion = occasion(D)
    result = run_over(line, server, the_occasion, resolve=0.5)
    assert (result.status, exit_code_of_results([result], detailed=False)) == (Status.UNKNOWN, 8)
    assert settle(server.database, the_occasion.run_id, occasion(D), 20.0, lambda: False) is outcome
    assert bits(server) == (AFTER if outcome is Outcome.COMMITTED else BEFORE)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.ANSWER], ids=lambda cut: cut.value)
def test_a_connection_that_breaks_at_any_message_is_told_truly(server: TestDatabase, line: Wire, cut: Cut) -> None:
    told: list[int] = []
    line.cut = cut
    while True:
        if told and told[-1] == 0:
            server.fill(DISTRICT)
        line.at, line.cuts = nth_message(len(told)), 0
        result = run_over(line, server, occasion(D))
        if not line.cuts:  # the run sends fewer messages than that
            break
        told.append(exit_code_of_results([result], detailed=False))
        assert told[-1] in {0, 7}
        assert bits(server) == (AFTER if told[-1] == 0 else BEFORE)
    assert len(told) > 20
    # Only a break at COMMIT, at its answer, or at the look that follows may find the run applied.
    assert set(told[:20]) == {7}
    assert told[-1] == 0
