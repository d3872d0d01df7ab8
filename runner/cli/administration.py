"""The commands of a database's administrator: doctor, grants, prune."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_health
from runner.cli.options import DatabaseUrl, DialectName, DryRun, LockTimeout, OutputFile, OutputFormat, Schema
from runner.values.problems import Problem, Stopped
from runner.values.rights import Place, Role

if TYPE_CHECKING:
    from runner.values.result import Pruned


def grants(
    role: Annotated[Role, typer.Option("--role", help="The work that is to be done.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="NAME",
            help="The database's role or user, else `runner_reader` and so on; for MariaDB also as USER@HOST.",
        ),
    ] = None,
    dialect: Annotated[
        DialectName | None,
        typer.Option("--dialect", help="The database to write for, if not that of the URL."),
    ] = None,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    own_schema: Annotated[
        str | None,
        typer.Option(
            "--own-schema",
            metavar="NAME",
            help="Where the runner's own tables are, if not in `public` (PostgreSQL), `dbo` (SQL Server), or the URL's "
            "database (MariaDB).",
        ),
    ] = None,
    output: OutputFile = None,
) -> None:
    """Print the least GRANTs that a role works with, to read and to send; without a database."""
    from runner.backends.grants import grants as statements_of
    from runner.compile.rights import RIGHTS
    from runner.execute.database import open_database
    from runner.report.grants import render_grants

    name = f"runner_{role}" if to is None else to
    for value in (name, schema, own_schema):
        if value is not None and (not value or not value.isprintable()):
            raise Stopped(Problem("usage", "this can't be the name of a role or a schema", hint="look at the options"))
    known = open_database(database) if dialect is None or database != options.DATABASE_DEFAULT else None
    language = dialect.value if dialect is not None else known.backend.NAME if known else ""
    named = known.url.database if known and language == known.backend.NAME else None
    place = Place(named or None, own_schema, schema)
    terminal.tell(render_grants(language, role, name, statements_of(language, RIGHTS[role], name, place)), output)


def doctor(
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    role: Annotated[Role, typer.Option("--role", help="The work that is to be done.")] = Role.WRITER,
    output_format: OutputFormat = options.Format.TEXT,
    output: OutputFile = None,
) -> None:
    """Tell what a database lacks, what that means, and the statements that mend it; changes nothing."""
    from runner.execute.database import open_database
    from runner.execute.doctor import examine
    from runner.report.health import render_health, render_health_json

    health = examine(open_database(database, schema), role)
    render = render_health_json if output_format is options.Format.JSON else render_health
    terminal.tell(render(health), output)
    raise typer.Exit(exit_code_of_health(health))


def prune(
    before: Annotated[
        datetime,
        typer.Option("--before", formats=["%Y-%m-%d"], metavar="DATE", help="Of runs that began before this day."),
    ],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    dry_run: DryRun = False,
    lock_timeout: LockTimeout = 30.0,
) -> None:
    """Drop the changes of old runs, which can't be undone then; the runs and their results stay."""
    from runner.execute.database import open_database
    from runner.execute.prune import count_prunable
    from runner.execute.prune import prune as drop

    target = open_database(database)
    try:
        moment = before.astimezone(UTC).replace(tzinfo=None)  # midnight by the local clock, as `started_at` is kept
    except (OverflowError, ValueError, OSError):
        raise Stopped(Problem("usage", f"`--before {before:%Y-%m-%d}` is too far away")) from None
    pruned = count_prunable(target, moment) if dry_run else drop(target, moment, lock_timeout)
    terminal.tell(_told(pruned, before, dry_run=dry_run))


def _told(pruned: Pruned, before: datetime, *, dry_run: bool) -> str:
    when = f"began before {before:%Y-%m-%d}"
    if not pruned.runs:
        return f"no run that {when} has changes to drop"
    runs = "1 run" if pruned.runs == 1 else f"{pruned.runs:,} runs"
    points = "1 contact point" if pruned.changes == 1 else f"{pruned.changes:,} contact points"
    verb, end = ("would drop", "could not be undone any more") if dry_run else ("dropped", "can't be undone any more")
    return f"{verb} the changes of {runs} that {when} ({points})\n{'it' if pruned.runs == 1 else 'they'} {end}"
