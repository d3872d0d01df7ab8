"""What a report shows beside a result: gathered from an order, a recorded run, or a job file that can't be read."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.values.problems import Stopped
from runner.values.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.execute.database import Database
    from runner.execute.orders import Order

_ONLY_HASHED = re.compile(r"sha256:[0-9a-f]{64}")


def sources_of_order(order: Order, files: Mapping[str, str], database: Database) -> Sources:
    """Return what stands behind an order: the files given, and what a run of it sends."""
    from runner.compile.text import statements
    from runner.report.statements import lay_out

    plan = order.compile(True)
    sent = statements(plan, database.backend, database.schema)
    laid_out = tuple((title, lay_out(text)) for title, text, _ in sent)
    return Sources(_description(files, order.info.file), _shown(files, order.info.file), laid_out)


def sources_of_record(files: Mapping[str, str], job: str) -> Sources:
    """Return what the database remembers of a job's files; the statements of a past run are not kept."""
    return Sources(_description(files, job), _shown(files, job))


def sources_of_broken(job: Path) -> Sources:
    """Return what can be read of a job file that has problems."""
    from runner.read.jobs import texts_of

    files = texts_of(job)
    return Sources(_description(files, str(job)), _shown(files, str(job)))


def _shown(files: Mapping[str, str], job: str) -> dict[str, str | None]:
    folder = Path(job).parent
    return {str(folder / name): None if _ONLY_HASHED.fullmatch(text) else text for name, text in files.items()}


def _description(files: Mapping[str, str], job: str) -> str | None:
    from runner.read.document import parse

    data: object = None
    with suppress(Stopped):  # a broken file describes nothing
        data = parse(files.get(Path(job).name, "").encode("utf-8", "replace"), job).data
    told = data.get("description") if isinstance(data, dict) else None
    return told if isinstance(told, str) else None
