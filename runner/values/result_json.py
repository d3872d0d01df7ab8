"""Result ⇄ JSON data: what is printed, what the run's row stores, and what `show` reads again."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from runner.values.problems import Position, Problem
from runner.values.result import (
    FORMAT_VERSION,
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
from runner.values.review import Difference, Review
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def document(results: Iterable[Result]) -> dict[str, Any]:
    """Return the JSON document of several results, one entry a job in the order given."""
    return {"format_version": FORMAT_VERSION, "results": [encode(result) for result in results]}


def encode(result: Result) -> dict[str, Any]:
    """Return one result as JSON data."""
    tally = result.tally
    return {
        "status": result.status.value,
        "errors": [encode_problem(problem) for problem in result.errors],
        "warnings": [encode_problem(warned) for warned in result.warnings],
        "job": {
            "name": result.job.name,
            "file": result.job.file,
            "sha256": result.job.sha256,
            "mode": result.job.mode,
        },
        "as_of": result.as_of.isoformat(),
        "run": None if result.run is None else {"number": result.run.number, "id": result.run.id},
        "undo_of": result.undo_of,
        "database": result.database,
        **(_NOTHING if tally is None else encode_tally(tally)),
        "started_at": _time(result.started_at),
        "seconds": round(result.seconds, 3),
        **({} if result.review is None else {"review": _encode_review(result.review)}),
    }


def decode(data: Mapping[str, Any]) -> Result:
    """Return the result that `encode` made this data of."""
    return Result(
        status=Status(data["status"]),
        job=JobInfo(**data["job"]),
        as_of=date.fromisoformat(data["as_of"]),
        database=data["database"],
        started_at=_decode_time(data["started_at"]),
        seconds=data["seconds"],
        tally=None if data["people"] is None else _decode_tally(data),
        run=None if data["run"] is None else RunInfo(data["run"]["number"], data["run"]["id"]),
        undo_of=data["undo_of"],
        errors=tuple(Problem(*_decode_problem(problem)) for problem in data["errors"]),
        warnings=tuple(Warned(*_decode_problem(warned)) for warned in data["warnings"]),
        review=_decode_review(data["review"]) if "review" in data else None,
    )


def encode_problem(problem: Problem | Warned) -> dict[str, Any]:
    """Return a problem, or a warning, as JSON data: places and hint only where there is one."""
    data: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.place is not None:
        data |= encode_place(problem.place)
    if problem.hint is not None:
        data["hint"] = problem.hint
    if isinstance(problem, Warned) and problem.also is not None:
        data["also"] = encode_place(problem.also)
    return data


def encode_place(place: Position) -> dict[str, Any]:
    """Return a place as JSON data."""
    return {"file": place.file, "line": place.line, "column": place.column}


_NOTHING: dict[str, Any] = {
    "people": None,
    "contact_points": None,
    "custom_overwritten": None,
    "bystanders": None,
    "lost": None,
    "eligible": None,
    "changed": None,
    "fingerprint": None,
    "counts": {},
    "reach": {},
}


def encode_tally(tally: Tally) -> dict[str, Any]:
    """Return all that was counted as JSON data."""
    counts: dict[str, dict[str, Any]] = {}
    for channel, reason, cell in tally.cells():
        counts.setdefault(channel.value, {})[reason.value] = _encode_cell(cell)
    return {
        "people": tally.people,
        "contact_points": tally.contact_points,
        "custom_overwritten": tally.custom_overwritten,
        "bystanders": tally.bystanders,
        "lost": tally.lost,
        "eligible": tally.eligible,
        "changed": tally.changed,
        "fingerprint": tally.fingerprint,
        "counts": counts,
        "reach": {
            reason.value: {
                "people": reach.people,
                "before": reach.before,
                "after": reach.after,
                "gained": reach.gained,
                "lost": reach.lost,
            }
            for reason, reach in tally.reach.items()
        },
    }


def _encode_cell(cell: CellCount | UndoCount) -> dict[str, Any]:
    if isinstance(cell, UndoCount):
        return {"restored": cell.restored, "conflict": cell.conflict, "gone": cell.gone}
    return {
        "set": "on" if cell.on else "off",
        "changed": cell.changed,
        "already": cell.already,
        "kept": cell.kept,
    }


def _decode_tally(data: Mapping[str, Any]) -> Tally:
    return Tally(
        people=data["people"],
        counts={
            Channel(channel): {Reason(reason): _decode_cell(cell) for reason, cell in cells.items()}
            for channel, cells in data["counts"].items()
        },
        contact_points=data["contact_points"],
        custom_overwritten=data["custom_overwritten"],
        bystanders=data["bystanders"],
        reach={Reason(reason): Reach(**reach) for reason, reach in data["reach"].items()},
        lost=data["lost"],
        fingerprint=data["fingerprint"],
    )


def _decode_cell(cell: Mapping[str, Any]) -> CellCount | UndoCount:
    if "restored" in cell:
        return UndoCount(**cell)
    return CellCount(cell["set"] == "on", cell["changed"], cell["already"], cell["kept"])


def _decode_problem(data: Mapping[str, Any]) -> tuple[str, str, Position | None, str | None]:
    place = Position(data["file"], data["line"], data["column"]) if "file" in data else None
    return data["code"], data["message"], place, data.get("hint")


def _encode_review(review: Review) -> dict[str, Any]:
    return {
        "plan": review.file,
        "started_at": _time(review.started_at),
        "fingerprint": review.fingerprint,
        "max_drift": review.max_drift,
        "drifted": review.drifted,
        "differences": [
            {
                "path": ".".join(each.path),
                "reviewed": each.reviewed,
                "now": each.now,
                "tolerated": each.tolerated,
            }
            for each in review.differences
        ],
    }


def _decode_review(data: Mapping[str, Any]) -> Review:
    return Review(
        file=data["plan"],
        started_at=_decode_time(data["started_at"]),
        fingerprint=data["fingerprint"],
        max_drift=data["max_drift"],
        drifted=data["drifted"],
        differences=tuple(
            Difference(tuple(each["path"].split(".")), each["reviewed"], each["now"], each["tolerated"])
            for each in data["differences"]
        ),
    )


def _time(utc: datetime) -> str:
    return utc.isoformat(timespec="seconds") + "Z"


def _decode_time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))
