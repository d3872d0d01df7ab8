"""The commands that make and fill a district's tables: init, demo, load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.cli import options, terminal
from runner.cli.options import DatabaseUrl, Schema


def init(
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    history_only: Annotated[
        bool,
        typer.Option("--history-only", help="Only the runner's own tables: the district has its own."),
    ] = False,
) -> None:
    """Make the tables that are lacking; those that are there stay as they are."""
    from runner.district.create import create_tables
    from runner.execute.database import make_schema, making, open_database

    target = open_database(database, schema)
    with making(target) as connection:
        if not history_only:
            make_schema(connection, target)
        made = create_tables(connection, schema, history_only=history_only)
    terminal.tell(
        "\n".join(["made the tables", *(f"  {name}" for name in made)]) if made else "every table is there already"
    )


def demo(
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    students: Annotated[
        int,
        typer.Option("--students", min=1, max=10_000_000, metavar="N", help="How many students."),
    ] = 1_000,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, max=2_147_483_647, metavar="N", help="The same seed makes the same district."),
    ] = 1,
) -> None:
    """Make a synthetic district: tables and people, all of them invented."""
    from runner.district.create import create_tables
    from runner.district.demo import fill_demo
    from runner.execute.database import make_schema, making, open_database

    target = open_database(database, schema)
    with terminal.stopwatch() as seconds, terminal.steps() as step, making(target) as connection:
        step("make the tables")
        make_schema(connection, target)
        create_tables(connection, schema, history_only=False)
        rows = fill_demo(connection, students, seed, lambda table, count: step(f"{count:,} rows of {table}"))
        step("let the planner know")
        target.backend.after_filling(connection)
        step("commit")
    terminal.tell(_filled(rows, seconds()))


def load(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with one CSV file for each table.")],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
) -> None:
    """Load a district from a folder of CSV files: all of it, or nothing."""
    from runner.district.csv_folder import load_folder
    from runner.execute.database import making, open_database, require_district

    target = open_database(database, schema)
    with terminal.stopwatch() as seconds, terminal.share() as share:
        target.backend.create_engine(target.url).dispose()  # load makes no database: init and demo do
        with making(target) as connection:
            require_district(connection, target)
            rows = load_folder(connection, folder, share)
            target.backend.after_filling(connection)
    terminal.tell(_filled(rows, seconds()))


def _filled(rows: dict[str, int], seconds: float) -> str:
    widest = max(map(len, rows))
    lines = [f"  {table:<{widest}}  {count:>12,}" for table, count in rows.items()]
    return "\n".join([f"{sum(rows.values()):,} rows in {seconds:.1f} s", *lines])
