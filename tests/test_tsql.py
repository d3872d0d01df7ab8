"""The statements for SQL Server parse as T-SQL, and hold nothing that its parser would let pass and the server not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlfluff.core import FluffConfig, Linter

from runner.backends.registry import language
from runner.compile.text import statements
from runner.compile.undo import compile_undo
from runner.values.vocabulary import Channel, Reason
from tests.test_statements import AS_OF, JOBS, compiled

if TYPE_CHECKING:
    from pathlib import Path

    from sqlfluff.core.parser import BaseSegment

MSSQL = language("mssql")
LINTER = Linter(config=FluffConfig(overrides={"dialect": "tsql", "large_file_skip_byte_limit": 0}))
UNDONE = {Channel.EMAIL: (Reason.ATTENDANCE, Reason.STAFF), Channel.HOUSEHOLD_PHONE: (Reason.GENERAL,)}
NEVER = {
    "LIMIT": r"\bLIMIT\b",
    "a WITH that is not at the start": r".\bWITH\b(?!\s*\()",
    "RECURSIVE": r"\bRECURSIVE\b",
    "true or false": r"\b(true|false)\b",
    "|| for text": r"\|\|",
    "a cast by ::": r"::",
    "USING of a join": r"\bJOIN\b[^()]*\bUSING\b",
    "NULLS LAST": r"\bNULLS (FIRST|LAST)\b",
    "ILIKE": r"\bILIKE\b",
    "IS DISTINCT FROM": r"\bIS (NOT )?DISTINCT FROM\b",
    "TEMPORARY": r"\bTEMPORARY\b",
    "a row of several values in IN": r"\)\s*IN\s*\(\s*\(",
}
LOGIC = {"AND", "OR", "NOT", "IN", "EXISTS", "IS", "LIKE", "BETWEEN"}
VALUES_ONLY = {"select_clause_element", "set_clause", "else_clause", "function_contents", "orderby_clause"}


def sent(name: str, folder: Path) -> list[tuple[str, str]]:
    if name == "undo":
        plan = compile_undo(42, UNDONE, AS_OF, MSSQL, staged=True)
    elif name == "dry run":
        plan = compiled("student-contacts", "mssql", folder, staged=False)
    else:
        plan = compiled(name, "mssql", folder)
    return [(title, sql) for title, sql, _ in statements(plan, MSSQL, "campus")]


def as_tsql(sql: str) -> str:
    """Return a statement with its bind parameters as T-SQL's own variables."""
    return re.sub(r"(?<![:\w]):(\w+)", r"@\1", sql)


def conditions_as_values(segment: BaseSegment) -> list[str]:
    """Return every condition that stands where T-SQL takes only a value."""
    found = []
    for value in values_of(segment):
        bare = value
        while bare.is_type("bracketed") or len(bare.segments) == 1:
            inner = [one for one in bare.segments if one.is_type("expression", "bracketed")]
            if len(inner) != 1:
                break
            bare = inner[0]
        signs = [one for one in bare.segments if one.is_type("comparison_operator") or one.raw.upper() in LOGIC]
        found += [value.raw] if signs else []
    for child in segment.segments:
        found += conditions_as_values(child)
    return found


def values_of(segment: BaseSegment) -> list[BaseSegment]:
    expressions = [one for one in segment.segments if one.is_type("expression")]
    if segment.is_type("when_clause"):
        return expressions[-1:]
    if segment.is_type("function_contents"):
        expressions = [inner for one in segment.segments for inner in one.segments if inner.is_type("expression")]
    return expressions if segment.is_type(*VALUES_ONLY) else []


def parsed(sql: str) -> BaseSegment:
    tree = LINTER.parse_string(as_tsql(sql)).tree
    assert tree is not None
    return tree


@pytest.mark.parametrize("name", [*JOBS, "dry run", "undo"])
def test_every_statement_parses_as_tsql(name: str, tmp_path: Path) -> None:
    for title, sql in sent(name, tmp_path):
        result = LINTER.parse_string(as_tsql(sql))
        assert result.tree is not None
        assert [str(violation) for violation in result.violations] == [], title
        assert not [segment.raw for segment in result.tree.recursive_crawl("unparsable")], title
        assert conditions_as_values(result.tree) == [], title


@pytest.mark.parametrize("name", [*JOBS, "dry run", "undo"])
def test_nothing_slips_in_that_only_the_server_refuses(name: str, tmp_path: Path) -> None:
    for title, sql in sent(name, tmp_path):
        text = " ".join(re.sub(r"'(?:[^']|'')*'", "''", sql).split())
        assert [what for what, pattern in NEVER.items() if re.search(pattern, text)] == [], (title, text)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT (a = 1) FROM t",
        "UPDATE t SET a=(b & 1 <> 0)",
        "SELECT CASE WHEN a = 1 THEN (b > 2) END",
        "SELECT CASE WHEN a = 1 THEN 1 ELSE b > 2 END",
        "SELECT sum(a = 1) FROM t",
        "SELECT a FROM (SELECT ((a IN (1, 2))) AS b FROM t) AS u",
    ],
)
def test_a_condition_as_a_value_is_found(sql: str) -> None:
    assert conditions_as_values(parsed(sql))


def test_a_condition_where_it_belongs_is_none() -> None:
    sql = "SELECT CASE WHEN a = 1 AND b IN (1, 2) THEN (c + 1) ELSE 0 END FROM t WHERE (a > 1 OR EXISTS (SELECT 1))"
    assert conditions_as_values(parsed(sql)) == []


def test_the_parser_refuses_what_is_no_tsql() -> None:
    assert LINTER.parse_string("SELECT a FROM t LIMIT 3 OFFSET").violations


def test_the_lock_is_the_transactions_and_its_refusal_ends_it() -> None:
    text = str(MSSQL.LOCK)
    assert "@LockOwner = 'Transaction'" in text
    assert MSSQL.BEGIN_RUN[0] == "SET XACT_ABORT ON"
