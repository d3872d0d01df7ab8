"""Results as JSON: held to schemas/result.schema.json, and the same again when read back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from runner.values.problems import Position, Problem
from runner.values.result import (
    CellCount,
    JobInfo,
    Reach,
    Result,
    RunInfo,
    Status,
    Tally,
    UndoCount,
    Warned,
)
from runner.values.result_json import decode, document, encode
from runner.values.review import Difference, Review
from runner.values.vocabulary import Channel, Mode, Reason

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent.parent / "schemas/result.schema.json").read_text("utf-8"))
TALLY = Tally(
    people=10,
    counts={
        Channel.EMAIL: {Reason.GENERAL: CellCount(on=False, changed=3, already=2, kept=1)},
        Channel.HOUSEHOLD_PHONE: {Reason.EMERGENCY: CellCount(on=True, changed=4, already=0, kept=0)},
    },
    contact_points=7,
    custom_overwritten=0,
    bystanders=2,
    reach={Reason.EMERGENCY: Reach(10, 6, 9, 4, 1), Reason.GENERAL: Reach(10, 5, 4, 0, 1)},
    lost=2,
    fingerprint="7-123-456",
)
APPLIED = Result(
    status=Status.APPLIED,
    job=JobInfo("fall", "jobs/fall.yaml", "0" * 64, "students"),
    as_of=date(2025, 9, 2),
    database="sqlite",
    started_at=datetime(2025, 9, 2, 8, 0, 0),  # noqa: DTZ001 - UTC
    seconds=0.25,
    tally=TALLY,
    run=RunInfo(3, "00000000-0000-0000-0000-000000000000"),
    warnings=(Warned("people-lost", "2 people"),),
)
UNDONE = replace(
    APPLIED,
    undo_of=3,
    tally=replace(TALLY, counts={Channel.EMAIL: {Reason.GENERAL: UndoCount(restored=2, conflict=1, gone=0)}}),
)
INVALID = Result(
    status=Status.INVALID,
    job=JobInfo(None, "jobs/fall.yaml", None, None),
    as_of=date(2025, 9, 2),
    database=None,
    started_at=datetime(2025, 9, 2, 8, 0, 0),  # noqa: DTZ001 - UTC
    seconds=0.0,
    errors=(
        Problem("unknown-key", "no such key", Position("jobs/fall.yaml", 3, 5), "did you mean `mode`?"),
        Problem("locked", "somebody else"),
    ),
)
DRIFTED = replace(
    APPLIED,
    status=Status.DRIFTED,
    review=Review(
        file="plan.json",
        started_at=datetime(2025, 9, 1, 8, 0, 0),  # noqa: DTZ001 - UTC
        fingerprint="8-123-456",
        max_drift="2.5%",
        drifted=True,
        differences=(
            Difference(("people",), 11, 10, tolerated=True),
            Difference(("lost",), 0, 2, tolerated=False),
            Difference(("counts", "email", "general", "kept"), 0, 1, tolerated=None),
        ),
    ),
)
RESULTS = [APPLIED, UNDONE, INVALID, DRIFTED]


def validate(data: object) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(data)


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_as_the_schema_says(result: Result) -> None:
    validate(document([result]))


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_read_back_is_the_same(result: Result) -> None:
    assert decode(json.loads(json.dumps(encode(result)))) == result


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", "done"),
        ("people", -1),
        ("fingerprint", "abc"),
        ("started_at", "today"),
        ("surplus", 1),
        ("counts", {"fax": {}}),
    ],
)
def test_the_schema_refuses_what_is_no_result(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        validate({"format_version": "1.0", "results": [encode(APPLIED) | {key: value}]})


def test_cells_stand_in_the_order_of_every_report() -> None:
    assert list(encode(APPLIED)["counts"]) == ["household_phone", "email"]


def test_the_schema_knows_the_vocabulary() -> None:
    result = SCHEMA["$defs"]["result"]["properties"]
    assert result["status"]["enum"] == [status.value for status in Status]
    assert result["job"]["properties"]["mode"]["enum"] == [*(mode.value for mode in Mode), None]
    assert result["counts"]["propertyNames"]["enum"] == [channel.value for channel in Channel]
    assert result["reach"]["propertyNames"]["enum"] == [reason.value for reason in Reason]


def test_eligible_and_changed_are_sums_over_all_cells() -> None:
    assert (TALLY.eligible, TALLY.changed) == (10, 7)
