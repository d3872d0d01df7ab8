"""Runs, undos and portal users at once, in every order of their statements: nothing is lost, nobody deadlocks."""

from __future__ import annotations

import os
import random
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from runner.execute.orders import order_job
from runner.pipeline import Patience, run
from runner.values.result import Result, Status
from tests.district import TestDatabase, make, occasion, watch
from tests.interleaving import BLOCKED, Actor, play, stepped
from tests.servers import BACKENDS, scratch
from tests.small_district import D, district, point

if TYPE_CHECKING:
    from collections.abc import Iterator

SAME_ROW, OTHER_CELL, OUT_OF_SCOPE = 1, 2, 5
DISTRICT = district(
    point(SAME_ROW, "email", 3),
    point(OTHER_CELL, "email", 4, "general"),  # in scope, and already as the job wants it
    point(3, "cell_phone", 3, "emergency"),
    point(4, "household_phone", 50, "general"),
    point(OUT_OF_SCOPE, "email", 5, "general"),
)
JOB = {
    "mode": "student_contacts",
    "calendar": {"year": 2026},
    "preferences": {
        "household_phone": {"general": "off"},
        "cell_phone": {"emergency": "off"},
        "email": {"general": "on"},
    },
}
STOPS = {
    r"runner_lock": "lock",
    r"INSERT INTO runner_run": "run row",
    r"INSERT INTO (temp\.)?(runner_)?eligible": "stage",
    r"INSERT INTO runner_change": "change set",
    r"UPDATE .*contact_point\b(?!_)": "update",
    r"UPDATE .*runner_run": "record",
    r"^COMMIT$": "commit",
}
ORDERS = int(os.environ.get("RUNNER_TEST_ORDERS", "6"))
"""How many of the orders are tried on each database; 100,000 tries all of them."""


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("concurrency")
    with scratch(request.param, folder, hurried=True) as url:
        yield make(url, folder)


def stop_at(statement: str) -> str | None:
    flat = " ".join(statement.split())
    return next((name for pattern, name in STOPS.items() if re.search(pattern, flat)), None)


def runner(database: TestDatabase, patience: float = BLOCKED) -> Actor:
    order = order_job(database.job(JOB), D, database.database.backend)

    def act(actor: Actor) -> Result:
        with stepped(actor, stop_at):
            return run(database.database, order, occasion(D), watch(), Patience(lock=20.0))

    return Actor("runner", act, patience)


def undoer(database: TestDatabase, run_no: int, patience: float = BLOCKED) -> Actor:
    def act(actor: Actor) -> Result:
        with stepped(actor, stop_at):
            return database.undo(run_no, D)

    return Actor("undo", act, patience)


def portal(database: TestDatabase, contact_point_id: int, setting: str, patience: float = BLOCKED) -> Actor:
    """Return a portal user who sets something of one contact point: one statement, and COMMIT."""

    def act(actor: Actor) -> None:
        with database.database.create_engine().connect() as connection:
            actor.halt("portal update")
            if database.database.backend.NAME == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.execute(text(f"UPDATE contact_point SET {setting} WHERE contact_point_id = {contact_point_id}"))
            actor.halt("portal commit")
            connection.commit()

    return Actor("portal", act, patience)


def orders(turns: dict[str, int], seed: int) -> list[tuple[str, ...]]:
    """Return the orders in which these actors can take so many turns: all of them, or a sample.

    The sample holds the first and the last of them, in which nobody comes between the turns of another.
    """
    found: list[tuple[str, ...]] = []

    def extend(order: tuple[str, ...], left: dict[str, int]) -> None:
        if not any(left.values()):
            found.append(order)
        for name, count in left.items():
            if count:
                extend((*order, name), {**left, name: count - 1})

    extend((), turns)
    if len(found) <= ORDERS:
        return found
    return [found[0], found[-1], *random.Random(seed).sample(found[1:-1], ORDERS - 2)]  # noqa: S311 - a test


def patience(order: tuple[str, ...]) -> float:
    """Return how long a step may take: where nobody comes between none waits, and a machine may be slow."""
    turns = [name for place, name in enumerate(order) if place == 0 or order[place - 1] != name]
    return 20.0 if len(turns) == len(set(turns)) else BLOCKED


State = tuple[list[dict[str, object]], list[tuple[int, str, int, int]]]


def together(actors: dict[str, Actor], order: tuple[str, ...]) -> None:
    """Bring every actor to its first stop, then play."""
    for actor in actors.values():
        actor.step()
    play([actors[name] for name in order])


def outcome(actor: Actor) -> Result:
    if actor.error is not None:
        raise actor.error
    assert isinstance(actor.result, Result)
    return actor.result


def state(database: TestDatabase, result: Result) -> State:
    """Return all contact points, and what the run says that it changed."""
    assert result.run is not None
    return database.contact_points(), database.changes(result.run.number) if result.run.number else []


def one_after_the_other(database: TestDatabase, row: int, setting: str) -> list[State]:
    """Return what may come of a run and a portal user: what would if one waited for the other."""
    found = []
    for order in (("run",) * RUN_TURNS + ("portal",) * 2, ("portal",) * 2 + ("run",) * RUN_TURNS):
        database.fill(DISTRICT)
        actors = {"run": runner(database, patience(order)), "portal": portal(database, row, setting, patience(order))}
        together(actors, order)
        assert not [stop for actor in actors.values() for stop in actor.waited]  # or it was not one after the other
        found.append(state(database, outcome(actors["run"])))
    return found


RUN_TURNS = 10
"""From its first stop a run gets to its end in so many turns."""
FIRST_UPDATE = 4
"""At so many turns a run has sent its first UPDATE of contact points, at the earliest."""


@pytest.mark.parametrize(
    ("row", "setting"),
    [
        (SAME_ROW, "attendance = true, custom = true"),  # which the run then keeps, if it comes second
        (SAME_ROW, "general = true"),  # which is what the run sets
        (OTHER_CELL, "general = false"),
        (OTHER_CELL, "teacher = true"),
        (OUT_OF_SCOPE, "general = false"),
    ],
)
def test_a_portal_users_change_is_never_lost(database: TestDatabase, row: int, setting: str) -> None:
    possible = one_after_the_other(database, row, setting)
    for order in orders({"run": RUN_TURNS, "portal": 2}, seed=row):
        database.fill(DISTRICT)
        # On SQLite there is one writer at a time, whatever the rows.
        may_wait = database.database.backend.NAME == "sqlite" or (
            row == SAME_ROW and order.index("portal") >= FIRST_UPDATE
        )
        user = portal(database, row, setting, BLOCKED if may_wait else 20.0)
        actors = {"run": runner(database), "portal": user}
        together(actors, order)
        assert actors["portal"].error is None, order  # never the victim of a deadlock, never timed out
        result = outcome(actors["run"])
        assert result.status is Status.APPLIED, order
        assert state(database, result) in possible, order
        assert may_wait or not user.waited, order


def test_a_second_run_waits_for_the_first_and_then_works(database: TestDatabase) -> None:
    for order in orders({"run": RUN_TURNS, "second": RUN_TURNS}, seed=1):
        database.fill(DISTRICT)
        actors = {"run": runner(database), "second": runner(database)}
        together(actors, order)
        results = [outcome(actors[name]) for name in ("run", "second")]
        assert [result.status for result in results] == [Status.APPLIED, Status.APPLIED], order
        changed = sorted(result.tally.changed for result in results if result.tally)
        assert changed == [0, 3], order


def test_two_runs_and_a_portal_user(database: TestDatabase) -> None:
    setting = "attendance = true, custom = true"
    points = [found[0] for found in one_after_the_other(database, SAME_ROW, setting)]
    for order in orders({"run": 3, "second": 3, "portal": 2}, seed=2):
        database.fill(DISTRICT)
        actors = {
            "run": runner(database),
            "second": runner(database),
            "portal": portal(database, SAME_ROW, setting),
        }
        together(actors, (*order, *("run", "portal", "second") * 5))
        assert actors["portal"].error is None, order
        assert {outcome(actors[name]).status for name in ("run", "second")} == {Status.APPLIED}, order
        assert database.contact_points() in points, order


def test_an_undo_takes_back_all_or_tells_of_the_conflict(database: TestDatabase) -> None:
    statuses = set()
    for order in orders({"undo": RUN_TURNS, "portal": 2}, seed=3):
        database.fill(DISTRICT)
        before = database.contact_points()
        done = outcome_of_a_run(database)
        after = database.contact_points()
        actors = {
            "undo": undoer(database, done, patience(order)),
            "portal": portal(database, SAME_ROW, "general = false", patience(order)),
        }
        together(actors, order)
        assert actors["portal"].error is None, order
        status = outcome(actors["undo"]).status
        statuses.add(status)
        # The portal user's own row is as they left it, whichever came first; the rest is taken back, or nothing is.
        expected = before if status is Status.APPLIED else [before[0], *after[1:]]
        assert status in {Status.APPLIED, Status.DRIFTED}, order
        assert database.contact_points() == expected, order
    assert statuses == {Status.APPLIED, Status.DRIFTED}


def outcome_of_a_run(database: TestDatabase) -> int:
    result = database.run(database.job(JOB), D)
    assert result.run is not None
    assert result.run.number is not None
    return result.run.number


@pytest.mark.parametrize("holder", ["run", "undo"])
def test_a_run_that_does_not_get_the_lock_names_who_holds_it(database: TestDatabase, holder: str) -> None:
    database.fill(DISTRICT)
    first = runner(database, 20.0) if holder == "run" else undoer(database, outcome_of_a_run(database), 20.0)
    for _ in range(3):  # past the lock
        first.step()
    order = order_job(database.job(JOB), D, database.database.backend)
    second = run(database.database, order, occasion(D), watch(), Patience(lock=0.1))
    first.finish()
    assert (second.status, second.run) == (Status.LOCKED, None)
    message = second.errors[0].message
    named = re.search(r": session \d+ of \w+, for \d+ s$", message)
    assert bool(named) is (database.database.backend.NAME != "sqlite"), message
    assert outcome(first).status is Status.APPLIED


def test_a_portal_user_who_does_not_finish_makes_a_run_give_up(database: TestDatabase) -> None:
    database.fill(DISTRICT)
    user = portal(database, SAME_ROW, "attendance = true")
    user.step()
    user.step()  # it has changed the row, and does not commit
    order = order_job(database.job(JOB), D, database.database.backend)
    result = run(database.database, order, occasion(D), watch(), Patience(lock=0.1))
    user.finish()
    assert (result.status, [error.code for error in result.errors]) == (Status.LOCKED, ["locked"])
    assert user.error is None
    assert [row["attendance"] for row in database.contact_points()] == [True, False, False, False, False]
