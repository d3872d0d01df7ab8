"""The SQL of each feature, in each language, as files that a reviewer reads; and how it is laid out.

`UPDATE_CASES=1 pytest tests/test_statements.py` writes the files anew: look at what changed before it is committed.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runner.backends.registry import DIALECTS, language
from runner.compile.job import compile_job
from runner.compile.text import statements
from runner.compile.undo import compile_undo
from runner.read.jobs import load
from runner.report.statements import lay_out, render_statements
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from runner.compile.plan import Plan

CASES = Path(__file__).parent / "cases" / "sql"
JOBS: dict[str, dict[str, Any]] = yaml.safe_load(
    (CASES / "jobs.yaml").read_text("utf-8").replace(" on", " 'on'").replace(" off", " 'off'")
)
AS_OF = date(2025, 9, 2)


def compiled(name: str, dialect: str, folder: Path, *, staged: bool = True) -> Plan:
    path = folder / "job.yaml"
    path.write_text(json.dumps({"version": 1, "name": name, **JOBS[name]}), "utf-8")
    return compile_job(load(path), AS_OF, language(dialect), staged=staged)


def text_of(plan: Plan, dialect: str) -> str:
    return render_statements("test", statements(plan, language(dialect), None)) + "\n"


def is_as_filed(text: str, name: str) -> None:
    path = CASES / name
    if os.environ.get("UPDATE_CASES"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", JOBS)
def test_a_run_sends_these_statements(name: str, dialect: str, tmp_path: Path) -> None:
    plan = compiled(name, dialect, tmp_path)
    is_as_filed(text_of(plan, dialect).replace(str(tmp_path), ""), f"{name}.{dialect}.sql")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dry_run_stages_nothing_and_counts_the_same(dialect: str, tmp_path: Path) -> None:
    plan = compiled("student-contacts", dialect, tmp_path, staged=False)
    assert plan.stage == ()
    is_as_filed(text_of(plan, dialect), f"dry-run.{dialect}.sql")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_undo_sends_these_statements(dialect: str) -> None:
    cells = {Channel.EMAIL: (Reason.ATTENDANCE, Reason.STAFF), Channel.HOUSEHOLD_PHONE: (Reason.GENERAL,)}
    plan = compile_undo(42, cells, AS_OF, language(dialect), staged=True)
    is_as_filed(text_of(plan, dialect), f"undo.{dialect}.sql")


def test_every_file_is_of_a_case() -> None:
    named = {f"{name}.{dialect}.sql" for name in (*JOBS, "dry-run", "undo") for dialect in DIALECTS}
    assert {path.name for path in CASES.glob("*.sql")} == named


@pytest.mark.parametrize("name", JOBS)
def test_values_are_bound_never_pasted(name: str, tmp_path: Path) -> None:
    for dialect in DIALECTS:
        for _, sql, _ in statements(compiled(name, dialect, tmp_path), language(dialect), None):
            for value in ("Arthur", "arthur", "Summer", "Español", "español", "2010-01-01", "100%"):
                assert value not in sql


def test_a_schema_stands_before_the_districts_tables_and_not_before_the_runners_own(tmp_path: Path) -> None:
    plan = compiled("student-contacts", "postgresql", tmp_path)
    text = " ".join(sql for _, sql, _ in statements(plan, language("postgresql"), "Campus"))
    assert '"Campus".contact_point' in text
    assert '"Campus".runner' not in text
    assert "INSERT INTO runner_change" in text


@pytest.mark.parametrize(
    ("sql", "laid_out"),
    [
        (
            "SELECT a, f(b, c) FROM t WHERE x = 1 AND (y = 2 OR z = 3)",
            ["SELECT a,", "  f(b, c)", "FROM t", "WHERE x = 1", "  AND (y = 2 OR z = 3)"],
        ),
        ("SELECT 'a  b,(c' FROM t", ["SELECT 'a  b,(c'", "FROM t"]),
        ("SELECT a FROM (SELECT b FROM u) AS v", ["SELECT a", "FROM (", "  SELECT b", "  FROM u", ") AS v"]),
        (
            "SELECT a FROM t LEFT OUTER JOIN u ON u.a = t.a",
            ["SELECT a", "FROM t", "LEFT OUTER JOIN u", "  ON u.a = t.a"],
        ),
    ],
)
def test_a_statement_is_laid_out_by_its_clauses(sql: str, laid_out: list[str]) -> None:
    assert lay_out(sql).splitlines() == laid_out


def test_laying_out_changes_no_token(tmp_path: Path) -> None:
    for _, sql, _ in statements(compiled("every-cell", "mssql", tmp_path), language("mssql"), None):
        assert "".join(lay_out(sql).split()) == "".join(sql.split())
