"""The SQL that compares jobs, in each language, as files that a reviewer reads.

`UPDATE_CASES=1 pytest tests/test_comparison_statements.py` writes the files anew: look at what changed.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.backends.registry import DIALECTS, language
from runner.compile.conflicts import meetings
from runner.compile.difference import effects, movers, movers_by_school
from runner.compile.job import compile_job
from runner.read.jobs import load
from runner.report.statements import render_statements
from runner.tables import DISTRICT
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from sqlalchemy import Select

    from runner.compile.plan import Plan

CASES = Path(__file__).parent / "cases" / "comparisons"
OLD: dict[str, Any] = {
    "mode": "student_contacts",
    "calendar": {"year": 2026},
    "filter": {"not": {"people": [1, 2]}},
    "preferences": {"email": {"general": "on"}, "household_phone": {"staff": "on"}},
}
NEW: dict[str, Any] = {
    "mode": "census_staff",
    "filter": {"any": [{"people": [3]}, {"field": "assignment.title", "equals": "Teacher"}]},
    "preferences": {"email": {"general": "off"}, "household_phone": {"staff": "off"}},
    "custom_selections": "overwrite",
}


def plan_of(data: dict[str, Any], name: str, dialect: str, folder: Path) -> Plan:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"version": 1, "name": name, **data}), "utf-8")
    return compile_job(load(path), date(2025, 9, 2), language(dialect), staged=False, prefix=f"{name}_")


def written(title: str, clause: Select[Any], dialect: str) -> tuple[str, str, dict[str, object]]:
    compiled = clause.compile(dialect=language(dialect).DIALECT, schema_translate_map={DISTRICT: None})
    return title, str(compiled).replace(f"__[SCHEMA_{DISTRICT}].", ""), dict(compiled.params)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_jobs_are_compared_by_these_statements(dialect: str, tmp_path: Path) -> None:
    old, new = plan_of(OLD, "old", dialect, tmp_path), plan_of(NEW, "new", dialect, tmp_path)
    assert old.ways is not None
    sent = {
        "Contact points that both jobs set.": meetings({0: (old, True), 1: (new, False)}),
        "People who leave, by school and grade.": movers_by_school(old.ways(), new),
        "Contact points that end differently.": effects(old, new, (Reason.STAFF, Reason.GENERAL)),
    }
    text = render_statements("test", [written(title, clause, dialect) for title, clause in sent.items()]) + "\n"
    path = CASES / f"{dialect}.sql"
    if os.environ.get("UPDATE_CASES"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_values_are_bound_and_keep_apart(dialect: str, tmp_path: Path) -> None:
    old, new = plan_of(OLD, "old", dialect, tmp_path), plan_of(NEW, "new", dialect, tmp_path)
    assert (dict(old.parameters), dict(new.parameters)) == ({"old_people_1": "[1, 2]"}, {"new_people_1": "[3]"})
    _, sql, values = written("", movers(old, new), dialect)
    assert "teacher" not in sql.lower()
    assert {"old_people_1", "new_people_1", "old_as_of", "new_as_of"} <= values.keys()
    assert old.ways is not None
    assert "teacher" in written("", movers_by_school(old.ways(), new), dialect)[2].values()
