# ruff: noqa: INP001 - no package: the documents' own generator, which only cog and the tests import
"""Writes those parts of the documents that the code knows better: help texts, tables, and output of real runs.

A document asks for them in cog blocks: `make docs` writes them anew, `make lint` fails where one has become untrue.
Nothing here depends on the machine, the day, the user, or the folder that the project lies in.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Integer, SmallInteger, String, UniqueConstraint

from runner.backends.registry import DIALECTS, RUNS_ON
from runner.cli.exits import EXIT_CODES, MEANINGS
from runner.tables import district, history
from runner.values.health import MEANINGS as MEANINGS_OF_FINDINGS
from runner.values.problems import CODES, Kind
from runner.values.result import WARNINGS
from runner.values.vocabulary import (
    CHANNEL_LABELS,
    FIELDS,
    MODE_LABELS,
    REASON_LABELS,
    Channel,
    FieldKind,
    Mode,
    Operator,
    Reason,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column

    Schema = Mapping[str, Any]

ROOT: Final = Path(__file__).resolve().parent.parent
WIDTH: Final = "80"
MOST_LINES: Final = 100
BACKGROUND: Final = ("SYSTEMROOT", "PATH")
"""What a command needs of the environment; everything else could change what it says."""

KINDS: Final = {
    Kind.INVALID: "Invalid input",
    Kind.USAGE: "Wrong usage of the command line",
    Kind.REFUSED: "Refused by a guard",
    Kind.DRIFTED: "Drifted",
    Kind.LOCKED: "Locked",
    Kind.DATABASE: "Errors of the database",
    Kind.UNKNOWN: "Unknown outcome",
    Kind.INTERRUPTED: "Interrupted",
    Kind.UNEXPECTED: "Unexpected",
}
FIELD_KINDS: Final = {
    FieldKind.TEXT: "text",
    FieldKind.CODE: "text without an order",
    FieldKind.DATE: "date",
    FieldKind.ID: "whole number",
}
COLUMN_TYPES: Final = {
    Boolean: "flag",
    DateTime: "time, UTC",
    Date: "date",
    JSON: "JSON",
    SmallInteger: "whole number, 16 bits",
    BigInteger: "whole number, 64 bits",
    Integer: "whole number, 32 bits",
}
"""In an order in which a kind of number stands before the kind that it is a special case of."""

TYPES: Final = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
}
DATABASES: Final = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mariadb": "MariaDB",
    "mssql": "SQL Server",
    "portable": "what else speaks PostgreSQL's protocol",
}
EVERY_MODE: Final = "every mode"
STUDENTS_ONLY: Final = "student modes"
STAFF_ONLY: Final = "`census_staff`"


# --- output of real runs ---


@dataclass
class Desk:
    """A folder of its own in which the commands of a document run one after the other, with the repository's jobs."""

    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="runner-docs-")
        copytree(ROOT / "jobs", self.path / "jobs")
        with suppress(FileNotFoundError):
            copytree(ROOT / "tests" / "data", self.path / "tests" / "data")
        for name, text in self.files.items():
            (self.path / name).write_text(text, encoding="utf-8")

    @property
    def path(self) -> Path:
        """Where the commands run."""
        return Path(self._folder.name)

    def run(self, command: str) -> tuple[int, str]:
        """Return the exit code of a command that begins with `runner`, and what it says, made the same everywhere."""
        done = _run(shlex.split(command)[1:], self.path)
        return done.returncode, same_everywhere(done.stdout)

    def quietly(self, *commands: str) -> None:
        """Run commands that the document does not show."""
        for command in commands:
            code, said = self.run(command)
            if code:
                raise RuntimeError(f"{command}: exit {code}\n{said}")

    def console(self, *commands: str, most: int = MOST_LINES, code: int = 0) -> str:
        """Return commands as a reader would type them, with what they say; of long output the first `most` lines.

        The last command must end with the exit code `code`, which is then shown too; the others with 0.
        """
        lines = []
        for command in commands:
            ended, said = self.run(command)
            if ended != (code if command == commands[-1] else 0):
                raise RuntimeError(f"{command}: exit {ended}\n{said}")
            told = said.splitlines()
            lines += [f"$ {command}", *told[:most], *(["…"] if len(told) > most else [])]
        if code:
            lines += ["$ echo $?", str(code)]
        return fenced("console", "\n".join(lines))


def report() -> str:
    """Return the report of jobs/fall.yaml on the demo district, as of a fixed day."""
    desk = Desk()
    desk.quietly("runner demo")
    return desk.console("runner run jobs/fall.yaml --as-of 2026-10-01")


def fall_with(line: str, old: str = "", new: str = "") -> str:
    """Return jobs/fall.yaml with one more line, and a text in the place of another."""
    text = (ROOT / "jobs" / "fall.yaml").read_text(encoding="utf-8")
    if old not in text:
        raise LookupError(old)
    return text.replace("\npreferences:", f"\n{line}\npreferences:").replace(old, new)


def job_of(document: str, which: int = 1) -> str:
    """Return a job file that a document shows: its first fenced YAML block, or a later one."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found: list[str] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return found[which - 1]


def help_of(*command: str) -> str:
    """Return the help text of a command; of the program itself where none is named."""
    return fenced("text", _run([*command, "--help"], ROOT).stdout.strip("\n"))


def fenced(language: str, text: str) -> str:
    """Return text as a fenced block, without the blanks at the ends of its lines."""
    return "\n".join([f"```{language}", *(line.rstrip() for line in text.splitlines()), "```"])


def copied(name: str) -> str:
    """Return a file of the repository as a fenced block."""
    return fenced(Path(name).suffix[1:], (ROOT / name).read_text(encoding="utf-8"))


def _run(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in BACKGROUND if name in os.environ}
    fixed = {
        "COLUMNS": WIDTH,
        "TERMINAL_WIDTH": WIDTH,
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "RUNNER_ACTOR": "alex",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "",
    }
    return subprocess.run(  # noqa: S603 - our own program, with arguments of our own
        [sys.executable, "-m", "runner", *arguments],
        cwd=folder,
        env=kept | fixed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def same_everywhere(said: str) -> str:
    """Return output without what differs from run to run: how long it took, and when it began."""
    said = re.sub(r"\s·\s+\d+\.\d\d s$", "", said, flags=re.MULTILINE)
    said = re.sub(r"\brows in [\d.]+ s$", "rows", said, flags=re.MULTILINE)
    said = said.replace(datetime.now(UTC).date().isoformat(), "2026-10-01")
    return re.sub(r"(?<![\w:.])\d\d:\d\d(:\d\d)?\b", lambda found: "14:02:11"[: len(found[0])], said)


# --- tables of the code ---


def exit_codes() -> str:
    """Return the table of exit codes."""
    return table(("Exit", "Meaning"), ((f"`{code}`", meaning) for code, meaning in sorted(MEANINGS.items())))


def databases() -> str:
    """Return which databases runs are made on, and which `runner sql` writes for."""
    runs = [DATABASES[name] for name in DIALECTS if name in RUNS_ON.values()]
    return (
        f"Runs are made on {_listed(runs)}. `runner sql` writes for {_listed([DATABASES[name] for name in DIALECTS])}."
    )


def sick() -> str:
    """Return what the doctor says of a district from which somebody took an index and the row that a run locks."""
    desk = Desk()
    desk.quietly("runner demo")
    with closing(sqlite3.connect(desk.path / "district.db")) as database:
        database.execute("DROP INDEX contact_point_person")
        database.execute("DELETE FROM runner_lock")
        database.commit()
    return re.sub(r"^SQLite [\d.]+", "SQLite 3.40.1", desk.console("runner doctor", code=3), flags=re.MULTILINE)


def findings() -> str:
    """Return the table of what the doctor can find."""
    return table(
        ("Finding", "What it means"), ((f"`{sort}`", meaning) for sort, meaning in MEANINGS_OF_FINDINGS.items())
    )


def errors() -> str:
    """Return a table of codes for every kind of problem, with the exit code that goes with it."""
    parts = []
    for kind, title in KINDS.items():
        rows = [(f"`{name}`", code.meaning) for name, code in CODES.items() if code.kind is kind]
        parts += [f"## {title}: exit {EXIT_CODES[kind]}", "", table(("Code", "Meaning"), rows), ""]
    return "\n".join(parts).rstrip()


def warnings() -> str:
    """Return the table of warnings."""
    return table(("Code", "Meaning"), ((f"`{code}`", meaning) for code, meaning in WARNINGS.items()))


def modes() -> str:
    """Return the table of modes."""
    return table(("Token", "Label"), ((f"`{mode}`", MODE_LABELS[mode]) for mode in Mode))


def channels() -> str:
    """Return the table of channels."""
    owner = {Channel.HOUSEHOLD_PHONE: "a household"}
    rows = ((f"`{channel}`", CHANNEL_LABELS[channel], owner.get(channel, "a person")) for channel in Channel)
    return table(("Token", "Label", "Belongs to"), rows)


def reasons() -> str:
    """Return the table of reasons."""
    told = schema("$defs", "reasons", "properties")
    rows = ((f"`{reason}`", REASON_LABELS[reason], told[reason]["description"]) for reason in Reason)
    return table(("Token", "Label", "Notifies about"), rows)


def fields() -> str:
    """Return the table of filter fields against operators."""
    heads = ("Field", "Holds", "Known in", *(f"`{operator}`" for operator in Operator))
    return table(
        heads,
        (
            (
                f"`{name}`",
                FIELD_KINDS[known.kind],
                _modes(known.modes),
                *("✓" if operator in known.operators else "" for operator in Operator),
            )
            for name, known in FIELDS.items()
        ),
    )


def keys(*way: str, name: str = "job") -> str:
    """Return the table of the keys that an object of a schema has; `way` leads to the object."""
    parent = schema(*way, name=name)
    required = parent.get("required", ())
    rows = (
        (
            f"`{word}`",
            _type(key),
            "required" if word in required else _code(key["default"]) if "default" in key else "",
            str(key.get("description", key.get("title", ""))),
            ", ".join(map(_code, key.get("examples", ()))),
        )
        for word, key in ((word, _resolved(key, name)) for word, key in parent["properties"].items())
    )
    return table(("Key", "Type", "Default", "Meaning", "Examples"), rows)


def nodes(*names: str) -> str:
    """Return the table of some of the keys of a filter node."""
    known = schema("$defs", "node", "properties")
    found = ((name, _resolved(known[name])) for name in names)
    rows = ((f"`{name}`", _type(key), key["description"], _first(key)) for name, key in found)
    return table(("Key", "Type", "Meaning", "Example"), rows)


def operators() -> str:
    """Return the table of operators."""
    return nodes(*Operator)


def columns(name: str) -> str:
    """Return the table of the columns of one of the database's tables."""
    found = next(each for each in (*district.sorted_tables, *history.sorted_tables) if each.name == name)
    return table(("Column", "Type", "Null", "Notes"), map(_column, found.columns))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(heads), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def schema(*way: str, name: str = "job") -> Any:  # noqa: ANN401 - a part of a JSON document
    """Return a part of a schema, of the job's if no other is named."""
    part = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for step in way:
        part = part[step]
    return part


def _resolved(key: Schema, name: str = "job") -> dict[str, Any]:
    """Return a part of the schema with what it refers to; what it says itself goes first."""
    target = key.get("$ref")
    return {**(schema(*target.removeprefix("#/").split("/"), name=name) if target else {}), **key}


def _type(key: Schema) -> str:
    if "const" in key:
        return _code(key["const"])
    if "enum" in key:
        return " or ".join(map(_code, key["enum"]))
    kinds = cast("list[str]", key["type"] if isinstance(key["type"], list) else [key["type"]])
    return " or ".join(TYPES[kind] for kind in kinds)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _first(key: Schema) -> str:
    return ", ".join(map(_code, key.get("examples", ())[:1]))


def _code(value: object) -> str:
    return f"`{_yaml(value)}`"


def _yaml(value: object) -> str:
    """Return a value as somebody would write it in a job file, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_yaml, value)) + "]"
        case str() if not re.fullmatch(r"[A-Za-z][\w ./%<=:,*-]*|[0-9.]+%", value) or ": " in value:
            return json.dumps(value, ensure_ascii=False)
        case str():
            return value
        case _:
            return json.dumps(value)


def _modes(known: frozenset[Mode]) -> str:
    if len(known) == len(Mode):
        return EVERY_MODE
    return STAFF_ONLY if known == {Mode.CENSUS_STAFF} else STUDENTS_ONLY


def _column(column: Column[Any]) -> tuple[str, str, str, str]:
    notes = ["the key"] if column.primary_key else []
    notes += [f"refers to `{reference.target_fullname.removeprefix('district.')}`" for reference in column.foreign_keys]
    if column.unique or _is_unique(column):
        notes.append("unique")
    if column.identity is not None:
        notes.append("given by the database")
    elif column.server_default is not None:
        notes.append("false where it is left out")
    return f"`{column.name}`", _sql_type(column), "may be null" if column.nullable else "", "; ".join(notes)


def _is_unique(column: Column[Any]) -> bool:
    constraints = (each for each in column.table.constraints if isinstance(each, UniqueConstraint))
    return any(list(constraint.columns) == [column] for constraint in constraints)


def _sql_type(column: Column[Any]) -> str:
    if isinstance(column.type, String):
        return f"text, at most {column.type.length}"
    return next(words for kind, words in COLUMN_TYPES.items() if isinstance(column.type, kind))
