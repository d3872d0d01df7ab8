"""`--report`: one run, or one dry run, written in several formats at once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.cli.app import execute
from runner.cli.options import ENDINGS, ResultFormat

ROOT = Path(__file__).parent.parent
JOB = str(ROOT / "jobs" / "fall.yaml")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNNER_DATABASE", raising=False)
    monkeypatch.delenv("RUNNER_SCHEMA", raising=False)
    assert execute(["demo", "--students", "60"]) == 0
    return tmp_path


def runs(desk: Path) -> int:
    with closing(sqlite3.connect(desk / "district.db")) as connection:
        count: int = connection.execute("select count(*) from runner_run").fetchone()[0]
        return count


def test_every_format_has_an_ending() -> None:
    assert set(ENDINGS.values()) == set(ResultFormat)


def test_one_run_is_written_in_every_format(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"result{ending}" for ending in ENDINGS]
    assert execute(["run", JOB, "--as-of", "2026-10-01", *(word for file in files for word in ("--report", file))]) == 0
    said = capsys.readouterr().out
    assert (desk / "result.txt").read_text(encoding="utf-8") in said
    (result,) = json.loads((desk / "result.json").read_text(encoding="utf-8"))["results"]
    assert result["status"] == "applied"
    markdown = (desk / "result.md").read_text(encoding="utf-8")
    assert markdown.startswith("<!-- contact-preference-runner -->")
    assert "From the first day of school" in markdown  # what stands behind a job is told there
    assert runs(desk) == 1


def test_a_format_that_nobody_knows_is_wrong_usage(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", JOB, "--report", "result.pdf"]) == 64
    assert "`result.pdf` ends in none of .txt, .json, .md" in capsys.readouterr().err
    assert runs(desk) == 0


def test_a_run_whose_report_can_not_be_written_does_not_begin(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", JOB, "--report", "result.md", "--report", "no/result.md"]) == 64
    assert "`--report no/result.md` can't be written: No such file or directory" in capsys.readouterr().err
    assert runs(desk) == 0
