"""A document held against the JSON Schema: every mistake of shape as a problem; the only door to both validators.

jsonschema-rs says whether a document is right, and most are. jsonschema finds every mistake of one that is not; it
takes longer to load than all the rest that reads a job, so only such a document loads it. Tests hold the two side by
side. Were they ever to differ over what the first calls wrong, the second's word would stand.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs

from runner.read.scalars import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from runner.read.document import Document
    from runner.read.explain import Finding
    from runner.values.problems import Problem

NODE = "node"
"""The name of the part of the schema that a filter file must fit."""


def schema_text(name: str) -> str:
    """Return a schema as JSON text; `name` is `job`, `filter`, `test`, `result` or `explanation`."""
    package = Path(__file__).parent.parent
    packed = package / "schemas" / f"{name}.schema.json"
    in_checkout = package.parent / "schemas" / f"{name}.schema.json"
    return (packed if packed.exists() else in_checkout).read_text(encoding="utf-8")


def validate(document: Document, subschema: str | None = None, *, name: str = "job") -> tuple[Problem, ...]:
    """Return everything about a document's shape that is wrong, in the order of the file.

    `subschema` names the part of the job's schema (`NODE`) that the whole document must fit instead.
    """
    if not document.problems and is_right(document.data, name, subschema):
        return ()
    from runner.read.explain import explain

    found = [finding for finding in findings(document.data, name, subschema) if finding.value is not BROKEN]
    # of a value of the wrong type nothing else is worth saying, and that only once
    mistyped = {finding.way: finding for finding in reversed(found) if finding.keyword == "type"}
    telling = [finding for finding in found if mistyped.get(finding.way, finding) is finding]
    problems = {problem for finding in telling for problem in explain(document, finding)}
    return tuple(sorted(problems, key=lambda problem: (problem.place, problem.code, problem.message)))


def is_right(data: object, name: str, subschema: str | None = None) -> bool:
    """Say whether data in which nothing is broken fits a schema; all of a schema, or the part of this name."""
    return not _has_fraction(data) and _quick_validator(name, subschema).is_valid(data)


def findings(data: object, name: str, subschema: str | None = None) -> Iterator[Finding]:
    """Yield where data does not fit a schema; all of a schema, or the part of this name."""
    validator = _validator(name)
    if subschema is not None:
        validator = validator.evolve(schema=_schema(name)["$defs"][subschema])
    return map(_finding, validator.iter_errors(cast("Any", data)))


def _has_fraction(data: object) -> bool:
    """Say whether data holds a number with a fraction, even `.0`: no document may, and jsonschema-rs can't tell it."""
    if isinstance(data, dict):
        return any(map(_has_fraction, data.values()))
    return any(map(_has_fraction, data)) if isinstance(data, list) else isinstance(data, float)


@cache
def _quick_validator(name: str, subschema: str | None) -> jsonschema_rs.Draft202012Validator:
    schema: str | dict[str, Any] = schema_text(name)
    if subschema is not None:
        schema = {"$ref": f"#/$defs/{subschema}", "$defs": _schema(name)["$defs"]}
    return jsonschema_rs.Draft202012Validator(schema, offline=True)


def _finding(error: ValidationError) -> Finding:
    from runner.read.explain import Finding

    schema = cast("dict[str, Any]", error.schema)
    return Finding(tuple(error.absolute_path), error.instance, str(error.validator), error.validator_value, schema)


@cache
def _schema(name: str) -> dict[str, Any]:
    import json

    return cast("dict[str, Any]", json.loads(schema_text(name)))


@cache
def _validator(name: str) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole)
    # the schema itself is checked by the tests, not at every start
    made: Validator = extend(Draft202012Validator, type_checker=types)(_schema(name))  # type: ignore[no-untyped-call]
    return made


def _is_whole(_: object, value: Any) -> bool:  # noqa: ANN401 - jsonschema asks about anything
    """Say whether a value is a whole number; to JSON Schema 3.0 is one too, to a database it is none."""
    return type(value) is int
