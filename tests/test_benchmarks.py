"""The benchmarks at a size too small to tell anything: every way does and counts the same, and all of it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import main
from benchmarks.measuring import Wanted
from benchmarks.results import EVERY, SIX, read

if TYPE_CHECKING:
    from pathlib import Path


def test_a_tiny_district_is_measured_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"OUTPUT": str(tmp_path), "BACKENDS": "sqlite", "STUDENTS": "60", "ROUNDS": "1", "MEASURE": "jobs"}
    main(asked)
    runs = read(tmp_path / "results.json")["runs"]
    assert set(runs) == {f"sqlite/60/{SIX}", f"sqlite/60/{EVERY}"}
    assert set(runs[f"sqlite/60/{SIX}"]["seconds"]) == {
        *("c", "c-best", "b", "orm", "run", "undo", "no-op rerun", "dry run", "select"),
    }
    assert runs[f"sqlite/60/{EVERY}"]["numbers"]["contact points"] > 0
    assert "| run / b, 48 cells |" in (page := (tmp_path / "results.md").read_text(encoding="utf-8"))
    assert capsys.readouterr().out == f"{page}\n"
    assert "<polyline" in (tmp_path / "results.svg").read_text(encoding="utf-8")


def test_what_is_asked_for_is_read_from_the_environment() -> None:
    wanted = Wanted.of({"STUDENTS": "10_000,1000000", "ROUNDS": "7"})
    assert (wanted.sizes_on("sqlite"), wanted.sizes_on("mariadb")) == ((10_000, 1_000_000), (10_000,))
    assert (wanted.rounds_at(10_000), wanted.rounds_at(1_000_000)) == (7, 3)
    with pytest.raises(ValueError, match="`oracle` is none of sqlite, postgresql, mariadb"):
        Wanted.of({"BACKENDS": "sqlite,oracle"})
