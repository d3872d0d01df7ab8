"""How long commands take that need no database, beside check-jsonschema and a bare interpreter."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.processes import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
_JOB, _SCHEMA = ROOT / "jobs" / "fall.yaml", ROOT / "schemas" / "job.schema.json"
_OTHERS = ROOT / ".bench" / "check-jsonschema"
_FILES = 1_000
_QUICK = 4  # a start-up takes so little that it can be tried so many times as often


def measure(rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each command in each round, those together that are compared."""
    tell("install check-jsonschema in an environment of its own")
    other = _check_jsonschema()
    # pip compiles what it installs; from a checkout Python may be told not to write that down (PYTHONDONTWRITEBYTECODE)
    compileall.compile_dir(ROOT / "runner", quiet=1)
    python = sys.executable
    runner = str(Path(python).with_name("runner"))
    found = {}
    tell("start-up")
    found["help"] = in_turn(
        {"runner --help": [runner, "--help"], "python -c pass": [python, "-c", "pass"]}, rounds * _QUICK
    )
    found["check one"] = in_turn(
        {
            "runner check": [runner, "check", str(_JOB)],
            "check-jsonschema": [other, "--schemafile", str(_SCHEMA), str(_JOB)],
        },
        rounds * _QUICK,
    )
    with TemporaryDirectory() as folder:
        files = _write(Path(folder))
        tell(f"check {_FILES:,} files")
        found["check many"] = in_turn(
            {
                "runner check": [runner, "check", folder],
                "check-jsonschema": [other, "--schemafile", str(_SCHEMA), *files],
            },
            rounds,
        )
    return found


def _check_jsonschema() -> str:
    """Return the path of check-jsonschema, installed below `.bench` the first time."""
    program = _OTHERS / "bin" / "check-jsonschema"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_OTHERS)], check=True)
        install = [str(_OTHERS / "bin" / "python"), "-m", "pip", "install", "--quiet", "check-jsonschema"]
        subprocess.run(install, check=True)
    return str(program)


def _write(folder: Path) -> list[str]:
    """Write a thousand jobs, each with a name and a school of its own, and return their paths."""
    text = _JOB.read_text(encoding="utf-8")
    paths = []
    for number in range(_FILES):
        path = folder / f"job-{number:04}.yaml"
        calendar = f'calendar: {{school: "{number:04}", year: 2027}}'
        mine = text.replace("name: fall-attendance", f"name: fall-attendance-{number}")
        path.write_text(mine.replace("calendar: {year: 2027}", calendar), encoding="utf-8")
        paths.append(str(path))
    return paths


def version() -> str:
    """Return the version of check-jsonschema."""
    done = subprocess.run([_check_jsonschema(), "--version"], check=True, capture_output=True, text=True)
    return done.stdout.strip()
