"""A plan: the statements of a job or an undo, in the order in which they are sent, the run number still open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, Table, insert, select, true
from sqlalchemy.schema import CreateTable

from runner.tables import Id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sqlalchemy import CompoundSelect, Executable, FromClause, Select

    from runner.backends.backend import Language
    from runner.values.job import CalendarEntry, PassThrough
    from runner.values.problems import Position
    from runner.values.result import CellCount, UndoCount
    from runner.values.vocabulary import Channel, Reason

RUN_NO = "this_run"
"""The bind parameter that stays open until the run's row has its number."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, and what it does in words that a database administrator reads."""

    title: str
    clause: Executable


@dataclass(frozen=True, slots=True)
class Count:
    """A SELECT that counts, and what it counts in the same words."""

    title: str
    clause: Select[Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Pass-through SQL: evaluated where it can't write, its ids bound as the JSON array `parameter`."""

    parameter: str
    source: PassThrough
    clause: Executable


@dataclass(frozen=True, slots=True)
class WhyEmpty:
    """The question at which step nobody is left: a column per step, then `first_start` and `last_end`."""

    steps: tuple[str, ...]
    clause: Select[Any]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is spoken of, and by which contact points: what the statements of a plan select from.

    `scope`, `staff` (None where no reason asks for it) and `bystanders` (None where there can't be any) have the column
    person_id. `eligible` holds every contact point with an address that the people in scope have in the channels
    `covered`; `phones` are those of its rows that are a household's (household_id, before_bits, after_bits), None where
    that channel isn't covered. `silencing`: a bystander may lose a way to hear.
    """

    scope: FromClause
    staff: FromClause | None
    eligible: FromClause
    phones: FromClause | None
    bystanders: FromClause | None
    covered: frozenset[Channel]
    silencing: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run sends between its run row and its record; a dry run sends what reads of it.

    `audience` is what the statements select from. `ways` is compiled only where somebody asks by
    which school and grade people are in scope. `parameters` are the id lists, as JSON text. `calendars` and
    `unknown_people` return one row with a column per entry or selection, and `selected` has the selections' places;
    `people` one row: people in scope, and how many of them are staff. `counts` holds all that is counted, that row
    again, what `reach` and `tally` say, in one statement of one row or in several; of the three counts of a cell
    `count_cell` makes a value. `why_empty` is compiled only where nobody is in scope,
    which `place` then speaks of. `stage` is empty where everything stands in the statements.
    """

    place: Position | None
    audience: Audience
    ways: Callable[[], Select[Any]] | None
    entries: tuple[CalendarEntry, ...]
    calendars: Statement | None
    lookups: tuple[Lookup, ...]
    parameters: Mapping[str, str]
    unknown_people: Statement | None
    selected: tuple[Position, ...]
    stage: tuple[Statement, ...]
    people: Count
    why_empty: Callable[[], WhyEmpty] | None
    change_set: Statement
    counts: tuple[Count, ...]
    updates: tuple[tuple[Channel, Statement], ...]
    cells: Mapping[Channel, tuple[Reason, ...]]
    reasons: tuple[Reason, ...]
    count_cell: Callable[[Channel, Reason, tuple[int, int, int]], CellCount | UndoCount]


class Stage:
    """Where the intermediate relations of a plan live: in temporary tables, or in each statement as a WITH.

    `prefix` keeps the relations and parameters of several plans apart where one statement speaks of all of them.
    """

    def __init__(self, language: Language, *, temporary: bool, prefix: str = "") -> None:
        self.language = language
        self.prefix = prefix
        self.temporary = temporary and language.TEMPORARY_TABLES
        self.statements: list[Statement] = []

    def relation(self, name: str, title: str, rows: Select[Any], *, key: str | None = None) -> FromClause:
        """Return the rows as something to select from; `key` names a column that is unique in them, and looked for."""
        if not self.temporary:
            return self.part(name, rows)
        table = self._table(name, rows, key)
        if key is not None and len(table.c) == 1:
            # In its own order an index grows at its end. PostgreSQL takes a third of the time for a million of ids.
            rows = rows.order_by(rows.selected_columns[key])
        self._fill(title, table, insert(table).from_select(list(table.c), rows))
        return table

    def united(
        self, name: str, title: str, ways: CompoundSelect[Any] | Select[Any], grouped: Select[Any]
    ) -> FromClause:
        """Return a row per person: of several `ways` to reach somebody all bits, which `grouped` puts together.

        Where a database is faster at putting them together row by row, they get a temporary table of their own.
        """
        if self.temporary:
            table = self._table(name, grouped, "person_id")
            if (united := self.language.insert_united(table, ways)) is not None:
                self._fill(title, table, united)
                return table
        return grouped.subquery(name)

    def _table(self, name: str, rows: Select[Any], key: str | None) -> Table:
        table = Table(
            self.language.temporary_name(f"runner_{self.prefix}{name}"),
            MetaData(),
            *(
                # A date or a text never gets here: ids, counts, bits, and the channel's token.
                Column(column.name, Id if column.name.endswith("_id") else column.type, primary_key=column.name == key)
                for column in rows.selected_columns
            ),
            **self.language.TEMPORARY_TABLE,
        )
        for column in table.primary_key:
            column.autoincrement = False
        return table

    def _fill(self, title: str, table: Table, filling: Executable) -> None:
        self.statements.append(Statement(f"Make room for {title}.", CreateTable(table)))
        self.statements.append(Statement(f"{title[0].upper()}{title[1:]}.", filling))
        self.statements.extend(
            Statement("Let the planner know how many they are.", clause) for clause in self.language.after_fill(table)
        )

    def part(self, name: str, rows: Select[Any]) -> FromClause:
        """Return some rows of a relation: of a temporary table as they stand there, otherwise worked out once."""
        if self.temporary:
            return rows.subquery(name)
        return self.language.shared(rows, f"runner_{self.prefix}{name}")

    def counts(self, *counts: Count) -> tuple[Count, ...]:
        """Return what counts: statement by statement over temporary tables, and otherwise all of it in one.

        One statement finds the people and their contact points once; each of several would do it anew.
        """
        if self.temporary:
            return counts
        title = "Count people, preferences, and who hears about what."
        return (Count(title, side_by_side(*(count.clause for count in counts))),)


def side_by_side(*rows: Select[Any]) -> Select[Any]:
    """Return the select of one row with all columns of selects that have one row each."""
    first, *others = (each.subquery(f"part_{place}") for place, each in enumerate(rows, 1))
    joined: FromClause = first
    for other in others:
        joined = joined.join(other, true())
    return select(first, *others).select_from(joined)
