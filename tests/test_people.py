"""The ids of the people whom a job concerns: those of the second implementation, and as many as the result counts."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import select

from runner.cli.app import execute
from runner.district.demo import fill_demo
from runner.execute import people as module
from runner.execute.database import making
from runner.execute.interrupts import Interrupts
from runner.execute.people import reading_people
from runner.tables import district as tables_of_a_district
from runner.values.problems import Stopped
from runner.values.vocabulary import Channel, Concern, Mode, Reason
from tests import second_implementation as second
from tests.district import TestDatabase, make
from tests.servers import BACKENDS, scratch
from tests.strategies import District, as_ofs, districts, jobs, pass_through_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.values.job import Job

TABLES = tables_of_a_district.sorted_tables
AUTUMN = date(2026, 10, 1)
JOBS = {"sqlite": 6, "postgresql": 4, "mariadb": 4}


@pytest.fixture(scope="module", params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("people")
    with scratch(request.param, folder, hurried=True) as url:
        made = make(url, folder)
        with making(made.database) as connection:
            fill_demo(connection, 60, 1, lambda _table, _rows: None)
        yield made


def ids_of(database: TestDatabase, job: Job, as_of: date, concern: Concern, *reasons: Reason) -> list[int]:
    """Return the ids that are printed, in their order."""
    asked = reasons or job.reasons
    found = reading_people(database.database, job, as_of, concern, reasons=asked, interrupts=Interrupts())
    with found as (_, batches):
        return [person for batch in batches for person in batch]


def expected(
    district: District,
    job: Mapping[str, Any],
    as_of: date,
    ids: Mapping[str, set[int]],
) -> dict[tuple[Concern, str | None], list[int]]:
    """Say person by person whom the job concerns in which way, and for which reason."""
    outcome = second.run(district, job, as_of, ids)
    scope = set(outcome.people)
    points = {point["contact_point_id"]: point for point in district["contact_point"]}
    beside = second.people_beside(district, scope, outcome.changes, as_of)
    changed = {person for change in outcome.changes for person in second.people_of(district, points[change[0]], as_of)}
    kept = {
        person
        for point in points.values()
        if point["custom"] and job.get("custom_selections", "keep") == "keep"
        for (channel, reason), setting in second.settings_of(job).items()
        if second.is_eligible(district, point, (channel, reason), scope, as_of) and point[reason] != (setting == "on")
        for person in second.people_of(district, point, as_of)
    }
    found: dict[tuple[Concern, str | None], set[int]] = {
        (Concern.SCOPE, None): scope,
        (Concern.CHANGED, None): changed,
        (Concern.KEPT, None): kept,
        (Concern.BYSTANDERS, None): beside,
    }
    after = after_of(district, outcome)
    lost: set[int] = set()
    for reason in outcome.reach:
        gone = second.people_lost(district, after, scope | beside, reason, as_of)
        found[Concern.LOST, reason] = gone
        lost |= gone
    found[Concern.LOST, None] = lost
    assert (len(lost), len(beside)) == (outcome.lost, outcome.bystanders)
    return {asked: sorted(people) for asked, people in found.items()}


def after_of(district: District, outcome: second.Outcome) -> list[dict[str, Any]]:
    """Return the contact points after the changes, also of a job that is refused."""
    bits = {change[0]: change[3] for change in outcome.changes}
    return [
        {**point, **{reason: bool(bits[number] & bit) for reason, bit in second.BITS.items()}}
        if (number := point["contact_point_id"]) in bits
        else dict(point)
        for point in district["contact_point"]
    ]


def agree(database: TestDatabase, district: District, data: Mapping[str, Any], as_of: date) -> set[str]:
    """Compare every list of one job; return which of them had anybody in it."""
    job = database.job({**data, "allow_empty": True})
    pretended = database.dry_run(job, as_of)
    if pretended.tally is None:
        with pytest.raises(Stopped):
            ids_of(database, job, as_of, Concern.SCOPE)
        return set()
    told = expected(district, data, as_of, pass_through_ids(district, as_of))
    for (concern, reason), people in told.items():
        reasons = () if reason is None else (Reason(reason),)
        assert ids_of(database, job, as_of, concern, *reasons) == people, (concern, reason)
    counts = {concern: len(people) for (concern, reason), people in told.items() if reason is None}
    tally = pretended.tally
    assert counts[Concern.SCOPE] == tally.people
    assert counts[Concern.BYSTANDERS] == tally.bystanders
    assert counts[Concern.LOST] == tally.lost
    return {concern.value for concern, count in counts.items() if count}


def test_they_are_those_of_the_second_implementation(database: TestDatabase) -> None:
    with database.database.create_reader().connect() as connection:
        district: District = {
            table.name: [dict(row._asdict()) for row in connection.execute(select(table))] for table in TABLES
        }
    dice = random.Random(3)  # noqa: S311 - jobs, no secrets
    seen: set[str] = set()
    for _ in range(JOBS[database.database.backend.NAME]):
        seen |= agree(database, district, any_job(dice), AUTUMN)
    assert seen == {concern.value for concern in Concern}


def any_job(dice: random.Random) -> dict[str, Any]:
    mode = dice.choice(list(Mode))
    preferences: dict[str, dict[str, str]] = {}
    cells = [(channel, reason) for channel in Channel for reason in (Reason.EMERGENCY, Reason.STAFF, Reason.GENERAL)]
    for channel, reason in (*dice.sample(cells, 5), (Channel.HOUSEHOLD_PHONE, Reason.GENERAL)):
        preferences.setdefault(channel.value, {})[reason.value] = dice.choice(["on", "off", "off"])
    return {
        "mode": mode.value,
        "calendar": {"year": 2027},
        "preferences": preferences,
        "custom_selections": dice.choice(["keep", "overwrite", "refuse"]),
        **({"filter": {"field": "person.person_id", "is_null": False}} if mode is Mode.CENSUS_STAFF else {}),
    }


def test_they_are_those_of_the_second_implementation_in_any_district(tmp_path: Path) -> None:
    with scratch("sqlite", tmp_path, hurried=True) as url:
        database = make(url, tmp_path)

        @seed(1)
        @settings(
            max_examples=int(os.environ.get("RUNNER_TEST_EXAMPLES", "15")),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(data=st.data(), district=districts(), as_of=as_ofs())
        def every(data: st.DataObject, district: District, as_of: date) -> None:
            database.fill(district)
            agree(database, district, data.draw(jobs(district, pass_through=True)), as_of)

        every()


def test_batches_follow_one_another(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    job = database.job({"mode": "students", "calendar": {"year": 2027}, "preferences": {"email": {"general": "on"}}})
    whole = ids_of(database, job, AUTUMN, Concern.SCOPE)
    monkeypatch.setattr(module, "BATCH", 7)
    found = reading_people(database.database, job, AUTUMN, Concern.SCOPE, reasons=job.reasons, interrupts=Interrupts())
    with found as (warnings, batches):
        parts = list(batches)
    assert warnings == ()
    assert {len(part) for part in parts[:-1]} == {7}
    assert [person for part in parts for person in part] == whole


# the command line


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    assert execute(["demo", "--database", f"sqlite:///{folder}/district.db", "--students", "60"]) == 0
    return folder


@pytest.fixture
def desk(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(template / "district.db", tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER_DATABASE", "RUNNER_SCHEMA"):
        monkeypatch.delenv(name, raising=False)
    job = {
        "version": 1,
        "name": "quiet",
        "mode": "student_contacts",
        "calendar": {"year": 2027},
        "preferences": {channel.value: {"general": "off"} for channel in Channel},
    }
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    (tmp_path / "few.yaml").write_text(json.dumps({**job, "mode": "students", "filter": {"people": [1, -7]}}))
    return tmp_path


def say(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    capsys.readouterr()
    code = execute(["people", *arguments, "--as-of", "2026-10-01"])
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


@pytest.mark.usefixtures("desk")
def test_a_csv_with_one_column_in_the_order_of_ids(capsys: pytest.CaptureFixture[str]) -> None:
    execute(["run", "job.yaml", "--dry-run", "--as-of", "2026-10-01", "--format", "json"])
    (result,) = json.loads(capsys.readouterr().out)["results"]
    for options, count in (
        ([], result["people"]),
        (["--lost"], result["lost"]),
        (["--lost", "general"], result["lost"]),
        (["--bystanders"], result["bystanders"]),
    ):
        code, lines, err = say(capsys, "job.yaml", *options)
        assert (code, lines[0], err) == (0, "person_id", "")
        assert len(lines) - 1 == count
        assert [int(line) for line in lines[1:]] == sorted({int(line) for line in lines[1:]})
    assert result["lost"] > 0
    assert say(capsys, "--lost", "job.yaml", "general")[1] == say(capsys, "job.yaml", "--lost")[1]
    assert say(capsys, "job.yaml", "--kept")[1] != say(capsys, "job.yaml", "--changed")[1]


def test_the_ids_go_to_a_file_and_into_a_job(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines, _ = say(capsys, "job.yaml", "--lost")
    assert say(capsys, "job.yaml", "--lost", "--output", "ids.csv") == (0, [], "")
    assert (desk / "ids.csv").read_text().splitlines() == lines
    job = json.loads((desk / "few.yaml").read_text())
    (desk / "few.yaml").write_text(json.dumps({**job, "filter": {"people_file": "ids.csv"}, "allow_empty": True}))
    assert say(capsys, "few.yaml")[0] == 0


@pytest.mark.usefixtures("desk")
def test_ids_that_are_nobodys_are_told_beside(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, err = say(capsys, "few.yaml")
    assert (code, lines) == (0, ["person_id", "1"])
    assert "warning: unknown-people: 1 of the selected ids is nobody's" in err


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["job.yaml", "--lost", "--kept"], 64, "only one can be asked"),
        (["job.yaml", "general"], 64, "`runner people job.yaml --lost general`"),
        (["job.yaml", "--lost", "teacher"], 64, "job.yaml sets nothing for `teacher`"),
        (["job.yaml", "--lost", "weather"], 64, "'weather' is not one of"),
        (["job.yaml", "--output", "no/where.csv"], 64, "can't be written"),
        (["none.yaml"], 3, "file-missing"),
        (["job.yaml", "--database", "sqlite:///none.db"], 3, "no-database"),
        (["job.yaml", "--as-of", "1990-01-01"], 3, "empty-scope"),
    ],
)
def test_what_can_be_wrong(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str) -> None:
    capsys.readouterr()
    assert execute(["people", "--as-of", "2026-10-01", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err


def test_whoever_stops_reading_is_no_error(desk: Path) -> None:
    command = [sys.executable, "-m", "runner", "people", "job.yaml", "--as-of", "2026-10-01"]
    with subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
