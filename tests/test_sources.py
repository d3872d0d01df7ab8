"""What reports show beside a result: the job's words and files, and what a run sends; never a people file."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from runner.cli.app import execute
from runner.cli.sources import sources_of_broken, sources_of_order, sources_of_record
from runner.execute.database import open_database
from runner.execute.orders import order_job
from runner.read.jobs import load, texts_of
from runner.report.markdown import MARKER

JOBS = Path(__file__).parent.parent / "jobs"
AUTUMN = date(2026, 10, 1)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(JOBS, tmp_path / "jobs")
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER_DATABASE", "RUNNER_SCHEMA"):
        monkeypatch.delenv(name, raising=False)
    return Path("jobs")


def test_an_order_shows_its_words_its_files_and_what_a_run_sends(jobs: Path) -> None:
    database = open_database("sqlite:///district.db", "theirs")
    order = order_job(load(jobs / "lunch-pilot.yaml"), AUTUMN, database.backend)
    sources = sources_of_order(order, order.files, database)
    assert sources.description
    assert sources.description.startswith("Families in the lunch pilot")
    assert set(sources.files) == {"jobs/lunch-pilot.yaml", "jobs/filters/lunch-pilot.csv"}
    assert sources.files["jobs/lunch-pilot.yaml"] == (jobs / "lunch-pilot.yaml").read_text("utf-8")
    assert sources.files["jobs/filters/lunch-pilot.csv"] is None
    titles = [title for title, _ in sources.statements]
    assert titles[0] == "Begin."
    assert titles[-1] == "All of it, or none."
    assert any("INSERT INTO runner_change" in text for _, text in sources.statements)
    assert any("theirs.contact_point" in text for _, text in sources.statements)


def test_a_record_shows_the_files_but_no_statements() -> None:
    files = {"fall.yaml": "name: x\ndescription: Calls.\n", "ids.csv": f"sha256:{'0' * 64}"}
    sources = sources_of_record(files, "jobs/fall.yaml")
    assert sources.description == "Calls."
    assert sources.files == {"jobs/fall.yaml": files["fall.yaml"], "jobs/ids.csv": None}
    assert sources.statements == ()
    assert sources_of_record({}, "jobs/fall.yaml").description is None
    assert sources_of_record({"fall.yaml": "description: 12"}, "fall.yaml").description is None
    assert sources_of_record({"fall.yaml": "- a list"}, "fall.yaml").description is None


def test_a_broken_job_shows_itself_and_its_filter(jobs: Path) -> None:
    (jobs / "broken.yaml").write_text("nonsense: 1\ndescription: Calls.\nfilter: filters/primary.yaml\n")
    sources = sources_of_broken(jobs / "broken.yaml")
    assert set(sources.files) == {"jobs/broken.yaml", "jobs/filters/primary.yaml"}
    assert sources.description == "Calls."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("filter: filters/lunch-pilot.csv\n", {"job.yaml"}),
        ("filter: {people_file: filters/lunch-pilot.csv}\n", {"job.yaml"}),
        ("filter: filters/gone.yaml\n", {"job.yaml"}),
        ("filter: ../outside.yaml\n", {"job.yaml"}),
        ("a: [\n", {"job.yaml"}),
        ("", {"job.yaml"}),
        ("- 1\n", {"job.yaml"}),
    ],
)
def test_of_a_broken_job_nothing_else_is_shown(jobs: Path, text: str, shown: set[str]) -> None:
    Path("outside.yaml").write_text("any: []\n")
    (jobs / "job.yaml").write_text(text)
    assert set(texts_of(jobs / "job.yaml")) == shown


def test_what_is_no_yaml_by_its_name_or_not_there_is_not_shown(jobs: Path) -> None:
    assert texts_of(jobs / "filters" / "lunch-pilot.csv") == {}
    assert texts_of(jobs / "gone.yaml") == {}
    assert texts_of(jobs / "gone" / "gone.yaml") == {}
    (jobs / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert texts_of(jobs / "latin.yaml") == {"latin.yaml": "name: caf\ufffd\n"}


def test_every_command_that_reports_a_result_takes_the_formats(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*arguments: str, code: int = 0) -> str:
        assert execute([*arguments, "--format", "markdown"]) == code
        return capsys.readouterr().out

    assert execute(["demo", "--students", "80"]) == 0
    capsys.readouterr()
    run = ["--as-of", "2026-10-01"]
    fall = str(jobs / "fall.yaml")
    pretended = told("run", fall, *run, "--dry-run")
    assert pretended.startswith(f"{MARKER}\n")
    assert "> From the first day of school" in pretended
    assert f"runner run {fall} --reviewed PLAN.json" in pretended
    applied = told("run", fall, *run)
    assert "Applied as run 1" in applied
    assert told("show", "1").split("\n")[6:] == applied.split("\n")[6:]
    assert "Undo of run 1 (fall-attendance)" in told("undo", "1", *run)
    assert "There is no file" in told("run", "gone.yaml", *run, code=3)
    broken = told("run", "jobs/filters/lunch-pilot.csv", *run, code=3)
    assert "person_id" not in broken
    assert execute(["history", "--format", "markdown"]) == 64


@pytest.mark.parametrize("output_format", ["markdown", "html"])
def test_nobodys_number_of_a_people_file_is_in_a_report(
    jobs: Path, capsys: pytest.CaptureFixture[str], output_format: str
) -> None:
    (jobs / "filters" / "lunch-pilot.csv").write_text("person_id\n987654321\n", encoding="utf-8")
    assert execute(["demo", "--students", "80"]) == 0
    run = ["run", str(jobs / "lunch-pilot.yaml"), "--as-of", "2026-10-01", "--format", output_format]
    capsys.readouterr()
    execute([*run, "--dry-run"])
    execute(run)
    execute(["show", "1", "--format", output_format])
    (jobs / "filters" / "lunch-pilot.csv").write_text("person_id\n987654321x\n", encoding="utf-8")
    execute(run)
    told = capsys.readouterr().out
    assert told.count("lunch-pilot") >= 4
    assert "987654321" not in told
