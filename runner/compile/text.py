"""Plan → the statements of a run as text to read, in a language, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from runner.compile.records import completed_row, run_row
from runner.tables import DISTRICT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Executable

    from runner.backends.backend import Language
    from runner.compile.plan import Plan


def statements(plan: Plan, language: Language, schema: str | None) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield the title, the SQL and the bound values of each statement that a run sends, in order."""
    yield from (("Begin.", begin, {}) for begin in language.BEGIN_RUN)
    yield "One run at a time.", *_compiled(language.LOCK, language, schema)
    yield "Write the run's row, before anything is read.", *_compiled(run_row(), language, schema)
    for lookup in plan.lookups:
        title = f"Evaluate the SELECT of {lookup.source.place}, where it can't write."
        yield title, *_compiled(lookup.clause, language, schema)
    reading = [plan.unknown_people, *plan.counts]
    updates = [statement for _, statement in plan.updates]
    for statement in (plan.calendars, *plan.stage, plan.change_set, *reading, *updates):
        if statement is not None:
            sql, values = _compiled(statement.clause, language, schema)
            yield statement.title, sql, {name: plan.parameters.get(name, value) for name, value in values.items()}
    yield "Complete the run's row with its result.", *_compiled(completed_row(), language, schema)
    yield "All of it, or none.", "COMMIT", {}


def _compiled(clause: Executable, language: Language, schema: str | None) -> tuple[str, dict[str, object]]:
    if not isinstance(clause, ClauseElement):
        raise TypeError(type(clause).__name__)
    compiled = clause.compile(
        dialect=language.DIALECT,
        schema_translate_map={DISTRICT: schema},
        compile_kwargs={"render_postcompile": True},
    )
    values = dict(compiled.params) if isinstance(compiled, SQLCompiler) else {}
    # Rendering None as a schema needs a connection's default one; here it means: no prefix at all.
    prefix = "" if schema is None else f"{language.DIALECT.identifier_preparer.quote(schema)}."
    return str(compiled).strip().replace(f"__[SCHEMA_{DISTRICT}].", prefix), values
