"""Results as JSON text: the format that other programs read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.values.result_json import document, encode_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.values.checked import Checked
    from runner.values.result import Recorded, Result


def render_results(results: Iterable[Result]) -> str:
    """Return the document of the results, one entry a job."""
    return dumps(document(results))


def render_check(found: Iterable[Checked]) -> str:
    """Return what a check found, by file; `errors` are those that concern no file."""
    found = list(found)
    of_files = [(checked.file, checked) for checked in found if checked.file is not None]
    return dumps(
        {
            "files": {file: [encode_problem(problem) for problem in checked.problems] for file, checked in of_files},
            "warnings": {file: [encode_problem(warned) for warned in checked.warnings] for file, checked in of_files},
            "reads": {file: list(checked.reads) for file, checked in of_files if not checked.is_test},
            "errors": [
                encode_problem(problem) for checked in found if checked.file is None for problem in checked.problems
            ],
        },
    )


def render_history(runs: Iterable[Recorded]) -> str:
    """Return the list of past runs."""
    return dumps({"runs": [_run(run) for run in runs]})


def dumps(data: object) -> str:
    """Return data as JSON text that a person can read too."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def _run(run: Recorded) -> dict[str, Any]:
    return {
        "number": run.number,
        "kind": run.kind,
        "undo_of": run.undo_of,
        "job": run.result.job.name,
        "mode": run.result.job.mode,
        "as_of": run.result.as_of.isoformat(),
        "actor": run.actor,
        "git_commit": run.commit,
        "started_at": run.started_at.isoformat(timespec="seconds") + "Z",
        "people": run.result.tally.people if run.result.tally else None,
        "changed": run.result.tally.changed if run.result.tally else None,
        "pruned": run.pruned,
    }
