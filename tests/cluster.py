"""`make cluster`: the tests of MariaDB on a Galera cluster of three nodes, then its faults, told as a table."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.engine import make_url

from runner.cli.exits import exit_code_of_results
from runner.execute.database import open_database
from runner.execute.orders import order_job
from runner.execute.outcome import Outcome, settle
from runner.pipeline import Patience, run
from tests.district import TestDatabase, make, occasion, watch
from tests.galera import Node, cluster, install
from tests.proxy import Cut, wire
from tests.small_district import D
from tests.test_concurrency import outcome, portal, runner
from tests.test_concurrency import together as step_together
from tests.test_faults import AFTER, BEFORE, DISTRICT, JOB, bits, is_commit
from tests.test_killed_servers import is_change_set, is_update

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.values.result import Occasion, Result

    Moment = tuple[str, Callable[[bytes], bool], Cut]

MOMENTS: list[Moment] = [
    ("before the change set", is_change_set, Cut.BEFORE),
    ("after an update", is_update, Cut.ANSWER),
    ("before COMMIT is sent", is_commit, Cut.BEFORE),
    ("while COMMIT is on its way", is_commit, Cut.AFTER),
    ("after COMMIT, before its answer", is_commit, Cut.ANSWER),
]
_SETTLED = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was done, what was told, what was found on every node."""

    moment: str
    fault: str
    told: int
    found: str
    true: bool


class Faults:
    """A district on a cluster, and what is done to it."""

    def __init__(self, nodes: list[Node], folder: Path) -> None:
        self.nodes = nodes
        self.folder = folder
        with nodes[0].engine().connect() as connection:
            connection.execute(text("CREATE DATABASE district"))
        self.district = make(f"{nodes[0].url}district", folder)
        self.rows: list[Row] = []

    def on(self, node: Node) -> TestDatabase:
        """Return the district as a node has it."""
        return TestDatabase(open_database(f"{node.url}district"), self.folder)

    def found(self, *nodes: Node) -> dict[object, int]:
        """Return what all of these nodes hold, once what is under way has arrived."""
        seen = []
        for node in nodes:
            with node.engine().connect() as connection:
                connection.execute(text("SET SESSION wsrep_sync_wait = 15"))
                connection.execute(text("SELECT 1 FROM district.runner_run LIMIT 1"))
            seen.append(bits(self.on(node)))
        if any(other != seen[0] for other in seen):
            raise AssertionError(seen)
        return seen[0]

    def note(self, moment: str, fault: str, told: int, found: dict[object, int], expected: set[int]) -> None:
        """Write down a line, and whether what was told is what is there."""
        names = {str(BEFORE): "nothing", str(AFTER): "all of it"}
        name = names.get(str(found), "A PART")
        true = told in expected and name == {0: "all of it", 7: "nothing"}.get(told, name) and name != "A PART"
        self.rows.append(Row(moment, fault, told, name, true))
        print(f"  {moment:34} {fault:44} exit {told}  {name:10} {'true' if true else 'FALSE'}", flush=True)  # noqa: T201

    def run_over(
        self, moment: Moment, strike: Callable[[], Node | None], the_occasion: Occasion, resolve: float
    ) -> Result:
        """Run through a wire to node 1 that breaks at a moment; `strike` may name the node that is reached after."""
        self.district.fill(DISTRICT)
        _, at, cut = moment
        with wire(("127.0.0.1", self.nodes[0].port)) as line:

            def on_cut() -> None:
                other = strike()
                if other is not None:
                    line.server = ("127.0.0.1", other.port)

            line.at, line.cut, line.on_cut = at, cut, on_cut
            url = make_url(self.district.database.url).set(host="127.0.0.1", port=line.port)
            there = open_database(url.render_as_string(hide_password=False))
            order = order_job(self.district.job(JOB), D, there.backend)
            result = run(there, order, the_occasion, watch(), Patience(lock=10.0, resolve=resolve))
            if not line.cuts:
                raise AssertionError(result.errors)
        return result

    def a_killed_node(self, moment: Moment, *, over_to_another: bool) -> None:
        """Kill the node that the run talks to; its client is led to another node, or finds nobody."""
        first, second, third = self.nodes
        the_occasion = occasion(D)

        def strike() -> Node | None:
            first.kill()
            return second if over_to_another else None

        result = self.run_over(moment, strike, the_occasion, _SETTLED if over_to_another else 1.0)
        told = exit_code_of_results([result], detailed=False)
        fault = "node killed -9, client led to another" if over_to_another else "node killed -9"
        wait_for_size(second, 2)
        if told == 8:
            settled = settle(self.on(second).database, the_occasion.run_id, occasion(D), _SETTLED, lambda: False)
            found = self.found(second, third)
            agrees = settled is {str(AFTER): Outcome.COMMITTED, str(BEFORE): Outcome.VOID}.get(str(found))
            self.note(moment[0], f"{fault}; resolved: {settled.value}", told, found, {8} if agrees else set())
        else:
            self.note(moment[0], fault, told, self.found(second, third), {0, 7} if over_to_another else {7})
        first.start()
        wait_for_size(first, 3)
        if self.found(*self.nodes) not in (BEFORE, AFTER):
            raise AssertionError(moment)

    def a_lost_quorum(self, moment: Moment) -> None:
        """Kill both other nodes: the one that is left must not work on alone."""
        first, second, third = self.nodes
        the_occasion = occasion(D)

        def strike() -> None:
            second.kill()
            third.kill()

        result = self.run_without_a_cut(moment, strike, the_occasion)
        told = exit_code_of_results([result], detailed=False)
        first.kill()
        first.make_first()
        first.start(first=True)
        fault = "the other two nodes killed -9: no quorum"
        if told == 8:
            settled = settle(self.district.database, the_occasion.run_id, occasion(D), _SETTLED, lambda: False)
            fault += f"; resolved: {settled.value}"
        second.start()
        third.start()
        wait_for_size(first, 3)
        self.note(moment[0], fault, told, self.found(*self.nodes), {0, 7, 8})

    def run_without_a_cut(self, moment: Moment, strike: Callable[[], object], the_occasion: Occasion) -> Result:
        """Run through a wire that holds a message while `strike` does its work, and then passes it on."""
        self.district.fill(DISTRICT)
        _, at, _ = moment
        struck = threading.Event()

        def hold(message: bytes) -> bool:
            if at(message) and not struck.is_set():
                struck.set()
                strike()
            return False

        with wire(("127.0.0.1", self.nodes[0].port)) as line:
            line.at, line.cut = hold, Cut.BEFORE
            url = make_url(self.district.database.url).set(host="127.0.0.1", port=line.port)
            there = open_database(url.render_as_string(hide_password=False))
            order = order_job(self.district.job(JOB), D, there.backend)
            return run(there, order, the_occasion, watch(), Patience(lock=10.0, resolve=15.0))

    def a_portal_user_on_another_node(self, turns: int) -> None:
        """Let a portal user of another node commit when the run has taken so many turns: the run must start again."""
        self.district.fill(DISTRICT)
        actors = {"run": runner(self.district), "portal": portal(self.on(self.nodes[1]), 1, "general = true")}
        step_together(actors, ("run",) * turns + ("portal", "portal") + ("run",) * 9)
        if actors["portal"].error is not None:
            raise actors["portal"].error
        told = exit_code_of_results([actors["run"].result], detailed=False)  # type: ignore[list-item]
        self.note(
            f"after {turns} steps", "a portal user of another node commits first", told, self.found(*self.nodes), {0}
        )

    def two_runs_on_two_nodes(self) -> None:
        """Let two runs begin on two nodes: both get the lock, and one of them starts again."""
        self.district.fill(DISTRICT)
        actors = {"first": runner(self.district), "second": runner(self.on(self.nodes[1]))}
        step_together(actors, ("first", "second") * 9)
        results = [outcome(actor) for actor in actors.values()]
        changed = sorted(result.tally.changed for result in results if result.tally)
        told = max(exit_code_of_results([result], detailed=False) for result in results)
        self.note("step by step", "two runs, each on a node of its own", told, self.found(*self.nodes), {0})
        if changed != [0, 3]:
            raise AssertionError(changed)

    def too_large_a_write_set(self, option: str) -> None:
        """Let the cluster refuse what the run would replicate."""
        self.district.fill(DISTRICT)
        with self.nodes[0].engine().connect() as connection:
            connection.execute(text(f"SET GLOBAL {option}"))
        result = self.district.run(self.district.job(JOB), D)
        name = option.split(" ", maxsplit=1)[0]
        with self.nodes[0].engine().connect() as connection:
            connection.execute(text(f"SET GLOBAL {name} = DEFAULT"))
        told = exit_code_of_results([result], detailed=False)
        self.note("at COMMIT, or before", option, told, self.found(*self.nodes), {7})


def wait_for_size(node: Node, size: int) -> None:
    """Wait until a node sees so many nodes, itself included, and is ready to work."""
    deadline = time.monotonic() + _SETTLED
    while (node.status("wsrep_cluster_size"), node.status("wsrep_ready")) != (str(size), "ON"):
        if time.monotonic() > deadline:
            raise TimeoutError(node.number)
        time.sleep(0.2)


def main() -> int:
    """Return 0 where every test passes, and everything that was told under faults is true."""
    install()
    print("three nodes", flush=True)  # noqa: T201
    with cluster() as nodes, TemporaryDirectory() as name:
        wait_for_size(nodes[0], 3)
        print("the tests of MariaDB, on them", flush=True)  # noqa: T201
        files = [path for path in sorted(Path("tests").glob("test_*.py")) if "killed" not in path.name]
        where = {**os.environ, "RUNNER_TEST_MARIADB": nodes[0].url, "CI": "true", "RUNNER_TEST_EXAMPLES": "64"}
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-k", "mariadb", *map(str, files)]
        tested = subprocess.run(command, env=where, check=False).returncode
        print("the faults", flush=True)  # noqa: T201
        faults = Faults(nodes, Path(name))
        for moment in MOMENTS:
            faults.a_killed_node(moment, over_to_another=True)
        for moment in (MOMENTS[2], MOMENTS[4]):
            faults.a_killed_node(moment, over_to_another=False)
        for turns in (1, 4, 6, 8):
            faults.a_portal_user_on_another_node(turns)
        faults.two_runs_on_two_nodes()
        faults.too_large_a_write_set("wsrep_max_ws_rows = 2")
        faults.too_large_a_write_set("wsrep_max_ws_size = 1024")
        for moment in (MOMENTS[0], MOMENTS[2]):
            faults.a_lost_quorum(moment)
    true = sum(row.true for row in faults.rows)
    print(f"{true} of {len(faults.rows)} faults were told truly; the tests {'passed' if not tested else 'FAILED'}")  # noqa: T201
    return int(bool(tested) or true != len(faults.rows))


if __name__ == "__main__":
    sys.exit(main())
