"""Old changes are dropped, and nothing else; what is left says so."""

from __future__ import annotations

import json
import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from runner.cli.app import execute
from runner.execute.database import making
from runner.execute.lock import take_lock
from runner.execute.prune import count_prunable, prune
from runner.tables import runner_change, runner_run
from runner.values.result import Pruned
from tests.district import NOW, TestDatabase, make
from tests.servers import BACKENDS, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2025, 9, 2)
ROWS: dict[str, list[dict[str, object]]] = {
    "school": [{"school_id": 1, "number": "1", "name": "Arthur"}],
    "calendar": [{"calendar_id": 1, "school_id": 1, "name": "25-26", "end_year": 2026}],
    "person": [{"person_id": person, "first_name": "A", "last_name": "B"} for person in (1, 2)],
    "enrollment": [
        {"enrollment_id": person, "person_id": person, "calendar_id": 1, "grade": "01", "service_type": "P"}
        for person in (1, 2)
    ],
    "contact_point": [
        {
            "contact_point_id": person,
            "person_id": person,
            "channel": "email",
            "address": "a@example.org",
            **dict.fromkeys(
                ("emergency", "attendance", "behavior", "staff", "general", "food_service", "priority", "teacher"),
                False,
            ),
            "custom": False,
        }
        for person in (1, 2)
    ],
}


@pytest.fixture(params=BACKENDS)
def district(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    """Yield a district with three runs, one a day, of which the first and the last changed two contact points."""
    with scratch(request.param, tmp_path, hurried=True) as url:
        made = make(url, tmp_path)
        made.fill(ROWS)
        for setting in ("on", "on", "off"):
            data = {"mode": "students", "calendar": {"year": 2026}, "preferences": {"email": {"general": setting}}}
            assert made.run(made.job(data), DAY).run is not None
        with making(made.database) as connection:
            for days, number in enumerate(numbers(made)):
                began = NOW + timedelta(days=days)
                connection.execute(update(runner_run).where(runner_run.c.run_no == number).values(started_at=began))
        yield made


def numbers(district: TestDatabase) -> list[int]:
    with district.database.create_reader().connect() as connection:
        return list(connection.execute(select(runner_run.c.run_no).order_by(runner_run.c.run_no)).scalars())


def changed(district: TestDatabase) -> list[int]:
    """Return the numbers of the runs whose changes are there, one for each change."""
    with district.database.create_reader().connect() as connection:
        return list(connection.execute(select(runner_change.c.run_no).order_by(runner_change.c.run_no)).scalars())


def url_of(district: TestDatabase) -> str:
    return district.database.url.render_as_string(hide_password=False)


def test_changes_of_older_runs_are_dropped_and_nothing_else(district: TestDatabase) -> None:
    first, second, third = numbers(district)
    points = district.contact_points()
    assert changed(district) == [first, first, third, third]
    for before, found in {NOW: Pruned(0, 0), NOW + timedelta(days=1): Pruned(1, 2)}.items():
        assert count_prunable(district.database, before) == found
    assert changed(district) == [first, first, third, third]
    assert prune(district.database, NOW + timedelta(days=2), 5.0) == Pruned(1, 2)
    assert changed(district) == [third, third]
    assert prune(district.database, NOW + timedelta(days=2), 5.0) == Pruned(0, 0)
    assert numbers(district) == [first, second, third]
    assert district.contact_points() == points
    assert district.undo(third, DAY).tally is not None


def test_what_was_pruned_is_told_by_every_command(
    district: TestDatabase,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second, third = numbers(district)
    prune(district.database, NOW + timedelta(days=1), 5.0)
    at = ["--database", url_of(district)]
    runs = {run["number"]: run["pruned"] for run in said(capsys, ["history", *at, "--format", "json"])["runs"]}
    assert runs == {first: True, second: False, third: False}
    assert execute(["history", *at]) == 0
    assert capsys.readouterr().out.count("(pruned)") == 1
    codes = {
        number: [
            warned["code"]
            for warned in said(capsys, ["show", str(number), *at, "--format", "json"])["results"][0]["warnings"]
        ]
        for number in (first, third)
    }
    assert "changes-pruned" in codes[first]
    assert "changes-pruned" not in codes[third]
    assert execute(["show", str(first), *at]) == 0
    assert "runner undo" not in capsys.readouterr().out
    assert execute(["undo", str(first), *at]) == 3
    assert "not-undoable: the changes of run" in capsys.readouterr().err
    assert execute(["undo", str(second), *at]) == 3
    assert "changed nothing" in capsys.readouterr().err
    assert execute(["changes", str(first), *at]) == 3
    assert capsys.readouterr().err.startswith("pruned: ")
    assert execute(["changes", str(second), *at]) == 0


def said(capsys: pytest.CaptureFixture[str], command: list[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert execute(command) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_waits_for_a_run_and_gives_up(district: TestDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    before = changed(district)
    with district.database.create_engine().connect() as running:
        take_lock(running, district.database, 5.0)
        command = ["prune", "--before", "2030-01-01", "--database", url_of(district)]
        assert execute([*command, "--lock-timeout", "0.1"]) == 6
        assert capsys.readouterr().err.startswith("locked: ")
        assert execute([*command, "--dry-run"]) == 0
        running.rollback()
    assert changed(district) == before


SAID = {
    ("2025-09-02",): "no run that began before 2025-09-02 has changes to drop\n",
    ("2025-09-05", "--dry-run"): (
        "would drop the changes of 2 runs that began before 2025-09-05 (4 contact points)\n"
        "they could not be undone any more\n"
    ),
    ("2025-09-04",): (
        "dropped the changes of 1 run that began before 2025-09-04 (2 contact points)\nit can't be undone any more\n"
    ),
}


@pytest.mark.parametrize("district", ["sqlite"], indirect=True)
@pytest.mark.parametrize("arguments", SAID)
def test_it_says_what_it_did(
    arguments: tuple[str, ...],
    district: TestDatabase,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(["prune", "--database", url_of(district), "--before", *arguments]) == 0
    assert capsys.readouterr().out == SAID[arguments]


@pytest.mark.parametrize("district", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("zone", "hour"), [("UTC", 0), ("America/New_York", 4), ("Asia/Tokyo", -9)])
def test_a_day_begins_at_midnight_by_the_local_clock(
    zone: str,
    hour: int,
    district: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[datetime] = []

    def note(_: object, before: datetime) -> Pruned:
        asked.append(before)
        return Pruned(0, 0)

    monkeypatch.setattr("runner.execute.prune.count_prunable", note)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert execute(["prune", "--before", "2025-09-03", "--dry-run", "--database", url_of(district)]) == 0
    finally:
        monkeypatch.undo()
        time.tzset()
    assert asked == [datetime(2025, 9, 3) + timedelta(hours=hour)]  # noqa: DTZ001 - UTC


def test_a_day_that_no_clock_knows_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert execute(["prune", "--before", "0001-01-01"]) == 64
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "too far away" in capsys.readouterr().err
