"""A dry run of several jobs: what an earlier one changes about a later one, exactly, on every database."""

from __future__ import annotations

import json
import random
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from runner.cli.app import execute
from runner.district.demo import fill_demo
from runner.execute.database import making
from runner.execute.interrupts import Interrupts
from runner.execute.sequence import warn_of_earlier
from runner.tables import district as tables_of_a_district
from runner.values.result import Status
from runner.values.result_json import encode
from runner.values.vocabulary import Channel, Mode, Reason
from tests import second_implementation as second
from tests.district import TestDatabase, make
from tests.servers import BACKENDS, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.values.result import Result
    from tests.second_implementation import District

PAIRS = {"sqlite": 10, "postgresql": 5, "mariadb": 5}
TABLES = tables_of_a_district.sorted_tables
AUTUMN = date(2026, 10, 1)
KINDS = {
    "same_settings": "in settings that `later` makes too",
    "same_points": "that `later` changes in other settings",
    "reached": "by which people of `later` are reached",
}


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("sequence")
    with scratch(request.param, folder, hurried=True) as url:
        made = make(url, folder)
        with making(made.database) as connection:
            fill_demo(connection, 60, 1, lambda _table, _rows: None)
        yield made


def test_it_is_what_the_second_implementation_says_and_what_then_happens(database: TestDatabase) -> None:
    with database.database.create_reader().connect() as connection:
        district = {table.name: [row._asdict() for row in connection.execute(select(table))] for table in TABLES}
    dice = random.Random(1)  # noqa: S311 - jobs, no secrets
    told = dict.fromkeys(KINDS, 0)
    for _ in range(PAIRS[database.database.backend.NAME]):
        for kind, count in agree(database, district, (any_job(dice), any_job(dice)), AUTUMN).items():
            told[kind] += count > 0
    assert min(told.values()) > 0, told  # else the test would say nothing


def any_job(dice: random.Random) -> dict[str, Any]:
    mode = dice.choice(list(Mode))
    preferences: dict[str, dict[str, str]] = {}
    for channel, reason in dice.sample([(channel, reason) for channel in Channel for reason in REASONS], 5):
        preferences.setdefault(channel.value, {})[reason.value] = dice.choice(["on", "off"])
    return {
        "mode": mode.value,
        "calendar": {"year": 2027},
        "preferences": preferences,
        "custom_selections": dice.choice(["keep", "overwrite"]),
        **({"filter": {"field": "person.person_id", "is_null": False}} if mode is Mode.CENSUS_STAFF else {}),
    }


REASONS = (Reason.EMERGENCY, Reason.STAFF, Reason.GENERAL)
"""Few, so that two jobs meet often."""


def agree(
    database: TestDatabase,
    district: District,
    both: tuple[dict[str, Any], dict[str, Any]],
    as_of: date,
) -> Mapping[str, int]:
    first, then = (
        database.job({**job, "name": name, "allow_empty": True})
        for job, name in zip(both, ("earlier", "later"), strict=True)
    )
    alone = [database.dry_run(job, as_of) for job in (first, then)]
    assert not alone[0].errors + alone[1].errors
    points = alone[0].tally.contact_points if alone[0].tally else 0
    warned = warn_of_earlier(database.database, [(first, as_of, points)], then, as_of, Interrupts())
    assert {each.code for each in warned} <= {"earlier-job"}
    found = {kind: number([each.message for each in warned], text) for kind, text in KINDS.items()}
    assert found == expected(district, both, as_of)

    done = database.run(first, as_of)
    assert done.status is Status.APPLIED
    after = numbers(database.dry_run(then, as_of))
    assert done.run is not None
    assert done.run.number is not None
    if points:
        database.undo(done.run.number, as_of)
    before = numbers(alone[1])
    if found["same_settings"]:
        assert after["fingerprint"] != before["fingerprint"]
        return found
    assert {key: after[key] for key in COUNTS} == {key: before[key] for key in COUNTS}
    assert (after["fingerprint"] == before["fingerprint"]) is (not found["same_points"])
    if not found["reached"]:
        assert {key: after[key] for key in ("reach", "lost")} == {key: before[key] for key in ("reach", "lost")}
    return found


COUNTS = ("people", "counts", "contact_points", "custom_overwritten", "bystanders")


def numbers(result: Result) -> dict[str, Any]:
    return encode(result)


def number(messages: list[str], text: str) -> int:
    told = [message for message in messages if text in message]
    if not told:
        return 0
    (message,) = told
    assert message.startswith("`earlier`, which runs before, changes ")
    match = re.search(r"changes ([\d,]+) contact points?\b", message)
    assert match is not None
    return int(match[1].replace(",", ""))


def expected(
    district: District,
    both: tuple[dict[str, Any], dict[str, Any]],
    as_of: date,
) -> dict[str, int]:
    """Say the three counts contact point by contact point."""
    first, then = (second.run(district, job, as_of) for job in both)
    its_changes = {change[0] for change in then.changes}
    points = {point["contact_point_id"]: point for point in district["contact_point"]}
    concerned = set(then.people) | second.people_beside(district, set(then.people), then.changes, as_of)
    counts = dict.fromkeys(KINDS, 0)
    for point_id, _, before, after in first.changes:
        point = points[point_id]
        flipped = {reason for reason, bit in second.BITS.items() if (before ^ after) & bit}
        if any(
            reason in flipped and second.is_eligible(district, point, (channel, reason), set(then.people), as_of)
            for channel, reason in second.settings_of(both[1])
        ):
            counts["same_settings"] += 1
            continue
        counts["same_points"] += point_id in its_changes
        hears = second.people_of(district, point, as_of) & concerned
        counts["reached"] += bool(hears and flipped & then.reach.keys())
    return counts


# the command line


def write(folder: Path, name: str, **keys: object) -> str:
    job = {
        "version": 1,
        "name": name,
        "mode": "student_contacts",
        "calendar": {"year": 2027},
        "preferences": {"email": {"attendance": "on"}},
        **keys,
    }
    (folder / f"{name}.yaml").write_text(json.dumps(job), encoding="utf-8")
    return f"{name}.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER_DATABASE", "RUNNER_SCHEMA"):
        monkeypatch.delenv(name, raising=False)
    assert execute(["demo", "--students", "60"]) == 0
    return tmp_path


def warnings(capsys: pytest.CaptureFixture[str], *jobs: str, options: tuple[str, ...] = ("--dry-run",)) -> list[Any]:
    capsys.readouterr()
    execute(["run", *jobs, *options, "--as-of", "2026-10-01", "--format", "json"])
    results = json.loads(capsys.readouterr().out)["results"]
    return [
        [warned["message"] for warned in result["warnings"] if warned["code"] == "earlier-job"] for result in results
    ]


def test_the_later_of_two_jobs_names_the_earlier_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on, off = write(folder, "on"), write(folder, "off", preferences={"email": {"attendance": "off"}})
    told = warnings(capsys, on, off)
    assert told[0] == []
    assert re.fullmatch(
        r"`on`, which runs before, changes \d+ contact points in settings that `off` makes too: "
        r"`off` will then change others than these",
        told[1][0],
    )
    assert [len(each) for each in warnings(capsys, on, off, on)] == [0, 1, 2]
    assert warnings(capsys, on, off, options=()) == [[], []]  # in a run each job finds what is there


def test_jobs_that_do_not_meet_are_silent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on = write(folder, "on")
    other = write(folder, "other", preferences={"cell_phone": {"general": "on"}})
    nothing = write(folder, "nothing", filter={"people": [0]}, allow_empty=True)
    refused = write(folder, "refused", limits={"people": 0})
    assert warnings(capsys, on, other, nothing) == [[], [], []]
    assert warnings(capsys, nothing, on) == [[], []]
    assert warnings(capsys, refused, on) == [[], []]


def test_sql_that_reads_preferences_may_find_others_then(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on = write(folder, "on")
    sql = "select person_id from contact_point where attendance"
    asks = write(folder, "asks", mode="students", filter={"sql": sql}, preferences={"home_phone": {"general": "on"}})
    (message,) = warnings(capsys, on, asks)[1]
    assert message.endswith("and the SQL of `asks` reads contact points: other people may then be in scope")
