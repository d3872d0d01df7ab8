"""The options that several commands share, said once."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.database_url import database_url


class Format(StrEnum):
    """How a list, or what a check found, is written."""

    TEXT = "text"
    JSON = "json"


class ResultFormat(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"

    @property
    def shows_sources(self) -> bool:
        """Whether the job's own files and words are shown beside its result."""
        return self in {ResultFormat.MARKDOWN, ResultFormat.HTML}


class CheckFormat(StrEnum):
    """How what a check found is written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class DialectName(StrEnum):
    """The language that statements are written in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"
    MSSQL = "mssql"
    PORTABLE = "portable"


LARGEST = 2**63 - 1
"""The largest number that a database keeps as an id."""


def _a_number(value: float) -> float:
    if math.isnan(value):  # which is neither below the least nor above the most
        raise typer.BadParameter("'nan' is not a number of seconds.")
    return value


DATABASE_DEFAULT = "sqlite:///district.db"

DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="RUNNER_DATABASE",
        callback=database_url,
        help="The database, as a URL; or the file named by RUNNER_DATABASE_FILE holds it.",
    ),
]
Schema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="NAME",
        envvar="RUNNER_SCHEMA",
        help="Where the district's tables or views are, if not in the connection's own schema.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day the run is for, instead of today."),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How to write it.")]
ReportFormat = Annotated[
    ResultFormat,
    typer.Option(
        "--format",
        help="How to write the result: for the terminal, for programs, for a comment, or as a page.",
    ),
]
ENDINGS = {
    ".txt": ResultFormat.TEXT,
    ".json": ResultFormat.JSON,
    ".md": ResultFormat.MARKDOWN,
    ".html": ResultFormat.HTML,
}
"""What the ending of a report's name says of its format."""


def _of_known_endings(files: list[Path] | None) -> list[Path]:
    for file in files or ():
        if file.suffix not in ENDINGS:
            raise typer.BadParameter(f"`{file}` ends in none of {', '.join(ENDINGS)}.")
    return files or []


Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        callback=_of_known_endings,
        help=f"Write the result there too, in the format of the name's ending: {', '.join(ENDINGS)}. "
        "May be given several times.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write the result there instead of to the terminal."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout",
        min=0,
        max=86_400,
        metavar="SECONDS",
        callback=_a_number,
        help="How long to wait for another run.",
    ),
]
ResolveTimeout = Annotated[
    float,
    typer.Option(
        "--resolve-timeout",
        min=0,
        max=86_400,
        metavar="SECONDS",
        callback=_a_number,
        help="How long to find out what became of a COMMIT that got no answer.",
    ),
]
RunNumber = Annotated[
    int,
    typer.Argument(metavar="RUN", max=LARGEST, help="The run's number, as `runner history` lists it."),
]
JobFiles = Annotated[list[Path], typer.Argument(metavar="JOB…", help="Job files, run in the order given.")]
