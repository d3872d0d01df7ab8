"""A reviewed plan: the JSON result of dry runs, to results, or to everything that makes it none."""

from __future__ import annotations

import codecs
import json
import re
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from runner.read import files
from runner.read.explain import ACTUAL, EXPECTED
from runner.read.schema import findings
from runner.values.problems import Position, Problem, Stopped
from runner.values.result import FORMAT_VERSION, ReviewedPlan, Status
from runner.values.result_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.read.explain import Finding

MAX_BYTES = 16 * 1024 * 1024
MOST_PROBLEMS = 20
LARGEST = 2**63 - 1

HINT = "make it with `runner run JOB… --dry-run --format json --output plan.json`, and leave it as it is"
_EXPECTED = {**EXPECTED, "null": "null", "number": "a number"}
_ACTUAL = {**ACTUAL, type(None): "null"}


def read_plans(path: Path) -> tuple[ReviewedPlan, ...]:
    """Return the plan of every job in a file. Raises `Stopped` with what makes it no result of a dry run.

    Numbers must agree with one another: that finds an edit by accident. Who edits well is found by what the run counts.
    """
    file = str(path)
    data = _parse(files.read_alone(path, MAX_BYTES), file)
    version = data.get("format_version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or version is None:
        _stop(f"{file} is no result of a dry run")
    if version != FORMAT_VERSION:
        told = f"version {version}" if re.fullmatch(r"[0-9.]{1,10}", str(version)) else "a version that there is not"
        _stop(f"{file} is a result of {told}; this runner reads version {FORMAT_VERSION}")
    wrong = list(islice(map(_explain, findings(data, "result")), MOST_PROBLEMS))
    wrong = wrong or [
        problem
        for place, result in enumerate(data["results"])
        for problem in _contradictions(f"results[{place}]", result)
    ]
    if wrong:
        raise Stopped(*(Problem("plan-file", f"{file} is no result of a dry run: {text}", hint=HINT) for text in wrong))
    return tuple(ReviewedPlan(file, decode(result)) for result in data["results"])


def _parse(content: bytes, file: str) -> object:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _stop(f"{file} is UTF-16, not UTF-8", "let the runner write it itself: `--output plan.json`")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _stop(f"{file} is not UTF-8")
    try:
        return json.loads(
            text,
            object_pairs_hook=_each_key_once,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_number,
        )
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "ends in the middle: it is empty or was cut" if cut else f"is no JSON: {error.msg}"
        raise Stopped(
            Problem("plan-file", f"{file} {what}", Position(file, error.lineno, error.colno), HINT),
        ) from None
    except RecursionError:
        _stop(f"{file} is nested deeper than any result")
    except _NotInAResult as error:
        _stop(f"{file} is no result of a dry run: {error}")


class _NotInAResult(Exception):  # noqa: N818 - told as a problem
    """Something that JSON takes and no result holds."""


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise _NotInAResult(f"the key `{_short(twice)}` stands twice in one object")
    return found


def _number(text: str) -> int | float:
    if re.fullmatch(r"-?[0-9]{1,19}", text) and abs(int(text)) <= LARGEST:
        return int(text)
    if re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text):
        return float(text)
    raise _NotInAResult("a number that no result has")


def _explain(found: Finding) -> str:
    where = _where(found.way)
    match found.keyword:
        case "type":
            wanted = found.asked if isinstance(found.asked, list) else [found.asked]
            expected = " or ".join(_EXPECTED[name] for name in wanted)
            actual = _ACTUAL[type(found.value)].format(str(found.value).lower())
            return f"{where} must be {expected}, not {actual}"
        case "required":
            lacking = ", ".join(f"`{key}`" for key in found.asked if key not in found.value)
            return f"{where} lacks {lacking}"
        case "additionalProperties":
            extra = next(key for key in found.value if key not in found.schema["properties"])
            return f"{where} has the key `{_short(extra)}`, which means nothing"
        case "enum" if isinstance(found.value, str):
            return f"{where}: `{_short(found.value)}` is nothing that stands there"
    return f"{where} is not what a result has there"


def _where(way: tuple[str | int, ...]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")
    return f"`{_short(path)}`" if path else "the file"


def _contradictions(where: str, result: dict[str, Any]) -> Iterator[str]:
    """Yield where the parts of a result can't all be true, or where it is of no day that there is."""
    try:
        date.fromisoformat(result["as_of"])
        datetime.fromisoformat(result["started_at"].removesuffix("Z"))
    except ValueError:
        yield f"`{where}.as_of` or `{where}.started_at` is no date"
    lacking = [key for key in _COUNTED if result[key] is None]
    if lacking and (len(lacking) < len(_COUNTED) or result["status"] == Status.DRY_RUN):
        yield f"`{where}.{lacking[0]}` is null, in a result that counted"
    elif not lacking and result["undo_of"] is None:
        yield from _wrong_sums(where, result)


def _wrong_sums(where: str, result: dict[str, Any]) -> Iterator[str]:
    cells = [cell for reasons in result["counts"].values() for cell in reasons.values()]
    sums = {
        "changed": sum(cell.get("changed", 0) for cell in cells),
        "eligible": sum(cell.get(name, 0) for cell in cells for name in ("changed", "already", "kept")),
    }
    for key, total in sums.items():
        if result[key] != total:
            yield f"`{where}.{key}` is {result[key]:,} where the rest says {total:,}: it was edited"
    if result["fingerprint"].split("-")[0] != str(result["contact_points"]):
        yield f"`{where}.fingerprint` is not of {result['contact_points']:,} contact points: it was edited"
    for reason, reach in result["reach"].items():
        if reach["after"] != reach["before"] + reach["gained"] - reach["lost"]:
            yield f"`{where}.reach.{reason}` does not add up: it was edited"


_COUNTED = (
    "people",
    "contact_points",
    "custom_overwritten",
    "bystanders",
    "lost",
    "eligible",
    "changed",
    "fingerprint",
)


def _short(text: str) -> str:
    most = 60
    return text if len(text) <= most else f"{text[:most]}…"


def _stop(message: str, hint: str = HINT) -> NoReturn:
    raise Stopped(Problem("plan-file", message, hint=hint))
