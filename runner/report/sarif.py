"""What a check found as SARIF 2.1.0, the format in which code scanners and editors exchange findings."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner.report.json import dumps
from runner.report.problems import visible
from runner.values.problems import CODES
from runner.values.result import WARNINGS, Warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.values.checked import Checked
    from runner.values.problems import Position, Problem

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"


def render_check(found: Sequence[Checked], version: str) -> str:
    """Return a log of one run: a rule for each code found, a result for each problem and warning.

    What concerns no file kept the check from being made, and so is no result, but a notification.
    """
    findings = [finding for checked in found if checked.file is not None for finding in _findings(checked)]
    failures = [problem for checked in found if checked.file is None for problem in checked.problems]
    codes = list(dict.fromkeys(what.code for _, what, _ in findings))
    run = {
        "tool": {
            "driver": {
                "name": "contact-preference-runner",
                "version": version,
                "rules": [_rule(code) for code in codes],
            },
        },
        "invocations": [
            {
                "executionSuccessful": not failures,
                "toolExecutionNotifications": [_notification(problem) for problem in failures],
            },
        ],
        # columns count characters, as those of the runner do, and not the 16-bit units of some languages
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the check was started."}}},
        "results": [_result(level, what, file, codes.index(what.code)) for level, what, file in findings],
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _findings(checked: Checked) -> Iterator[tuple[str, Problem | Warned, str]]:
    for problem in checked.problems:
        yield "error", problem, checked.file or ""
    for warned in checked.warnings:
        yield "warning", warned, checked.file or ""


def _rule(code: str) -> dict[str, Any]:
    error = CODES.get(code)
    meaning = WARNINGS[code] if error is None else error.meaning
    return {
        "id": code,
        "shortDescription": {"text": meaning},
        "defaultConfiguration": {"level": "warning" if error is None else "error"},
    }


def _result(level: str, what: Problem | Warned, file: str, rule: int) -> dict[str, Any]:
    result = {
        "ruleId": what.code,
        "ruleIndex": rule,
        "level": level,
        "message": _message(what),
        "locations": [_location(what.place, file)],
    }
    if isinstance(what, Warned) and what.also is not None:
        result["relatedLocations"] = [_location(what.also, file)]
    return result


def _location(place: Position | None, file: str) -> dict[str, Any]:
    """Return a place, or a whole file where there is none."""
    location: dict[str, Any] = {"artifactLocation": _artifact(file if place is None else place.file)}
    if place is not None:
        location["region"] = {"startLine": place.line, "startColumn": place.column}
    return {"physicalLocation": location}


def _notification(problem: Problem) -> dict[str, Any]:
    return {"descriptor": {"id": problem.code}, "level": "error", "message": _message(problem)}


def _message(what: Problem | Warned) -> dict[str, str]:
    hint = f"\nhint: {what.hint}" if what.hint else ""
    return {"text": visible(what.message + hint)}


def _artifact(file: str) -> dict[str, str]:
    """Return where a file is, as a URI: relative to where the check was started, unless the path is absolute."""
    path = PurePath(file)
    uri = quote(path.as_posix(), errors="surrogateescape")
    return {"uri": f"file://{uri}"} if path.is_absolute() else {"uri": uri, "uriBaseId": _ROOT}
