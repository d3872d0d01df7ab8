"""Data to filter tree: every node checked against the fields, their kinds and the job's mode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from runner.read import files
from runner.read.document import Document, parse
from runner.read.schema import NODE, validate
from runner.values.job import All, Any, Node, Not, PassThrough, People, Query
from runner.values.problems import Problem, Stopped
from runner.values.vocabulary import FIELDS, Field, FieldKind, Mode, Operator

if TYPE_CHECKING:
    from runner.read.document import Way

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
QUOTED_ID = r"'[0-9]{1,18}'|\"[0-9]{1,18}\""
SEVERAL = frozenset({Operator.BETWEEN, Operator.IN, Operator.NOT_IN})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reading of a filter goes by, and what it finds: problems, and the names of people files.

    `mode` is None where the job names no mode that there is.
    """

    document: Document
    mode: Mode | None
    folder: files.Folder
    problems: list[Problem]
    people_files: list[str]


def read_filter(reading: Reading, way: Way) -> Node | None:
    """Return the filter at `way`: a tree, or the path of a file that holds one. None where it can't be read.

    Shape is the schema's business and reported there; what the schema can't say is added to `reading.problems`.
    """
    data = reading.document.value(way)
    if isinstance(data, str):
        return _filter_file(reading, way, data) if data else None
    return _node(reading, way)


def _filter_file(reading: Reading, way: Way, name: str) -> Node | None:
    try:
        content = files.read_inside(reading.folder, name, files.MAX_BYTES, reading.document.place(way))
        document = parse(content, str(reading.folder.given / name))
    except Stopped as stopped:
        reading.problems.extend(stopped.problems)
        return None
    reading.problems.extend((*document.problems, *validate(document, NODE)))
    inner = Reading(document, reading.mode, reading.folder, reading.problems, reading.people_files)
    return _node(inner, ())


def _node(reading: Reading, way: Way) -> Node | None:
    data = reading.document.value(way)
    if not isinstance(data, dict):
        return None
    place = reading.document.place(way)
    for kind, node in (("all", All), ("any", Any)):
        if isinstance(items := data.get(kind), list):
            nodes = [_node(reading, (*way, kind, index)) for index in range(len(items))]
            return node(tuple(node for node in nodes if node is not None), place)
    if "not" in data:
        negated = _node(reading, (*way, "not"))
        return None if negated is None else Not(negated, place)
    return _leaf(reading, way, data)


def _leaf(reading: Reading, way: Way, data: dict[str, object]) -> Node | None:
    place = reading.document.place(way)
    if isinstance(ids := data.get("people"), list):
        return People(tuple(number for number in ids if type(number) is int), place)
    if isinstance(name := data.get("people_file"), str) and name:
        return _people_file(reading, (*way, "people_file"), name)
    if isinstance(sql := data.get("sql"), str) and sql:
        return _pass_through(reading, (*way, "sql"), sql)
    if (field := FIELDS.get(str(data.get("field")))) is not None:
        return _query(reading, way, data, field)
    return None


def _people_file(reading: Reading, way: Way, name: str) -> People | None:
    from runner.read.people_file import parse_people

    place = reading.document.place(way)
    try:
        content = files.read_inside(reading.folder, name, files.MAX_PEOPLE_BYTES, place)
        reading.people_files.append(name)
        return People(parse_people(content, str(reading.folder.given / name)), place)
    except Stopped as stopped:
        reading.problems.extend(stopped.problems)
        return None


def _pass_through(reading: Reading, way: Way, sql: str) -> PassThrough | None:
    from runner.read.pass_through import bindable, faults

    found = [
        Problem("sql-shape", fault.message, reading.document.place_inside(way, fault.offset), fault.hint)
        for fault in faults(sql)
    ]
    reading.problems.extend(found)
    return None if found else PassThrough(sql, bindable(sql), reading.document.place(way))


def _query(reading: Reading, way: Way, data: dict[str, object], field: Field) -> Query | None:
    document = reading.document
    if reading.mode is not None and reading.mode not in field.modes:
        message = f"There is no `{field.name}` in the mode `{reading.mode}`."
        known = ", ".join(f"`{name}`" for name, other in FIELDS.items() if reading.mode in other.modes)
        problem = Problem("not-in-mode", message, document.place((*way, "field")), f"one of {known}")
        reading.problems.append(problem)
    operator = next((operator for operator in Operator if operator in data), None)
    if operator is None:
        return None
    if operator not in field.operators:
        message = f"`{field.name}` can't be compared by `{operator}`{REASONS[field.kind]}."
        takes = ", ".join(f"`{taken}`" for taken in field.operators)
        place = document.key_place((*way, operator.value))
        reading.problems.append(Problem("wrong-operator", message, place, f"it takes {takes}"))
        return None
    values = _values(reading, (*way, operator.value), field, operator)
    return None if values is None else Query(field, operator, values, document.place(way))


REASONS = {
    FieldKind.TEXT: "",
    FieldKind.CODE: ": it is a code, whose order means nothing",
    FieldKind.DATE: ": it is a date, not text",
    FieldKind.ID: ": it is a number, not text",
}


def _values(
    reading: Reading,
    way: Way,
    field: Field,
    operator: Operator,
) -> tuple[str | int | date | bool, ...] | None:
    data = reading.document.value(way)
    if operator is Operator.IS_NULL:
        return (data,) if isinstance(data, bool) else None
    if operator not in SEVERAL:
        value = _value(reading, way, field)
        return None if value is None else (value,)
    if not isinstance(data, list):
        return None
    values = [_value(reading, (*way, index), field) for index in range(len(data))]
    return tuple(value for value in values if value is not None)


def _value(reading: Reading, way: Way, field: Field) -> str | int | date | None:
    """Return a value as its field has it; None, and a problem, where it is of another type."""
    value = reading.document.value(way)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None  # the schema has said so
    if isinstance(value, int) != (field.kind is FieldKind.ID):
        reading.problems.append(_wrong_type(reading.document, way, field))
        return None
    return _date(reading, way, value) if field.kind is FieldKind.DATE and isinstance(value, str) else value


def _wrong_type(document: Document, way: Way, field: Field) -> Problem:
    source = document.source(way) or ""
    unquoted = "write it without quotes" if re.fullmatch(QUOTED_ID, source) else None
    expected, hint = {
        FieldKind.DATE: ("a date, not a number", "write it as YYYY-MM-DD"),
        FieldKind.ID: ("a whole number, not text", unquoted),
    }.get(field.kind, ("text, not a number", f'quote it: "{source}"'))
    return Problem("wrong-type", f"`{field.name}` is compared with {expected}.", document.place(way), hint)


def _date(reading: Reading, way: Way, text: str) -> date | None:
    written = re.fullmatch(DATE, text) is not None
    try:
        # fromisoformat alone would also take 20260824 and 2026-W35-1
        return date.fromisoformat(text if written else "")
    except ValueError:
        message = "There is no such day." if written else f"`{text[:40]}` is no date written YYYY-MM-DD."
        reading.problems.append(Problem("wrong-date", message, reading.document.place(way), "2026-08-24, for example"))
        return None
