"""Filter tree → SQL condition, two-valued: a comparison with a missing value is false, and its `not` is true."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Date, and_, bindparam, column, not_, or_, select, text
from sqlalchemy.exc import ArgumentError

from runner.compile.plan import Lookup
from runner.tables import Id
from runner.values.job import All, Not, PassThrough, People, Query
from runner.values.job import Any as AnyOf
from runner.values.vocabulary import FieldKind, Operator, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from typing import Any

    from sqlalchemy import FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.plan import Stage
    from runner.values.job import Node
    from runner.values.problems import Position

    Value = str | int | date | bool


class Selections:
    """The id lists that a filter names, each a relation of its own: filled as the tree is walked."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._relations: dict[int, FromClause] = {}
        self.lookups: list[Lookup] = []
        self.parameters: dict[str, str] = {}
        self.people: list[FromClause] = []
        self.places: list[Position] = []

    def relation(self, node: People | PassThrough) -> FromClause:
        """Return the relation of a selection or a pass-through, made where the tree is walked first."""
        if (known := self._relations.get(id(node))) is not None:
            return known
        if isinstance(node, People):
            parameter, relation = self._bound(f"people_{len(self.people) + 1}", "the people selected by id")
            self.parameters[parameter] = json.dumps(node.ids)
            self.people.append(relation)
            self.places.append(node.place)
        else:
            name = f"pass_through_{len(self.lookups) + 1}"
            parameter, relation = self._bound(name, "the people selected by the district's own SQL")
            self.lookups.append(Lookup(parameter, node, pass_through(node)))
        self._relations[id(node)] = relation
        return relation

    def _bound(self, name: str, title: str) -> tuple[str, FromClause]:
        """Return a parameter for a list of ids, and the relation of what it will hold."""
        parameter = f"{self._stage.prefix}{name}"
        rows = self._stage.language.ids(parameter).distinct()
        return parameter, self._stage.relation(name, title, rows, key="person_id")


def pass_through(node: PassThrough) -> Select[Any]:
    """Return the district's own SELECT as a derived table, `:as_of` open, read for its ids alone.

    The line break before the closing parenthesis keeps a comment at its end from swallowing it.
    """
    source = text(f"(\n{node.template}\n) pass_through")
    with suppress(ArgumentError):  # it need not ask for the day
        source = source.bindparams(bindparam("as_of", type_=Date()))
    ids: ColumnElement[int] = column("person_id", Id)
    return select(ids).select_from(source).where(ids.is_not(None)).distinct()


def condition(
    node: Node,
    tables: Mapping[str, FromClause],
    language: Language,
    selections: Selections,
) -> ColumnElement[bool]:
    """Return the SQL condition of a filter tree over `tables` (person, and enrollment or assignment with school).

    Only tables that a query names are spoken of, beside the enrollment or assignment itself.
    """
    person_id = tables["enrollment" if "enrollment" in tables else "assignment"].c.person_id

    def walk(node: Node) -> ColumnElement[bool]:
        match node:
            case All(nodes):
                return and_(*map(walk, nodes))
            case AnyOf(nodes):
                return or_(*map(walk, nodes))
            case Not(Not(inner)):  # fewer parentheses: SQLite's parser takes some dozens of them
                return walk(inner)
            case Not(inner):
                return not_(walk(inner))
            case People() | PassThrough():
                return person_id.in_(select(selections.relation(node).c.person_id))
            case Query():
                return _query(node, tables, language)

    return walk(node)


def same_text(column: ColumnElement[str], value: str, language: Language) -> ColumnElement[bool]:
    """Return whether a text equals a value, case aside."""
    return language.fold(column) == fold(value)


def _query(query: Query, tables: Mapping[str, FromClause], language: Language) -> ColumnElement[bool]:
    candidates: list[ColumnElement[Any]]
    if query.field.name == "assignment.school":
        candidates = [tables["school"].c.name, tables["school"].c.number]
    else:
        candidates = [tables[query.field.table].c[query.field.column]]
    missing = and_(*(column.is_(None) for column in candidates))
    if query.operator is Operator.IS_NULL:
        return missing if query.values[0] else not_(missing)
    if (opposite := _OPPOSITE.get(query.operator)) is not None:
        return and_(not_(missing), not_(or_(*(_compare(opposite, column, query, language) for column in candidates))))
    return or_(*(_compare(query.operator, column, query, language) for column in candidates))


def _compare(
    operator: Operator,
    column: ColumnElement[Any],
    query: Query,
    language: Language,
) -> ColumnElement[bool]:
    # `is not null and …` is never unknown, so that `not` may stand around it without a third truth value.
    if query.field.kind in {FieldKind.TEXT, FieldKind.CODE}:
        values: list[Value] = [fold(str(value)) for value in query.values]
        return and_(column.is_not(None), _COMPARE[operator](language.fold(column), values))
    return and_(column.is_not(None), _COMPARE[operator](column, list(query.values)))


_OPPOSITE = {Operator.NOT_EQUALS: Operator.EQUALS, Operator.NOT_IN: Operator.IN}
_COMPARE: dict[Operator, Callable[[ColumnElement[Any], list[Value]], ColumnElement[bool]]] = {
    Operator.EQUALS: lambda column, values: column == values[0],
    Operator.LESS_THAN: lambda column, values: column < values[0],
    Operator.AT_MOST: lambda column, values: column <= values[0],
    Operator.GREATER_THAN: lambda column, values: column > values[0],
    Operator.AT_LEAST: lambda column, values: column >= values[0],
    Operator.BETWEEN: lambda column, values: column.between(values[0], values[1]),
    Operator.IN: lambda column, values: column.in_(values),
    # autoescape: `%` and `_` are ordinary characters
    Operator.CONTAINS: lambda column, values: column.contains(values[0], autoescape=True),
    Operator.STARTS_WITH: lambda column, values: column.startswith(values[0], autoescape=True),
    Operator.ENDS_WITH: lambda column, values: column.endswith(values[0], autoescape=True),
}
