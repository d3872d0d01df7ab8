"""A server that is killed -9, within a run or around its COMMIT: what is told is true, and nothing is half done."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from runner.cli.exits import exit_code_of_results
from runner.execute.database import open_database
from runner.execute.orders import order_job
from runner.execute.outcome import Outcome, settle
from runner.pipeline import Patience, run
from tests.district import TestDatabase, make, occasion, watch
from tests.own_servers import OwnServer, own_server
from tests.proxy import Cut, wire
from tests.small_district import D
from tests.test_faults import AFTER, BEFORE, DISTRICT, JOB, NO_TLS, bits, is_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.values.result import Occasion, Result

    Own = tuple[OwnServer, TestDatabase]


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def own(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OwnServer, TestDatabase]]:
    with own_server(request.param) as server:
        yield server, make(server.url + NO_TLS[request.param], tmp_path_factory.mktemp("own"))


def is_change_set(message: bytes) -> bool:
    return b"INSERT INTO runner_change" in message


def is_update(message: bytes) -> bool:
    return b"UPDATE " in message[:40] and b"contact_point" in message[:60]


def run_and_kill(
    server: OwnServer,
    database: TestDatabase,
    the_occasion: Occasion,
    moment: tuple[Callable[[bytes], bool], Cut],
    *,
    comes_back: bool,
) -> Result:
    """Run, and kill the server at a moment; it comes back while the run still asks, or only after."""
    database.fill(DISTRICT)
    restarts: list[threading.Thread] = []

    def strike() -> None:
        server.kill()
        if comes_back:
            restarts.append(threading.Thread(target=server.start))
            restarts[-1].start()

    with wire(("127.0.0.1", server.port)) as line:
        line.at, line.cut, line.on_cut = *moment, strike
        url = make_url(database.database.url).set(host="127.0.0.1", port=line.port)
        there = open_database(url.render_as_string(hide_password=False))
        patience = Patience(lock=5.0, resolve=60.0 if comes_back else 0.5)
        result = run(there, order_job(database.job(JOB), D, there.backend), the_occasion, watch(), patience)
        assert line.cuts == 1, result.errors
    for restart in restarts:
        restart.join()
    if not comes_back:
        server.start()
    return result


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param((is_change_set, Cut.BEFORE), id="before the change set"),
        pytest.param((is_update, Cut.ANSWER), id="after an update"),
        pytest.param((is_commit, Cut.BEFORE), id="before COMMIT is sent"),
        pytest.param((is_commit, Cut.AFTER), id="while COMMIT is on its way"),
        pytest.param((is_commit, Cut.ANSWER), id="after COMMIT, before its answer"),
    ],
)
@pytest.mark.parametrize("comes_back", [True, False], ids=["it comes back", "it stays away"])
def test_a_killed_server_leaves_all_or_nothing_and_the_exit_code_is_true(
    own: Own,
    moment: tuple[Callable[[bytes], bool], Cut],
    comes_back: bool,  # noqa: FBT001 - a case
) -> None:
    server, database = own
    the_occasion = occasion(D)
    result = run_and_kill(server, database, the_occasion, moment, comes_back=comes_back)
    told = exit_code_of_results([result], detailed=False)
    found = bits(database)
    assert found in (BEFORE, AFTER)
    if told == 8:
        assert not comes_back
        outcome = settle(database.database, the_occasion.run_id, occasion(D), 30.0, lambda: False)
        assert outcome is (Outcome.COMMITTED if found == AFTER else Outcome.VOID)
    else:
        assert told == (0 if found == AFTER else 7)
    assert (told == 8) is (moment[0] is is_commit and not comes_back)
    time.sleep(0.2)
    assert bits(database) == found
