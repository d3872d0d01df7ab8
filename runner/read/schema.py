"""A document held against the JSON Schema: every mistake of shape as a problem; the only door to jsonschema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from runner.read.explain import Finding, explain
from runner.read.scalars import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from runner.read.document import Document
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
    validator = _validator(name)
    if subschema is not None:
        validator = validator.evolve(schema=_schema("job")["$defs"][subschema])
    errors = validator.iter_errors(cast("Any", document.data))
    findings = [_finding(error) for error in errors if error.instance is not BROKEN]
    # of a value of the wrong type nothing else is worth saying, and that only once
    mistyped = {found.way: found for found in reversed(findings) if found.keyword == "type"}
    telling = [found for found in findings if mistyped.get(found.way, found) is found]
    problems = {problem for found in telling for problem in explain(document, found)}
    return tuple(sorted(problems, key=lambda problem: (problem.place, problem.code, problem.message)))


def findings(data: object, name: str) -> Iterator[Finding]:
    """Yield where data that no user wrote doesn't fit the schema of this name."""
    return map(_finding, _validator(name).iter_errors(cast("Any", data)))


def _finding(error: ValidationError) -> Finding:
    schema = cast("dict[str, Any]", error.schema)
    return Finding(tuple(error.absolute_path), error.instance, str(error.validator), error.validator_value, schema)


@cache
def _schema(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(schema_text(name)))


@cache
def _validator(name: str) -> Validator:
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole)
    # the schema itself is checked by the tests, not at every start
    made: Validator = extend(Draft202012Validator, type_checker=types)(_schema(name))  # type: ignore[no-untyped-call]
    return made


def _is_whole(_: object, value: Any) -> bool:  # noqa: ANN401 - jsonschema asks about anything
    """Say whether a value is a whole number; to JSON Schema 3.0 is one too, to a database it is none."""
    return type(value) is int
