"""What jobs set differently, and how a job differs from another one, as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.report.json import dumps
from runner.values.result import FORMAT_VERSION
from runner.values.result_json import encode_place, encode_problem, encode_tally

if TYPE_CHECKING:
    from runner.values.conflicts import Conflict, Conflicts, Setting
    from runner.values.difference import Difference, Side
    from runner.values.result import JobInfo

_SETTINGS = {True: "on", False: "off", None: "no_change"}


def render_conflicts(found: Conflicts) -> str:
    """Return every cell that two jobs set differently, also where they share no contact point (counts of 0)."""
    return dumps(
        {
            "format_version": FORMAT_VERSION,
            "as_of": found.as_of.isoformat(),
            "database": found.database,
            "jobs": [{**_job(job.info), "people": job.people} for job in found.jobs],
            "conflicts": [_conflict(conflict) for conflict in found.conflicts],
            "warnings": [encode_problem(warned) for warned in found.warnings],
        },
    )


def render_difference(difference: Difference) -> str:
    """Return who enters and leaves, what each job does, and the cells that differ."""
    cells: dict[str, dict[str, Any]] = {}
    for channel, reason, cell in difference.differing():
        cells.setdefault(channel.value, {})[reason.value] = {
            "old": _SETTINGS[cell.old],
            "new": _SETTINGS[cell.new],
            "on": cell.on,
            "off": cell.off,
            "left_alone": cell.left,
        }
    return dumps(
        {
            "format_version": FORMAT_VERSION,
            "as_of": difference.as_of.isoformat(),
            "database": difference.database,
            "old": _side(difference.old),
            "new": _side(difference.new),
            "enter": difference.enter,
            "leave": difference.leave,
            "stay": difference.stay,
            "by_school": [
                {
                    "school_id": movement.school_id,
                    "school": movement.school,
                    "grade": movement.grade,
                    "enter": movement.enter,
                    "leave": movement.leave,
                }
                for movement in difference.movements
            ],
            "cells": cells,
            "warnings": [encode_problem(warned) for warned in difference.warnings],
        },
    )


def _job(info: JobInfo) -> dict[str, Any]:
    return {"name": info.name, "file": info.file, "sha256": info.sha256, "mode": info.mode}


def _conflict(conflict: Conflict) -> dict[str, Any]:
    opposite = conflict.opposite
    return {
        "channel": opposite.channel.value,
        "reason": opposite.reason.value,
        "contact_points": conflict.contact_points,
        "kept": conflict.kept,
        "settings": [_setting(setting) for setting in (opposite.first, opposite.second)],
    }


def _setting(setting: Setting) -> dict[str, Any]:
    return {"job": setting.name, "set": _SETTINGS[setting.on], **encode_place(setting.place)}


def _side(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else {"job": _job(side.info), **encode_tally(side.tally)}
